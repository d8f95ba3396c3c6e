"""The checks: pure functions from the policy and the facts of this machine to one :class:`Check` each.

A check that could not be made is ``unknown``, never good. Where the policy names no mirror, a check says what is the
case and does not complain. Nothing here may show a secret: every address passes through ``redact``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from jupyter_mlplatform.addresses import allowed, has_credentials, hosts, redact, same
from jupyter_mlplatform.packages import doctor_conda
from jupyter_mlplatform.packages.facts import CondaFile, Facts, IndexAnswer, PipFile
from jupyter_mlplatform.packages.models import Check, Ecosystem, Outcome
from jupyter_mlplatform.policy import PackagesPolicy

Examine = Callable[[PackagesPolicy, Facts], Check]

_SOURCE_KEYS = ("index-url", "extra-index-url", "find-links", "trusted-host", "no-index")
_USE_EXPORTS = 'Run: eval "$(mlplat packages exports)" and restart the kernels that were started before.'
_STATUS = re.compile(r"(\d{3}) (?:client|server) error")
_PIP_TIMEOUT, _PIP_RETRIES = 15.0, 5


def checks(policy: PackagesPolicy) -> tuple[Examine, ...]:
    """The checks that this policy calls for, in the order in which they are made: quick ones first."""
    always: list[Examine] = [index_in_use, extra_indexes, own_files, credentials]
    if policy.ca_bundle:
        always.append(ca_bundle)
    if policy.pip_index:
        always += [patience, index_answers, hosts_allowed]
    return (*always, *doctor_conda.checks(policy))


def index_in_use(policy: PackagesPolicy, facts: Facts) -> Check:
    """Which index pip takes packages from when somebody types ``pip install`` here."""

    def found(outcome: Outcome, evidence: str, fix: str = "") -> Check:
        return Check(
            id="pip.index",
            ecosystem=Ecosystem.PIP,
            title="pip uses the company's index",
            why="A package from any other index has not been looked at by anybody here.",
            outcome=outcome,
            evidence=f"{evidence} (asked {facts.interpreter})",
            fix=fix,
        )

    sources = facts.sources
    if sources.problem:
        fix = f"The doctor needs pip 22.2 or newer in {facts.interpreter}."
        return found(Outcome.UNKNOWN, f"pip could not be asked: {redact(sources.problem)}.", fix)
    now = "no index at all" if _is_on(facts.settings.get("no-index")) else "the public index that is built into it"
    if sources.indexes:
        now = redact(sources.indexes[0])
    if not policy.pip_index:
        return found(Outcome.OK, f"The policy names no index for pip, so it is left as it is. It uses {now}.")
    if sources.indexes and same(sources.indexes[0], policy.pip_index):
        return found(Outcome.OK, f"pip looks in {now}.")
    return found(Outcome.FAILED, f"pip uses {now} instead of {redact(policy.pip_index)}.", _why_not_in_use(facts))


def _why_not_in_use(facts: Facts) -> str:
    ours = facts.written.get(Ecosystem.PIP.value, "")
    if facts.variables.get("PIP_INDEX_URL"):
        return "Unset PIP_INDEX_URL: it outranks every file."
    if not ours:
        return "Run: mlplat packages apply"
    if facts.variables.get("PIP_CONFIG_FILE") != ours:
        return _USE_EXPORTS
    return "Run: mlplat packages apply. If that does not help, 'pip config debug' names the file that sets the index."


def extra_indexes(policy: PackagesPolicy, facts: Facts) -> Check:
    """Whether pip also looks elsewhere."""
    sources = facts.sources
    extra = [redact(address) for address in (*sources.indexes[1:], *sources.links)]

    def found(outcome: Outcome, evidence: str, fix: str = "") -> Check:
        return Check(
            id="pip.extra_index",
            ecosystem=Ecosystem.PIP,
            title="pip looks nowhere else",
            why="pip takes the highest version from all places it knows, so anybody who can publish a package of the "
            "same name in one of them decides what runs here.",
            outcome=outcome,
            evidence=evidence,
            fix=fix,
        )

    if sources.problem:
        return found(Outcome.UNKNOWN, f"pip could not be asked: {redact(sources.problem)}.")
    if not extra:
        return found(Outcome.OK, "There is no extra index and no folder of packages.")
    variables = [name for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS") if facts.variables.get(name)]
    fix = (
        f"Unset {' and '.join(variables)}."
        if variables
        else "Remove extra-index-url and find-links: see pip config debug."
    )
    managed = bool(policy.pip_index)
    return found(Outcome.FAILED if managed else Outcome.WARNING, f"pip also looks in {', '.join(extra)}.", fix)


def own_files(policy: PackagesPolicy, facts: Facts) -> Check:
    """A person's own pip.conf that competes with the policy."""
    stale = [file for file in facts.pip_files if file.owner == "person" and _source_keys(file)]
    unread = [file for file in facts.pip_files if file.problem]
    named = facts.variables.get("PIP_CONFIG_FILE", "")
    # pip passes over a person's file only while the file that the variable names is really there
    in_force = named != os.devnull and not any(file.path == named for file in facts.pip_files)

    def found(outcome: Outcome, evidence: str, fix: str = "") -> Check:
        return Check(
            id="pip.own_files",
            ecosystem=Ecosystem.PIP,
            title="No file of your own changes where pip looks",
            why="Your home folder outlives the machine: an index or a token that was right last year comes back.",
            outcome=outcome,
            evidence=evidence,
            fix=fix,
        )

    if stale:
        what = "; ".join(f"{file.path} sets {', '.join(_source_keys(file))}" for file in stale)
        if not policy.pip_index:
            return found(Outcome.OK, f"{what}. The policy does not mind.")
        fix = "Remove these lines from it."
        if in_force:
            return found(Outcome.FAILED, f"{what}.", fix)
        return found(Outcome.WARNING, f"{what}. It has no effect while PIP_CONFIG_FILE is set.", fix)
    if unread:
        return found(Outcome.UNKNOWN, "; ".join(f"{file.path}: {file.problem}" for file in unread))
    return found(Outcome.OK, "There is none.")


def _source_keys(file: PipFile) -> list[str]:
    keys = [line.partition("=")[0].partition(":")[0].strip() for line in file.text.splitlines()]
    return [key for key in _SOURCE_KEYS if key in keys]


def credentials(policy: PackagesPolicy, facts: Facts) -> Check:
    """User names, passwords and tokens inside addresses. Only the place is told, never the address."""
    files: list[PipFile | CondaFile] = [*facts.pip_files, *facts.conda_files]
    places = [file.path for file in files if has_credentials(file.text)]
    places += [f"the variable {name}" for name, value in facts.variables.items() if has_credentials(value)]
    unread = [file.path for file in files if file.problem]
    outcome, evidence, fix = Outcome.OK, "No configuration file and no variable holds any.", ""
    if places:
        outcome, evidence = Outcome.FAILED, f"Found in {', '.join(sorted(places))}. They are not shown here."
        fix = "Put them into a netrc file that only you can read, take them out of the address, and renew them."
    elif unread:
        outcome, evidence = Outcome.UNKNOWN, f"Not readable: {', '.join(unread)}."
    return Check(
        id="credentials",
        title="No password or token is inside an address",
        why="Addresses end up in logs, lock files and notebooks, and are read there by others.",
        outcome=outcome,
        evidence=evidence,
        fix=fix,
    )


def ca_bundle(policy: PackagesPolicy, facts: Facts) -> Check:
    """The certificates that the mirrors are checked against."""
    problem = facts.bundle_problem
    return Check(
        id="ca_bundle",
        title="The company's certificates are there",
        why="Without them no client can tell the mirror from somebody who pretends to be it.",
        outcome=Outcome.FAILED if problem else Outcome.OK,
        evidence=problem or f"{policy.ca_bundle} can be read.",
        fix="Ask the platform team: the policy's ca_bundle must exist on this machine." if problem else "",
    )


def patience(policy: PackagesPolicy, facts: Facts) -> Check:
    """How long pip waits for an index that accepts the connection and then says nothing."""
    settings = facts.settings
    problem = facts.sources.problem
    timeout = _number(settings.get("timeout"), _PIP_TIMEOUT)
    retries = _number(settings.get("retries"), _PIP_RETRIES)
    waits, wanted = timeout * (retries + 1), policy.timeout_seconds * (policy.retries + 1)
    outcome = Outcome.OK if waits <= wanted else Outcome.WARNING
    evidence = (
        f"At most about {waits:.0f} s ({timeout:.0f} s, {retries + 1:.0f} attempts); the policy wants {wanted} s."
    )
    return Check(
        id="pip.patience",
        ecosystem=Ecosystem.PIP,
        title="pip gives up soon when the index hangs",
        why="A start script that waits for minutes keeps the whole workspace from starting.",
        outcome=Outcome.UNKNOWN if problem else outcome,
        evidence=f"pip could not be asked: {redact(problem)}." if problem else evidence,
        fix="" if outcome is Outcome.OK or problem else _why_so_patient(facts),
    )


def _why_so_patient(facts: Facts) -> str:
    set_here = [name for name in ("PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES") if facts.variables.get(name)]
    return f"Unset {', '.join(set_here)}: a variable outranks every file." if set_here else _why_not_in_use(facts)


def index_answers(policy: PackagesPolicy, facts: Facts) -> Check:
    """Whether the policy's index answers as an index."""
    answer = facts.answer
    outcome, evidence, fix = _judge(answer)
    return Check(
        id="pip.answers",
        ecosystem=Ecosystem.PIP,
        title="The index answers",
        why="While it does not, nothing can be installed.",
        outcome=outcome,
        evidence=f"{redact(policy.pip_index)}: {redact(evidence)} ({answer.seconds:.1f} s)",
        fix=fix,
    )


def _judge(answer: IndexAnswer) -> tuple[Outcome, str, str]:
    reason = answer.reason.lower()
    status = _STATUS.match(reason)
    if answer.content_type and ("json" in answer.content_type or answer.files):
        return Outcome.OK, f"pip read its list of files, {len(answer.files)} for the project 'pip'.", ""
    if answer.content_type:
        return (
            Outcome.FAILED,
            f"it answered with a page ({answer.content_type}) that names no file.",
            "Open the address in a browser: this may be a sign-in page, or the address is not the one for pip.",
        )
    if status and status[1] in ("401", "403"):
        return Outcome.FAILED, answer.reason, "Your credentials are missing, wrong or expired: renew your netrc file."
    if status and status[1] == "404":
        return Outcome.WARNING, answer.reason, "The server answers but does not know 'pip': is the address right?"
    if "certificate" in reason:
        return Outcome.FAILED, answer.reason, "The policy's ca_bundle does not fit this server; ask the platform team."
    if "not a trusted" in reason:
        return Outcome.FAILED, answer.reason, "Ask the platform team: the policy's address must begin with https."
    if not answer.reason:
        return Outcome.UNKNOWN, "pip said nothing that can be read.", "Try: pip index versions pip -vv"
    return Outcome.FAILED, answer.reason, "Check the network or the proxy; if they are well, the mirror is down."


def hosts_allowed(policy: PackagesPolicy, facts: Facts) -> Check:
    """Whether pip would go to a host that the policy does not name, also for the files an index points to."""
    sources, answer = facts.sources, facts.answer
    seen = hosts((*sources.indexes, *sources.links, *answer.contacted, *answer.files))
    permitted = frozenset(each.lower() for each in policy.allow_hosts) or hosts((policy.pip_index,))
    strange = sorted(each for each in seen if not allowed(each, permitted))
    mirror_sends_away = any(each in hosts((*answer.contacted, *answer.files)) for each in strange)
    outcome, evidence, fix = Outcome.OK, f"Only {', '.join(sorted(seen)) or 'nothing'}.", ""
    if strange:
        outcome, evidence = Outcome.FAILED, f"pip would go to {', '.join(strange)}."
        fix = "Mend what the checks above say about other places."
        if mirror_sends_away:
            fix = "Ask the platform team: the mirror must serve its files itself, or allow_hosts must name the host."
    elif sources.problem or not answer.content_type:
        outcome, evidence = Outcome.UNKNOWN, "The index did not say where its files are."
    return Check(
        id="pip.hosts",
        ecosystem=Ecosystem.PIP,
        title="pip goes to permitted hosts only",
        why="An index may point to files on any other server.",
        outcome=outcome,
        evidence=evidence,
        fix=fix,
    )


def _is_on(value: str | None) -> bool:
    return (value or "").lower() in ("1", "true", "yes", "on")


def _number(value: str | None, otherwise: float) -> float:
    try:
        return float(value) if value else otherwise
    except ValueError:
        return otherwise
