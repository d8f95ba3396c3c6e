"""Refused credentials are followed by nothing: what goes over the wire when everything around tempts to more."""

from __future__ import annotations

import asyncio
import json
import os
import textwrap
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.data_session import shielded
from jupyter_mlplatform.errors import Forbidden
from tests.aws.decode import Received
from tests.aws.encode import Answer
from tests.aws.listener import Listener
from tests.server.broker_world import listening

EVIL = "AKIASOMEBODYELSE"
LISTING = b"<?xml version='1.0'?><ListBucketResult><Name>lake</Name><IsTruncated>false</IsTruncated></ListBucketResult>"

PROGRAM = """
    import json, sys
    from botocore.config import Config
    {make}
    once = Config(retries={{"total_max_attempts": 1}}, proxies={{}})
    s3 = made.client("s3", endpoint_url=sys.argv[3], region_name="eu-central-1", config=once)
    def tried(call, **given):
        try:
            call(**given)
            return "done"
        except Exception as error:
            return type(error).__name__ + ": " + str(error)
    for line in sys.stdin:
        found = [tried(s3.list_objects_v2, Bucket="lake"), tried(s3.get_object, Bucket="lake", Key="a")]
        print(json.dumps(found), flush=True)
"""
SESSION = """
    from jupyter_mlplatform.access.aws import kernel_session
    made = kernel_session.session(sys.argv[1], sys.argv[2])
"""
USUAL = """
    import boto3, botocore.utils
    botocore.utils.ContainerMetadataFetcher.SLEEP_TIME = 0.01  # between its three attempts
    made = boto3.Session()
"""


class Wire:
    """What reached the services, the metadata service and a proxy."""

    def __init__(self) -> None:
        self.seen: dict[str, list[Received]] = {"aws": [], "metadata": [], "proxy": []}
        self._listeners = {name: Listener(self._answer(name)) for name in self.seen}
        self.address = {name: each.address for name, each in self._listeners.items()}

    def close(self) -> None:
        for each in self._listeners.values():
            each.close()

    def identities(self) -> set[str]:
        """Who signed what reached the services."""
        return {self._signer(each.headers.get("authorization", "nobody")) for each in self.seen["aws"]}

    @staticmethod
    def _signer(authorization: str) -> str:
        return authorization.partition("Credential=")[2].partition("/")[0] or authorization

    def _answer(self, name: str) -> Callable[[Received], Answer]:
        def respond(request: Received) -> Answer:
            self.seen[name].append(request)
            if name == "metadata":
                return metadata(request)
            return Answer(200, {"Content-Type": "application/xml"}, LISTING)

        return respond


def metadata(request: Received) -> Answer:
    """A metadata service that would give out the role of the machine."""
    ends = datetime.now(timezone.utc) + timedelta(hours=1)
    if request.path.endswith("/role"):
        found = {
            "Code": "Success",
            "AccessKeyId": EVIL,
            "SecretAccessKey": "x",
            "Token": "x",
            "Expiration": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        }
        return Answer(200, {}, json.dumps(found).encode())
    return Answer(200, {}, b"token" if request.method == "PUT" else b"role")


@pytest.fixture
def wire() -> Iterator[Wire]:
    found = Wire()
    yield found
    found.close()


@pytest.fixture
def poisoned(wire: Wire, empty_home: Path) -> dict[str, str]:
    """An environment in which every way leads to somebody else's credentials."""
    folder = empty_home / ".aws"
    folder.mkdir()
    keys = f"aws_access_key_id = {EVIL}\naws_secret_access_key = x\n"
    (folder / "credentials").write_text(f"[default]\n{keys}[other]\n{keys}")
    (folder / "config").write_text(
        f"[default]\nregion = us-east-1\n[profile other]\ncredential_process = echo {EVIL}\n"
    )
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": EVIL,
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "x",
        "AWS_PROFILE": "other",
        "AWS_DEFAULTS_MODE": "auto",
        "AWS_BEARER_TOKEN_BEDROCK": EVIL,
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/other",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "credentials"),
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/other",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": EVIL,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": wire.address["metadata"],
        "HTTP_PROXY": wire.address["proxy"],
        "http_proxy": wire.address["proxy"],
        "NO_PROXY": "",
        "no_proxy": "",
    }


class Program:
    """A process that calls AWS twice whenever it is told to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, python: str, make: str, environ: dict[str, str], *words: str) -> Program:
        script = textwrap.dedent(PROGRAM).format(make=textwrap.dedent(make).strip())
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(python, "-c", script, *words, stdin=pipe, stdout=pipe, env=environ)
        )

    async def calls(self) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"go\n")
        return list(json.loads(await asyncio.wait_for(self._process.stdout.readline(), 120)))

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


def refuse() -> None:
    raise Forbidden("access.ended", "Your access has ended.", cause="bob ended it.")


@pytest.mark.parametrize("make", ["session", "environment"])
async def test_when_the_broker_refuses_nothing_is_sent_with_any_identity_or_with_none(
    make: str, tmp_path: Path, wire: Wire, poisoned: dict[str, str], python: str
) -> None:
    async with listening(tmp_path / "run") as world:
        uri, token_file = f"{world.broker.address}/credentials/welds", world.folder() / "k1.token"
        environ = poisoned if make == "session" else shielded(poisoned, uri, token_file, "eu-central-1")
        program = await Program.start(
            python, SESSION if make == "session" else USUAL, environ, uri, str(token_file), wire.address["aws"]
        )
        assert await program.calls() == ["done"] * 2
        assert wire.identities() == {"ASIA1"}
        sent = len(wire.seen["aws"])

        world.vending.does = refuse
        for refused in await program.calls():
            assert refused.startswith("CredentialRetrievalError: ")
            assert "bob ended it." in refused
        del world.kernels.processes["k1"]  # from here on the token is refused, and its file is gone
        for refused in await program.calls():
            assert refused.partition(":")[0] in ("CredentialRetrievalError", "FileNotFoundError")
        await program.end()
    assert len(wire.seen["aws"]) == sent
    assert wire.identities() == {"ASIA1"}
    assert wire.seen["metadata"] == []
    assert wire.seen["proxy"] == [], "a proxy would see the token"


async def test_the_temptations_are_real(wire: Wire, poisoned: dict[str, str], python: str) -> None:
    """The usual chain follows them, one after the other: that is what makes the test above say something."""
    program = await Program.start(python, USUAL, poisoned, "", "", wire.address["aws"])
    await program.calls()
    await program.end()
    assert wire.identities() == {EVIL}
    wire.seen["aws"].clear()
    names = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "HOME", "PATH", "PYTHONPATH")
    bare = {name: poisoned[name] for name in names if name in poisoned} | {"AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    program = await Program.start(python, USUAL, bare, "", "", wire.address["aws"])
    await program.calls()
    await program.end()
    assert wire.identities() == {EVIL}
    assert wire.seen["metadata"] != []


def test_an_environment_keeps_what_is_no_identity_and_nothing_else_of_aws(tmp_path: Path) -> None:
    kept = {"PATH": "/bin", "AWS_CA_BUNDLE": "ca.pem", "AWS_ENDPOINT_URL_S3": "http://gate", "AWS_REGION": "eu-west-1"}
    dropped = {"AWS_ACCESS_KEY_ID": EVIL, "aws_secret_access_key": EVIL, "AWS_NEW_IDENTITY_OF_2031": EVIL}
    made = shielded({**kept, **dropped}, "http://127.0.0.1:1/credentials/welds", tmp_path / "token", "")
    assert EVIL not in made.values()
    assert {name: made[name] for name in kept} == kept
    assert made["AWS_EC2_METADATA_DISABLED"] == "true"
    assert shielded(kept, "u", tmp_path, "eu-north-1")["AWS_REGION"] == "eu-north-1"


def test_a_session_reads_the_token_at_each_call_and_nothing_at_its_making(tmp_path: Path) -> None:
    from jupyter_mlplatform.access.aws import kernel_session

    made: Any = kernel_session.session("http://127.0.0.1:9/credentials/welds", str(tmp_path / "token"), "eu-north-1")
    assert made.region_name == "eu-north-1"
    with pytest.raises(FileNotFoundError):
        made.client("s3")


def test_a_session_takes_no_bearer_token_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_mlplatform.access.aws import kernel_session

    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", EVIL)
    core: Any = kernel_session.session("http://127.0.0.1:9/credentials/welds", str(tmp_path / "token"))._session
    assert core.get_auth_token(signing_name="bedrock") is None
