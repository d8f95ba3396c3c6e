"""What the use of the GPUs says of kernels, terminals and the workspace. Pure: what the driver told is an argument.

A GPU at work keeps those whose processes use it. Where the driver does not name its processes, or names them by numbers
of another process namespace as it does inside of containers, those count that have the device open. Memory that is held
is not work, but it is said, because it goes with the kernel.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import WORKSPACE, Evidence, Signal
from jupyter_mlplatform.idle.ports import EVERYTHING
from jupyter_mlplatform.policy import IdlePolicy

WINDOW_SECONDS = 60.0
"""Utilisation is averaged over this time: a training step waits for its data now and then."""

LEAST_HELD_BYTES = 50_000_000
"""A driver keeps some memory of each GPU for itself."""

Owners = Mapping[int, frozenset[str]]


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A process that the driver names. ``held`` is its GPU memory in bytes, ``used`` the most of the GPU that it used
    within the window as a fraction; None where the driver does not tell."""

    pid: int
    held: int | None = None
    used: float | None = None


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """One GPU, or one slice of a divided one.

    ``used`` is its mean use over the window as a fraction (None: it cannot be read), ``worked_at`` when it was last at
    work (monotonic seconds), ``held`` its memory in use in bytes. ``hidden``: the driver does not name the processes,
    or names some that are not on this machine. ``openers`` are this person's processes that have a GPU open (if
    nothing is hidden: of those named); None where that cannot be seen.
    """

    name: str
    used: float | None
    worked_at: float | None = None
    held: int | None = None
    holders: tuple[Holder, ...] = ()
    hidden: bool = False
    openers: frozenset[int] | None = None


class Window:
    """Measurements of the last minute."""

    def __init__(self) -> None:
        self._entries: deque[tuple[float, float]] = deque()

    def add(self, at: float, used: float, now: float) -> None:
        """One measurement; those that are older than the window are dropped."""
        self._entries.append((at, used))
        while self._entries and self._entries[0][0] <= now - WINDOW_SECONDS:
            self._entries.popleft()

    def mean(self, now: float) -> float | None:
        """Of the window that ends now; None if nothing was measured in it."""
        recent = self._recent(now)
        return sum(recent) / len(recent) if recent else None

    def most(self, now: float) -> float:
        """The highest of the window; 0 if nothing was measured in it."""
        return max(self._recent(now), default=0.0)

    def last_from(self, least: float) -> float | None:
        """When ``least`` was last reached."""
        return max((at for at, used in self._entries if used >= least), default=None)

    def _recent(self, now: float) -> list[float]:
        return [used for at, used in self._entries if at > now - WINDOW_SECONDS]


def findings(gpus: Sequence[Gpu], owners: Owners, policy: IdlePolicy, now: float) -> dict[str, Finding]:
    """Of every subject that uses or holds a GPU, and of the workspace as soon as there is one GPU."""
    said: dict[str, list[tuple[Signal, Gpu, int]]] = {}
    for gpu in gpus:
        signal = _signal(gpu, policy)
        subjects = _users(gpu, owners, policy) if signal is Signal.WORK else _holders(gpu, owners)
        if signal is Signal.UNKNOWN and gpu.hidden and gpu.openers is None:
            subjects = {EVERYTHING: gpu.held or 0}
        for subject in {**subjects, WORKSPACE: gpu.held or 0}:
            held = subjects.get(subject, gpu.held or 0)
            said.setdefault(subject, []).append((signal, gpu, held))
        if signal is Signal.WORK:  # those that only hold memory of a GPU that others use
            for subject, held in _holders(gpu, owners).items():
                if subject not in subjects:
                    shares = [each.used or 0.0 for each in gpu.holders if subject in owners.get(each.pid, ())]
                    rest = msgspec.structs.replace(gpu, used=max(shares, default=0.0))
                    said.setdefault(subject, []).append((Signal.IDLE, rest, held))
    return {subject: _merged(each, subject, owners, now) for subject, each in said.items()}


def _signal(gpu: Gpu, policy: IdlePolicy) -> Signal:
    if gpu.used is not None:
        return Signal.WORK if gpu.used >= policy.gpu_fraction else Signal.IDLE
    in_use = gpu.openers if gpu.hidden and gpu.openers is not None else gpu.holders or gpu.hidden
    return Signal.UNKNOWN if in_use else Signal.IDLE


def _known(gpu: Gpu, owners: Owners) -> list[Holder]:
    """The named processes that are this person's. A number that does not have the GPU open is that of a stranger."""
    return [each for each in gpu.holders if each.pid in owners and (gpu.openers is None or each.pid in gpu.openers)]


def _holders(gpu: Gpu, owners: Owners) -> dict[str, int]:
    """The subjects that hold the GPU, and how many bytes of its memory (0: not told)."""
    found: dict[str, int] = {}
    for each in _known(gpu, owners):
        for subject in owners[each.pid]:
            found[subject] = found.get(subject, 0) + (each.held or 0)
    if gpu.hidden:
        for pid in gpu.openers or ():
            for subject in owners.get(pid, ()):
                found.setdefault(subject, 0)
    return found


def _users(gpu: Gpu, owners: Owners, policy: IdlePolicy) -> dict[str, int]:
    """The subjects that may be using a GPU that is at work; everything if that cannot be told at all."""
    if gpu.hidden and gpu.openers is None:
        return {EVERYTHING: gpu.held or 0}
    if gpu.hidden:
        return _holders(gpu, owners)
    # Beside those that the driver sees at work, a process that it says nothing of may be.
    busy = [each for each in gpu.holders if (each.used or 0.0) >= policy.gpu_fraction]
    busy = busy or [each for each in gpu.holders if each.used] or list(gpu.holders)
    return _holders(msgspec.structs.replace(gpu, holders=tuple(busy)), owners)


def _merged(said: Sequence[tuple[Signal, Gpu, int]], subject: str, owners: Owners, now: float) -> Finding:
    at_work = [(gpu, held) for signal, gpu, held in said if signal is Signal.WORK]
    if at_work:
        gpu = max((gpu for gpu, _ in at_work), key=lambda gpu: gpu.used or 0.0)
        worked_at = max((gpu.worked_at for gpu, _ in at_work if gpu.worked_at is not None), default=now)
        others = " by processes that are not yours or run in a container" if _by_strangers(gpu, owners) else ""
        text = f"the {gpu.name} was used at {_percent(gpu.used)} over the last minute{others}"
        return _finding(Signal.WORK, text, worked_at)
    unknown = [(gpu, held) for signal, gpu, held in said if signal is Signal.UNKNOWN]
    if unknown:
        gpu, held = unknown[0]
        memory = f"{_gigabytes(held)} of its memory are held" if held else "it is in use"
        return _finding(Signal.UNKNOWN, f"it cannot be read how much the {gpu.name} is used, and {memory}")
    held = sum(held for _, _, held in said)
    most = max((gpu.used or 0.0 for _, gpu, _ in said), default=0.0)
    whose = "the GPU was" if len({gpu.name for _, gpu, _ in said}) == 1 else "the GPUs were"
    if held >= LEAST_HELD_BYTES:
        return _finding(Signal.IDLE, f"{_gigabytes(held)} of GPU memory are held, but {whose} used at {_percent(most)}")
    if subject != WORKSPACE:
        return _finding(Signal.IDLE, f"it holds a GPU, but {whose} used at {_percent(most)}")
    return _finding(Signal.IDLE, f"{whose} used at {_percent(most)}")


def _by_strangers(gpu: Gpu, owners: Owners) -> bool:
    if gpu.hidden:
        return gpu.openers is not None and not gpu.openers
    return bool(gpu.holders) and not _known(gpu, owners)


def _finding(signal: Signal, text: str, worked_at: float | None = None) -> Finding:
    return Finding(Evidence(source="gpu", signal=signal, text=text), worked_at)


def _percent(fraction: float | None) -> str:
    return f"{100 * (fraction or 0.0):.0f} %"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
