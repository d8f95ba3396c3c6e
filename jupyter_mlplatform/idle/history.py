"""How samples become history: a subject's state lasts until it is seen to change, and time unseen belongs to nothing.

Pure. Instants are seconds since 1970 (UTC), because history is for display; nothing is ever decided on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from jupyter_mlplatform.idle.models import IdleStatus, Kind, State, SubjectStatus

LONGEST_GAP = 3.0
"""Sample intervals without a sample after which a new stretch begins: nobody saw what happened meanwhile."""


class Open(msgspec.Struct, kw_only=True):
    """A stretch that goes on: ``why`` and ``seen`` are those of the last sample, ``row`` is its place in the store."""

    kind: Kind
    name: str
    path: str
    state: State
    since: float
    seen: float
    why: str
    row: int = 0


class Change(msgspec.Struct, frozen=True):
    """What one sample changes: the stretches that ended (with their end), and those that began, by subject."""

    ended: tuple[tuple[Open, float], ...]
    begun: dict[str, Open]

    def __bool__(self) -> bool:
        return bool(self.ended or self.begun)


def subjects(status: IdleStatus) -> tuple[SubjectStatus, ...]:
    """Everything that was judged, the workspace first."""
    whole = () if status.workspace is None else (status.workspace,)
    return (*whole, *status.kernels, *status.terminals)


def change(before: Mapping[str, Open], seen: Iterable[SubjectStatus], at: float) -> Change:
    """Compare a sample with the stretches that are open. Those that go on are brought up to date in place."""
    begun, ended, present = {}, [], set()
    for each in seen:
        present.add(each.subject)
        known = before.get(each.subject)
        if known and (known.state, known.path, known.name) == (each.state, each.path, each.name):
            known.seen, known.why = at, each.why
            continue
        if known:
            ended.append((known, at))
        begun[each.subject] = Open(
            kind=each.kind, name=each.name, path=each.path, state=each.state, since=at, seen=at, why=each.why
        )
    ended += [(known, known.seen) for subject, known in before.items() if subject not in present]
    return Change(tuple(ended), begun)


def is_gap(last: float, at: float, sample_seconds: float) -> bool:
    """Whether nobody watched between two samples; a clock that was set back counts as well."""
    return abs(at - last) > LONGEST_GAP * sample_seconds
