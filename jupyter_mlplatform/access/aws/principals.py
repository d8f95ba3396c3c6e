"""Who a person is for AWS: the data role that is theirs alone.

A name goes into the role's ARN as it is or not at all. Signs that IAM does not have are not replaced by others: two
people could then end up with one role.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_mlplatform.errors import Invalid, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess

PERSON = "{person}"

# IAM's own rules: API reference of IAM, RoleName and Path; of STS, RoleSessionName and SourceIdentity.
_ROLE = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/(?:[\x21-\x7e]+/)?[A-Za-z0-9+=,.@_-]{1,64}"
)
_OF_SESSION = re.compile(r"arn:aws[a-z-]*:sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/]+)/[^/]+")
_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]+")
_SESSION = re.compile(r"[A-Za-z0-9+=,.@_-]{2,64}")


def data_role(aws: AwsAccess, person: str) -> str:
    """The ARN of the role that this person's data is used with.

    Raises ``Invalid`` for a name that IAM cannot have, ``Unavailable`` where the policy names no role or one for all.
    """
    if aws.data_role.count(PERSON) != 1:
        raise Unavailable(
            "access.no_data_role",
            "Data in AWS cannot be used here.",
            cause="The policy names no data role, or not one for each person: people would share what each is granted.",
            next_step=f"Tell your platform team to set access.aws.data_role to an ARN with {PERSON} in it.",
        )
    arn = aws.data_role.replace(PERSON, person)
    if not _NAME.fullmatch(person) or not (found := _ROLE.fullmatch(arn)):
        raise Invalid(
            "access.not_an_aws_name",
            f"There can be no role of AWS for {person!r}.",
            cause="The names of roles have up to 64 Latin letters, digits and the signs + = , . @ _ and -.",
            next_step="Ask an administrator of this workspace for another name.",
        )
    if aws.account and found["account"] != aws.account:
        raise Unavailable(
            "access.no_data_role",
            "Data in AWS cannot be used here.",
            cause="The data role of the policy is in another account than the data.",
            next_step="Tell your platform team to compare access.aws.data_role with access.aws.account.",
        )
    return arn


def is_data_role(aws: AwsAccess, arn: str) -> bool:
    """Whether this is somebody's data role: a principal that is ours to grant to and to take from."""
    before, _, after = aws.data_role.partition(PERSON)
    middle = arn[len(before) : len(arn) - len(after)]
    return arn.startswith(before) and arn.endswith(after) and bool(_NAME.fullmatch(middle))


def same(caller: str, known: Iterable[str]) -> bool:
    """Whether who calls is one of these users and roles. The ARN of a role's session lacks the role's path.

    Source: IAM user guide, identifiers: names of roles are unique in an account whatever their paths are.
    """
    session = _OF_SESSION.fullmatch(caller)
    for each in known:
        role = _ROLE.fullmatch(each)
        if each == caller or (
            session and role and session["account"] == role["account"] and each.rsplit("/", 1)[1] == session["name"]
        ):
            return True
    return False


def partition(arn: str) -> str:
    """The part of AWS that an ARN is in: ``aws``, ``aws-cn``."""
    return arn.split(":", 2)[1]


def session_name(text: str) -> str | None:
    """The text where it can be the name of a session, or a source identity; otherwise None."""
    return text if _SESSION.fullmatch(text) else None
