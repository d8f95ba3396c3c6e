"""What an event tells a person: a sentence when somebody else or time caused it, otherwise only a refresh."""

from __future__ import annotations

from typing import Any

from jupyter_mlplatform.access.models import Event
from jupyter_mlplatform.notice import Notice, Urgency


def announce(event: Event, person: str) -> Notice | None:
    """The notice of an event for one person; ``None`` when there is nothing to show, such as a use of data."""
    if event.action.startswith("data."):
        return None
    text, urgency = "", Urgency.INFO
    if event.actor != person:
        request, grant, dataset = (event.body.get(noun) for noun in ("request", "grant", "dataset"))
        if event.action == "dataset.renewed":
            text = f"{_who(event)} registered new content of {event.body['title']}, which you may use."
        elif dataset:
            text = _of_dataset(event, dataset, person)
        elif request:
            text, urgency = _of_request(event, request, person)
        elif grant:
            text, urgency = _of_grant(event, grant, person)
    return Notice(seq=event.seq, action=event.action, subject=event.subject, text=text, urgency=urgency)


def _of_dataset(event: Event, dataset: dict[str, Any], person: str) -> str:
    title, owner, before = dataset["title"], dataset["owner"], event.body.get("before_owner", "")
    who = _who(event)
    if event.action == "dataset.retired":
        return f"{who} retired your dataset {title}." if person == owner else ""
    if person == before != owner:
        return f"{who} made {owner} the owner of {title}, which was yours."
    if person == owner:
        return f"{who} changed your dataset {title}." if before == owner else f"{who} made you the owner of {title}."
    return ""


def _of_request(event: Event, request: dict[str, Any], person: str) -> tuple[str, Urgency]:
    title, who, kind = request["dataset_title"], event.actor, event.action.removeprefix("request.")
    if person == event.body["owner"]:
        size = f"{len(request['scope']['columns'])} columns for {request['days']} days"
        told = {
            "submitted": f"{who} asks for {title}: {size}.",
            "changed": f"{who} changed the request for {title}: {size}.",
            "withdrawn": f"{who} withdrew the request for {title}{_why(event.body['reason'])}",
        }
        return told.get(kind, ""), Urgency.INFO
    if person != request["requester"]:
        return "", Urgency.INFO
    last = request["decisions"][-1] if request["decisions"] else None
    lapsed = f"Nobody decided on your request for {title}; it is closed."
    if last and (last["verdict"], last["revision"]) == ("ask_changes", request["revision"]):
        lapsed = f"You did not change your request for {title} as {last['actor']} asked; it is closed."
    why = _why(last["reason"] if last else "")
    told = {
        "approved": f"{who} approved your request for {title}.",
        "rejected": f"{who} rejected your request for {title}{why}",
        "changes_asked": f"{who} asks you to change your request for {title}{why}",
        "lapsed": lapsed,
        "void": f"Your request for {title} is closed, because the dataset was retired.",
    }
    return told.get(kind, ""), Urgency.SUCCESS if kind == "approved" else Urgency.WARNING


def _of_grant(event: Event, grant: dict[str, Any], person: str) -> tuple[str, Urgency]:
    title, why = grant["dataset_title"], _why(grant["end_note"])
    if person == grant["subject"]:
        told = {
            "grant.revoked": f"{event.actor} ended your access to {title}{why}",
            "grant.expired": f"Your access to {title} has ended, as agreed.",
            "grant.ended": f"Your access to {title} has ended, because the dataset was retired.",
        }
        return told.get(event.action, ""), Urgency.WARNING
    if person == event.body["owner"] and event.action == "grant.revoked" and event.actor == grant["subject"]:
        return f"{event.actor} gave up the access to {title}{why}", Urgency.INFO
    return "", Urgency.INFO


def _who(event: Event) -> str:
    return "The catalogue" if event.actor == "catalogue" else event.actor


def _why(reason: str) -> str:
    return f": {reason}" if reason else "."
