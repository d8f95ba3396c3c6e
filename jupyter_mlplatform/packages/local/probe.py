"""Looks at this machine: asks the real pip, reads the clients' files. Nothing is changed, nothing is installed."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_mlplatform.packages.facts import CondaFile, IndexAnswer, PipFile, Sources
from jupyter_mlplatform.packages.ports import Stop, Stopped

QUIET = ("--disable-pip-version-check", "--no-input", "--no-color")
OFFLINE_SECONDS = 30.0
# the one project that every useful mirror has
PROJECT = "pip"
_SCOPES = ("global", "install", ":env:")  # each outranks the one before
_SETTING = re.compile(r"^(?P<scope>global|install|:env:)\.(?P<key>[\w-]+)='(?P<value>.*)'$", re.MULTILINE)
_FETCHED = re.compile(r"^\s*Fetched page (\S+) as (\S+)", re.MULTILINE)
_FILE = re.compile(r"^\s*(?:Found link|Skipping link: [^\n]*?:) (https?://\S+) \(from ", re.MULTILINE)
_VISITED = re.compile(r"^\s*(https?://\S+) \"GET ", re.MULTILINE)  # also after a redirection
_UNTRUSTED = re.compile(r"The repository located at \S+ is not a trusted or secure host")
_REFUSED = re.compile(r"^\s*Could not fetch URL (\S+): (.*?)(?: - skipping)?$", re.MULTILINE)


class MachineProbe:
    """``home``, ``interpreter`` and ``environ`` are those of this process unless told otherwise."""

    def __init__(
        self, interpreter: str = sys.executable, environ: Mapping[str, str] | None = None, home: Path | None = None
    ) -> None:
        self.interpreter = interpreter
        self._environ = os.environ if environ is None else environ
        self._home = home

    def sources(self, stop: Stop) -> Sources:
        """pip tells where it looks before it installs; with nothing to install it contacts nobody."""
        command = ("install", "--dry-run", "--no-deps", "--requirement", os.devnull)
        code, output = self._pip(command, OFFLINE_SECONDS, stop)
        if code != 0:
            return Sources(problem=_last_line(output))
        return Sources(indexes=_listed("Looking in indexes: ", output), links=_listed("Looking in links: ", output))

    def settings(self, stop: Stop) -> dict[str, str]:
        """``pip config list``, reduced to what an installation reads; the environment wins over the files."""
        code, output = self._pip(("config", "list"), OFFLINE_SECONDS, stop)
        if code != 0:
            return {}
        listed = list(_SETTING.finditer(output))
        return {
            match["key"].removeprefix("default-"): match["value"]
            for scope in _SCOPES
            for match in listed
            if match["scope"] == scope
        }

    def ask(self, index: str, timeout_seconds: int, stop: Stop) -> IndexAnswer:
        """One attempt, uncached; pip is ended if it takes much longer than its own time-out."""
        command = ("index", "versions", PROJECT, "--index-url", index, "--no-cache-dir", "--retries", "0")
        began = time.monotonic()
        code, output = self._pip((*command, "--timeout", str(timeout_seconds), "-vv"), timeout_seconds * 2 + 10.0, stop)
        seconds = time.monotonic() - began
        page = f"{index.rstrip('/')}/"
        fetched = [kind for url, kind in _FETCHED.findall(output) if _without_user(url).startswith(_without_user(page))]
        refused = [why for url, why in _REFUSED.findall(output) if _without_user(url).startswith(_without_user(page))]
        refused += _UNTRUSTED.findall(output)
        reason = "" if fetched else next(iter(refused), "" if code == 0 else _last_line(output))
        return IndexAnswer(
            content_type=next(iter(fetched), ""),
            files=tuple(_FILE.findall(output)),
            contacted=tuple(each for each in _VISITED.findall(output) if urlsplit(each).netloc not in self._proxies()),
            reason=reason,
            seconds=seconds,
        )

    def pip_files(self) -> tuple[PipFile, ...]:
        """In the order of pip's manual: the machine's, the person's, the environment's, the one of the variable."""
        home = self._home or Path.home()
        config = Path(self._environ.get("XDG_CONFIG_HOME") or home / ".config")
        places = [
            ("machine", Path("/etc/pip.conf")),
            ("person", home / ".pip" / "pip.conf"),
            ("person", config / "pip" / "pip.conf"),
            ("person", home / "Library" / "Application Support" / "pip" / "pip.conf"),
            ("environment", Path(sys.prefix) / "pip.conf"),
        ]
        if self._environ.get("PIP_CONFIG_FILE"):
            places.append(("variable", Path(self._environ["PIP_CONFIG_FILE"])))
        return tuple(_pip_file(path, owner) for owner, path in places if path.is_file())

    def conda_files(self) -> tuple[CondaFile, ...]:
        """In the order in which conda reads them; a later one is added to the earlier ones."""
        return tuple(_conda_file(path) for path in self._conda_places() if path.is_file())

    def conda_command(self) -> str:
        """Where ``conda`` is, if it is anywhere."""
        return shutil.which("conda", path=self._environ.get("PATH")) or ""

    def variables(self) -> dict[str, str]:
        """Everything that pip and conda read from the environment."""
        wanted = ("PIP_", "CONDA", "UV_")
        return {name: value for name, value in self._environ.items() if name.startswith(wanted)}

    def bundle_problem(self, path: str) -> str:
        """Loads the bundle as a client would."""
        try:
            context = ssl.create_default_context(cafile=path)
        except FileNotFoundError:
            return f"There is no file {path}."
        except (OSError, ssl.SSLError) as error:
            return f"{path} cannot be used: {error}."
        return "" if context.cert_store_stats()["x509"] else f"{path} holds no certificate."

    def _proxies(self) -> set[str]:
        """A proxy stands between: what goes through it is not addressed to it."""
        given = (value for name, value in self._environ.items() if name.lower().endswith("_proxy"))
        return {urlsplit(each if "://" in each else f"//{each}").netloc.rpartition("@")[2] for each in given}

    def _conda_places(self) -> Iterator[Path]:
        home = self._home or Path.home()
        roots = [self._environ[name] for name in ("CONDA_ROOT", "CONDA_PREFIX") if self._environ.get(name)]
        folders = [Path("/etc/conda"), Path("/var/lib/conda"), *map(Path, roots[:1]), home / ".config" / "conda"]
        folders += [home / ".conda"]
        for folder in folders:
            yield from (folder / ".condarc", folder / "condarc")
            if (folder / "condarc.d").is_dir():
                yield from sorted((folder / "condarc.d").glob("*.y*ml"))
        yield home / ".condarc"
        yield from (Path(root) / ".condarc" for root in roots[1:])
        if self._environ.get("CONDARC"):
            yield Path(self._environ["CONDARC"])

    def _pip(self, arguments: tuple[str, ...], seconds: float, stop: Stop) -> tuple[int, str]:
        """Exit status and all output of pip, run as this environment would run it."""
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [self.interpreter, "-m", "pip", *QUIET, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=dict(self._environ),
            )
            try:
                code = _wait(process, seconds, stop)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            output.seek(0)
            text = output.read().decode(errors="replace")
        return code, text if code != _TOO_LONG else f"{text}\npip did not end within {seconds:.0f} s"


_TOO_LONG = -1000


def _wait(process: subprocess.Popen[bytes], seconds: float, stop: Stop) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if stop():
            raise Stopped
        try:
            return process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
    return _TOO_LONG


def _listed(heading: str, output: str) -> tuple[str, ...]:
    for line in output.splitlines():
        if line.startswith(heading):
            return tuple(line.removeprefix(heading).strip().split(", "))
    return ()


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"


def _without_user(address: str) -> str:
    return re.sub(r"//[^/@]*@", "//", address)


def _pip_file(path: Path, owner: str) -> PipFile:
    try:
        return PipFile(path=str(path), owner=owner, text=path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return PipFile(path=str(path), owner=owner, problem=_why(error))


def _conda_file(path: Path) -> CondaFile:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return CondaFile(path=str(path), problem=_why(error))
    if not isinstance(document, dict):
        return CondaFile(path=str(path), text=text, problem="it is not a list of settings")
    return CondaFile(
        path=str(path),
        text=text,
        channels=_names(document, "channels"),
        default_channels=_names(document, "default_channels"),
    )


def _names(document: dict[str, Any], key: str) -> tuple[str, ...] | None:
    value = document.get(key)
    if value is None:
        return None
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _why(error: Exception) -> str:
    """The kind of the error only: its text may quote a line of the file, and that line may hold a secret."""
    return {"PermissionError": "it may not be read"}.get(type(error).__name__, "it cannot be understood")
