"""How long a kernel may be idle: what the policy, its notebook and its specification say, and which of them counts.

Pure. A notebook and a kernel's specification belong to the person, so what they ask for is kept between the policy's
bounds, and what they ask for wrongly is passed over with a note; only a rule of the policy means "never" for good.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.ports import Kernel
from jupyter_mlplatform.policy import IdlePolicy, KernelRule

POLICY = "policy"
NOTEBOOK = "notebook"
SPECIFICATION = "kernel specification"
SERVER_KEY = "cull_idle_timeout"
"""What Jupyter Server's own culler reads in a specification's metadata: seconds, and no culling at 0 or below."""


class Timeout(msgspec.Struct, frozen=True):
    """``seconds`` of idleness that a kernel may have (None: it is never stopped), and what has set it (``origin``).

    ``note`` tells a person in whole sentences what was not done as asked; empty where there is nothing to tell.
    """

    seconds: float | None
    origin: str
    note: str = ""


class _Wish(msgspec.Struct, frozen=True):
    """What a notebook or a specification asks for: ``seconds`` (infinite: never), None for nothing, and a note."""

    seconds: float | None = None
    note: str = ""


def timeout_of(kernel: Kernel, policy: IdlePolicy) -> Timeout:
    """The idle timeout of a kernel.

    In this order: a locked rule of the policy, the notebook, the specification, a rule that is not locked, the policy.
    """
    rule = _rule_of(kernel, policy)
    wishes = (
        (NOTEBOOK, _own(kernel.notebook_metadata, NOTEBOOK)),
        (SPECIFICATION, _of_specification(kernel.spec_metadata)),
    )
    asked = [(origin, wish.seconds) for origin, wish in wishes if wish.seconds is not None]
    if rule is not None and rule.locked:
        note = f"What its {asked[0][0]} asks for does not count: the rule {rule.match!r} is locked." if asked else ""
        return _of_rule(rule, policy, note)
    notes = [wish.note for _, wish in wishes if wish.note]
    if asked and policy.own_timeouts:
        origin, seconds = asked[0]
        return _bounded(origin, seconds, policy, notes)
    if asked:
        notes.append(f"What its {asked[0][0]} asks for does not count: the policy allows no timeouts of one's own.")
    if rule is not None:
        return _of_rule(rule, policy, " ".join(notes))
    return Timeout(policy.timeout_seconds, POLICY, " ".join(notes))


def _rule_of(kernel: Kernel, policy: IdlePolicy) -> KernelRule | None:
    """The first rule whose glob fits the notebook's path or the kernel's name; ``*`` fits slashes as well."""
    names = (kernel.path, kernel.name) if kernel.path else (kernel.name,)
    return next((each for each in policy.kernels if any(fnmatchcase(name, each.match) for name in names)), None)


def _of_rule(rule: KernelRule, policy: IdlePolicy, note: str) -> Timeout:
    """A rule without a time of its own means the policy's (which a locked one holds on to)."""
    seconds = None if rule.never else rule.timeout_seconds or policy.timeout_seconds
    return Timeout(seconds, f"rule {rule.match!r} of the policy", note)


def _bounded(origin: str, seconds: float, policy: IdlePolicy, notes: list[str]) -> Timeout:
    low, high = policy.min_timeout_seconds, policy.max_timeout_seconds
    bounded = min(max(seconds, low), high)
    if math.isinf(seconds):
        notes.append(f"Its {origin} asks never to be stopped; the policy allows {spoken(high)} at most.")
    elif seconds > bounded:
        notes.append(f"Its {origin} asks for {spoken(seconds)}; the policy allows {spoken(high)} at most.")
    elif seconds < bounded:
        notes.append(f"Its {origin} asks for {spoken(seconds)}; the policy allows no less than {spoken(low)}.")
    return Timeout(bounded, origin, " ".join(notes))


def _of_specification(metadata: Any) -> _Wish:
    own = _own(metadata, SPECIFICATION)
    if own.seconds is not None or not isinstance(metadata, Mapping) or SERVER_KEY not in metadata:
        return own
    seconds = _number(metadata[SERVER_KEY])
    if seconds is None:
        return _Wish(note=own.note or f"The {SERVER_KEY} of its {SPECIFICATION} is not a number of seconds.")
    return _Wish(seconds if seconds > 0 else math.inf, own.note)


def _own(metadata: Any, origin: str) -> _Wish:
    """What ``{"mlplatform": {"idle": {...}}}`` in some metadata asks for. Anybody may write anything there."""
    section: Any = metadata
    for key in ("mlplatform", "idle"):
        if not isinstance(section, Mapping) or key not in section:
            return _Wish()
        section = section[key]
    wrong = _Wish(note=f"The idle timeout in its {origin} cannot be understood and does not count.")
    if not isinstance(section, Mapping):
        return wrong
    never = section.get("never", False)
    if never is True:
        return _Wish(math.inf)
    if "timeout_seconds" not in section:
        return _Wish() if never is False else wrong
    seconds = _number(section["timeout_seconds"])
    return wrong if seconds is None or seconds <= 0 or never is not False else _Wish(seconds)


def _number(value: Any) -> float | None:
    """A finite number; a truth value, a text or a number beyond all bounds is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
