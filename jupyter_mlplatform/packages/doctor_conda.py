"""The checks of conda's files. conda itself is never run, so that the best outcome here is ``unknown``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jupyter_mlplatform.addresses import redact
from jupyter_mlplatform.packages.facts import Facts
from jupyter_mlplatform.packages.models import Check, Ecosystem, Outcome
from jupyter_mlplatform.policy import PackagesPolicy

DEFAULTS = "defaults"


def checks(policy: PackagesPolicy) -> tuple[Callable[[PackagesPolicy, Facts], Check], ...]:
    """The checks of conda that this policy calls for."""
    return (channels, no_defaults) if policy.conda_channels else (left_alone,)


def left_alone(policy: PackagesPolicy, facts: Facts) -> Check:
    """The policy does not speak of conda."""
    there = f"conda is {facts.conda_command}" if facts.conda_command else "there is no conda command here"
    return _check(
        "conda.channels",
        "conda is left as it is",
        "It is good to know which tools the policy does not reach.",
        Outcome.OK,
        f"The policy names no channels; {there}.",
    )


def channels(policy: PackagesPolicy, facts: Facts) -> Check:
    """Channels in any file that conda reads: it joins the lists of all files."""
    permitted = {*policy.conda_channels, DEFAULTS}
    foreign = [
        f"{redact(channel)} in {file.path}"
        for file in facts.conda_files
        for channel in file.channels or ()
        if channel not in permitted
    ]
    title, why = "conda's files name the company's channels only", "conda joins the channels of all its files."
    if foreign:
        fix = "Remove these channels from your own files."
        return _check("conda.channels", title, why, Outcome.FAILED, f"Found {', '.join(foreign)}.", fix)
    if not _ours_in_use(facts):
        return _check("conda.channels", title, why, Outcome.FAILED, "CONDARC does not name our file.", _use(facts))
    return _check("conda.channels", title, why, Outcome.UNKNOWN, f"Nothing wrong in {_read(facts)}. {_unasked(facts)}")


def no_defaults(policy: PackagesPolicy, facts: Facts) -> Check:
    """The name ``defaults`` stands for public channels unless a file says that it stands for nothing."""
    title, why = "conda's 'defaults' lead nowhere", "They are public channels, and under a licence that may cost money."
    named = [file.path for file in facts.conda_files if DEFAULTS in (file.channels or ())]
    refilled = [file.path for file in facts.conda_files if file.default_channels]
    if refilled:
        evidence, fix = f"default_channels is filled in {', '.join(refilled)}.", "Remove default_channels from there."
        return _check("conda.defaults", title, why, Outcome.FAILED, evidence, fix)
    if not any(file.default_channels == () for file in facts.conda_files):
        evidence = f"No file empties them{_and_named(named)}, so they are the public ones."
        return _check("conda.defaults", title, why, Outcome.FAILED, evidence, _use(facts))
    if named:
        evidence = f"They are emptied, but {', '.join(named)} still asks for them."
        return _check("conda.defaults", title, why, Outcome.WARNING, evidence, "Remove 'defaults' from there.")
    return _check("conda.defaults", title, why, Outcome.UNKNOWN, f"They are emptied. {_unasked(facts)}")


def _ours_in_use(facts: Facts) -> bool:
    ours = facts.written.get(Ecosystem.CONDA.value, "")
    return bool(ours) and facts.variables.get("CONDARC") == ours


def _use(facts: Facts) -> str:
    if Ecosystem.CONDA.value not in facts.written:
        return "Run: mlplat packages apply"
    return 'Run: eval "$(mlplat packages exports)"'


def _and_named(paths: list[str]) -> str:
    return f" and {', '.join(paths)} asks for them" if paths else ""


def _read(facts: Facts) -> str:
    return ", ".join(_paths(facts)) or "no file"


def _paths(facts: Facts) -> Iterator[str]:
    for file in facts.conda_files:
        yield f"{file.path} ({file.problem})" if file.problem else file.path


def _unasked(facts: Facts) -> str:
    return "conda itself was not asked." if facts.conda_command else "There is no conda here to ask."


def _check(id_: str, title: str, why: str, outcome: Outcome, evidence: str, fix: str = "") -> Check:
    return Check(id=id_, ecosystem=Ecosystem.CONDA, title=title, why=why, outcome=outcome, evidence=evidence, fix=fix)
