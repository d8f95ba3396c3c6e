"""What an event tells a person: a sentence when somebody else or time caused it, otherwise only a refresh."""

from __future__ import annotations

from typing import Any

from jupyter_mlplatform.access.guardrails import POLICY
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
        elif "delegation" in event.body:
            text = _of_delegation(event, event.body["delegation"], person)
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
    asks, use = request["requester"], request.get("beneficiary") or request["requester"]
    if person not in (asks, use):
        size = f"{len(request['scope']['columns'])} columns for {request['days']} days"
        whom = "" if use == asks else f" on behalf of {use}"
        told = {
            "submitted": f"{asks} asks for {title}{whom}: {size}.",
            "changed": f"{asks} changed the request for {title}: {size}.",
            "passed": f"{who} approved the request of {asks} for {title}; now it waits for you.",
            "reminded": f"The request of {asks} for {title} still waits for you: {size}.",
            "escalated": f"The request of {asks} for {title} has waited long; you may decide it: {size}.",
            "withdrawn": f"{asks} withdrew the request for {title}{_why(event.body['reason'])}",
        }
        owns = person == event.body["owner"] and kind in ("submitted", "changed", "withdrawn")
        waits = owns or person in event.body.get("waiting_for", ())
        return told.get(kind, "") if waits else "", Urgency.INFO
    if person != asks:
        return (
            (f"{who} approved access to {title} for you.", Urgency.SUCCESS)
            if kind == "approved"
            else ("", Urgency.INFO)
        )
    last = request["decisions"][-1] if request["decisions"] else None
    lapsed = f"Nobody decided on your request for {title}; it is closed."
    if last and (last["verdict"], last["revision"]) == ("ask_changes", request["revision"]):
        lapsed = f"You did not change your request for {title} as {last['actor']} asked; it is closed."
    why = _why(last["reason"] if last else "")
    told = {
        "approved": f"{_by(who)} approved your request for {title}.",
        "passed": f"{who} approved your request for {title}; it goes on to {_list(event.body['waiting_for'])}.",
        "escalated": f"Your request for {title} has waited long; {_list(event.body['waiting_for'])} may decide it now.",
        "rejected": f"{who} rejected your request for {title}{why}",
        "changes_asked": f"{who} asks you to change your request for {title}{why}",
        "lapsed": lapsed,
        "void": f"Your request for {title} is closed, because the dataset was retired.",
    }
    calm = {"approved": Urgency.SUCCESS, "passed": Urgency.SUCCESS, "escalated": Urgency.INFO}
    return told.get(kind, ""), calm.get(kind, Urgency.WARNING)


def _of_grant(event: Event, grant: dict[str, Any], person: str) -> tuple[str, Urgency]:
    title, why = grant["dataset_title"], _why(grant["end_note"])
    if person == grant["subject"]:
        told = {
            "grant.revoked": f"{event.actor} ended your access to {title}{why}",
            "grant.expired": f"Your access to {title} has ended, as agreed.",
            "grant.ends_soon": f"Your access to {title} ends {_soon(grant)}. Renew it if you still need it.",
            "grant.ended": f"Your access to {title} has ended, because the dataset was retired.",
            "grant.active": f"Your access to {title} is in force.",
            "grant.fulfilling": f"Your access to {title} was changed in {grant['backend']} and is being repaired.",
            "grant.failed": f"Your access to {title} cannot be set up in {grant['backend']}; it is tried again.",
        }
        return told.get(event.action, ""), Urgency.SUCCESS if event.action == "grant.active" else Urgency.WARNING
    if person == event.body["owner"] and event.action == "grant.failed":
        told_owner = f"The access of {grant['subject']} to {title} cannot be set up in {grant['backend']}."
        return told_owner, Urgency.WARNING
    if person == event.body["owner"] and event.action == "grant.revoked" and event.actor == grant["subject"]:
        return f"{event.actor} gave up the access to {title}{why}", Urgency.INFO
    return "", Urgency.INFO


def _of_delegation(event: Event, delegation: dict[str, Any], person: str) -> str:
    giver, taker = delegation["approver"], delegation["delegate"]
    if event.action == "delegation.given" and person == taker:
        return f"{giver} lets you decide on requests until {delegation['not_after'][:10]}."
    if event.action == "delegation.ended":
        return f"{event.actor} ended the delegation from {giver} to {taker}."
    return ""


def _soon(grant: dict[str, Any]) -> str:
    days = grant.get("announced_days")
    return "within a day" if days == 1 else f"within {days} days"


def _by(actor: str) -> str:
    return "A rule of the policy" if actor == POLICY else actor


def _list(people: list[str]) -> str:
    return " or ".join(people) or "nobody that the policy names"


def _who(event: Event) -> str:
    return "The catalogue" if event.actor == "catalogue" else event.actor


def _why(reason: str) -> str:
    return f": {reason}" if reason else "."
