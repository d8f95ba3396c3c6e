"""Requests as a file: the plan, what is sent, and that doing it again changes nothing."""

from __future__ import annotations

import pytest

from jupyter_mlplatform.access import wishes
from jupyter_mlplatform.access.messages import Comment
from jupyter_mlplatform.access.models import RequestState
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.access.wishes import Act
from jupyter_mlplatform.errors import Invalid, NotFound
from tests.access.world import Clock, approval, rejection

WANTED = {"dataset": "weld_guns", "purpose": "model-training", "columns": ["force", "gun_id"], "days": 30}


def plan(service: AccessService, person: str = "alice", **changes: object) -> wishes.Step:
    (step,) = service.plan(person, wishes.parse({"requests": [{**WANTED, **changes}]}, "requests.yaml"))
    return step


def send(service: AccessService, **changes: object) -> object:
    step = plan(service, **changes)
    assert step.new is not None
    return service.ask("alice", step.new)


def test_what_is_not_there_yet_is_asked_for_and_then_it_waits(service: AccessService) -> None:
    step = plan(service)
    assert (step.act, step.why) == (Act.ASK, "2 columns")
    assert service.requests("alice").items == ()
    send(service)
    (made,) = service.requests("alice").items
    assert made.scope.columns == ("gun_id", "force")
    again = plan(service)
    assert (again.act, again.new, again.why) == (Act.NOTHING, None, "asked already: It waits for bob or ada or ana.")


def test_a_file_that_says_something_else_changes_the_open_request(service: AccessService) -> None:
    send(service)
    step = plan(service, days=10)
    assert step.act is Act.CHANGE
    send(service, days=10)
    (made,) = service.requests("alice").items
    assert (made.days, made.revision) == (10, 2)


def test_what_is_granted_is_not_asked_for_until_it_has_ended(service: AccessService, clock: Clock) -> None:
    send(service)
    service.decide("bob", service.requests("alice").items[0].id, approval())
    assert (plan(service).act, plan(service).why) == (Act.NOTHING, "granted until 2030-01-31")
    assert plan(service, columns=["gun_id"]).act is Act.NOTHING
    assert plan(service, columns=["worker"]).act is Act.ASK
    clock.forward(days=31)
    send(service)
    assert [each.state for each in service.requests("alice").items] == [RequestState.SUBMITTED, RequestState.APPROVED]


def test_what_was_rejected_is_asked_again_only_when_the_file_changes(service: AccessService) -> None:
    send(service)
    service.decide("bob", service.requests("alice").items[0].id, rejection("too much"))
    step = plan(service)
    assert step.act is Act.NOTHING
    assert "too much" in step.why
    assert plan(service, reason="for the weld quality model").act is Act.ASK


def test_what_was_withdrawn_is_a_new_request(service: AccessService) -> None:
    send(service)
    service.withdraw("alice", service.requests("alice").items[0].id, Comment())
    send(service)
    assert [each.state for each in service.requests("alice").items] == [
        RequestState.SUBMITTED,
        RequestState.WITHDRAWN,
    ]


def test_a_repeat_of_what_was_just_sent_makes_no_second_request(service: AccessService) -> None:
    step = plan(service)
    assert step.new is not None
    first, second = service.ask("alice", step.new), service.ask("alice", step.new)
    assert first.id == second.id


def test_an_owner_has_nothing_to_ask_for(service: AccessService) -> None:
    assert plan(service, person="bob").why == "it is your own"


def test_a_dataset_that_is_not_there_is_said(service: AccessService) -> None:
    with pytest.raises(NotFound, match="weld_gun"):
        plan(service, dataset="weld_gun")


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        (None, "Expected `object`"),
        ({"requests": {}}, "Expected `array`"),
        ({"requests": [{"dataset": "weld_guns"}]}, "missing required field `purpose`"),
        ({"requests": [{**WANTED, "approver": "me"}]}, "unknown field `approver`"),
        ({"requests": [WANTED, WANTED]}, "named twice"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_is_wrong(document: object, hint: str) -> None:
    with pytest.raises(Invalid) as caught:
        wishes.parse(document, "requests.yaml")
    assert hint in caught.value.problem.cause
