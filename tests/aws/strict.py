"""A strict AWS on the loopback, made from botocore's service models: any service of the protocols json, rest-json,
rest-xml and query, with real HTTP and real signatures.

It knows nothing that a test or an overlay (``lake_formation.py`` and its neighbours) did not tell it, and refuses what
AWS would refuse. Requests and answers are held against the model. Every request is kept, so that a test can look at
what went over the wire and by whose key.
"""

from __future__ import annotations

import copy
import functools
import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Protocol

import botocore.session
from botocore.config import Config
from botocore.model import OperationModel, ServiceModel

from tests.aws import faults, iam, signatures
from tests.aws.decode import Misread, Received, Routes, decode
from tests.aws.encode import Answer, encode, refuse
from tests.aws.faults import Fault
from tests.aws.listener import Listener
from tests.aws.shapes import page_members, problems
from tests.aws.signatures import Key, Keys
from tests.aws.stand_in import LOADER, Dropped, Garbage, Hang, Refusal

REGION = "eu-central-1"
ACCOUNT = "111122223333"
_READS = re.compile(r"(Batch)?(Get|List|Describe|Search|Query)")
_EMPTY = "empty-page:"
_BY_PROXY = "http://s3-control.test"


@dataclass
class Call:
    """One request. ``outcome`` is ``ok``, the error's code, or ``lost`` when there was no answer.

    ``key_id`` is the access key that the request names (empty: not signed); ``principal`` and ``tags`` are those of
    the key, once its signature was found good.
    """

    service: str
    operation: str
    input: dict[str, Any] = field(default_factory=dict)
    key_id: str = ""
    principal: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    outcome: str = ""

    @property
    def signed(self) -> bool:
        """Whether the request carries a signature, good or not."""
        return bool(self.key_id)


Behaviour = Callable[[dict[str, Any], Call], dict[str, Any]]


class Holder(Protocol):
    """An overlay. All that its answers depend on is in ``state``, which may be copied and put back."""

    state: Any


@functools.cache
def known(service: str) -> tuple[ServiceModel, Routes]:
    """botocore's model of a service, and the addresses of its operations."""
    model = ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    return model, Routes(model)


@dataclass
class _Stale:
    state: Any = None
    reads: int = 0


class Endpoint:
    """One service of the account."""

    def __init__(self, aws: StrictAws, service: str) -> None:
        self.model, self._routes = known(service)
        self.service = service
        self._aws = aws
        self._protocol: str = self.model.resolved_protocol
        self._behaviours: dict[str, Behaviour] = {}
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._lags: dict[str, int] = {}
        self._stale: dict[str, _Stale] = defaultdict(_Stale)
        self._holder: Holder | None = None
        self._listener = Listener(self.answer)
        self.address = self._listener.address

    def on(self, operation: str, behaviour: Behaviour) -> None:
        """What the operation answers."""
        assert operation in self.model.operation_names, operation
        self._behaviours[operation] = behaviour

    def hold(self, holder: Holder) -> None:
        """Whose state is looked at when an answer lags."""
        self._holder = holder

    def fail(self, operation: str, *wanted: Fault) -> None:
        """The next calls of the operation, one fault each."""
        assert operation in self.model.operation_names, operation
        self._faults[operation].extend(wanted)

    def lag(self, operation: str, reads: int) -> None:
        """After each change, this operation goes on answering for so many calls what was true before it."""
        assert operation in self.model.operation_names, operation
        assert self._holder is not None, "nothing is held that could lag"
        self._lags[operation] = reads

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def answer(self, received: Received) -> Answer | Hang | Dropped:
        """What goes back for one request."""
        found = self._routes.find(received)
        claim = signatures.claimed(received)
        call = Call(self.service, found.operation.name if found else "", key_id=claim.key_id if claim else "")
        with self._aws.guard:
            self._aws.calls.append(call)
        try:
            if found is None:
                self._aws.wrong.append(f"{self.service} has no operation at {received.method} {received.path}")
                raise faults.unknown(self._protocol)
            try:
                call.input = decode(found, received, self._protocol)
            except Misread as error:
                self._aws.wrong.append(f"{call.operation}: {error}")
                raise Refusal("SerializationException") from error
            if found.operation.auth_type != "none":
                self._admit(call, self._aws.keys.check(received, self.model))
            answer = self._perform(found.operation, call)
        except Refusal as error:
            call.outcome = error.code
            return refuse(self.model, found.operation if found else None, error.code, error.status, error.message)
        except Exception as error:
            self._aws.wrong.append(f"{call.operation}: {error!r}")
            raise
        call.outcome = "ok" if isinstance(answer, Answer) else "lost"
        return answer

    def _admit(self, call: Call, key: Key) -> None:
        """Whose call it is, and whether their session and the account let them."""
        call.principal, call.tags = key.principal, dict(key.tags)
        action = f"{self.model.signing_name}:{call.operation}"
        now = self._aws.now()
        try:
            denied = any(iam.applies(each, action, now, call.tags) for each in self._aws.denials)
            allowed = iam.allows(key.policy, action, now, call.tags)
        except iam.UnknownCondition as error:
            self._aws.wrong.append(f"nobody said what the condition {error} means")
            raise self._forbidden() from error
        if denied or not allowed:
            raise self._forbidden()

    def _forbidden(self) -> Refusal:
        return Refusal("AccessDeniedException" if "json" in self._protocol else "AccessDenied", 403)

    def _perform(self, operation: OperationModel, call: Call) -> Answer | Hang | Dropped:
        name = operation.name
        found = list(problems(call.input, operation.input_shape, "request"))
        if found:
            self._aws.wrong.append(f"{name}: {found}")
            raise faults.invalid(operation, self._protocol)
        with self._aws.guard:
            fault = self._faults[name].popleft() if self._faults[name] else None
        if isinstance(fault, (Hang, Dropped)):
            return fault
        if isinstance(fault, Garbage):
            return Answer(fault.status, {"Content-Type": "text/html"}, fault.body)
        self._raise(operation, fault)
        values = self._page(operation, call, fault)
        found = list(problems(values, operation.output_shape, f"answer of {name}"))
        self._aws.wrong += found
        if isinstance(fault, faults.Newer):
            values = {**values, **fault.members}
        answer = encode(operation, values, self._protocol)
        return Dropped() if isinstance(fault, faults.LostAnswer) else answer

    def _raise(self, operation: OperationModel, fault: Fault | None) -> None:
        if isinstance(fault, Refusal):
            raise fault
        if isinstance(fault, faults.Throttled):
            raise faults.throttled(self.service)
        if isinstance(fault, faults.ServerError):
            raise faults.internal(operation, self._protocol)
        if isinstance(fault, faults.WrongCredentials):
            raise signatures.refusal(self._protocol, "unknown")

    def _page(self, operation: OperationModel, call: Call, fault: Fault | None) -> dict[str, Any]:
        """The behaviour's answer, after an empty page when there is to be one."""
        pages = page_members(operation)
        values = dict(call.input)
        if isinstance(fault, faults.EmptyPage):
            assert pages is not None, f"{operation.name} has no pages"
            token, lists = pages
            return {**{name: [] for name in lists}, token: _EMPTY + values.get(token, "")}
        if pages is not None and str(values.get(pages[0], "")).startswith(_EMPTY):
            before = values.pop(pages[0])
            while before.startswith(_EMPTY):
                before = before.removeprefix(_EMPTY)
            values |= {pages[0]: before} if before else {}
        return self._behave(operation, values, call)

    def _behave(self, operation: OperationModel, values: dict[str, Any], call: Call) -> dict[str, Any]:
        name = operation.name
        behaviour = self._behaviours.get(name)
        if behaviour is None:
            self._aws.wrong.append(f"nobody said what {self.service} answers to {name}")
            raise self._forbidden()
        try:
            with self._aws.guard:
                return self._timely(name, behaviour, values, call)
        except Refusal as error:
            if faults.declared(operation) and error.code not in faults.declared(operation) | faults.COMMON:
                self._aws.wrong.append(f"{name} never answers {error.code}")
            raise

    def _timely(self, name: str, behaviour: Behaviour, values: dict[str, Any], call: Call) -> dict[str, Any]:
        """The behaviour's answer of now, or of before the last change."""
        holder, stale = self._holder, self._stale[name]
        if holder is not None and stale.reads > 0:
            stale.reads -= 1
            present, holder.state = holder.state, copy.deepcopy(stale.state)
            try:
                return behaviour(values, call)
            finally:
                holder.state = present
        changes = holder is not None and self._lags and not _READS.match(name)
        before = copy.deepcopy(holder.state) if holder is not None and changes else None
        answer = behaviour(values, call)
        if changes:
            for each, reads in self._lags.items():
                if self._stale[each].reads == 0:
                    self._stale[each] = _Stale(before, reads)
        return answer


class StrictAws:
    """One account in one region.

    ``calls`` are all requests in order, ``wrong`` what was not as the models say, ``denials`` statements of IAM that
    deny something to everybody whom they fit (the session of one grant, by its tag).
    """

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.now = now or (lambda: datetime.now(timezone.utc))
        self.guard = threading.RLock()
        self.calls: list[Call] = []
        self.wrong: list[str] = []
        self.denials: list[iam.Statement] = []
        self.keys = Keys(REGION, self.now)
        self.key = self.keys.add(
            Key(
                "AKIAIOSFODNN7EXAMPLE",
                "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
                f"arn:aws:iam::{ACCOUNT}:role/platform",
            )
        )
        self._endpoints: dict[str, Endpoint] = {}

    def service(self, name: str) -> Endpoint:
        """The endpoint of a service, by botocore's name."""
        with self.guard:
            if name not in self._endpoints:
                self._endpoints[name] = Endpoint(self, name)
            return self._endpoints[name]

    def asked(self, operation: str) -> list[Call]:
        """The calls of one operation."""
        return [call for call in self.calls if call.operation == operation]

    def take_wrong(self) -> list[str]:
        """What was wrong so far, for a test that expects it."""
        taken, self.wrong[:] = list(self.wrong), []
        return taken

    def environment(self, *services: str, key: Key | None = None) -> dict[str, str]:
        """What sends boto3 in this or another process here, for these services; nobody else's keys are met."""
        key = key or self.key
        told = {
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            **({"AWS_SESSION_TOKEN": key.token} if key.token else {}),
        }
        for service in services:
            endpoint = self.service(service)
            name = f"AWS_ENDPOINT_URL_{endpoint.model.service_id.upper().replace(' ', '_')}"
            told[name] = endpoint.address
            if service == "s3control":
                told |= {name: _BY_PROXY, "HTTP_PROXY": endpoint.address, "NO_PROXY": "127.0.0.1"}
        return told

    def close(self) -> None:
        """Stop listening. Fails the test when a request or an answer was not as the models say."""
        for endpoint in self._endpoints.values():
            endpoint.close()
        assert self.wrong == [], self.wrong

    def client(self, service: str, key: Key | None = None, **config: Any) -> Any:
        """botocore's client of a service (boto3's are the same), which tries once unless told otherwise."""
        key = key or self.key
        session = botocore.session.Session()
        session.register_component("data_loader", LOADER)
        address = self.service(service).address
        config = {"retries": {"total_max_attempts": 1}, **config}
        if service == "s3control":
            # its requests go to a host named after the account: let them come here as to a proxy
            config["proxies"] = {"http": address}
            address = _BY_PROXY
        return session.create_client(
            service,
            region_name=REGION,
            endpoint_url=address,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            aws_session_token=key.token or None,
            config=Config(**config),
        )
