"""The broker of a server: what it answers, how it starts and stops, and real kernels of a real server that ask it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import textwrap
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.messages import Revocation
from jupyter_mlplatform.access.models import Grant
from jupyter_mlplatform.access.vending import Vending
from jupyter_mlplatform.errors import Forbidden
from jupyter_mlplatform.server.broker import WAITING_MOST
from jupyter_mlplatform.server.broker_kernels import KernelBroker, open_broker
from jupyter_mlplatform.server.broker_tokens import TokenFolder
from jupyter_mlplatform.wiring import Services, utc_now
from jupyter_mlplatform.workspace import resolve
from tests.access.vendors import FakeVendor, grant_of, prefix, put
from tests.poll import until_async
from tests.server.broker_world import Vending as AnyVending
from tests.server.broker_world import ask, listening

POLICY = """
[access.aws]
account = "123456789012"
region = "eu-central-1"
"""


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("mlplat-broker")]


async def test_the_answer_has_the_form_that_the_sdks_expect(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        status, body = await world.get()
    assert status == 200
    assert set(body) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    ends = datetime.strptime(body["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert ends < datetime.now(timezone.utc) + timedelta(minutes=10)


async def test_a_refusal_has_its_status_and_the_four_fields_of_every_failure(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:

        def refuse() -> None:
            raise Forbidden("access.ended", "It has ended.", cause="bob ended it.", next_step="Ask again.")

        world.vending.does = refuse
        status, body = await world.get()
    assert status == 403
    expected = {"code": "access.ended", "message": "It has ended.", "cause": "bob ended it.", "next_step": "Ask again."}
    assert body == expected


async def test_stopping_closes_the_port_and_leaves_no_file_thread_or_task(tmp_path: Path) -> None:
    async with listening(tmp_path / "run") as world:
        host = world.host
        connection = await asyncio.to_thread(socket.create_connection, tuple_of(host), 5)
        assert (await world.get())[0] == 200
        assert threads()
    assert list((tmp_path / "run").iterdir()) == []
    with pytest.raises(ConnectionError):
        await asyncio.to_thread(socket.create_connection, tuple_of(host), 5)
    connection.close()

    async def gone() -> bool:
        return not threads()

    await until_async(gone)
    assert not [each for each in asyncio.all_tasks() if "Broker" in repr(each)]


async def test_stopping_does_not_wait_for_credentials_that_are_being_made(tmp_path: Path) -> None:
    made = threading.Event()
    async with listening(tmp_path) as world:
        world.vending.does = lambda: made.wait(30) and None
        asked = asyncio.create_task(world.get())
        await until_async(lambda: _soon(world.vending.calls))
    with pytest.raises((ConnectionError, OSError, Exception)):
        await asked
    made.set()


async def test_a_call_whose_client_hung_up_goes_on_and_the_next_one_waits_for_it(tmp_path: Path) -> None:
    """botocore waits for two seconds; the session that a person gets waits longer, other tools do not."""
    made = threading.Event()
    async with listening(tmp_path) as world:
        world.vending.does = lambda: made.wait(30) and None
        request = f"GET /credentials/welds HTTP/1.1\r\nHost: {world.host}\r\nAuthorization: {world.token()}\r\n\r\n"
        impatient = await asyncio.to_thread(socket.create_connection, tuple_of(world.host), 5)
        impatient.sendall(request.encode())
        await until_async(lambda: _soon(world.vending.calls))
        impatient.close()
        second = asyncio.create_task(world.get())
        third = asyncio.create_task(world.get("/credentials/other"))
        await until_async(lambda: _soon(len(world.vending.calls) == 2))  # another dataset does not wait
        made.set()
        assert [(await each)[0] for each in (second, third)] == [200, 200]
        assert [each[1] for each in world.vending.calls] == ["welds", "other", "welds"]


async def test_calls_that_pile_up_are_sent_away_instead_of_held(tmp_path: Path) -> None:
    made = threading.Event()
    async with listening(tmp_path) as world:
        world.vending.does = lambda: made.wait(30) and None
        request = f"GET /credentials/welds HTTP/1.1\r\nHost: {world.host}\r\nAuthorization: {world.token()}\r\n\r\n"
        connections = [await asyncio.open_connection(*tuple_of(world.host)) for _ in range(WAITING_MOST + 4)]
        for _, writer in connections:
            writer.write(request.encode())
        lines = [asyncio.create_task(reader.readline()) for reader, _ in connections]
        await until_async(lambda: _soon(sum(each.done() for each in lines) == 4))
        made.set()
        statuses = sorted([(await each).split()[1] for each in lines])
        for _, writer in connections:
            writer.close()
    assert statuses == [b"200"] * WAITING_MOST + [b"503"] * 4


def test_what_a_killed_server_left_is_removed_and_what_a_living_one_has_is_not(tmp_path: Path, python: str) -> None:
    script = """
        import os, signal, sys
        from pathlib import Path
        from jupyter_mlplatform.server.broker_tokens import Holder, TokenFolder, Tokens
        Tokens(TokenFolder(Path(sys.argv[1]), "http://127.0.0.1:1")).issue(Holder("k1", "alice", 1))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([python, "-c", textwrap.dedent(script), str(tmp_path)], check=False)
    assert killed.returncode == -9
    (left,) = tmp_path.glob("*/k1.token")
    strange, link = tmp_path / "mlplatform-broker-not-ours", tmp_path / "mlplatform-broker-link"
    strange.mkdir()
    link.symlink_to(tmp_path.parent)
    living = TokenFolder(tmp_path, "http://127.0.0.1:2")
    assert not left.parent.exists()
    another = TokenFolder(tmp_path, "http://127.0.0.1:3")
    assert set(tmp_path.glob("mlplatform-broker-*")) == {strange, link, living.path, another.path}
    another.close()
    living.close()
    assert tmp_path.parent.exists()


class Served:
    """A real server with a broker for its real kernels; a fake vendor makes the credentials."""

    def __init__(self, app: ServerApp, fetch: Any) -> None:
        self.app = app
        self.fetch = fetch
        self.services: Services = Services(*resolve())
        self.me = self.services.workspace.who()
        self.vendor = FakeVendor(utc_now)
        self.store = SqliteStore(self.services.workspace.shared_dir)
        vending = Vending(self.store, self.services.access.usable_grant, {"s3_access_grants": self.vendor}, utc_now)
        self.opened = KernelBroker(app, vending, self.me)
        self.runtime_dir = Path(app.runtime_dir)
        self.clients: list[Any] = []

    def grant(self) -> Grant:
        """welds belongs to bob, and this person may use it."""
        now = utc_now() - timedelta(minutes=1)
        welds = prefix("welds", now)
        found = grant_of(welds, self.me, now)
        put(self.store, welds, found, now=now)
        return found

    async def start(self) -> str:
        """A kernel, started by REST."""
        response = await self.fetch("api", "kernels", method="POST", body=json.dumps({"name": "python3"}))
        return str(json.loads(response.body)["id"])

    async def token(self, kernel_id: str, other_than: str = "") -> str:
        """The token of a kernel, once it is there."""

        async def look() -> str:
            found = [each.read_text() for each in self.runtime_dir.glob(f"mlplatform-broker-*/{kernel_id}.token")]
            return found[0] if found and found[0] != other_than else ""

        return await until_async(look, 60.0)

    async def status(self, token: str) -> int:
        host = self.opened.broker.address.removeprefix("http://")
        return (await asyncio.to_thread(ask, host, "GET", "/credentials/welds", {"Authorization": token}))[0]

    async def run(self, kernel_id: str, code: str, expression: str) -> str:
        """The text of an expression after some code, in a kernel; of an error its name and words."""
        client = self.app.kernel_manager.get_kernel(kernel_id).client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=120)
            reply = await client.execute(
                textwrap.dedent(code), reply=True, timeout=120, user_expressions={"found": expression}
            )
        finally:
            client.stop_channels()
        content = reply["content"]
        if content["status"] != "ok":
            return f"{content['ename']}: {content['evalue']}"
        found = content["user_expressions"]["found"]
        return str(found["data"]["text/plain"] if found["status"] == "ok" else f"{found['ename']}: {found['evalue']}")


@pytest.fixture
def served(
    jp_serverapp: ServerApp, jp_fetch: Any, policy_file: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Served]:
    policy_file.write_text(POLICY)
    found = Served(jp_serverapp, jp_fetch)
    jp_asyncio_loop.run_until_complete(found.opened.start())
    yield found
    jp_asyncio_loop.run_until_complete(found.opened.stop())
    jp_asyncio_loop.run_until_complete(jp_serverapp.kernel_manager.shutdown_all(now=True))


def in_kernel(policy_file: Path) -> str:
    """A kernel reads no policy but the machine's; this one's is the test's."""
    return f"""
from pathlib import Path
from jupyter_mlplatform import policy
policy.system_paths = lambda: (Path({str(policy_file)!r}),)
from jupyter_mlplatform.data_session import session, environment
"""


async def test_a_kernel_that_was_started_by_rest_gets_a_token_of_its_own_that_dies_with_it(served: Served) -> None:
    served.grant()
    first, second = await served.start(), await served.start()
    tokens = [await served.token(first), await served.token(second)]
    assert tokens[0] != tokens[1]
    assert [await served.status(each) for each in tokens] == [200, 200]
    await served.fetch("api", "kernels", first, method="DELETE")
    await until_async(lambda: _soon(not list(served.runtime_dir.glob(f"*/{first}.token"))))
    assert [await served.status(each) for each in tokens] == [401, 200]


async def test_a_kernel_that_is_restarted_gets_a_new_token_and_the_old_one_is_refused(served: Served) -> None:
    served.grant()
    kernel = await served.start()
    old = await served.token(kernel)
    await served.fetch("api", "kernels", kernel, "restart", method="POST", body="")
    new = await served.token(kernel, other_than=old)
    assert (await served.status(old), await served.status(new)) == (401, 200)


async def test_a_killed_kernels_token_is_refused_at_once_and_its_successor_gets_another(served: Served) -> None:
    served.grant()
    kernel = await served.start()
    old = await served.token(kernel)
    process = served.app.kernel_manager.get_kernel(kernel).provisioner.pid
    os.kill(process, 9)

    async def refused() -> bool:
        return await served.status(old) == 401

    await until_async(refused)
    new = await served.token(kernel, other_than=old)
    assert await served.status(new) == 200


async def test_a_session_in_a_real_kernel_uses_the_grant_until_it_is_revoked_between_two_calls(
    served: Served, policy_file: Path
) -> None:
    grant = served.grant()
    kernel = await served.start()
    served.vendor.raises = Forbidden("access.raw", "Only some columns.", cause="c.", next_step="Use load().")
    refused = await served.run(kernel, in_kernel(policy_file) + "session('welds')", "1")
    assert refused == "Forbidden: Only some columns. c. Use load()."

    served.vendor.raises = None
    code = "found = session('welds')"
    first = await served.run(kernel, code, "found.get_credentials().get_frozen_credentials().access_key")
    assert first == f"'ASIA0002{grant.id}'"
    assert await served.run(kernel, "", "found.get_credentials().access_key") == first
    assert await served.run(kernel, "", "found.region_name") == "'eu-central-1'"

    served.services.access.revoke("bob", grant.id, Revocation("enough"))

    after = await served.run(kernel, "", "found.get_credentials().access_key")
    assert after.startswith("CredentialRetrievalError: ")
    assert "bob ended it" in after
    anew = await served.run(kernel, "session('welds')", "1")
    assert anew.startswith("Forbidden: Your access to 'welds' has ended.")
    events = [each for each in served.services.access.trail("bob").items if each.action == "data.vended"]
    assert [(each.actor, each.body["kernel"]) for each in events] == [(served.me, kernel)]


async def test_a_program_that_a_kernel_started_asks_with_the_kernels_token(served: Served, policy_file: Path) -> None:
    grant = served.grant()
    kernel = await served.start()
    program = in_kernel(policy_file) + "print(session('welds').get_credentials().access_key)"
    code = f"import subprocess, sys; done = subprocess.run([sys.executable, '-c', {program!r}], capture_output=True)"
    assert grant.id in await served.run(kernel, code, "done.stdout.decode() + done.stderr.decode()")


async def test_no_secret_is_in_the_server_its_kernels_environment_or_any_file_but_the_token(
    served: Served, policy_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    served.grant()
    kernel = await served.start()
    await served.run(kernel, in_kernel(policy_file) + "found = session('welds')", "1")
    token = await served.token(kernel)
    environ = await served.run(kernel, "import os", "dict(os.environ)")
    canaries = (token, "canary-secret-key", "canary-session-token")
    for canary in canaries:
        assert canary not in environ
        assert canary not in caplog.text
        assert canary not in str(os.environ)
    for file in [each for each in tmp_path.rglob("*") if each.is_file()]:
        holds = [each for each in canaries if each.encode() in file.read_bytes()]
        assert holds == ([token] if file.name == f"{kernel}.token" else []), file


@pytest.fixture
def aws_policy(policy_file: Path) -> None:
    """Before the server reads it."""
    policy_file.write_text(POLICY)


def brokers(app: ServerApp) -> list[str]:
    """The addresses that a server's runtime folder names."""
    return [each.read_text() for each in Path(app.runtime_dir).glob("mlplatform-broker-*/address")]


async def test_the_extension_opens_a_broker_where_the_policy_names_an_account_and_closes_it(
    aws_policy: None, jp_serverapp: ServerApp
) -> None:
    await jp_serverapp.extension_manager.start_all_extensions()
    (address,) = brokers(jp_serverapp)
    status, _, body = await asyncio.to_thread(ask, address.removeprefix("http://"), "GET", "/credentials/welds", {})
    assert (status, body["code"]) == (401, "access.token_refused")
    await jp_serverapp.extension_manager.stop_all_extensions()
    assert brokers(jp_serverapp) == []
    with pytest.raises(ConnectionError):
        await asyncio.to_thread(socket.create_connection, tuple_of(address.removeprefix("http://")), 5)


async def test_the_extension_opens_no_port_without_one(jp_serverapp: ServerApp) -> None:
    await jp_serverapp.extension_manager.start_all_extensions()
    assert brokers(jp_serverapp) == []
    await jp_serverapp.extension_manager.stop_all_extensions()


async def test_without_aws_there_is_no_broker(jp_serverapp: ServerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(*resolve())
    monkeypatch.setattr(Services, "vending", None, raising=False)
    assert await open_broker(jp_serverapp, services) is None
    assert brokers(jp_serverapp) == []


async def test_a_broker_that_cannot_listen_is_told_in_the_log_and_stops_no_server(
    jp_serverapp: ServerApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    services = Services(*resolve())
    monkeypatch.setattr(Services, "vending", AnyVending(), raising=False)
    monkeypatch.setattr(socket, "create_server", _no_port)
    assert await open_broker(jp_serverapp, services) is None
    assert "No credentials are given to kernels" in caplog.text
    assert threads() == []


def _no_port(*args: Any, **kwargs: Any) -> Any:
    raise OSError("no port is free")


def tuple_of(host: str) -> tuple[str, int]:
    name, _, port = host.partition(":")
    return name, int(port)


async def _soon(found: Any) -> Any:
    return found
