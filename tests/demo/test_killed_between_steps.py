"""Both servers die by kill -9 between every two steps of the story; it goes on, and nothing is lost or doubled."""

from __future__ import annotations

import signal

import pytest

from jupyter_mlplatform.demo.folder import ALICE, BOB, DemoFolder
from jupyter_mlplatform.demo.servers import DemoServers
from jupyter_mlplatform.demo.story import Story
from tests.demo.people import services
from tests.poll import until

pytestmark = pytest.mark.slow


def kill(servers: DemoServers) -> None:
    for server in servers.each.values():
        assert server.process is not None
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(10)
        assert not server.running()


def test_nothing_is_lost_and_nothing_happens_twice(folder: DemoFolder, servers: DemoServers) -> None:
    said: list[str] = []
    story = Story({}, said.append)
    for step in story.steps:
        servers.start()
        story.clients = {name: server.client for name, server in servers.each.items()}
        step()
        kill(servers)

    told, alice, bob = story.told, services(folder, ALICE), services(folder, BOB)
    (request,) = alice.access.requests("alice").items
    (grant,) = bob.access.grants("bob", "owned").items
    (run,) = alice.handoff.runs("alice").items
    (version,) = bob.handoff.versions().items
    assert (request.id, request.state.value) == (told.request_id, "approved")
    assert len(request.decisions) == 1
    assert (grant.id, grant.request_id) == (told.grant_id, request.id)
    assert (run.id, run.state.value) == (told.run_id, "Succeeded")
    assert run.version_id == version.id == told.version_id
    assert [(approval.actor, approval.state.value) for approval in version.approvals] == [("bob", "Approved")]
    assert version.lineage.inputs[0].grant_id == grant.id
    assert told.loaded == "loaded 14,400 rows, 11 columns"
    assert told.idle
    audit = alice.access.verify_audit()
    assert audit.intact, audit.findings


def test_a_step_that_is_played_again_after_a_kill_has_no_second_effect(
    folder: DemoFolder, servers: DemoServers
) -> None:
    """The answer was lost with the server: a person, or a retry, does the step again."""
    story = Story({name: server.client for name, server in servers.each.items()}, lambda text: None)
    for step in (story.ask, story.decide, story.hand_off, story.follow, story.approve):
        step()
        kill(servers)
        servers.start()
        step()
    assert len(services(folder, ALICE).access.requests("alice").items) == 1
    assert len(services(folder, ALICE).access.grants("alice").items) == 1
    assert len(services(folder, ALICE).handoff.runs("alice").items) == 1
    (version,) = services(folder, BOB).handoff.versions().items
    assert len(version.approvals) == 1


def test_a_run_goes_on_while_no_server_is_there(folder: DemoFolder, servers: DemoServers) -> None:
    story = Story({name: server.client for name, server in servers.each.items()}, lambda text: None)
    for step in (story.ask, story.decide, story.hand_off):
        step()
    kill(servers)
    handoff = services(folder, ALICE).handoff
    until(lambda: handoff.run("alice", story.told.run_id).state.value == "Succeeded", seconds=120, every=0.3)
    assert len(handoff.versions().items) == 1
