"""What a scenario does and expects: kernels, terminals and programs on the one side, verdicts on the other."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.idle.scenarios.actors import KernelActor, TerminalActor
from tests.idle.scenarios.connection import Refused
from tests.idle.scenarios.world import GRACE, SAMPLE, T, World
from tests.poll import until

PROGRAMS = Path(__file__).with_name("programs")
WORKSPACE = "workspace"
LATEST = 20.0
STARTING = threading.BoundedSemaphore(3)
"""Kernels that start at the same time, in all worlds: a dozen at once would all be late, and look busy for long."""
"""A stop comes at most this much later than timeout and grace together."""
API = "/api/mlplatform/v1/idle"


def now() -> float:
    """Seconds since boot, as the keeper counts them and as they are the same in every world."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Wrong(Exception):
    """The keeper decided wrongly; the text holds the evidence."""


class Absent(Exception):
    """A real part is missing from this machine, so this scenario cannot be played on it."""


class Watcher:
    """What one world's keeper says, read at most every one and a half seconds however many scenarios ask."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._guard = threading.Lock()
        self._asking = threading.Lock()
        self._status: dict[str, Any] = {}
        self._read_at = 0.0
        self._decisions: list[tuple[float, dict[str, Any]]] = []
        self._lines = 0
        self._closed = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def status(self) -> dict[str, Any]:
        """The last answer of the server; the one before it when the server has gone."""
        with self._asking:
            if now() - self._read_at > 1.5:
                try:
                    self._status = self._world.http.call("GET", API)
                except (OSError, Refused) as error:
                    self._status = {**self._status, "unreachable": str(error)}
                self._read_at = now()
            return self._status

    def decisions(self, subject: str, since: float = 0.0) -> list[tuple[float, dict[str, Any]]]:
        """What the decision log says of a subject, each with the time at which it was first read here."""
        with self._guard:
            self._read()
            return [each for each in self._decisions if each[1].get("subject") == subject and each[0] >= since]

    def close(self) -> None:
        """Read no longer."""
        self._closed.set()

    def _follow(self) -> None:
        """Read on, so that every decision has the time at which it came."""
        while not self._closed.wait(0.5):
            with self._guard:
                self._read()

    def _read(self) -> None:
        path = self._world.state / "idle-decisions.jsonl"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        whole = [each for each in lines if each.endswith("\n")]
        for line in whole[self._lines :]:
            self._decisions.append((now(), json.loads(line)))
        self._lines = len(whole)

    def of(self, subject: str) -> dict[str, Any] | None:
        """The subject's status, if the server lists it."""
        status = self.status()
        listed = [status.get("workspace"), *status.get("kernels", ()), *status.get("terminals", ())]
        return next((each for each in listed if each and each["subject"] == subject), None)


class Stage:
    """One scenario's place in a world; other scenarios may be on at the same time."""

    def __init__(self, world: World, watcher: Watcher, name: str) -> None:
        self.world = world
        self.watcher = watcher
        self.name = name
        self.decisions: list[str] = []
        self._closing: list[Callable[[], None]] = []
        self._count = 0

    # -- what a person or a program does

    def kernel(self, spec: str = "python3", path: str | None = "") -> KernelActor:
        """A kernel of a notebook of its own, of the notebook ``path``, or of none (None)."""
        self._count += 1
        where = f"{self.name}-{self._count}.ipynb" if path == "" else path
        with STARTING:
            made = KernelActor.start(self.world.http, spec, where)
            self._closing.append(made.close)
            last = now() + 20.0
            until(lambda: made.begun() or now() > last, 30.0, every=0.2)
        return made

    def terminal(self) -> TerminalActor:
        """A terminal, at its prompt."""
        made = TerminalActor.start(self.world.http)
        self._closing.append(made.close)
        return made

    def program(self, name: str, *arguments: str, pid: str = "") -> list[str]:
        """The command line of a program in ``programs/``, whose process id goes to the file ``pid``."""
        return [self.world.python, str(PROGRAMS / name), self.pid_file(pid), *arguments]

    def pid_file(self, name: str = "") -> str:
        """Its path as the world sees it."""
        return f"/tmp/{self.name}{name}.pid"  # noqa: S108 (the world's own)

    def pid(self, name: str = "") -> int:
        """What a program has written there, once it has."""
        path = self.world.tmp / Path(self.pid_file(name)).name
        return int(until(lambda: path.exists() and path.read_text(), 30.0))

    def running(self, name: str = "") -> bool:
        """Whether that program still runs."""
        return self.world.alive(self.pid(name))

    def person(self) -> None:
        """A key was pressed: what the panel's plugin sends."""
        self.world.http.call("POST", f"{API}/presence")

    def every(self, seconds: float, do: Callable[[], Any]) -> None:
        """Do something again and again while the scenario lasts."""
        ended = threading.Event()

        def again() -> None:
            while not ended.wait(seconds):
                try:
                    do()
                except (OSError, Refused):
                    if self.world.ended() is not None:
                        return

        threading.Thread(target=again, daemon=True).start()
        self._closing.append(ended.set)

    def finally_(self, do: Callable[[], None]) -> None:
        """Do this at the end, however it comes out."""
        self._closing.append(do)

    def close(self) -> None:
        """Nobody acts any more."""
        for each in reversed(self._closing):
            each()

    # -- what must come of it

    def kept(
        self,
        subject: str,
        because: str,
        since: float | None = None,
        seconds: float = 3 * T + GRACE,
        states: tuple[str, ...] = ("working", "kept"),
    ) -> None:
        """It is neither warned nor stopped for ``seconds`` (by default what a stop may take, and 2T), for that reason.

        ``because`` is a regular expression for the sentence that the panel shows at the end.
        """
        begun = now() if since is None else since

        looked_at, gone = 0.0, None

        def doomed() -> Any:
            nonlocal looked_at, gone
            over = now() >= begun + seconds
            # The decisions are read all the time, which costs the server nothing; the server is asked now and then.
            if over or now() - looked_at > 2.0:
                looked_at, gone = now(), self._gone(subject)
            acts = [
                each for _, each in self.watcher.decisions(subject, begun) if each["action"] in ("warned", "culled")
            ]
            return acts or gone or over

        found = until(doomed, seconds + 30.0, every=0.5)
        if found is not True:
            raise Wrong(f"{subject} was to be kept because {because!r}; instead {found}; {self._evidence(subject)}")
        self._says(subject, because, states)
        self.decisions.append(f"{subject} kept")

    def stopped(
        self,
        subject: str,
        because: str,
        since: float,
        idle: float = T,
        late: float = LATEST,
        until_: float | None = None,
    ) -> float:
        """It is warned and then stopped: not before ``idle`` and the grace period have passed since ``since``, and at
        most ``late`` later than that, counted from ``until_`` if its idleness began in between. Returns when."""
        first, last = since + idle + GRACE, (until_ or since) + idle + GRACE + late
        gone = until(lambda: self._gone(subject) or now() > last, max(1.0, last - now()) + 10.0, every=0.25)
        at = now()
        if gone is True:
            raise Wrong(f"{subject} was to be stopped within {last - since:.0f} s; {self._evidence(subject)}")
        acts = self._written(subject)
        actions = [each["action"] for each in acts if each["action"] in ("warned", "culled", "cancelled")]
        if actions[-2:] != ["warned", "culled"]:
            raise Wrong(f"{subject} was stopped with {actions} instead of a warning first; {self._evidence(subject)}")
        ended = self.world.ended() if subject == WORKSPACE else None
        at = ended["at"] if ended else at
        if at < first - 0.2:
            raise Wrong(f"{subject} was stopped {first - at:.1f} s too early; {self._evidence(subject)}")
        warning = next(each for each in reversed(acts) if each["action"] == "warned")
        said = json.dumps([warning["why"], *(each["text"] for each in warning["evidence"])], ensure_ascii=False)
        if not re.search(because, said):
            raise Wrong(f"the warning for {subject} does not say {because!r}: {said}")
        self.decisions.append(f"{subject} stopped")
        return at

    def _written(self, subject: str) -> list[dict[str, Any]]:
        """The decisions of a subject that has gone: the line is written when it is verified that it has."""
        last = now() + SAMPLE

        def acts() -> list[dict[str, Any]]:
            return [each for _, each in self.watcher.decisions(subject)]

        until(lambda: "culled" in [each["action"] for each in acts()] or now() > last, SAMPLE + 10.0, every=0.2)
        return acts()

    def says(self, subject: str, because: str, *states: str, within: float = 3 * SAMPLE + 6.0) -> None:
        """The panel shows one of these states with this reason, soon."""
        last = now() + within
        until(lambda: self._shown(subject, because, states) or now() > last, within + 10.0, every=0.5)
        self._says(subject, because, states)
        self.decisions.append(f"{subject} {'/'.join(states)}")

    def counted(self, pid: int, signal: str, seconds: float = 3 * T + GRACE) -> None:
        """A process that belongs to no kernel and no terminal is counted as this for so long, without a break."""
        begun = now()

        def listed() -> Any:
            found = [each for each in self.watcher.status().get("processes", ()) if each["pid"] == pid]
            return found[0]["signal"] == signal if found else False

        until(lambda: listed() or now() > begun + 5 * SAMPLE, 30.0, every=0.5)
        until(lambda: not listed() or now() > begun + seconds, seconds + 30.0, every=0.5)
        if not listed():
            shown = json.dumps(self.watcher.status().get("processes", ()), ensure_ascii=False)
            raise Wrong(
                f"process {pid} was to count as {signal} for {seconds:.0f} s; after {now() - begun:.0f}: {shown}"
            )
        self._says(WORKSPACE, "", ("working", "kept"))
        self.decisions.append(f"process counted as {signal}")

    def absent(self, text: str) -> None:
        """Give up: the machine lacks what this needs."""
        raise Absent(text)

    def check(self, right: Any, text: str) -> None:
        """One more thing that must be so; it is part of a decision and none by itself."""
        if not right:
            raise Wrong(f"{text}: it is not so; {self._evidence(WORKSPACE)}")

    def decided(self, text: str) -> None:
        """A decision that :meth:`check` has found to be right."""
        self.decisions.append(text)

    def _shown(self, subject: str, because: str, states: tuple[str, ...]) -> bool:
        found = self.watcher.of(subject)
        return found is not None and found["state"] in states and re.search(because, found["why"]) is not None

    def _says(self, subject: str, because: str, states: tuple[str, ...]) -> None:
        if not self._shown(subject, because, states):
            raise Wrong(f"{subject} was to be {' or '.join(states)} because {because!r}; {self._evidence(subject)}")

    def _gone(self, subject: str) -> Any:
        """Why it is known that the subject is no longer there, or an empty answer."""
        kind, _, name = subject.partition(":")
        ended = self.world.ended()
        if ended is not None:
            return {"server ended": ended}
        if kind == WORKSPACE:
            return None
        try:
            listed = self.world.http.call("GET", f"/api/{kind}s", seconds=30.0)
        except OSError as error:
            return {"server": str(error)} if self.world.ended() else None
        return None if name in {each.get("id", each.get("name")) for each in listed} else {"not listed": subject}

    def _evidence(self, subject: str) -> str:
        log = [f"{at:.1f} {each['action']}: {each['why']}" for at, each in self.watcher.decisions(subject)][-8:]
        shown = self.watcher.of(subject)
        state = {key: shown[key] for key in ("state", "idle_seconds", "why", "evidence")} if shown else None
        unreachable = self.watcher.status().get("unreachable", "")
        return json.dumps({"now": now(), "shown": state, "log": log, "server": unreachable}, ensure_ascii=False)
