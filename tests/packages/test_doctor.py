"""Each check as a sentence, on facts that are given."""

from __future__ import annotations

import msgspec
import pytest

from jupyter_mlplatform.packages import doctor
from jupyter_mlplatform.packages.facts import CondaFile, IndexAnswer, PipFile, Sources
from jupyter_mlplatform.packages.models import Check
from jupyter_mlplatform.policy import PackagesPolicy

INDEX = "https://mirror.example.com/simple/"
OURS = "/state/pip.conf"
OUR_CONDARC = "/state/.condarc"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a machine on which all is well, unless a test says otherwise."""

    interpreter: str = "/usr/bin/python3"
    sources: Sources = Sources(indexes=(INDEX,))
    settings: dict[str, str] = msgspec.field(default_factory=lambda: {"timeout": "15", "retries": "2"})
    answer: IndexAnswer = IndexAnswer(
        content_type="application/vnd.pypi.simple.v1+json",
        files=("https://mirror.example.com/files/pip-1.whl",),
        contacted=(f"{INDEX}pip/",),
    )
    pip_files: tuple[PipFile, ...] = (PipFile(path=OURS, owner="variable"),)
    conda_files: tuple[CondaFile, ...] = (CondaFile(path=OUR_CONDARC, channels=("team",), default_channels=()),)
    conda_command: str = ""
    variables: dict[str, str] = msgspec.field(default_factory=lambda: {"PIP_CONFIG_FILE": OURS, "CONDARC": OUR_CONDARC})
    written: dict[str, str] = msgspec.field(default_factory=lambda: {"pip": OURS, "conda": OUR_CONDARC})
    bundle_problem: str = ""


MANAGED = PackagesPolicy(pip_index=INDEX, conda_channels=("team",), ca_bundle="/etc/ca.pem")


def looked(policy: PackagesPolicy = MANAGED, **facts: object) -> dict[str, Check]:
    given = Given(**facts)  # type: ignore[arg-type]
    made = [check(policy, given) for check in doctor.checks(policy)]
    assert all(each.title and each.why and each.evidence for each in made)
    assert all(each.fix for each in made if each.outcome.value in ("failed", "warning"))
    return {each.id: each for each in made}


def outcomes(policy: PackagesPolicy = MANAGED, **facts: object) -> dict[str, str]:
    return {name: check.outcome.value for name, check in looked(policy, **facts).items()}


def test_where_all_is_well_only_conda_stays_unknown() -> None:
    assert outcomes() == {
        "pip.index": "ok",
        "pip.extra_index": "ok",
        "pip.own_files": "ok",
        "credentials": "ok",
        "ca_bundle": "ok",
        "pip.patience": "ok",
        "pip.answers": "ok",
        "pip.hosts": "ok",
        "conda.channels": "unknown",
        "conda.defaults": "unknown",
    }


def test_where_the_policy_names_no_mirror_the_doctor_tells_what_is_used_and_does_not_complain() -> None:
    own = (PipFile(path="/home/a/pip.conf", owner="person", text="index-url = https://own.example.com"),)
    nothing = {"sources": Sources(), "settings": {}, "variables": {}, "written": {}, "pip_files": own}
    found = looked(PackagesPolicy(), conda_files=(), **nothing)
    assert {check.outcome.value for check in found.values()} == {"ok"}
    assert "public index" in found["pip.index"].evidence
    assert (
        "own.example.com"
        in looked(PackagesPolicy(), sources=Sources(indexes=("https://own.example.com",)))["pip.index"].evidence
    )


@pytest.mark.parametrize(
    ("facts", "fix"),
    [
        ({"written": {}, "variables": {}}, "mlplat packages apply"),
        ({"variables": {}}, "exports"),
        ({"variables": {"PIP_CONFIG_FILE": OURS, "PIP_INDEX_URL": "https://x.example.com"}}, "Unset PIP_INDEX_URL"),
        ({}, "pip config debug"),
    ],
)
def test_another_index_fails_and_the_fix_fits_the_reason(facts: dict[str, object], fix: str) -> None:
    found = looked(sources=Sources(indexes=("https://u:geheim@x.example.com",)), **facts)["pip.index"]
    assert found.outcome.value == "failed"
    assert fix in found.fix
    assert "geheim" not in found.evidence


def test_the_index_that_is_built_into_pip_fails() -> None:
    assert outcomes(sources=Sources())["pip.index"] == "failed"


def test_an_extra_index_or_a_folder_of_packages_fails() -> None:
    for extra in (Sources(indexes=(INDEX, "https://x.example.com")), Sources(indexes=(INDEX,), links=("/wheels",))):
        assert outcomes(sources=extra)["pip.extra_index"] == "failed"


def test_an_extra_index_is_a_warning_where_the_policy_names_no_mirror() -> None:
    extra = Sources(indexes=("https://a.example.com", "https://b.example.com"))
    assert outcomes(PackagesPolicy(), sources=extra)["pip.extra_index"] == "warning"


def test_a_pip_that_cannot_be_asked_is_unknown_and_never_good() -> None:
    found = outcomes(sources=Sources(problem="No module named pip"), settings={}, answer=IndexAnswer())
    assert {found[name] for name in ("pip.index", "pip.extra_index", "pip.patience", "pip.answers", "pip.hosts")} == {
        "unknown"
    }


def test_a_persons_own_file_fails_while_it_is_in_force_and_warns_while_it_is_not() -> None:
    own = PipFile(path="/home/a/pip.conf", owner="person", text="[global]\nextra-index-url: https://x.example.com\n")
    ours = PipFile(path=OURS, owner="variable")
    assert outcomes(pip_files=(own, ours))["pip.own_files"] == "warning"
    assert outcomes(pip_files=(own,))["pip.own_files"] == "failed", "the variable names a file that is gone"
    assert outcomes(pip_files=(own,), variables={})["pip.own_files"] == "failed"
    assert outcomes(pip_files=(own,), variables={"PIP_CONFIG_FILE": "/dev/null"})["pip.own_files"] == "warning"
    harmless = PipFile(path="/home/a/pip.conf", owner="person", text="[global]\ntimeout = 9\n# index-url = x\n")
    assert outcomes(pip_files=(harmless,), variables={})["pip.own_files"] == "ok"


def test_credentials_are_found_in_files_and_variables_and_only_their_place_is_told() -> None:
    secret = "https://alice:geheim@mirror.example.com/simple"
    found = looked(
        pip_files=(PipFile(path="/p/pip.conf", owner="machine", text=f"index-url = {secret}"),),
        conda_files=(CondaFile(path="/c/.condarc", text="- https://mirror.example.com/t/geheim/main"),),
        variables={"PIP_INDEX_URL": secret},
        sources=Sources(indexes=(secret, secret)),
        answer=IndexAnswer(reason=f"401 Client Error for {secret}"),
    )
    assert found["credentials"].outcome.value == "failed"
    for place in ("/p/pip.conf", "/c/.condarc", "PIP_INDEX_URL"):
        assert place in found["credentials"].evidence
    assert b"geheim" not in msgspec.json.encode(list(found.values()))


def test_a_file_that_cannot_be_read_is_unknown() -> None:
    unread = (PipFile(path="/p/pip.conf", owner="person", problem="it may not be read"),)
    found = outcomes(pip_files=unread)
    assert (found["credentials"], found["pip.own_files"]) == ("unknown", "unknown")


def test_a_missing_ca_bundle_fails() -> None:
    assert outcomes(bundle_problem="There is no file /etc/ca.pem.")["ca_bundle"] == "failed"


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [({"timeout": "15", "retries": "2"}, "ok"), ({}, "warning"), ({"timeout": "180", "retries": "2"}, "warning")],
)
def test_a_pip_that_waits_longer_than_the_policy_wants_is_a_warning(settings: dict[str, str], outcome: str) -> None:
    assert outcomes(settings=settings)["pip.patience"] == outcome


@pytest.mark.parametrize(
    ("answer", "outcome", "fix"),
    [
        (IndexAnswer(content_type="text/html", files=("https://mirror.example.com/a.whl",)), "ok", ""),
        (IndexAnswer(content_type="text/html"), "failed", "sign-in"),
        (IndexAnswer(reason="401 Client Error: Unauthorized"), "failed", "netrc"),
        (IndexAnswer(reason="404 Client Error: Not Found"), "warning", "address"),
        (IndexAnswer(reason="SSL: CERTIFICATE_VERIFY_FAILED"), "failed", "ca_bundle"),
        (IndexAnswer(reason="connection error: [Errno 111]"), "failed", "network"),
        (IndexAnswer(reason="connection error: host='404.example.com', port=40401, ssl"), "failed", "network"),
        (IndexAnswer(reason="503 Server Error: Service Unavailable"), "failed", "network"),
        (IndexAnswer(reason="x is not a trusted or secure host"), "failed", "https"),
        (IndexAnswer(), "unknown", "pip index versions"),
    ],
)
def test_what_the_index_answers_decides(answer: IndexAnswer, outcome: str, fix: str) -> None:
    found = looked(answer=answer)["pip.answers"]
    assert found.outcome.value == outcome
    assert fix in found.fix


def test_an_index_that_points_to_a_strange_host_fails_unless_the_policy_permits_it() -> None:
    away = IndexAnswer(content_type="text/html", files=("https://cdn.example.com/pip-1.whl",))
    found = looked(answer=away)["pip.hosts"]
    assert found.outcome.value == "failed"
    assert "cdn.example.com" in found.evidence
    permitted = msgspec.structs.replace(MANAGED, allow_hosts=("mirror.example.com", "CDN.example.com"))
    assert outcomes(permitted, answer=away)["pip.hosts"] == "ok"


def test_conda_fails_on_a_foreign_channel_and_on_files_that_are_not_in_use() -> None:
    mine = CondaFile(path="/home/a/.condarc", channels=("team", "https://x.example.com/t/geheim/main"))
    found = looked(conda_files=(mine,))["conda.channels"]
    assert found.outcome.value == "failed"
    assert "geheim" not in found.evidence
    assert outcomes(variables={})["conda.channels"] == "failed"


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        ((), "failed"),
        ((CondaFile(path="/a", channels=("team",)),), "failed"),
        ((CondaFile(path="/a", default_channels=()), CondaFile(path="/b", default_channels=("x",))), "failed"),
        ((CondaFile(path="/a", default_channels=()), CondaFile(path="/b", channels=("defaults",))), "warning"),
        ((CondaFile(path="/a", default_channels=()),), "unknown"),
    ],
)
def test_condas_defaults_must_be_emptied_and_are_never_called_good(files: tuple[CondaFile, ...], outcome: str) -> None:
    assert outcomes(conda_files=files)["conda.defaults"] == outcome
