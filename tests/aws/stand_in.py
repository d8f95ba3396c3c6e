"""A strict stand-in for AWS on the loopback: real HTTP, real signatures looked at, requests and answers held against
botocore's own model of the service. It knows nothing that a test did not tell it, and refuses what AWS would refuse.

For services of the ``json`` protocol. One service an object; ``on`` gives an operation its behaviour, ``fail`` makes
its next calls fail in a given way.
"""

from __future__ import annotations

import functools
import json
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StringShape, StructureShape

Behaviour = Callable[[dict[str, Any]], dict[str, Any]]


class Refusal(Exception):
    """An answer with AWS's error code; to be raised by a behaviour, or given to ``fail``."""

    def __init__(
        self, code: str, status: int = 400, message: str = "arn:aws:iam::111122223333:role/secret-name"
    ) -> None:
        super().__init__(code)
        self.code, self.status, self.message = code, status, message


class Hang(NamedTuple):
    """No answer for so many seconds, then a closed connection."""

    seconds: float


class Garbage(NamedTuple):
    """An answer that is not of AWS: a proxy's page, say."""

    body: bytes
    status: int = 200


class Dropped(NamedTuple):
    """The connection is closed without an answer."""


Fault = Refusal | Hang | Garbage | Dropped


class Call(NamedTuple):
    """One request that was understood."""

    operation: str
    request: dict[str, Any]
    region: str


LOADER = Loader()
"""Reads each of botocore's models once; a client of a test may share it."""


@functools.cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(LOADER.load_service_model(service, "service-2"), service)


class StandIn:
    """An endpoint for ``service``; ``calls`` are the requests it got, in order, also those that were made to fail."""

    def __init__(self, service: str, region: str) -> None:
        self._model = _model(service)
        self._region = region
        self._behaviours: dict[str, Behaviour] = {}
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._guard = threading.Lock()
        self.calls: list[Call] = []
        self.wrong: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def on(self, operation: str, behaviour: Behaviour) -> None:
        """What the operation answers."""
        assert operation in self._model.operation_names
        self._behaviours[operation] = behaviour

    def fail(self, operation: str, *faults: Fault) -> None:
        """The next calls of the operation, one fault each."""
        assert operation in self._model.operation_names
        self._faults[operation].extend(faults)

    def asked(self, operation: str) -> int:
        """How often it was called."""
        return sum(call.operation == operation for call in self.calls)

    def close(self) -> None:
        """Stop listening. Fails the test when a request or an answer was not as the model says."""
        self._server.shutdown()
        self._server.server_close()
        assert self.wrong == []

    def answer(self, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes] | Hang | Dropped:
        """The status and body for one request."""
        operation = self._operation(target)
        if operation is None:
            return self._refuse(Refusal("UnknownOperationException"), f"unknown target {target!r}")
        signed = re.match(
            r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request", headers["authorization"]
        )
        if signed is None or signed.group(2) != self._model.signing_name:
            return self._refuse(Refusal("MissingAuthenticationToken", 403), "not signed")
        try:
            request = json.loads(body)
        except ValueError:
            return self._refuse(Refusal("SerializationException"), "no JSON")
        problems = list(_problems(request, operation.input_shape, "request"))
        if problems:
            return self._refuse(Refusal("ValidationException"), f"{operation.name}: {problems}")
        with self._guard:
            self.calls.append(Call(operation.name, request, signed.group(1)))
            fault = self._faults[operation.name].popleft() if self._faults[operation.name] else None
        if signed.group(1) != self._region:
            return self._refuse(Refusal("InvalidSignatureException", 403))
        return self._perform(operation, request, fault)

    def _perform(
        self, operation: OperationModel, request: dict[str, Any], fault: Fault | None
    ) -> tuple[int, bytes] | Hang | Dropped:
        if isinstance(fault, (Hang, Dropped)):
            return fault
        if isinstance(fault, Garbage):
            return fault.status, fault.body
        if isinstance(fault, Refusal):
            return self._refuse(fault)
        try:
            answer = self._behaviours[operation.name](request)
        except Refusal as refusal:
            declared = {shape.name for shape in operation.error_shapes}
            undeclared = refusal.code not in declared and refusal.code != "ValidationException"
            return self._refuse(refusal, f"{operation.name} never answers {refusal.code}" if undeclared else "")
        if operation.output_shape is not None:
            self.wrong += list(_problems(answer, operation.output_shape, f"answer of {operation.name}"))
        return 200, json.dumps(answer).encode() if operation.output_shape is not None else b""

    def _refuse(self, refusal: Refusal, wrong: str = "") -> tuple[int, bytes]:
        if wrong:
            self.wrong.append(wrong)
        return refusal.status, json.dumps({"__type": refusal.code, "message": refusal.message}).encode()

    def _operation(self, target: str) -> OperationModel | None:
        prefix, _, name = target.partition(".")
        if prefix != self._model.metadata["targetPrefix"] or name not in self._model.operation_names:
            return None
        return self._model.operation_model(name)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                headers = defaultdict(str, {name.lower(): value for name, value in self.headers.items()})
                body = self.rfile.read(int(headers["content-length"] or 0))
                found = stand_in.answer(headers["x-amz-target"], headers, body)
                if isinstance(found, (Hang, Dropped)):
                    if isinstance(found, Hang):
                        time.sleep(found.seconds)
                    self.close_connection = True
                    return
                self.send_response(found[0])
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(found[1])))
                self.end_headers()
                self.wfile.write(found[1])

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


def _problems(value: Any, shape: Shape | None, place: str) -> Any:
    """What the model forbids: unknown and missing members, wrong types, values outside of enumerations and limits."""
    if shape is None:
        return
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield f"{place} is not a structure"
            return
        yield from (f"{place} has no member {name}" for name in value if name not in shape.members)
        yield from (f"{place} lacks {name}" for name in shape.required_members if name not in value)
        for name, member in shape.members.items():
            if name in value:
                yield from _problems(value[name], member, f"{place}.{name}")
    elif shape.type_name == "list":
        for number, each in enumerate(value):
            yield from _problems(each, shape.member, f"{place}[{number}]")  # type: ignore[attr-defined]
    elif shape.type_name == "map":
        for key, each in value.items():
            yield from _problems(each, shape.value, f"{place}.{key}")  # type: ignore[attr-defined]
    else:
        yield from _scalar(value, shape, place)


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "timestamp": (int, float),
}


def _scalar(value: Any, shape: Shape, place: str) -> Any:
    if not isinstance(value, _TYPES[shape.type_name]):
        yield f"{place} is not a {shape.type_name}"
        return
    if isinstance(shape, StringShape):
        limits = shape.metadata
        if shape.enum and value not in shape.enum:
            yield f"{place} is {value!r}, not one of {shape.enum}"
        if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
            yield f"{place} is too short or too long"
        if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
            yield f"{place} is {value!r}, which does not fit {limits['pattern']}"
