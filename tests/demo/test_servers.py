"""Two servers of one folder: quick to find again, gone when asked, and private."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from jupyter_mlplatform.cli import run
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.demo.client import Refused
from jupyter_mlplatform.demo.folder import ALICE, BOB, DemoFolder
from jupyter_mlplatform.demo.servers import DemoServers, environment
from jupyter_mlplatform.demo.story import Story, Told
from jupyter_mlplatform.errors import Unavailable
from tests.poll import until

pytestmark = pytest.mark.slow


def test_each_answers_as_its_own_person_and_opens_its_own_page(servers: DemoServers) -> None:
    for name, server in servers.each.items():
        assert server.client.get("workspace")["person"] == name
        assert server.client.get("workspace")["place"] == "demo"
        assert f"/{name}/lab" in server.page


def test_one_persons_token_does_not_open_the_others_server(servers: DemoServers) -> None:
    alice, bob = servers.each["alice"].client, servers.each["bob"].client
    bob.port = alice.port
    bob.person = "alice"
    with pytest.raises(Refused) as refused:
        bob.get("workspace")
    assert refused.value.answered == 403


def test_a_second_start_takes_the_running_ones(folder: DemoFolder, servers: DemoServers) -> None:
    again = DemoServers(folder)
    again.start()
    assert [server.pid for server in again.each.values()] == [server.pid for server in servers.each.values()]
    assert [server.page for server in again.each.values()] == [server.page for server in servers.each.values()]
    assert all(server.process is None for server in again.each.values())


def test_after_kill_9_the_address_is_the_same(folder: DemoFolder, servers: DemoServers) -> None:
    killed = servers.each["alice"]
    page = killed.page
    assert killed.process is not None
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait(10)
    servers.start()
    assert servers.each["alice"].page == page
    assert servers.each["alice"].client.answers()


def test_a_story_leaves_the_servers_alone_that_somebody_works_with(
    folder: DemoFolder, servers: DemoServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Story, "play", lambda story: Told(idle=story.alice.get("workspace")["person"]))
    told = run(["demo", "--story", "--folder", str(folder.root)], Session(say=lambda text: None))
    assert told is not None
    assert told.data == Told(idle="alice")
    assert all(server.running() for server in servers.each.values())


def test_stopping_ends_the_kernels_too(servers: DemoServers) -> None:
    alice = servers.each["alice"].client
    kernel = alice.open_notebook("weld_faults.ipynb")
    pid = int(alice.run_cell(kernel, "import os; print(os.getpid())"))
    servers.stop()
    until(lambda: not _exists(pid))
    assert not any(server.running() for server in servers.each.values())


def test_no_token_stands_on_a_command_line_or_in_a_file_for_others(folder: DemoFolder, servers: DemoServers) -> None:
    for person in (ALICE, BOB):
        address = folder.home(person) / "server.json"
        token = json.loads(address.read_text(encoding="utf-8"))["token"]
        process = servers.each[person.name].process
        assert process is not None
        assert token not in " ".join(map(str, process.args))  # type: ignore[arg-type]
        config = folder.home(person) / "jupyter" / "config" / "jupyter_server_config.json"
        for path in (address, config, folder.home(person) / "open.html"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


def test_a_port_that_is_taken_is_said(folder: DemoFolder) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Unavailable, match="cannot be used"):
            DemoServers(folder).start(other.getsockname()[1])


def test_a_server_that_does_not_start_shows_its_log_and_takes_the_other_down(
    folder: DemoFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = folder.home(BOB) / "jupyter" / "config"
    config.mkdir(parents=True)
    (config / "jupyter_server_config.py").write_text("raise SystemExit('bad configuration')", encoding="utf-8")
    starting = DemoServers(folder)
    with pytest.raises(Unavailable, match="bad configuration"):
        starting.start()
    assert not starting.each["alice"].running()


def test_nothing_of_the_persons_own_configuration_is_handed_on(
    folder: DemoFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", "/home/me/jupyter")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/home/me/pip.conf")
    given = environment(folder, ALICE)
    assert "JUPYTER_PATH" not in given
    assert "PIP_CONFIG_FILE" not in given
    for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        assert Path(given[name]).is_relative_to(folder.home(ALICE))


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
