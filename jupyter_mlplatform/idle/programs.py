"""Programs whose CPU use says little about work: those with a heartbeat, and those that only watch.

Measured on an idle machine, as a fraction of one core over a minute: a Dask LocalCluster (distributed 2026.8) uses 3.6
to 3.9 % in each worker process and 7.4 % in the one that hosts the scheduler and the nannies; Ray 2.60 uses 0.9 % in
raylet, 0.6 % in gcs_server, 0.8 % in log_monitor.py and 1.1 % in every idle worker, ``ray::IDLE`` or an actor's. A Dask
cluster of threads alone uses 5 % in its own process and cannot be told from work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from jupyter_mlplatform.idle.process_table import Role

NANNY_VARIABLE = "__DASK_PARENT_PID"
"""A Dask nanny sets it to its own process id before it starts a worker."""
SPAWNED = "--multiprocessing-fork"
"""What Python's multiprocessing adds to the command line of a process that it spawns."""

INTERPRETERS = re.compile(r"^(python[\d.]*|pypy[\d.]*|(ba|da|z|k|fi)?sh|node(js)?|ruby|perl|Rscript|julia|deno|bun)$")
WITH_VALUE = {"-W", "-X", "-o", "--require", "-r", "--loader", "--import"}

CLUSTERS = """
    raylet gcs_server plasma_store ray::IDLE ray::DashboardAgent ray::RuntimeEnvAgent dask-scheduler dask-worker
    dask-ssh distributed.cli.dask_scheduler distributed.cli.dask_worker distributed.cli.dask_spec
"""
PAGES = """
    tensorboard tensorboard.main voila jupyter-lab jupyter-notebook jupyter-server jupyter-labhub
    jupyter-kernelgateway jupyterhub jupyterhub-singleuser jupyterlab notebook jupyter_server
    configurable-http-proxy rserver rsession rstudio-server rserver-launcher code-server openvscode-server
"""
MACHINERY = """
    sshd sshd-session sshd-auth dockerd containerd containerd-shim containerd-shim-runc-v2 docker-proxy rootlesskit
    systemd systemd-journald systemd-logind systemd-udevd dbus-daemon dbus-broker rsyslogd cron crond supervisord
    tini dumb-init s6-svscan s6-supervise runsvdir runsv init agetty ssh-agent gpg-agent amazon-ssm-agent
    ssm-agent-worker ssm-session-worker amazon-cloudwatch-agent node_exporter dcgm-exporter nv-hostengine
    nvidia-persistenced fluent-bit Xvfb Xvnc Xorg pulseaudio
"""
LANGUAGE_SERVERS = "pylsp pyls gopls rust-analyzer clangd texlab tsserver tsserver.js metals jdtls ccls pyrefly"
HEARTBEATERS = frozenset(f"{CLUSTERS} {PAGES} {MACHINERY} {LANGUAGE_SERVERS}".split())
LANGUAGE_SERVER = re.compile(r"(lang(uage)?[-_.]?server|(^|[-_.])lsp($|[-_.]))", re.IGNORECASE)
RESTING_ACTOR = re.compile(r"^ray::[A-Z]\w*$")
"""Ray shows ``ray::Name.method`` while an actor executes, ``ray::function`` for a task, else ``ray::Name``."""
HOSTS = {
    "java": ("org.apache.spark.", "org.eclipse.jdt.ls"),
    "R": ("languageserver::",),
    "julia": ("LanguageServer",),
}
"""Programs that run others, and what of their command line tells that those have a heartbeat."""
RAY_AGENTS = {"monitor.py", "log_monitor.py", "dashboard.py", "agent.py", "main.py", "default_worker.py"}
EDITORS = {
    *(".vscode-server", ".vscode-server-insiders", ".vscode-remote", ".cursor-server", ".windsurf-server"),
    *("code-server", "openvscode-server", "sagemaker-code-editor", "code-editor", "rstudio-server"),
}
"""Folders that editors install themselves into; all that runs from there is the editor, except for its debugger."""
SUBCOMMANDS = {
    "jupyter": {"lab", "notebook", "server", "labhub", "nbclassic", "kernelgateway"},
    "dask": {"scheduler", "worker", "ssh", "spec"},
    "mlflow": {"ui", "server"},
    "ruff": {"server"},
    "ray": {"dashboard"},
}

MONITORS = """
    top htop btop btm atop iotop iftop nload nmon glances bmon s-tui watch viddy nvtop nvitop gpustat
    vmstat iostat mpstat pidstat sar less more most man sleep
"""
WATCHERS = frozenset(MONITORS.split())
FOLLOW = re.compile(r"^(-[a-zA-Z0-9]*[fF][a-zA-Z0-9]*|--follow(=.*)?|--retry)$")
FOLLOWERS = {"tail", "journalctl", "dmesg"}
POLLING = re.compile(r"^(-l|--loop(=.*)?|-lms|--loop-ms(=.*)?|dmon|pmon|-w|-W|--follow(-new)?)\d*$")

MULTIPLEXERS = {"tmux: server", "tmux", "SCREEN", "dtach", "abduco", "zellij"}
MULTIPLEXER_CLIENTS = {"tmux: client", "screen"}
WATCHDOG = "jupyter_mlplatform.idle.watchdog"


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What a process runs: a ``name`` that may be shown, and its role. See ``Process`` for the others."""

    name: str
    role: Role = Role.ORDINARY
    apart: bool = False
    aside: bool = False
    host: int = 0


def recognise(
    title: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    heartbeaters: Iterable[str] = (),
    watchers: Iterable[str] = (),
) -> Program:
    """What a process runs, from its title in the process table, its command line and its environment.

    ``heartbeaters`` and ``watchers`` are further names, of programs or scripts, as an administrator gives them. The
    answer holds nothing of the command line but the name of the script: the rest of it may be secret.
    """
    program = _program(title, arguments)
    script, following = _script(program, arguments)
    name = _shown(title, program, script)
    names = {title, program, name, script and PurePosixPath(script).name}
    if WATCHDOG in names:
        return Program(name=name, role=Role.WATCHER, aside=True)
    if names & {*watchers}:
        return Program(name=name, role=Role.WATCHER)
    if names & {*heartbeaters}:
        return Program(name=name, role=Role.HEARTBEATER)
    if names & WATCHERS or _follows(program, arguments[1:]):
        return Program(name=name, role=Role.WATCHER)
    if title in MULTIPLEXERS or program == "SCREEN":
        return Program(name=name, role=Role.HEARTBEATER, apart=True)
    host = environment.get(NANNY_VARIABLE, "")
    if host.isdigit() and SPAWNED in arguments:
        return Program(name="dask worker", role=Role.HEARTBEATER, host=int(host))
    if names & (HEARTBEATERS | MULTIPLEXER_CLIENTS) or _beats(names, program, script, following, arguments):
        return Program(name=name, role=Role.HEARTBEATER)
    return Program(name=name)


def _program(title: str, arguments: Sequence[str]) -> str:
    """The name of the executable; a login shell begins with a dash, and a title that was set replaces it all."""
    first = arguments[0] if arguments else ""
    return first if "::" in first else PurePosixPath(first.removeprefix("-")).name or title


def _script(program: str, arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The script or module that an interpreter runs (empty: none) and its own arguments; otherwise the program's."""
    if not INTERPRETERS.match(program):
        return "", arguments[1:]
    position = 1
    while position < len(arguments):
        argument = arguments[position]
        if argument == "-m" and position + 1 < len(arguments):
            return arguments[position + 1], arguments[position + 2 :]
        if argument == "-c" or (argument.startswith("-") and not argument.startswith("--") and argument.endswith("c")):
            return "", ()
        if not argument.startswith("-"):
            return argument, arguments[position + 1 :]
        position += 2 if argument in WITH_VALUE else 1
    return "", ()


def _shown(title: str, program: str, script: str) -> str:
    """A script by its name, a title as it was set (``ray::IDLE``), everything else by its program."""
    if script:
        return PurePosixPath(script).name[:64] or title
    return program if program.startswith("ray::") else title


def _follows(program: str, arguments: Sequence[str]) -> bool:
    if program in FOLLOWERS:
        return any(FOLLOW.match(each) for each in arguments)
    return program == "nvidia-smi" and any(POLLING.match(each) for each in arguments)


def _beats(names: set[str], program: str, script: str, following: Sequence[str], arguments: Sequence[str]) -> bool:
    if RESTING_ACTOR.match(program) or any(LANGUAGE_SERVER.search(each) for each in names):
        return True
    command = PurePosixPath(script).name if script else program
    if following and following[0] in SUBCOMMANDS.get(command, ()):
        return True
    if program in HOSTS and any(hint in each for each in arguments for hint in HOSTS[program]):
        return True
    parts = {*PurePosixPath(script).parts, *(PurePosixPath(arguments[0]).parts if arguments else ())}
    if "ray" in parts and command in RAY_AGENTS:
        return True
    return bool(parts & EDITORS) and "debugpy" not in script
