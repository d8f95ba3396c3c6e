"""The Docker Engine API over its socket: https://docs.docker.com/reference/api/engine. Podman speaks it as well.

Read only, and with a deadline for all that one look asks together.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.policy import IdlePolicy

STUDIO_SOCKET = Path("/docker/proxy.sock")
"""Where SageMaker Studio puts it, when Docker is switched on for the domain."""

DOCKER_SOCKET = Path("/var/run/docker.sock")
VERSIONS = ("/v1.44", "/v1.41", "")
"""Newest engines have given up what is older than the first, Studio's knows the second and no address without a
version (https://github.com/aws/amazon-sagemaker-feedback/issues/161), others may know neither."""

_OTHER_VERSION = (http.client.MOVED_PERMANENTLY, http.client.BAD_REQUEST, http.client.NOT_FOUND)

MOST_BYTES = 16 * 1024 * 1024
DEADLINE_SECONDS = 6.0


def deadline(policy: IdlePolicy) -> float:
    """Seconds that one look may take: not longer than until the next one, so that the others do not wait for it."""
    return min(DEADLINE_SECONDS, policy.sample_seconds)


def engine_socket(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The socket of the engine on this machine; None if there is none. Another machine's engine is not ours to watch.

    ``DOCKER_HOST`` decides, as for the ``docker`` command; otherwise the usual places are looked at, also those of
    engines that run without root.
    """
    host = environment.get("DOCKER_HOST", "")
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    own = (Path(runtime, "docker.sock"), Path(runtime, "podman", "podman.sock")) if runtime else ()
    places: tuple[Path, ...] = (STUDIO_SOCKET, DOCKER_SOCKET, *own)
    if host:
        places = (Path(host[len("unix://") :]),) if host.startswith("unix://") else ()
    return next((each for each in places if _is_there(each)), None)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder of somebody else
        return False


class Engine:
    """One look at the engine behind ``path``. Every failure is an ``Unavailable`` or a ``PermissionError``."""

    def __init__(self, path: Path, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._path = path
        self._ends = time.monotonic() + deadline_seconds
        self._version = ""

    def containers(self) -> list[dict[str, Any]]:
        """The running containers, as the API lists them."""
        for version in VERSIONS:
            self._version = version
            status, content = self._ask("/containers/json")
            if status not in _OTHER_VERSION:
                break
        if status != http.client.OK:
            raise self._failed(f"It answers with HTTP status {status}.")
        found = self._parsed(content)
        if not isinstance(found, list) or not all(isinstance(each, dict) and each.get("Id") for each in found):
            raise self._failed("It answers what is not a list of containers.")
        return found

    def stats(self, container_id: str) -> dict[str, Any] | None:
        """What one container of the list has used up to now; empty if it has ended, None if that may not be asked."""
        status, content = self._ask(f"/containers/{quote(container_id, safe='')}/stats?stream=false&one-shot=true")
        if status == http.client.NOT_FOUND:
            return {}
        if status != http.client.OK:
            return None
        found = self._parsed(content)
        if not isinstance(found, dict):
            raise self._failed("It answers what is not the use of a container.")
        return found

    def _parsed(self, content: bytes) -> object:
        try:
            answer: object = json.loads(content)
        except ValueError as error:
            raise self._failed("It answers what is not JSON.") from error
        return answer

    def _ask(self, target: str) -> tuple[int, bytes]:
        connection = _Connection(self._path, self._ends)
        try:
            connection.request("GET", self._version + target)
            response = connection.getresponse()
            return response.status, connection.read(response)
        except PermissionError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise self._failed(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _failed(self, cause: str) -> Unavailable:
        return Unavailable(
            "idle.containers",
            f"The container engine at {self._path} does not tell what its containers do.",
            cause=cause,
            next_step="Run docker ps; if no engine is meant to run here, remove its socket.",
        )


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket. Every read and write gets what is left of the deadline."""

    def __init__(self, path: Path, ends: float) -> None:
        super().__init__("localhost")
        self._path = path
        self._ends = ends
        self._socket: socket.socket | None = None

    def connect(self) -> None:
        """Open the socket instead of a port."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock = self._socket = made
        self._hurry()
        made.connect(str(self._path))

    def read(self, response: http.client.HTTPResponse) -> bytes:
        """The body. An engine that trickles it is cut off at the deadline, one that floods at a few megabytes."""
        parts: list[bytes] = []
        while part := response.read1(65536):
            parts.append(part)
            if sum(map(len, parts)) > MOST_BYTES:
                raise OSError("the answer is too long")
            self._hurry()
        return b"".join(parts)

    def _hurry(self) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        # http.client forgets its own reference once the headers have said that the answer is the last one.
        if self._socket is not None:
            self._socket.settimeout(left)
