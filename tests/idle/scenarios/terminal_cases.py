"""Terminals, and work that belongs to nobody. T01 to T08, T15."""

from __future__ import annotations

import shlex
import shutil

from tests.idle.scenarios.cases import case, shared
from tests.idle.scenarios.stage import WORKSPACE, Stage, now
from tests.idle.scenarios.world import SAMPLE, Plan, T

REPORT_ONLY = Plan(idle={"stop": "off"})
shared("terminals", REPORT_ONLY)
shared("detached", REPORT_ONLY)

FOREGROUND = "(foreground|python)"
NAME = "(python|burn)"


def _command(stage: Stage, *arguments: str) -> str:
    return shlex.join(stage.program("burn.py", *arguments))


def _job(stage: Stage, *arguments: str) -> str:
    """A terminal whose foreground job runs; its tab is closed. Its subject."""
    terminal = stage.terminal()
    quiet = "" if "--print" in arguments else " > /tmp/train.log 2>&1"
    terminal.run(_command(stage, *arguments) + quiet)
    stage.pid()
    terminal.close()
    return terminal.subject


@case("T01", short=True)
def a_silent_job_in_the_foreground(stage: Stage) -> None:
    subject = _job(stage)
    stage.kept(subject, NAME)
    stage.says(WORKSPACE, NAME, "working")
    stage.check(stage.running(), "the job is alive")


@case("T02", world="terminals")
def a_printing_job_in_the_foreground(stage: Stage) -> None:
    subject = _job(stage, "--print")
    stage.kept(subject, NAME)
    stage.check(stage.running(), "the job is alive")


@case("T01a", "a job in the background of a terminal's shell (`cmd &`)", "KEEP", world="terminals")
def a_job_in_the_background(stage: Stage) -> None:
    terminal = stage.terminal()
    terminal.run(f"{_command(stage)} > /dev/null 2>&1 &")
    stage.pid()
    terminal.close()
    stage.kept(terminal.subject, NAME)
    stage.check(stage.running(), "the job is alive")


@case("T01b", "a silent job in the foreground ends after T", "CULL T after its end", world="terminals")
def a_job_that_ends(stage: Stage) -> None:
    begun = now()
    subject = _job(stage, "--for", str(T))
    stage.stopped(subject, "", begun + T - SAMPLE, until_=now() + T + SAMPLE)


@case("T01c", "a job in the foreground starts one short-lived process after the other", "KEEP", world="terminals")
def a_storm_in_the_foreground(stage: Stage) -> None:
    terminal = stage.terminal()
    terminal.run(shlex.join(stage.program("storm.py")))
    stage.pid()
    terminal.close()
    stage.kept(terminal.subject, "")
    stage.check(stage.running(), "the job is alive")


@case(
    "T01d", "an idle job waits in the foreground, output is a line a second (`watch date`)", "CULL", world="terminals"
)
def a_watcher_in_the_foreground(stage: Stage) -> None:
    begun = now()
    terminal = stage.terminal()
    terminal.run("watch -n 1 date")
    stage.stopped(terminal.subject, "", begun, until_=now())


@case("T01e", "`top` in the foreground, tab open, nobody there", "CULL", world="terminals")
def top_in_the_foreground(stage: Stage) -> None:
    begun = now()
    terminal = stage.terminal()
    terminal.run("top -d 1")
    stage.stopped(terminal.subject, "", begun, until_=now())


@case("T07", world="terminals")
def a_prompt(stage: Stage) -> None:
    begun = now()
    terminal = stage.terminal()
    terminal.run("")
    ended = now()
    terminal.close()
    stage.stopped(terminal.subject, "prompt", begun, until_=ended)


@case(
    "T07a",
    "somebody types at a prompt every few seconds for 2T, then goes",
    "KEEP, then CULL T after",
    world="terminals",
)
def a_person_at_the_prompt(stage: Stage) -> None:
    terminal = stage.terminal()
    stage.every(5.0, lambda: now() < last and terminal.type(": note"))
    last = now() + 2 * T
    stage.kept(terminal.subject, "", seconds=2 * T, states=("working", "kept", "idle"))
    # Linux tells of a terminal's keys in steps of eight seconds, so that nobody can measure how somebody types.
    stage.stopped(terminal.subject, "", last - 5.0 - 8.0, until_=now())


@case("T07b", "a bare prompt is all there is", "STOP the workspace after T")
def a_prompt_alone(stage: Stage) -> None:
    begun = now()
    terminal = stage.terminal()
    terminal.run("")
    terminal.close()
    stage.stopped(WORKSPACE, "", begun, until_=now())


def _outlives(stage: Stage, wrapped: str) -> None:
    """A job that is started from a terminal which is then closed for good; it must hold the workspace by itself."""
    terminal = stage.terminal()
    terminal.run(wrapped)
    stage.pid()
    terminal.end()
    stage.counted(stage.pid(), "work")
    stage.check(stage.running(), "the job is alive")


@case("T03", short=True)
def a_nohup_job_after_its_terminal_is_closed(stage: Stage) -> None:
    terminal = stage.terminal()
    terminal.run(f"nohup {_command(stage)} > /dev/null 2>&1 &")
    stage.pid()
    terminal.end()
    stage.kept(WORKSPACE, NAME)
    stage.check(stage.running(), "the job is alive")


@case("T03a", "`setsid` training, terminal closed", "KEEP", world="detached")
def a_setsid_job(stage: Stage) -> None:
    _outlives(stage, f"setsid {_command(stage)} > /dev/null 2>&1 &")


@case("T03b", "`disown`ed training, terminal closed", "KEEP", world="detached")
def a_disowned_job(stage: Stage) -> None:
    _outlives(stage, f"{_command(stage)} > /dev/null 2>&1 & disown; sleep 0.5")


@case("T03c", "training in a detached `tmux` session, terminal closed", "KEEP", world="detached")
def a_tmux_job(stage: Stage) -> None:
    if shutil.which("tmux") is None:
        stage.absent("tmux is not installed")
    _outlives(stage, f"tmux new-session -d {shlex.quote(_command(stage))}")


@case("T03d", "training in a detached `screen` session, terminal closed", "KEEP", world="detached")
def a_screen_job(stage: Stage) -> None:
    if shutil.which("screen") is None:
        stage.absent("screen is not installed")
    _outlives(stage, f"SCREENDIR=/tmp/screen screen -d -m {_command(stage)}")


@case("T03e", "`nohup` training of a kernel that has been shut down", "KEEP the workspace", world="detached")
def a_job_of_a_kernel_that_is_gone(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do(f"import os; os.system('setsid nohup {_command(stage)} > /dev/null 2>&1 &')")
    stage.pid()
    kernel.close()
    stage.world.http.call("DELETE", f"/api/kernels/{kernel.id}")
    stage.counted(stage.pid(), "work")
    stage.check(stage.running(), "the job is alive")


@case("T03f", "a detached job downloads to disk with hardly any CPU", "KEEP", world="detached")
def a_detached_job_that_writes(stage: Stage) -> None:
    command = shlex.join(stage.program("write.py", str(stage.world.home / "written")))
    _outlives(stage, f"setsid {command} > /dev/null 2>&1 &")


@case("T03g", "a detached job ends; nothing else goes on", "STOP T after its end")
def a_detached_job_that_ends(stage: Stage) -> None:
    begun = now()
    stage.world.start("job", stage.program("burn.py", "--for", str(T)))
    stage.pid()
    stage.stopped(WORKSPACE, "", begun + T - SAMPLE, until_=now() + T + SAMPLE)


@case("T08")
def an_idle_ray_head(stage: Stage) -> None:
    """Stand-ins with the names and the CPU of the real ones, which need no hundreds of megabytes of packages."""
    begun = now()
    for number, (name, share) in enumerate({"raylet": "0.03", "gcs_server": "0.025"}.items()):
        link = stage.world.prefix / "bin" / name
        link.symlink_to("python")
        command = stage.program("burn.py", share, pid=str(number))
        stage.world.start(name, [str(link), *command[1:]])
        stage.pid(str(number))
    stage.stopped(WORKSPACE, "", begun, until_=now())


@case("T08a", "the same Ray head computes (30 % of a core)", "KEEP")
def a_ray_head_at_work(stage: Stage) -> None:
    link = stage.world.prefix / "bin" / "raylet"
    link.symlink_to("python")
    stage.world.start("raylet", [str(link), *stage.program("burn.py", "0.3")[1:]])
    stage.pid()
    stage.kept(WORKSPACE, "raylet")


@case("T15")
def a_daemon_that_does_nothing(stage: Stage) -> None:
    begun = now()
    stage.world.start("sleeper", ["sleep", "infinity"])
    dead = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()).recv(1)"
    )
    stage.world.start("tunnel", [stage.world.python, "-c", dead])
    stage.stopped(WORKSPACE, "sleep", begun, until_=now())
