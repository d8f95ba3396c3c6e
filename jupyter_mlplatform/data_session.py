"""Credentials of a grant for other tools: ``session(dataset)`` for boto3, ``environment(dataset)`` for programs.

A kernel asks the broker of its own Jupyter server, with the token that this server wrote for it. There is no other way:
where the broker refuses, nothing is used instead.
"""

from __future__ import annotations

import http.client
import os
import re
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlplatform import wiring
from jupyter_mlplatform.access import vending
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, NotFound, PlatformError, Problem, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess

PATIENCE_SECONDS = 30.0
NEW_TOKEN_SECONDS = 3.0
"""A kernel that has just started is ahead of its token by a moment."""
_CONNECTION_FILE = re.compile(r"kernel-([A-Za-z0-9_-]{1,64})\.json$")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")
_ANCESTORS = 32
_KEPT = ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
"""Of all AWS variables the ones that say how to reach AWS and not as whom; regions are kept, too."""
_NOWHERE = "http://127.0.0.1:9/"
_KINDS: dict[int, type[PlatformError]] = {each.status: each for each in (Invalid, Forbidden, NotFound, Conflict)}


def session(dataset: str) -> Any:
    """A ``boto3.Session`` that reaches what you were granted of a dataset, and nothing else, for as long as you may.

    Raises a :class:`~jupyter_mlplatform.errors.PlatformError` that says why not and what to do. Later, when the access
    has ended, calls of its clients raise botocore's ``CredentialRetrievalError`` with the same words.
    """
    uri, token_file, aws = _granted(dataset)
    from jupyter_mlplatform.access.aws import kernel_session

    return kernel_session.session(uri, str(token_file), aws.region)


def environment(dataset: str) -> dict[str, str]:
    """The environment for a program that uses an AWS SDK: ``subprocess.run(["aws", ...], env=environment("welds"))``.

    It is this process's own without every AWS identity in it, the person's AWS files and the metadata service switched
    off. Raises as :func:`session` does.
    """
    uri, token_file, aws = _granted(dataset)
    return shielded(os.environ, uri, token_file, aws.region)


def shielded(environ: Mapping[str, str], uri: str, token_file: Path, region: str) -> dict[str, str]:
    """``environ`` with one way to credentials."""
    kept = {name: value for name, value in environ.items() if not name.upper().startswith("AWS_") or _harmless(name)}
    if region:
        kept |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return {
        **kept,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": uri,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token_file),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Some tools do not know the switch before this, but they know where the service is.
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": _NOWHERE,
        "AWS_METADATA_ENDPOINT": _NOWHERE,
    }


def _harmless(name: str) -> bool:
    return name in _KEPT or name.startswith("AWS_ENDPOINT_URL_") or name in ("AWS_REGION", "AWS_DEFAULT_REGION")


def _granted(dataset_id: str) -> tuple[str, Path, AwsAccess]:
    """Where credentials come from, after they were given out once: what is refused is refused here, in words."""
    services = wiring.services()
    dataset, _ = services.access.usable_grant(services.workspace.who(), dataset_id)
    aws = services.policy.policy.access.aws
    if not dataset.backend:
        raise vending.no_credentials(dataset)
    if not aws.account:
        raise _no_broker(
            "This workspace is not connected to AWS: its policy names no account.",
            f"Ask {services.policy.policy.workspace.support}.",
        )
    until = time.monotonic() + NEW_TOKEN_SECONDS
    while True:
        address, token_file = _broker(time.monotonic() < until)
        status, body = _ask(address, dataset_id, token_file) if token_file else (401, b"")
        if status == 200 and token_file:
            return f"{address}/credentials/{dataset_id}", token_file, aws
        if status != 401 or time.monotonic() >= until:
            raise _refused(status, body)
        time.sleep(0.05)


def _ask(address: str, dataset_id: str, token_file: Path) -> tuple[int, bytes]:
    try:
        token = token_file.read_text(encoding="ascii")
    except FileNotFoundError:
        return 401, b""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", f"/credentials/{dataset_id}", headers={"Authorization": token})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise _no_broker(
            f"The Jupyter server of this kernel does not answer ({type(error).__name__}).", _AGAIN
        ) from None
    finally:
        connection.close()


_AGAIN = "Try again; if that does not help, restart the kernel."


def _refused(status: int, body: bytes) -> PlatformError:
    if status == 401:
        return _no_broker("The Jupyter server of this kernel does not know it.", "Restart the kernel.")
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:
        return _no_broker(f"The Jupyter server of this kernel answered {status}.", _AGAIN)
    kind = _KINDS.get(status, Unavailable)
    return kind(problem.code, problem.message, cause=problem.cause, next_step=problem.next_step)


def _no_broker(cause: str, next_step: str) -> Unavailable:
    return Unavailable("access.no_broker", "No credentials are given out here.", cause=cause, next_step=next_step)


def _broker(starting: bool) -> tuple[str, Path | None]:
    """Its address and this kernel's token file; no file as long as the kernel is ``starting`` and has none yet."""
    found = next(_connection_files(), None)
    if found is None:
        raise _no_broker("This is not a notebook's kernel, nor a program that one started.", "Do it in a notebook.")
    kernel_id = _CONNECTION_FILE.search(found.name)
    folders = [each for each in found.parent.glob("mlplatform-broker-*/address") if _private(each)]
    token_files = [each.with_name(f"{kernel_id.group(1)}.token") for each in folders] if kernel_id else []
    for file in token_files:
        if _private(file):
            address = file.with_name("address").read_text(encoding="ascii")
            if _ADDRESS.fullmatch(address):
                return address, file
    if folders and starting:
        return "", None
    raise _no_broker(
        "The Jupyter server of this kernel has given it no token.",
        "Restart the kernel; if that does not help, look at the log of the Jupyter server.",
    )


def _private(path: Path) -> bool:
    """A plain file of ours, in a folder of ours, that nobody else can read or change."""
    try:
        file, folder = path.lstat(), path.parent.lstat()
    except OSError:
        return False
    ours = file.st_uid == folder.st_uid == os.geteuid()
    closed = not (file.st_mode | folder.st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    return stat.S_ISREG(file.st_mode) and stat.S_ISDIR(folder.st_mode) and ours and closed


def _connection_files() -> Iterator[Path]:
    """Of the kernel that this process is, or that started it: the name of such a file has the kernel's id in it."""
    kernels = sys.modules.get("ipykernel.kernelapp")
    if kernels is not None and kernels.IPKernelApp.initialized():
        app = kernels.IPKernelApp.instance()
        yield Path(app.abs_connection_file)
    process = os.getpid()
    for _ in range(_ANCESTORS):
        folder = Path("/proc") / str(process)
        try:
            words = (folder / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
            process = int((folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            return  # no /proc here, or not ours to read
        yield from (Path(word) for word in words if _CONNECTION_FILE.search(word))
        if process <= 1:
            return
