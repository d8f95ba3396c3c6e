"""Idle shutdown through the server: its own keeper runs, on a real kernel."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.poll import until_async

Call = Callable[..., Awaitable[tuple[int, Any]]]

QUICK = """
[idle]
timeout_seconds = 2.5
sample_seconds = 1.0
grace_seconds = 1.5
min_uptime_seconds = 0
busy_cpu_fraction = 0.08
keep_max_seconds = 7200
"""


@pytest.fixture(autouse=True)
def quick_policy(policy_file: Path) -> None:
    policy_file.write_text(QUICK)


@pytest.fixture
def started(jp_serverapp: Any, jp_asyncio_loop: Any) -> Any:
    """The server with its background work, which pytest-jupyter does not start by itself."""
    jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.start_all_extensions())
    yield jp_serverapp
    jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.stop_all_extensions())


@pytest.fixture
def emitted(started: Any) -> list[dict[str, Any]]:
    """The idle events of this server."""
    found: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        found.append(data)

    schema = "https://schema.jupyter-mlplatform.dev/idle/v1"
    started.event_logger.add_listener(schema_id=schema, listener=listen)
    return found


@pytest.mark.usefixtures("started")
async def test_given_a_fresh_server_then_its_status_is_there_within_moments(call: Call) -> None:
    async def sampled() -> Any:
        _, found = await call("GET", "idle")
        return found["sampled_at"] and found

    found = await until_async(sampled)
    assert (found["enabled"], found["kernels"], found["terminals"]) == (True, [], [])
    assert found["workspace"]["why"].startswith("kept because ")
    assert found["stop"]["mode"] == "none"
    assert (found["timeout_seconds"], found["keep_max_seconds"]) == (2.5, 7200)


async def test_a_lease_is_taken_shown_announced_and_let_go(call: Call, emitted: list[dict[str, Any]]) -> None:
    await until_async(lambda: _sampled(call))
    status, lease = await call("POST", "idle/leases", {"seconds": 3600, "reason": "<b>training</b>"})
    assert status == 201
    assert (await call("POST", "idle/leases", {"seconds": 3600}))[1]["subject"] == "workspace"
    _, found = await call("GET", "idle")
    assert [each["reason"] for each in found["leases"]] in (["<b>training</b>"], [""])
    await until_async(lambda: _has(emitted, "kept"))
    for each in found["leases"]:
        assert (await call("DELETE", f"idle/leases/{each['id']}"))[1]["leases"] == []
    assert (await call("DELETE", f"idle/leases/{lease['id']}"))[0] == 200
    await until_async(lambda: _has(emitted, "released"))


async def test_given_a_kernel_that_no_sample_has_seen_yet_then_it_can_be_kept_and_one_that_is_not_there_cannot(
    call: Call, jp_serverapp: Any
) -> None:
    kernel_id = await jp_serverapp.kernel_manager.start_kernel()
    status, lease = await call("POST", "idle/leases", {"seconds": 60, "subject": f"kernel:{kernel_id}"})
    assert (status, lease["subject"]) == (201, f"kernel:{kernel_id}")
    status, problem = await call("POST", "idle/leases", {"seconds": 60, "subject": f"kernel:{uuid4()}"})
    assert (status, problem["code"]) == (404, "idle.no_such_subject")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"seconds": -1}, "idle.duration"),
        ({"seconds": 0}, "idle.duration"),
        ({"seconds": "4h"}, "request.invalid"),
        ({"seconds": 60, "for": "ever"}, "request.invalid"),
        ({}, "request.invalid"),
        ('{"seconds": 1e999}', "request.invalid"),
        ("{", "request.invalid"),
    ],
)
async def test_a_lease_that_makes_no_sense_is_refused_and_nothing_is_kept(call: Call, body: Any, code: str) -> None:
    status, problem = await call("POST", "idle/leases", body)
    assert (status, problem["code"]) == (400, code)
    assert (await call("GET", "idle"))[1]["leases"] == []


async def test_given_a_cell_in_a_browser_waits_for_input_then_it_is_work_for_a_while_and_then_stopped(
    call: Call, jp_fetch: Any, jp_ws_fetch: Any, emitted: list[dict[str, Any]]
) -> None:
    kernel = json.loads((await jp_fetch("api", "kernels", method="POST", body="{}")).body)["id"]
    socket = await jp_ws_fetch("api", "kernels", kernel, "channels")
    await socket.write_message(_execute("input('who? ')"))

    async def waits() -> Any:
        _, found = await call("GET", "idle")
        return any("waits for an answer to input()" in each["why"] for each in found["kernels"])

    await until_async(waits, 60)
    await until_async(lambda: _has(emitted, "culled"), 120)
    socket.close()
    mine = [each for each in emitted if each["subject"] == f"kernel:{kernel}"]
    assert [each["action"] for each in mine] == ["warned", "culled"]
    assert mine[0]["stops_in_seconds"] == 1.5
    assert "a cell waits for an answer to input() since" in mine[0]["why"]
    waited = float(mine[0]["why"].split("input() since ")[1].split(" s")[0])
    assert waited >= 4.5  # twice the timeout, to the nearest second


class TestSwitchedOff:
    @pytest.fixture(autouse=True)
    def quick_policy(self, policy_file: Path) -> None:
        policy_file.write_text("[idle]\nenabled = false\n")

    @pytest.mark.usefixtures("started")
    async def test_the_status_says_so_and_nothing_watches(self, call: Call) -> None:
        _, found = await call("GET", "idle")
        assert (found["enabled"], found["kernels"]) == (False, [])
        assert found["verdict"].startswith("Idle shutdown is switched off by the policy")


def _execute(code: str) -> str:
    header = {"msg_id": uuid4().hex, "msg_type": "execute_request", "session": uuid4().hex, "username": "a"}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True}
    empty: dict[str, Any] = {"parent_header": {}, "metadata": {}, "buffers": []}
    return json.dumps({"header": header, "content": content, "channel": "shell", **empty})


async def _sampled(call: Call) -> Any:
    return (await call("GET", "idle"))[1]["sampled_at"]


async def _has(emitted: list[dict[str, Any]], action: str) -> bool:
    return any(each["action"] == action for each in emitted)
