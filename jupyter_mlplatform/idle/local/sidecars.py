"""Containers that tell themselves whether they are active, as SageMaker's activity monitor lets them.

Their labels name a port of this machine, an endpoint on it, where in its JSON answer to look (a JMESPath), and the
payload of a POST, if it is to be one: see the README of jupyter-activity-monitor-extension. Anything other than 0 is
active. They are asked directly and not through this Jupyter server, which would wait for itself.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlplatform.idle.containers import (
    ENDPOINT_LABEL,
    PAYLOAD_LABEL,
    PORT_LABEL,
    RESPONSE_LABEL,
    is_self_reporting,
)
from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.local.engine import Engine, deadline, engine_socket
from jupyter_mlplatform.idle.models import WORKSPACE, Evidence, Signal
from jupyter_mlplatform.idle.ports import Source, View

SECONDS_EACH = 2.0
MOST_BYTES = 1024 * 1024

_PLAIN_PATH = re.compile(r"[A-Za-z_]\w*(\[\d+\])*(\.[A-Za-z_]\w*(\[\d+\])*)*")


class Sidecar(msgspec.Struct, frozen=True, kw_only=True):
    """What the labels of one container say."""

    name: str
    port: int
    endpoint: str
    response: str
    payload: str = ""


class _Doubt(Exception):
    """It cannot be told whether a sidecar is active; the text reads after its name."""


def sidecar_source(find_socket: Callable[[], Path | None] = engine_socket, base_url: str = "/") -> Source | None:
    """The source for this machine. ``base_url`` is this Jupyter server's, as ``/jupyterlab/default/`` in Studio."""
    return Sidecars(find_socket, base_url) if hasattr(socket, "AF_UNIX") else None


class Sidecars:
    """All labelled containers that run."""

    name = "sidecars"
    scope = WORKSPACE

    def __init__(self, find_socket: Callable[[], Path | None] = engine_socket, base_url: str = "/") -> None:
        self._find_socket = find_socket
        self._base_url = base_url.rstrip("/")

    def look(self, view: View) -> Mapping[str, Finding]:
        """Of the workspace; nothing where no labelled container runs. Raises ``Unavailable`` when the engine fails."""
        path = self._find_socket()
        if path is None:
            return {}
        seconds = deadline(view.policy)
        ends = time.monotonic() + seconds
        try:
            rows = Engine(path, seconds).containers()
        except PermissionError:  # whoever may not talk to the engine has not labelled its containers either
            return {}
        answers = [
            self._judge(row, min(SECONDS_EACH, ends - time.monotonic()))
            for row in rows
            if is_self_reporting(row.get("Labels") or ())
        ]
        if not answers:
            return {}
        # The order of doubt: one that is active keeps the workspace whatever the others say.
        order = (Signal.WORK, Signal.UNKNOWN, Signal.IDLE)
        signal, text = min(answers, key=lambda answer: order.index(answer[0]))
        if signal is Signal.IDLE and len(answers) > 1:
            text = f"all {len(answers)} sidecars say that they are not active"
        worked_at = view.now if signal is Signal.WORK else None
        return {WORKSPACE: Finding(Evidence(source=self.name, signal=signal, text=text), worked_at)}

    def close(self) -> None:
        """See the port: nothing to undo."""

    def _judge(self, row: dict[str, Any], seconds: float) -> tuple[Signal, str]:
        name = str((row.get("Names") or [str(row["Id"])[:12]])[0]).lstrip("/")
        try:
            active = self._active(_sidecar(name, row.get("Labels") or {}), seconds)
        except _Doubt as doubt:
            return Signal.UNKNOWN, f"it is not known whether the sidecar {name} is active: {doubt}"
        if active == 0:
            return Signal.IDLE, f"the sidecar {name} says that it is not active"
        how = f" ({active})" if isinstance(active, (int, float)) and not isinstance(active, bool) else ""
        return Signal.WORK, f"the sidecar {name} says that it is active{how}"

    def _active(self, sidecar: Sidecar, seconds: float) -> object:
        endpoint = sidecar.endpoint.lstrip("/")
        status, content = _ask(sidecar, f"/{endpoint}", seconds)
        if status == http.client.NOT_FOUND:
            # Written for the activity monitor, it may know only the address as that one's proxy passes it on.
            proxied = f"{self._base_url}/proxy/absolute/{sidecar.port}/{endpoint}"
            status, content = _ask(sidecar, proxied, seconds)
        if status != http.client.OK:
            raise _Doubt(f"it answers with HTTP status {status}")
        try:
            answer = json.loads(content)
        except ValueError:
            raise _Doubt("it answers what is not JSON") from None
        found = _search(sidecar.response, answer)
        if found is None:
            raise _Doubt(f"its answer has no {sidecar.response!r}")
        return found


def _sidecar(name: str, labels: Mapping[str, Any]) -> Sidecar:
    port = str(labels[PORT_LABEL]).strip()
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise _Doubt(f"its label {PORT_LABEL} is not a port")
    endpoint, payload = str(labels[ENDPOINT_LABEL]), str(labels.get(PAYLOAD_LABEL) or "")
    if not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise _Doubt(f"its label {ENDPOINT_LABEL} is not the path of an address")
    try:
        json.loads(payload or "{}")
    except ValueError:
        raise _Doubt(f"its label {PAYLOAD_LABEL} is not JSON") from None
    return Sidecar(name=name, port=int(port), endpoint=endpoint, response=str(labels[RESPONSE_LABEL]), payload=payload)


def _ask(sidecar: Sidecar, path: str, seconds: float) -> tuple[int, bytes]:
    """Its answer, from this machine and nowhere else: no proxy is used and no redirection followed."""
    if seconds <= 0:
        raise _Doubt("the others took too long to answer")
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.port, timeout=seconds)
    try:
        if sidecar.payload:
            connection.request("POST", path, sidecar.payload.encode(), {"Content-Type": "application/json"})
        else:
            connection.request("GET", path)
        response = connection.getresponse()
        content = _read(response, time.monotonic() + seconds)
    except TimeoutError:
        raise _Doubt(f"it does not answer within {spoken(seconds)}") from None
    except (OSError, http.client.HTTPException) as error:
        raise _Doubt(f"it cannot be asked ({type(error).__name__}: {error})") from None
    finally:
        connection.close()
    if len(content) > MOST_BYTES:
        raise _Doubt("its answer is too long")
    return response.status, content


def _read(response: http.client.HTTPResponse, ends: float) -> bytes:
    """The body, in time also when it comes byte by byte."""
    content = b""
    while len(content) <= MOST_BYTES and (part := response.read1(65536)):
        content += part
        if time.monotonic() > ends:
            raise TimeoutError
    return content


def _search(expression: str, answer: object) -> object:
    """What a JMESPath finds. Plain paths (``jobs[0].active``) need no library; boto3 brings the one for the others."""
    if _PLAIN_PATH.fullmatch(expression):
        for name, index in re.findall(r"(\w+)|\[(\d+)\]", expression.replace(".", " ")):
            answer = _step(answer, name, index)
        return answer
    try:
        import jmespath  # type: ignore[import-untyped]
    except ImportError:
        raise _Doubt("the library jmespath, which its label needs, is not installed") from None
    try:
        found: object = jmespath.search(expression, answer)
    except jmespath.exceptions.JMESPathError:
        raise _Doubt(f"its label {RESPONSE_LABEL} is not a JMESPath that fits its answer") from None
    return found


def _step(answer: object, name: str, index: str) -> object:
    if name:
        return answer.get(name) if isinstance(answer, dict) else None
    return answer[int(index)] if isinstance(answer, list) and int(index) < len(answer) else None
