"""The extension's background work: news reach the open tabs of a server, and stopping leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from jupyter_mlplatform import events, wiring
from jupyter_mlplatform.access.messages import NewDecision, NewRequest, Registration
from jupyter_mlplatform.access.models import Verdict
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import resolve
from tests.poll import until_async


def as_owner(services: Services) -> Services:
    """Another person's process on the same shared state."""
    workspace, policy = resolve()
    assert workspace.shared_dir == services.workspace.shared_dir
    return Services(replace(workspace, person="bob"), policy)


class Emitted(logging.Handler):
    """Keeps the events that a server's logger would send to the browsers."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.events.append(json.loads(self.format(record)))


async def test_a_decision_made_elsewhere_is_announced_to_this_servers_person(jp_serverapp: Any, tmp_path: Path) -> None:
    mine: Services = jp_serverapp.web_app.settings["mlplatform_services"]
    me, bob = mine.workspace.who(), as_owner(mine)
    data = tmp_path / "weld.csv"
    data.write_text("gun,force\n1,2.5\n")
    bob.access.register("bob", data, Registration(id="weld", title="Weld"))
    request = mine.access.ask(me, NewRequest(dataset_id="weld", purpose="exploration", idempotency_key="k"))
    emitted = Emitted()
    jp_serverapp.event_logger.register_handler(emitted)

    await jp_serverapp.extension_manager.start_all_extensions()
    decision = NewDecision(verdict=Verdict.APPROVE, revision=request.revision, reason="welcome")
    await asyncio.to_thread(bob.access.decide, "bob", request.id, decision)

    async def told() -> list[dict[str, Any]]:
        return [each for each in emitted.events if each.get("action") == "request.approved"]

    (event,) = await until_async(told)
    assert event["__schema__"] == events.ACCESS
    assert event["subject"] == request.id
    assert "bob" in event["text"]

    await jp_serverapp.extension_manager.stop_all_extensions()
    assert [task for task in asyncio.all_tasks() if "Relay" in repr(task) or "IdleKeeper" in repr(task)] == []


def test_services_of_the_same_workspace_share_what_they_know(tmp_path: Path) -> None:
    first, second = wiring.services(), wiring.services()
    data = tmp_path / "weld.csv"
    data.write_text("gun,force\n1,2.5\n")
    first.access.register(first.workspace.who(), data, Registration(id="weld", title="Weld"))
    assert second.access.dataset_ids("alice", "we") == ("weld",)
