"""Stolen, guessed and misplaced tokens; pages in a browser, rebound names, proxies and noise in front of the broker."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from pathlib import Path

import pytest

from jupyter_mlplatform.server.broker_tokens import Failures, Holder, TokenFolder, Tokens
from tests.server.broker_world import SECRET, listening, send_raw


async def test_only_the_token_of_a_living_kernel_opens(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        assert (await world.get())[0] == 200
        for token in (None, " ", "x", world.token()[:-1], world.token() + "x", "Bearer " + world.token()):
            assert (await world.get(token=token))[0] == 401, token
        assert world.vending.calls == [("alice", "welds", "k1")]


async def test_a_token_in_the_address_a_cookie_or_another_header_opens_nothing(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        token = world.token()
        assert (await world.get(f"/credentials/welds?token={token}", token=None))[0] == 401
        assert (await world.get(f"/credentials/welds?token={token}"))[0] == 404
        assert (await world.get(token=None, Cookie=f"token={token}"))[0] == 403
        assert (await world.get(token=None, X_Aws_Token=token))[0] == 401
        assert world.vending.calls == []


@pytest.mark.parametrize("gone", ["dead", "forgotten", "started again", "withdrawn"])
async def test_a_kernels_token_ends_with_its_process(tmp_path: Path, gone: str) -> None:
    """Also before Jupyter has noticed: the process is looked at whenever a token is used."""
    async with listening(tmp_path, k1=101, k2=102) as world:
        stolen = world.token("k1")
        if gone == "dead":
            world.kernels.dead.add("k1")
        elif gone == "forgotten":
            del world.kernels.processes["k1"]
        elif gone == "started again":
            world.kernels.processes["k1"] = 103
        else:
            world.broker.farewell("k1")
        assert (await world.get(token=stolen))[0] == 401
        assert not (world.folder() / "k1.token").exists()
        assert (await world.get(token=world.token("k2")))[0] == 200
        assert world.vending.calls == [("alice", "welds", "k2")]


async def test_after_a_restart_the_new_token_opens_and_the_old_one_does_not(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        old = world.token()
        world.kernels.processes["k1"] = 102
        await world.broker.welcome("k1")
        assert world.token() != old
        assert (await world.get(token=old))[0] == 401
        assert (await world.get())[0] == 200


async def test_a_kernel_that_ends_while_its_credentials_are_made_does_not_get_them(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        loop = asyncio.get_running_loop()

        def end_the_kernel() -> None:
            loop.call_soon_threadsafe(world.broker.farewell, "k1")

        world.vending.does = end_the_kernel
        status, body = await world.get()
        assert status == 401
        assert SECRET not in str(body)


@pytest.mark.parametrize(
    "header",
    [
        "Origin",
        "Referer",
        "Cookie",
        "Sec-Fetch-Site",
        "Sec-Fetch-Mode",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "Forwarded",
        "Via",
        "X-Real-Ip",
        "Access-Control-Request-Method",
    ],
)
async def test_what_comes_from_a_browser_or_through_a_proxy_is_refused_with_a_valid_token_too(
    tmp_path: Path, header: str
) -> None:
    async with listening(tmp_path) as world:
        assert (await world.get(**{header: "null"}))[0] == 403
        assert (await world.get(**{header.lower(): "127.0.0.1"}))[0] == 403
        assert world.vending.calls == []


async def test_a_name_that_was_rebound_to_the_loopback_is_refused(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        port = world.host.partition(":")[2]
        for host in (f"evil.example:{port}", f"localhost:{port}", "127.0.0.1", f"127.0.0.1:{int(port) - 1}", ""):
            assert (await world.get(Host=host))[0] in (400, 403), host
        assert (await world.get(Host=world.host))[0] == 200
        assert len(world.vending.calls) == 1


async def test_no_answer_allows_another_origin_or_is_kept_by_a_cache(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        for method, given in (
            ("OPTIONS", {"Origin": "https://evil.example"}),
            ("GET", {"Authorization": world.token()}),
        ):
            _, headers, _ = await world.call(method, "/credentials/welds", given)
            assert not [name for name in headers if name.lower().startswith("access-control-")]
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Content-Type-Options"] == "nosniff"


async def test_it_listens_on_one_address_of_the_loopback_only(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        port = int(world.host.partition(":")[2])
        own = socket.gethostbyname(socket.gethostname())
        for address in {"127.0.0.2", own} - {"127.0.0.1"}:
            with pytest.raises(OSError, match=r".*"):
                await asyncio.to_thread(socket.create_connection, (address, port), 5)
        with pytest.raises(OSError, match=r".*"):
            await asyncio.to_thread(socket.create_connection, ("::1", port), 5)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"])
async def test_there_is_one_method_and_strangers_are_not_told_which(tmp_path: Path, method: str) -> None:
    async with listening(tmp_path) as world:
        assert (await world.call(method, "/credentials/welds", {"Authorization": "x"}))[0] == 401
        status, headers, _ = await world.call(method, "/credentials/welds", {"Authorization": world.token()})
        assert (status, headers["Allow"]) == (405, "GET")
        assert world.vending.calls == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/credentials",
        "/credentials/",
        "/credentials/welds/",
        "/credentials/welds/hr",
        "/credentials/../credentials/welds",
        "/credentials/%77elds",
        "/credentials/welds%00",
        "/credentials/WELDS",
        "/credentials/welds;x",
        "//credentials/welds",
        "http://HOST/credentials/welds",
        "/credentials/" + "w" * 65,
        "/api/kernels",
        "*",
    ],
)
async def test_there_is_one_address_and_nothing_is_normalised_into_it(tmp_path: Path, path: str) -> None:
    async with listening(tmp_path) as world:
        path = path.replace("HOST", world.host)
        status, body = await world.get(path)
        assert (status, body["code"]) == (404, "access.no_such_address")
        assert (await world.get(path, token="x"))[0] == 401
        assert world.vending.calls == []


async def test_oversized_and_malformed_requests_are_cut_off_and_the_next_one_is_served(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        start = f"GET /credentials/welds HTTP/1.1\r\nHost: {world.host}\r\nAuthorization: {world.token()}\r\n"
        for more in (
            "X-Long: " + "a" * 20_000 + "\r\n\r\n",
            "".join(f"X-{number}: {'a' * 100}\r\n" for number in range(200)) + "\r\n",
            "no colon here\r\n\r\n",
            "Content-Length: 100000\r\n\r\n",
            "Content-Length: x\r\n\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            f"Host: {world.host}\r\n\r\n",
        ):
            answer = await asyncio.to_thread(send_raw, world.host, (start + more).encode())
            assert SECRET.encode() not in answer, more[:40]
            assert b" 200 " not in answer.split(b"\r\n")[0], more[:40]
        twice = await asyncio.to_thread(
            send_raw, world.host, (start + f"Authorization: {world.token()}\r\nConnection: close\r\n\r\n").encode()
        )
        assert b" 401 " in twice.split(b"\r\n")[0]
        assert (await world.get())[0] == 200


async def test_noise_of_strangers_is_answered_shortly_and_locks_nobody_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(tmp_path) as world:
        statuses = [(await world.get(token="guess"))[0] for _ in range(60)]
        assert set(statuses) == {401, 429}
        assert statuses[:20] == [401] * 20
        assert (await world.get())[0] == 200
        lines = [each for each in caplog.records if "without a valid token" in each.getMessage()]
        assert len(lines) == 1


def test_after_many_failures_some_are_let_through_again_with_time() -> None:
    failures = Failures(burst=3, per_second=1.0)
    assert [failures.one(0.0) for _ in range(5)] == [False, False, False, True, True]
    assert failures.one(2.0) is False
    assert failures.one(2.0) is False
    assert failures.one(2.0) is True
    assert failures.one(1.0) is True, "a clock that goes back gives nothing"
    assert [failures.one(1000.0) for _ in range(4)] == [False, False, False, True]


async def test_no_log_holds_a_token_or_a_secret_whatever_is_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with listening(tmp_path) as world:
        token = world.token()
        await world.get()
        await world.get(f"/credentials/welds?token={token}")
        await world.get(Cookie=token)
        await world.get(token=f"{token}\x80")
        for line in (
            f"Authorization: {token}\x01",
            f"{token} : x",
            f"Content-Length: {token}",
            f"Host: {token} {token}",
        ):
            raw = f"GET / HTTP/1.1\r\nHost: {world.host}\r\n{line}\r\n\r\n"
            await asyncio.to_thread(send_raw, world.host, raw.encode("latin-1"))

        def fail() -> None:
            raise RuntimeError(f"{SECRET} {token}")

        world.vending.does = fail
        status, body = await world.get()
        assert (status, body["code"]) == (500, "access.broker_failed")
        assert "RuntimeError" in caplog.text
        for canary in (token, SECRET):
            assert canary not in caplog.text
            assert canary not in str(body)


async def test_files_of_tokens_are_for_one_person_and_hold_what_the_server_does_not(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with listening(tmp_path / "run", k1=101, k2=102) as world:
            folder = world.folder()
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
            tokens = [world.token("k1"), world.token("k2")]
            assert len(set(tokens)) == 2
            assert all(len(each) >= 43 for each in tokens)
            remembered = repr({key: value for key, value in vars(world.broker._tokens).items() if key != "_folder"})
            assert not [each for each in tokens if each in remembered]
        assert list((tmp_path / "run").iterdir()) == []
    finally:
        os.umask(before)


async def test_a_link_in_the_place_of_a_token_file_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    async with listening(tmp_path / "run", k1=101) as world:
        file = world.folder() / "k1.token"
        file.unlink()
        file.symlink_to(victim)
        (world.folder() / "k1.new").symlink_to(victim)
        await world.broker.welcome("k1")
        assert (await world.get())[0] == 200
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("kernel_id", ["../k1", "k1/../../x", "", ".", "k" * 65, "k1\n"])
def test_a_kernel_with_a_name_that_is_a_path_gets_no_file(tmp_path: Path, kernel_id: str) -> None:
    folder = TokenFolder(tmp_path, "http://127.0.0.1:1")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="letters"):
        Tokens(folder).issue(Holder(kernel_id, "alice", 1))
    assert sorted(tmp_path.rglob("*")) == before
    folder.close()
