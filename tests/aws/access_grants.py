"""S3 Access Grants behind the strict AWS: one instance, its locations and grants, and keys to what they cover."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.aws.pages import page
from tests.aws.signatures import Key
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, REGION, Call, StrictAws

_COVERS = {"READ": {"READ"}, "WRITE": {"WRITE"}, "READWRITE": {"READ", "WRITE", "READWRITE"}}
_INVALID = Refusal("InvalidRequest")


@dataclass
class State:
    """Scopes of locations and grants, by id."""

    locations: dict[str, str] = field(default_factory=dict)
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)


class AccessGrants:
    """Documented: a grant has no end; it stays until it is deleted. Keys that were vended live on until they expire.

    The model names no errors here. Documented (S3's list of error codes): AccessDenied, AccessGrantAlreadyExists.
    Assumed: the others.
    """

    def __init__(self, aws: StrictAws) -> None:
        self._aws = aws
        self.state = State()
        self.page_size = 100
        self.vended: list[Key] = []
        endpoint = aws.service("s3control")
        endpoint.hold(self)
        for name, behaviour in {
            "CreateAccessGrant": self._create,
            "GetAccessGrant": self._get,
            "DeleteAccessGrant": self._delete,
            "ListAccessGrants": self._list,
            "ListAccessGrantsLocations": self._locations,
            "GetDataAccess": self._data,
        }.items():
            endpoint.on(name, behaviour)

    def location(self, scope: str) -> str:
        """The id of a registered location, such as ``s3://lake/``."""
        name = f"00000000-0000-4000-8000-{len(self.state.locations) + 1:012d}"
        self.state.locations[name] = scope
        return name

    def _create(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        scope = self.state.locations.get(request["AccessGrantsLocationId"])
        if scope is None:
            raise Refusal("NoSuchAccessGrantsLocationError", 404)
        sub = request.get("AccessGrantsLocationConfiguration", {}).get("S3SubPrefix", "")
        base = scope.removesuffix("*")
        # assumed: what comes below a bucket's or a prefix's name is divided from it by a slash
        whole = base + sub if base.endswith("/") or not sub else f"{base}/{sub}"
        # documented: one object only when it is said to be one; otherwise a prefix, which ends with a star
        if request.get("S3PrefixType") != "Object" and not whole.endswith("*"):
            whole += "*"
        number = f"00000000-0000-4000-9000-{len(self.state.grants) + 1:012d}"
        same = [
            each
            for each in self.state.grants.values()
            if (each["Grantee"], each["GrantScope"], each["Permission"])
            == (request["Grantee"], whole, request["Permission"])
        ]
        if same:
            raise Refusal("AccessGrantAlreadyExists", 409)
        arn = f"arn:aws:s3:{REGION}:{ACCOUNT}:access-grants/grant/{number}"
        kept = ("AccessGrantsLocationId", "AccessGrantsLocationConfiguration", "Grantee", "Permission")
        made = {
            "CreatedAt": self._aws.now().replace(microsecond=0),
            "AccessGrantId": number,
            "AccessGrantArn": arn,
            "GrantScope": whole,
            **{name: request[name] for name in kept if name in request},
        }
        self.state.grants[number] = made
        return made

    def _get(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        found = self.state.grants.get(request["AccessGrantId"])
        if found is None:
            raise Refusal("NoSuchAccessGrantError", 404)
        return found

    def _delete(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        if self.state.grants.pop(request["AccessGrantId"], None) is None:
            raise Refusal("NoSuchAccessGrantError", 404)
        return {}

    def _list(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Documented: filters fit exactly; a listed grant has the members of a grant."""
        found = [each for each in self.state.grants.values() if _wanted(each, request)]
        items, token = page(found, request, _INVALID, size=self.page_size)
        return {"AccessGrantsList": items, **token}

    def _locations(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        told = [
            {"AccessGrantsLocationId": name, "LocationScope": scope}
            for name, scope in self.state.locations.items()
            if request.get("LocationScope", scope) == scope
        ]
        items, token = page(told, request, _INVALID, size=self.page_size)
        return {"AccessGrantsLocationsList": items, **token}

    def _data(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Documented: vends keys for the grant's scope, or with the privilege ``Minimal`` for the target."""
        target, permission = request["Target"], request["Permission"]
        found = [
            each
            for each in self.state.grants.values()
            if _grantee(call.principal) == each["Grantee"]["GranteeIdentifier"]
            and permission in _COVERS[each["Permission"]]
            and _within(target, each["GrantScope"])
        ]
        if not found:
            raise Refusal("AccessDenied", 403)
        widest = min(found, key=lambda each: len(each["GrantScope"]))
        matched = target if request.get("Privilege") == "Minimal" else widest["GrantScope"]
        number = len(self.vended) + 1
        key = self._aws.keys.add(
            Key(
                f"ASIAGRANT{number:011d}",
                f"secret-of-access-{number}",
                f"arn:aws:sts::{ACCOUNT}:assumed-role/access-grants/{number}",
                f"token-of-access-{number}",
                self._aws.now().replace(microsecond=0) + timedelta(seconds=request.get("DurationSeconds", 3600)),
            )
        )
        self.vended.append(key)
        credentials = {
            "AccessKeyId": key.id,
            "SecretAccessKey": key.secret,
            "SessionToken": key.token,
            "Expiration": key.expires,
        }
        return {"Credentials": credentials, "MatchedGrantTarget": matched, "Grantee": widest["Grantee"]}


def _wanted(grant: dict[str, Any], request: dict[str, Any]) -> bool:
    grantee = grant["Grantee"]
    told = {
        "GranteeType": grantee.get("GranteeType"),
        "GranteeIdentifier": grantee.get("GranteeIdentifier"),
        "Permission": grant["Permission"],
        "GrantScope": grant["GrantScope"],
    }
    return all(request.get(name, value) == value for name, value in told.items())


def _grantee(principal: str) -> str:
    """Documented: a session is known as its role."""
    if ":assumed-role/" not in principal:
        return principal
    return f"arn:aws:iam::{ACCOUNT}:role/{principal.split('/')[1]}"


def _within(target: str, scope: str) -> bool:
    """A scope that ends with a star covers what begins so: ``s3://lake/orders*`` also ``s3://lake/orders_hr/``."""
    return target.startswith(scope[:-1]) if scope.endswith("*") else target == scope
