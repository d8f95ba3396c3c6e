"""The short form of the suite, and that the list, the cases and the page agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import msgspec
import pytest

from tests.idle.scenarios.play import Result
from tests.idle.scenarios.run import all_cases, chosen
from tests.idle.scenarios.table import PAGE, listed, page, verdicts
from tests.idle.scenarios.world import ROOT

SHORT = [each.id for each in chosen("", short=True)]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """The short form, played once, all worlds at the same time, with a timeout of eight seconds."""
    file = tmp_path_factory.mktemp("short") / "results.json"
    command = [sys.executable, "-m", "tests.idle.scenarios.run", "--short", "--results", str(file)]
    environment = {**os.environ, "IDLE_SCENARIO_SECONDS": "8"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert file.exists(), done.stdout + done.stderr
    (results,) = msgspec.json.decode(file.read_bytes(), type=list[list[Result]])
    return {each.id: each for each in results}


@pytest.mark.slow
@pytest.mark.parametrize("identity", SHORT)
def test_given_a_world_of_its_own_when_the_scenario_is_played_then_the_decision_is_right(
    played: dict[str, Result], identity: str
) -> None:
    result = played[identity]
    assert not result.wrong
    assert not result.broken


def test_every_scenario_of_the_list_has_a_case_and_every_variant_belongs_to_one() -> None:
    known = {each["id"] for each in listed()["scenarios"]}
    ids = [each.id for each in all_cases()]
    assert len(ids) == len(set(ids))
    assert known <= set(ids)
    assert {re.sub(r"[a-z]$", "", each) for each in ids} <= known
    for each in all_cases():
        assert (each.id in known) == (not each.given), f"{each.id}: a variant says what is given, a scenario does not"


def test_the_page_lists_every_scenario_and_every_variant_as_the_code_has_them() -> None:
    """Only our verdicts come from a run; everything else on the page is what the code says now."""
    written = PAGE.read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ([KTPE]\d\d[a-z]?) \| .*? \| .*? \| (\*\*wrong\*\*|right|not run) \|", written, re.MULTILINE
    )
    shown = {identity: {"right": "right", "**wrong**": "wrong", "not run": "absent"}[ours] for identity, ours in rows}
    assert page(all_cases(), shown) == written
    assert set(shown) == {each.id for each in all_cases()}


def test_given_several_rounds_then_one_wrong_decision_makes_the_scenario_wrong() -> None:
    right, wrong = Result(id="K01", seconds=1.0, decisions=("kept",)), Result(id="K01", seconds=1.0, wrong="stopped")
    assert verdicts([[right], [wrong], [right]]) == {"K01": "wrong"}
    assert verdicts([[right], [right]]) == {"K01": "right"}
    assert verdicts([[msgspec.structs.replace(right, decisions=(), absent="no GPU")]]) == {"K01": "absent"}
