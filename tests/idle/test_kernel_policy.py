from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlplatform.idle.kernel_policy import NOTEBOOK, POLICY, SPECIFICATION, timeout_of
from jupyter_mlplatform.idle.ports import Kernel
from jupyter_mlplatform.policy import IdlePolicy, KernelRule

PLAIN = IdlePolicy(timeout_seconds=3600, min_timeout_seconds=60, max_timeout_seconds=7200)


def kernel(spec: Any = None, notebook: Any = None, *, path: str = "work/train.ipynb", name: str = "python3") -> Kernel:
    return Kernel(
        id="k",
        name=name,
        path=path,
        local=True,
        pid=1,
        reported_busy=False,
        ledger=None,
        spec_metadata={} if spec is None else spec,
        notebook_metadata={} if notebook is None else notebook,
    )


def own(**idle: Any) -> dict[str, Any]:
    return {"mlplatform": {"idle": idle}}


def with_rules(*rules: KernelRule, **values: Any) -> IdlePolicy:
    return msgspec.structs.replace(PLAIN, kernels=rules, **values)


def test_given_nothing_of_its_own_then_the_policy_counts() -> None:
    found = timeout_of(kernel(), PLAIN)
    assert (found.seconds, found.origin, found.note) == (3600, POLICY, "")


def test_the_notebook_counts_before_the_specification_and_both_before_an_open_rule() -> None:
    policy = with_rules(KernelRule(match="*", timeout_seconds=500))
    spec, notebook = own(timeout_seconds=900), own(timeout_seconds=700)
    found = [timeout_of(each, policy) for each in (kernel(spec, notebook), kernel(spec), kernel())]
    assert [each.seconds for each in found] == [700, 900, 500]
    assert [each.origin for each in found] == [NOTEBOOK, SPECIFICATION, "rule '*' of the policy"]
    assert {each.note for each in found} == {""}


def test_given_a_locked_rule_then_nothing_of_ones_own_counts_and_the_note_says_so() -> None:
    policy = with_rules(KernelRule(match="work/*", timeout_seconds=300, locked=True))
    found = timeout_of(kernel(own(never=True), own(timeout_seconds=700)), policy)
    assert (found.seconds, found.origin) == (300, "rule 'work/*' of the policy")
    assert found.note == "What its notebook asks for does not count: the rule 'work/*' is locked."
    assert timeout_of(kernel(), policy).note == ""


def test_given_a_locked_rule_without_a_time_then_the_time_of_the_policy_is_locked() -> None:
    policy = with_rules(KernelRule(match="*", locked=True))
    assert timeout_of(kernel(notebook=own(never=True)), policy).seconds == 3600


@pytest.mark.parametrize(("locked", "asked"), [(True, True), (True, False), (False, False)])
def test_only_a_rule_of_the_policy_is_truly_never(locked: bool, asked: bool) -> None:
    policy = with_rules(KernelRule(match="serve*", never=True, locked=locked))
    notebook = own(timeout_seconds=100) if asked else {}
    assert timeout_of(kernel(name="serve-model", notebook=notebook), policy).seconds is None


@pytest.mark.parametrize(
    ("notebook", "seconds", "said"),
    [
        (own(never=True), 7200, "asks never to be stopped; the policy allows 2 h at most."),
        (own(timeout_seconds=1e9), 7200, "the policy allows 2 h at most."),
        (own(timeout_seconds=5), 60, "the policy allows no less than 1 min."),
    ],
)
def test_what_a_person_asks_for_stays_within_the_bounds(notebook: Any, seconds: float, said: str) -> None:
    found = timeout_of(kernel(notebook=notebook), PLAIN)
    assert (found.seconds, found.origin) == (seconds, NOTEBOOK)
    assert found.note.endswith(said)


def test_given_no_timeouts_of_ones_own_are_allowed_then_they_are_passed_over_with_a_note() -> None:
    policy = msgspec.structs.replace(PLAIN, own_timeouts=False)
    found = timeout_of(kernel(own(timeout_seconds=900)), policy)
    assert (found.seconds, found.origin) == (3600, POLICY)
    assert "no timeouts of one's own" in found.note


@pytest.mark.parametrize(("value", "seconds"), [(600, 600), (0, 7200), (-1, 7200)])
def test_what_a_specification_tells_the_servers_own_culler_counts_too(value: int, seconds: float) -> None:
    found = timeout_of(kernel({"cull_idle_timeout": value}), PLAIN)
    assert (found.seconds, found.origin) == (seconds, SPECIFICATION)
    both = {"cull_idle_timeout": value, **own(timeout_seconds=800)}
    assert timeout_of(kernel(both), PLAIN).seconds == 800


@pytest.mark.parametrize(
    ("match", "fits"),
    [("work/*.ipynb", True), ("*train*", True), ("python*", True), ("Work/*", False), ("train.ipynb", False)],
)
def test_a_rule_fits_the_notebooks_path_or_the_kernels_name(match: str, fits: bool) -> None:
    policy = with_rules(KernelRule(match=match, timeout_seconds=100))
    assert (timeout_of(kernel(), policy).seconds == 100) is fits


def test_the_first_rule_that_fits_counts() -> None:
    rules = KernelRule(match="r*", timeout_seconds=1), KernelRule(match="p*", timeout_seconds=2)
    assert timeout_of(kernel(), with_rules(*rules, KernelRule(match="*", timeout_seconds=3, locked=True))).seconds == 2


def test_given_no_notebook_then_a_rule_for_its_path_does_not_fit() -> None:
    policy = with_rules(KernelRule(match="?*.ipynb", timeout_seconds=100))
    assert timeout_of(kernel(path=""), policy).seconds == 3600


GARBAGE = [
    own(timeout_seconds="8h"),
    own(timeout_seconds=True),
    own(timeout_seconds=math.nan),
    own(timeout_seconds=math.inf),
    own(timeout_seconds=-5),
    own(timeout_seconds=0),
    own(timeout_seconds=10**400),
    own(timeout_seconds=[900]),
    own(never="yes"),
    own(never=1, timeout_seconds=900),
    {"mlplatform": {"idle": 900}},
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_given_metadata_that_makes_no_sense_then_it_is_passed_over_with_a_note(garbage: Any) -> None:
    for subject in (kernel(notebook=garbage), kernel(garbage)):
        found = timeout_of(subject, PLAIN)
        assert (found.seconds, found.origin) == (3600, POLICY)
        assert found.note.endswith("cannot be understood and does not count.")


def test_given_a_wrong_notebook_then_a_right_specification_counts() -> None:
    found = timeout_of(kernel(own(timeout_seconds=900), own(timeout_seconds="8h")), PLAIN)
    assert (found.seconds, found.origin) == (900, SPECIFICATION)
    assert "in its notebook cannot be understood" in found.note


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["mlplatform", "idle", "timeout_seconds", "never", "cull_idle_timeout"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(JSON, JSON)
def test_whatever_a_person_writes_the_timeout_is_within_the_bounds_and_never_an_error(spec: Any, notebook: Any) -> None:
    found = timeout_of(kernel(spec, notebook), PLAIN)
    assert found.seconds is not None
    assert 60 <= found.seconds <= 7200
