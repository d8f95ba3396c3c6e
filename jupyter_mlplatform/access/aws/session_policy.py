"""What the session of one grant may do at AWS, as a session policy. No calls, no clock.

A session may do what both the data role and this policy allow, so nothing here can widen the role. Every statement
ends with the grant, by AWS's clock. Sources: STS API reference, AssumeRole (Policy: 2,048 characters); IAM user guide,
policy variables (``${*}`` and its like for signs that would otherwise stand for others); Athena user guide, access to
workgroups and to results; Lake Formation developer guide, the GetDataAccess permission.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

from jupyter_mlplatform.access.aws.lake_places import Prefix, Table
from jupyter_mlplatform.access.aws.lake_places import prefix as prefix_at
from jupyter_mlplatform.errors import Invalid, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess

LONGEST = 2048
"""Characters of a session policy. AWS also packs it with the tags, in a way that it tells of only afterwards."""

_SIGNS = re.compile(r"[*?$]")
_QUERIES = [
    "glue:GetDatabase",
    "glue:GetTable",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:BatchGetPartition",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetWorkGroup",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:PutObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
]
"""Each of them fits one kind of resource only, so that one statement can name all actions and all resources."""

Statement = dict[str, Any]


def for_table(aws: AwsAccess, partition: str, table: Table, grant_id: str, not_after: datetime) -> str:
    """Queries of this table in the workgroup of Athena. The data itself is fetched by Athena, through Lake Formation,
    which keeps to columns and rows; nothing of S3 but the answers to the grant's own queries is reached.

    Lake Formation's GetDataAccess knows no resource: what it gives is what the data role was granted on a table that
    the session may see in Glue.
    """
    glue = f"arn:{partition}:glue:{_region(aws)}:{table.catalog}"
    database, name = literal(table.database), literal(table.name)
    athena = f"arn:{partition}:athena:{_region(aws)}:{aws.account}:workgroup/{literal(_workgroup(aws))}"
    answers = results(aws, grant_id)
    bucket = f"arn:{partition}:s3:::{answers.bucket}"
    below = literal(answers.prefix) + "*"
    reached = (
        f"{glue}:catalog",
        f"{glue}:database/{database}",
        f"{glue}:table/{database}/{name}",
        athena,
        bucket,
        f"{bucket}/{below}",
    )
    return _document(
        not_after,
        _allow(["lakeformation:GetDataAccess"], "*"),
        _allow(_QUERIES, *reached),
        _allow(["s3:ListBucket"], bucket, StringLike={"s3:prefix": below}),
    )


def for_prefix(aws: AwsAccess, partition: str, prefix: Prefix, not_after: datetime) -> str:
    """Reading of the objects below a prefix. It ends with ``/``, so no other that only begins alike is below it."""
    bucket = f"arn:{partition}:s3:::{prefix.bucket}"
    below = literal(prefix.prefix) + "*"
    by_s3 = {"kms:ViaService": f"s3.{_region(aws)}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"}
    return _document(
        not_after,
        _allow(["s3:GetObject"], f"{bucket}/{below}"),
        _allow(["s3:ListBucket"], bucket, StringLike={"s3:prefix": below}),
        _allow(["s3:GetBucketLocation"], bucket),
        _allow(["kms:Decrypt"], "*", StringEquals=by_s3),
    )


def for_access_grants(aws: AwsAccess, partition: str, not_after: datetime) -> str:
    """Asking S3 Access Grants for credentials, and nothing else: what these reach is decided there."""
    account = aws.access_grants_account or aws.account
    instance = f"arn:{partition}:s3:{_region(aws)}:{account}:access-grants/default"
    return _document(not_after, _allow(["s3:GetDataAccess"], instance))


def results(aws: AwsAccess, grant_id: str) -> Prefix:
    """Where Athena puts the answers to the queries of one grant."""
    if not aws.results:
        raise _unset("results", "an s3:// prefix for the answers of Athena")
    place = prefix_at(aws.results if aws.results.endswith("/") else f"{aws.results}/")
    return Prefix(place.bucket, f"{place.prefix}{grant_id}/")


def literal(text: str) -> str:
    """Text that stands for itself in a resource or a pattern of a policy."""
    return _SIGNS.sub(lambda sign: f"${{{sign[0]}}}", text)


def _document(not_after: datetime, *statements: Statement) -> str:
    end = not_after.astimezone(timezone.utc).replace(microsecond=0)
    until = {"DateLessThan": {"aws:CurrentTime": end.isoformat().replace("+00:00", "Z")}}
    ended = [{**each, "Condition": {**each.get("Condition", {}), **until}} for each in statements]
    text = json.dumps({"Version": "2012-10-17", "Statement": ended}, separators=(",", ":"))
    if len(text) > LONGEST:
        raise too_long(f"It has {len(text):,} characters; at most {LONGEST:,} are accepted.")
    return text


def too_long(cause: str) -> Invalid:
    """A session policy that AWS does not take. Nothing is left out of it to make it fit."""
    return Invalid(
        "access.session_policy_too_long",
        "The names of this dataset are too long for a session of AWS.",
        cause=cause,
        next_step="Tell your platform team: shorter names of the database, the table, the prefix or the results help.",
    )


def _allow(actions: list[str], *resources: str, **conditions: dict[str, str]) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
    return {**statement, "Condition": conditions} if conditions else statement


def _region(aws: AwsAccess) -> str:
    if not aws.region:
        raise _unset("region", "the region of the data")
    return aws.region


def _workgroup(aws: AwsAccess) -> str:
    if not aws.workgroup:
        raise _unset("workgroup", "a workgroup of Athena")
    return aws.workgroup


def _unset(key: str, what: str) -> Unavailable:
    return Unavailable(
        "access.aws_not_configured",
        "Data in AWS cannot be used here.",
        cause=f"The policy does not name {what}.",
        next_step=f"Tell your platform team to set access.aws.{key}.",
    )
