"""STS behind the strict AWS: sessions of roles. The keys that it vends are known to every service of the account."""

from __future__ import annotations

import json
import zlib
from datetime import timedelta
from typing import Any, NamedTuple

from tests.aws.signatures import Key
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, Call, StrictAws

PLAIN_LIMIT = 2048
"""Documented: characters of the session policy and the ARNs of managed ones together."""
TAG_LIMIT = 50
"""Documented: session tags."""
CHAINED_LIMIT = 3600
"""Documented: seconds of a session that another session of a role opens."""


class Role(NamedTuple):
    """A role that may be assumed. ``longest`` is its maximum session duration in seconds."""

    arn: str
    longest: int = 3600
    external_id: str = ""


class Sts:
    """AssumeRole and GetCallerIdentity.

    ``packed_limit`` bytes of compressed policies and tags is 100 %. Assumed: AWS tells neither the number nor the
    compression; only that there is such a limit beside the documented ones.
    """

    def __init__(self, aws: StrictAws, packed_limit: int = 1400) -> None:
        self._aws = aws
        self.packed_limit = packed_limit
        self.state: dict[str, Role] = {}
        self.vended: list[Key] = []
        endpoint = aws.service("sts")
        endpoint.hold(self)
        endpoint.on("AssumeRole", self._assume)
        endpoint.on("GetCallerIdentity", self._identity)

    def role(self, name: str, longest: int = 3600, external_id: str = "") -> str:
        """The ARN of a new role that anybody in the account may assume."""
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        self.state[arn] = Role(arn, longest, external_id)
        return arn

    def _assume(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        role = self.state.get(request["RoleArn"])
        # documented: whether the role exists is not told to those who may not assume it
        if role is None or request.get("ExternalId", "") != role.external_id:
            raise Refusal("AccessDenied", 403)
        seconds = request.get("DurationSeconds", 3600)
        if seconds > role.longest or (":assumed-role/" in call.principal and seconds > CHAINED_LIMIT):
            raise Refusal("ValidationError", 400)
        tags = _tags(request)
        packed = self._packed(request)
        name = request["RoleSessionName"]
        principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.arn.rsplit('/', 1)[1]}/{name}"
        number = len(self.vended) + 1
        key = self._aws.keys.add(
            Key(
                f"ASIA{number:016d}",
                f"secret-of-session-{number}",
                principal,
                f"token-of-session-{number}",
                self._aws.now() + timedelta(seconds=seconds),
                request.get("Policy", ""),
                tags,
            )
        )
        self.vended.append(key)
        answer: dict[str, Any] = {
            "Credentials": {
                "AccessKeyId": key.id,
                "SecretAccessKey": key.secret,
                "SessionToken": key.token,
                "Expiration": key.expires,
            },
            "AssumedRoleUser": {"AssumedRoleId": f"AROAEXAMPLE:{name}", "Arn": principal},
        }
        return {**answer, "PackedPolicySize": packed} if packed else answer

    def _packed(self, request: dict[str, Any]) -> int:
        """Per cent of the room for policies and tags. Refuses what is too large or is no policy."""
        policy = request.get("Policy", "")
        arns = [each["arn"] for each in request.get("PolicyArns", [])]
        if policy:
            _check_policy(policy)
        if len(policy) + sum(map(len, arns)) > PLAIN_LIMIT:
            raise Refusal("PackedPolicyTooLarge")
        tags = json.dumps(request.get("Tags", []))
        whole = policy + "".join(arns) + (tags if request.get("Tags") else "")
        if not whole:
            return 0
        packed = -(-len(zlib.compress(whole.encode())) * 100 // self.packed_limit)
        if packed > 100:
            raise Refusal("PackedPolicyTooLarge")
        return packed

    def _identity(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        return {"UserId": "AROAEXAMPLE", "Account": ACCOUNT, "Arn": call.principal}


def _tags(request: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    tags = [(each["Key"], each["Value"]) for each in request.get("Tags", [])]
    # documented: keys are told apart without regard to upper case
    if len(tags) > TAG_LIMIT or len({key.lower() for key, _ in tags}) < len(tags):
        raise Refusal("ValidationError")
    if not set(request.get("TransitiveTagKeys", [])) <= {key for key, _ in tags}:
        raise Refusal("ValidationError")
    return tuple(tags)


def _check_policy(policy: str) -> None:
    """Documented: a policy has a version and statements, each with an effect, actions and resources."""
    try:
        document = json.loads(policy)
        found = document["Statement"]
        whole = document["Version"] in ("2012-10-17", "2008-10-17") and all(
            {"Effect", "Action", "Resource"} <= set(each) for each in (found if isinstance(found, list) else [found])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal("MalformedPolicyDocument") from error
    if not whole:
        raise Refusal("MalformedPolicyDocument")
