from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.packages.index import Index
from tests.poll import until_async
from tests.server.conftest import Call


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    for name in list(os.environ):
        if name.startswith(("PIP_", "CONDA")):
            monkeypatch.delenv(name)
    server = Index()
    before = dict(os.environ)
    yield server
    server.close()
    os.environ.clear()
    os.environ.update(before)  # applying in a server sets what its kernels will see


@pytest.fixture
def policy(policy_file: Path, index: Index) -> None:
    policy_file.write_text(f'[packages]\npip_index = "{index.url}"\ntimeout_seconds = 20\nretries = 0\n')


@pytest.fixture
def call(policy: None, call: Call) -> Call:
    """The server starts after the policy is written."""
    return call


async def followed(call: Call, examination_id: str) -> dict[str, Any]:
    async def ended() -> dict[str, Any] | None:
        _, found = await call("GET", f"packages/checks/{examination_id}")
        return found if found["state"] != "running" else None

    found = await until_async(ended, seconds=30)
    assert found
    return found


async def test_status_apply_and_undo(call: Call) -> None:
    _, before = await call("GET", "packages")
    assert [tool["state"] for tool in before["tools"]] == ["not_applied", "unmanaged"]
    assert before["last"] is None
    status, done = await call("POST", "packages/application")
    assert status == 200
    assert Path(done["written"][0]).read_text().startswith("#")
    assert (await call("POST", "packages/application"))[1] == done
    _, undone = await call("DELETE", "packages/application")
    assert undone["tools"] == before["tools"]


async def test_once_applied_new_kernels_of_this_server_use_the_mirror_until_undo(call: Call) -> None:
    _, done = await call("POST", "packages/application")
    assert done["exports"].items() <= os.environ.items()
    _, begun = await call("POST", "packages/checks")
    found = await followed(call, begun["id"])
    assert {check["outcome"] for check in found["checks"]} == {"ok"}
    await call("DELETE", "packages/application")
    assert not done["exports"].keys() & os.environ.keys()


async def test_the_doctor_answers_at_once_and_grows_until_it_is_done(call: Call) -> None:
    status, begun = await call("POST", "packages/checks")
    assert status == 202
    assert begun["state"] == "running"
    found = await followed(call, begun["id"])
    assert (found["state"], found["done"]) == ("done", found["total"])
    assert {check["id"]: check["outcome"] for check in found["checks"]}["pip.answers"] == "ok"
    assert (await call("GET", "packages"))[1]["last"]["id"] == begun["id"]


async def test_the_doctor_can_be_stopped(call: Call, index: Index) -> None:
    index.mood = "hung"
    _, begun = await call("POST", "packages/checks")
    assert (await call("POST", "packages/checks"))[1]["id"] == begun["id"]
    status, _ = await call("DELETE", f"packages/checks/{begun['id']}")
    assert status == 200
    assert (await followed(call, begun["id"]))["state"] == "cancelled"


async def test_an_unknown_examination_is_not_found(call: Call) -> None:
    status, problem = await call("GET", "packages/checks/some-id")
    assert (status, problem["code"]) == (404, "packages.no_examination")
