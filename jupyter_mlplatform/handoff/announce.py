"""What people are told of the events of runs and model versions. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_mlplatform.handoff.approval import may_decide
from jupyter_mlplatform.handoff.ports import News
from jupyter_mlplatform.notice import Notice, Urgency
from jupyter_mlplatform.policy import HandoffPolicy


def notices(news: Iterable[News], person: str, policy: HandoffPolicy) -> tuple[Notice, ...]:
    """What concerns ``person``, oldest first; of several wishes to refresh one subject only the last is kept."""
    found: dict[tuple[str, object], Notice] = {}
    for each in news:
        notice = _notice(each, person, policy)
        if notice:
            key = (notice.subject, notice.seq if notice.text else "refresh")
            found.pop(key, None)
            found[key] = notice
    return tuple(sorted(found.values(), key=lambda notice: notice.seq))


def _notice(news: News, person: str, policy: HandoffPolicy) -> Notice | None:
    mine = news.author == person
    text, urgency = _mine(news) if mine and news.actor != person else ("", Urgency.INFO)
    if news.action == "version.registered" and not mine:
        if not may_decide(news.author, person, policy):
            return None
        text = f"Model version {news.subject} by {news.author} waits for approval."
    elif not mine and not (news.subject == news.name and may_decide(news.author, person, policy)):
        return None
    return Notice(seq=news.seq, action=news.action, subject=news.subject, text=text, urgency=urgency)


def _mine(news: News) -> tuple[str, Urgency]:
    reason = f" {news.text}" if news.text else ""
    run = f"The hand-off of {news.name}"
    return {
        "run.succeeded": (f"{run} succeeded.", Urgency.SUCCESS),
        "run.failed": (f"{run} failed.{reason}", Urgency.WARNING),
        "run.interrupted": (f"{run} was interrupted.{reason}", Urgency.WARNING),
        "version.approved": (f"{news.actor} approved model version {news.subject}.{reason}", Urgency.SUCCESS),
        "version.rejected": (f"{news.actor} rejected model version {news.subject}.{reason}", Urgency.WARNING),
    }.get(news.action, ("", Urgency.INFO))
