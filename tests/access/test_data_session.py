"""``session()`` and ``environment()`` outside of a kernel, without AWS, and with files that others could read."""

from __future__ import annotations

import os
import socket
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform import data_session, wiring
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, PlatformError, Unavailable
from jupyter_mlplatform.wiring import utc_now
from tests.access.vendors import grant_of, prefix, put
from tests.access.world import register, write_data

AWS = '[access.aws]\naccount = "123456789012"\nregion = "eu-central-1"\n'


@pytest.fixture
def granted(policy_file: Path) -> None:
    """This person may use welds, which lies on S3."""
    policy_file.write_text(AWS)
    now = utc_now() - timedelta(minutes=1)
    workspace = wiring.services().workspace
    welds = prefix("welds", now)
    put(SqliteStore(workspace.shared_dir), welds, grant_of(welds, workspace.who(), now), now=now)


class Kernel:
    """The files of a kernel, as its server leaves them, and a server that answers what the test says."""

    def __init__(self, runtime: Path, status: int, body: bytes) -> None:
        self.asked: list[tuple[str, str | None]] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.path, self.headers.get("Authorization")))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.connection_file = runtime / "kernel-k1.json"
        self.folder = runtime / "mlplatform-broker-1-ab"
        self.folder.mkdir(parents=True, mode=0o700)
        self.write("address", f"http://127.0.0.1:{self.server.server_address[1]}")
        self.write("k1.token", "secret-token")

    def write(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content)
        (self.folder / name).chmod(0o600)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    status, body = getattr(request, "param", (200, b"{}"))
    made = Kernel(tmp_path / "run", status, body)
    monkeypatch.setattr(data_session, "_connection_files", lambda: iter([made.connection_file]))
    monkeypatch.setattr(data_session, "NEW_TOKEN_SECONDS", 0.2)
    yield made
    made.server.shutdown()
    made.server.server_close()


def refused(error: type[PlatformError], code: str) -> str:
    """That both ways are refused so; the words."""
    found = set()
    for way in (data_session.session, data_session.environment):
        with pytest.raises(error) as caught:
            way("welds")
        assert caught.value.problem.code == code
        assert caught.value.problem.next_step
        found.add(str(caught.value))
    (words,) = found
    return words


@pytest.mark.usefixtures("granted")
def test_the_environment_names_the_broker_and_the_kernels_token_file(kernel: Kernel) -> None:
    made = data_session.environment("welds")
    address = (kernel.folder / "address").read_text()
    assert made["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == f"{address}/credentials/welds"
    assert made["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] == str(kernel.folder / "k1.token")
    assert made["AWS_REGION"] == "eu-central-1"
    assert "secret-token" not in made.values()
    assert kernel.asked == [("/credentials/welds", "secret-token")]


@pytest.mark.usefixtures("granted")
def test_outside_of_a_notebook_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_session, "_connection_files", lambda: iter(()))
    assert "not a notebook's kernel" in refused(Unavailable, "access.no_broker")


@pytest.mark.usefixtures("granted")
def test_without_aws_in_the_policy_it_says_whom_to_ask(policy_file: Path) -> None:
    policy_file.write_text('[workspace]\nsupport = "the desk"\n')
    assert "Ask the desk." in refused(Unavailable, "access.no_broker")


@pytest.mark.usefixtures("granted")
def test_a_server_without_a_broker_or_without_a_token_for_this_kernel_is_told_apart_from_no_access(
    kernel: Kernel,
) -> None:
    (kernel.folder / "k1.token").unlink()
    assert "no token" in refused(Unavailable, "access.no_broker")
    assert kernel.asked == []


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_a_token_that_others_could_read_or_replace_is_not_sent(kernel: Kernel, what: str, tmp_path: Path) -> None:
    token = kernel.folder / "k1.token"
    if what == "file":
        token.chmod(0o640)
    elif what == "folder":
        kernel.folder.chmod(0o755)
    else:
        token.rename(tmp_path / "elsewhere")
        token.symlink_to(tmp_path / "elsewhere")
    refused(Unavailable, "access.no_broker")
    assert kernel.asked == []


@pytest.mark.usefixtures("granted")
def test_an_address_that_is_not_on_this_machine_is_not_asked(kernel: Kernel) -> None:
    for address in ("http://broker.example:80", "http://127.0.0.1:80@broker.example", "http://localhost:80", ""):
        kernel.write("address", address)
        assert "no token" in refused(Unavailable, "access.no_broker")


@pytest.mark.usefixtures("granted")
def test_a_server_that_is_gone_is_told(kernel: Kernel) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kernel.write("address", f"http://127.0.0.1:{port}")
    assert "does not answer" in refused(Unavailable, "access.no_broker")


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize(
    ("kernel", "error", "code"),
    [
        ((401, b'{"code":"access.token_refused","message":"No."}'), Unavailable, "access.no_broker"),
        ((403, b'{"code":"access.raw","message":"No.","next_step":"Ask."}'), Forbidden, "access.raw"),
        ((409, b'{"code":"access.changed","message":"No.","next_step":"Ask."}'), Conflict, "access.changed"),
        ((503, b'{"code":"access.aws","message":"No.","next_step":"Ask."}'), Unavailable, "access.aws"),
        ((500, b"<html>"), Unavailable, "access.no_broker"),
    ],
    indirect=["kernel"],
)
def test_what_the_broker_says_is_raised_as_the_error_that_it_is(
    kernel: Kernel, error: type[PlatformError], code: str
) -> None:
    refused(error, code)
    assert kernel.asked


@pytest.mark.usefixtures("granted")
def test_what_was_not_granted_or_lies_here_never_reaches_the_broker(kernel: Kernel, tmp_path: Path) -> None:
    services = wiring.services()
    put(SqliteStore(services.workspace.shared_dir), prefix("hr", utc_now()), now=utc_now())
    register(services.access, write_data(tmp_path / "weld.parquet"))
    with pytest.raises(Forbidden) as not_granted:
        data_session.session("hr")
    assert not_granted.value.problem.code == "access.not_granted"
    now, me = utc_now() - timedelta(minutes=1), services.workspace.who()
    local = services.access.dataset("bob", "weld_guns").dataset
    put(SqliteStore(services.workspace.shared_dir), grant_of(local, me, now), now=now)
    with pytest.raises(Invalid) as local_data:
        data_session.session("weld_guns")
    assert local_data.value.problem.code == "access.no_credentials"
    assert kernel.asked == []


def test_the_kernel_is_found_from_a_process_that_it_started(tmp_path: Path, python: str) -> None:
    """By the connection file in a command line, as Jupyter starts kernels."""
    import subprocess

    inner = "from jupyter_mlplatform.data_session import _connection_files as found; print([*map(str, found())][:1])"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    file = tmp_path / "kernel-0b5b-4c.json"
    done = subprocess.run([python, "-c", outer, "-f", str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr([str(file)])
    assert os.fspath(file) not in os.environ.values()
