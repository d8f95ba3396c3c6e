"""What leaves our hands is never wider than the grant, whatever is asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from jupyter_mlplatform.access import handout
from jupyter_mlplatform.access.models import Column, Grant, GrantState, Scope
from jupyter_mlplatform.access.rowfilter import And, Equals, Range, RowFilter
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid
from tests.access.world import DATASET, START

TYPED = replace(DATASET, columns=(Column("gun_id", "int64"), Column("force", "double"), Column("worker", "string")))
WORKER = Equals(column="worker", value="w1")
FORCE = Range(column="force", at_least=1.0)


def grant_of(*columns: str, rows: RowFilter | None = None) -> Grant:
    return Grant(
        id="g-1",
        request_id="r-1",
        subject="alice",
        scope=Scope(dataset_id=DATASET.id, columns=columns, rows=rows),
        dataset_title=DATASET.title,
        owner="bob",
        purpose="model-training",
        not_before=START,
        not_after=START + timedelta(days=1),
        state=GrantState.ACTIVE,
        version=1,
        approved_by="bob",
    )


def test_without_a_wish_it_is_all_that_is_granted() -> None:
    what = handout.narrowed(TYPED, grant_of("force", "gun_id", rows=WORKER))
    assert (what.columns, what.rows, what.limit) == (("force", "gun_id"), WORKER, None)


def test_columns_come_in_the_order_in_which_they_were_named_each_once() -> None:
    assert handout.narrowed(TYPED, grant_of("gun_id", "force"), ["force", "gun_id", "force"]).columns == (
        "force",
        "gun_id",
    )


def test_a_condition_comes_on_top_of_the_grants_own() -> None:
    what = handout.narrowed(TYPED, grant_of("gun_id", "force", rows=WORKER), where=FORCE)
    assert what.rows == And(of=(WORKER, FORCE))


def test_a_condition_on_a_column_that_is_not_granted_is_refused_for_it_would_tell_its_values() -> None:
    with pytest.raises(Forbidden) as refused:
        handout.narrowed(TYPED, grant_of("gun_id"), where=WORKER)
    assert refused.value.problem.code == "access.column_not_granted"


def test_a_condition_on_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(Invalid):
        handout.narrowed(TYPED, grant_of("gun_id"), where=Equals(column="gun", value=1))


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_row_is_refused(limit: int) -> None:
    with pytest.raises(Invalid):
        handout.narrowed(TYPED, grant_of("gun_id"), limit=limit)


def test_columns_that_left_the_dataset_are_not_handed_out() -> None:
    assert handout.narrowed(TYPED, grant_of("old", "gun_id")).columns == ("gun_id",)
    with pytest.raises(Conflict) as refused:
        handout.narrowed(TYPED, grant_of("old"))
    assert refused.value.problem.code == "access.columns_gone"


names = st.sampled_from(["gun_id", "force", "worker", "old", "nothing"])


@given(st.lists(names, unique=True), st.lists(names))
def test_no_wish_gets_a_column_that_is_not_granted(granted: list[str], wanted: list[str]) -> None:
    grant = grant_of(*granted)
    try:
        what = handout.narrowed(TYPED, grant, wanted)
    except (Forbidden, Invalid, Conflict):
        return
    assert set(what.columns) <= set(granted)
    assert set(what.columns) == set(wanted) or not wanted


@given(st.lists(names, unique=True), st.frozensets(names), st.booleans())
def test_no_query_gets_a_column_that_is_not_granted(granted: list[str], named: frozenset[str], every: bool) -> None:
    grant = grant_of(*granted)
    found = handout.mentioned(TYPED, grant, named, every=every)
    assert set(found) <= set(handout.granted_columns(TYPED, grant))
    assert not every or found == handout.granted_columns(TYPED, grant)
