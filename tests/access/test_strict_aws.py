"""The strict AWS refuses what AWS would refuse, in AWS's form, and keeps what went over the wire."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import botocore
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.model import ServiceModel

from tests.aws.access_grants import AccessGrants
from tests.aws.datazone import DOMAIN, DataZone
from tests.aws.faults import EmptyPage, LostAnswer, Newer, ServerError, Throttled, WrongCredentials
from tests.aws.glue import Glue
from tests.aws.lake_formation import LakeFormation
from tests.aws.patterns import fits
from tests.aws.shapes import problems
from tests.aws.signatures import Key
from tests.aws.stand_in import Garbage, Refusal
from tests.aws.strict import ACCOUNT, REGION, StrictAws
from tests.aws.sts import Sts

START = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
ALICE = f"arn:aws:iam::{ACCOUNT}:role/alice"
WELD = {"Table": {"DatabaseName": "plant", "Name": "weld"}}
FOUR = ("lakeformation", "glue", "sts", "s3control")
SOME_CALL: dict[str, tuple[str, dict[str, Any]]] = {
    "lakeformation": ("list_permissions", {}),
    "glue": ("get_databases", {}),
    "sts": ("get_caller_identity", {}),
    "s3control": ("list_access_grants", {"AccountId": ACCOUNT}),
    "datazone": ("list_subscriptions", {"domainIdentifier": DOMAIN}),
}


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def aws(clock: Clock) -> Iterator[StrictAws]:
    made = StrictAws(clock)
    for overlay in (LakeFormation, Glue, Sts, AccessGrants, DataZone):
        overlay(made)
    yield made
    made.close()


@pytest.fixture
def lake(aws: StrictAws) -> LakeFormation:
    made = LakeFormation(aws)
    made.table("plant", "weld", ["gun", "force", "operator"])
    return made


def call(aws: StrictAws, service: str, key: Key | None = None, **config: Any) -> Any:
    operation, request = SOME_CALL[service]
    return getattr(aws.client(service, key, **config), operation)(**request)


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def raw(aws: StrictAws, service: str, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    """A request as no client of botocore's would make it, but signed as it should be. Gives status and body."""
    endpoint = aws.service(service)
    url = endpoint.address + path
    request = AWSRequest(
        "POST", url, data=body, headers={name.replace("_", "-"): each for name, each in headers.items()}
    )
    credentials = Credentials(aws.key.id, aws.key.secret)
    SigV4Auth(credentials, endpoint.model.signing_name, REGION).add_auth(request)
    sent = urllib.request.Request(url, body, dict(request.headers.items()), method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(sent, timeout=10) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.parametrize("service", [*FOUR, "datazone"])
def test_when_a_client_signs_well_its_call_is_kept_with_operation_input_and_principal(
    aws: StrictAws, service: str
) -> None:
    call(aws, service)
    (kept,) = aws.calls
    operation, request = SOME_CALL[service]
    assert (kept.service, kept.outcome, kept.signed, kept.key_id) == (service, "ok", True, aws.key.id)
    assert kept.operation.lower() == operation.replace("_", "")
    assert kept.input == request
    assert kept.principal == aws.key.principal


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("lakeformation", "MissingAuthenticationTokenException"),
        ("glue", "MissingAuthenticationTokenException"),
        ("sts", "MissingAuthenticationToken"),
        ("s3control", "AccessDenied"),
    ],
)
def test_when_a_request_is_not_signed_it_is_refused_and_seen(aws: StrictAws, service: str, error: str) -> None:
    with pytest.raises(ClientError) as refused:
        call(aws, service, signature_version=botocore.UNSIGNED)
    assert code(refused) == error
    assert [(kept.signed, kept.key_id, kept.outcome) for kept in aws.calls] == [(False, "", error)]


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("lakeformation", "InvalidSignatureException"),
        ("glue", "InvalidSignatureException"),
        ("sts", "SignatureDoesNotMatch"),
        ("s3control", "SignatureDoesNotMatch"),
    ],
)
def test_when_the_secret_is_wrong_the_signature_is_refused(aws: StrictAws, service: str, error: str) -> None:
    with pytest.raises(ClientError) as refused:
        call(aws, service, aws.key._replace(secret="somebody-elses"))
    assert code(refused) == error
    assert aws.calls[0].principal == ""


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("lakeformation", "UnrecognizedClientException"),
        ("sts", "InvalidClientTokenId"),
        ("s3control", "InvalidAccessKeyId"),
    ],
)
def test_when_the_key_or_its_token_is_not_known_it_is_refused(aws: StrictAws, service: str, error: str) -> None:
    for stranger in (aws.key._replace(id="AKIASTRANGER00000000"), aws.key._replace(token="not-mine")):
        with pytest.raises(ClientError) as refused:
            call(aws, service, stranger)
        assert code(refused) == error


def test_when_a_session_is_over_its_key_is_refused(aws: StrictAws, clock: Clock) -> None:
    key = aws.keys.add(Key("ASIASESSION000000000", "secret", ALICE, "token", START + timedelta(minutes=15)))
    clock.at += timedelta(minutes=14, seconds=59)
    call(aws, "glue", key)
    clock.at += timedelta(seconds=1)
    with pytest.raises(ClientError) as refused:
        call(aws, "glue", key)
    assert code(refused) == "ExpiredTokenException"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Permissions": ["TEA"]}, "not one of"),
        ({"CatalogId": "c" * 300}, "characters"),
        ({"Principal": {"DataLakePrincipalIdentifier": "x" * 256}}, "characters"),
        ({"CatalogId": "a\x00b"}, "does not fit"),
    ],
)
def test_when_the_model_forbids_a_value_it_is_refused_though_the_client_let_it_pass(
    aws: StrictAws, lake: LakeFormation, change: dict[str, Any], said: str
) -> None:
    request = {"Principal": {"DataLakePrincipalIdentifier": ALICE}, "Resource": WELD, "Permissions": ["SELECT"]}
    with pytest.raises(ClientError) as refused:
        aws.client("lakeformation").grant_permissions(**{**request, **change})
    assert code(refused) == "InvalidInputException"
    (wrong,) = aws.take_wrong()
    assert said in wrong


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Sugar": 1}, "request has no member Sugar"),
        ({"MaxResults": "ten"}, "request.MaxResults is not a integer"),
        ({"MaxResults": 0}, "fewer than 1"),
        ({"Principal": {}, "Resource": []}, "request.Resource is not a structure"),
    ],
)
def test_when_a_member_is_unknown_or_of_another_type_the_request_is_refused(
    aws: StrictAws, body: dict[str, Any], said: str
) -> None:
    status, _ = raw(aws, "lakeformation", "/ListPermissions", json.dumps(body).encode())
    assert status == 400
    (wrong,) = aws.take_wrong()
    assert said in wrong


def test_when_a_required_member_is_missing_the_request_is_refused(aws: StrictAws) -> None:
    status, answer = raw(aws, "glue", "/", b"{}", X_Amz_Target="AWSGlue.GetTables")
    assert (status, answer["__type"]) == (400, "InvalidInputException")
    assert aws.take_wrong() == ["GetTables: ['request lacks DatabaseName']"]


def test_when_the_operation_does_not_exist_the_service_says_so(aws: StrictAws) -> None:
    status, answer = raw(aws, "glue", "/", b"{}", X_Amz_Target="AWSGlue.MakeTea")
    assert (status, answer["__type"]) == (400, "UnknownOperationException")
    assert raw(aws, "lakeformation", "/MakeTea", b"{}")[0] == 404
    assert len(aws.take_wrong()) == 2


def test_when_the_body_is_not_of_the_protocol_the_service_says_so(aws: StrictAws) -> None:
    status, answer = raw(aws, "glue", "/", b"<tea/>", X_Amz_Target="AWSGlue.GetTables")
    assert (status, answer["__type"]) == (400, "SerializationException")
    assert aws.take_wrong() == ["GetTables: no JSON"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"Arn": "a"}, "fewer than 20"),
        ({"Sugar": "2"}, "has no member Sugar"),
        ({"Arn": 7}, "is not a string"),
    ],
)
def test_when_a_stand_ins_answer_is_not_as_the_model_says_the_test_would_fail(
    aws: StrictAws, answer: dict[str, Any], said: str
) -> None:
    aws.service("sts").on("GetCallerIdentity", lambda request, kept: answer)
    call(aws, "sts")
    with pytest.raises(AssertionError):
        aws.close()
    assert said in str(aws.take_wrong())


def test_when_nobody_said_what_an_operation_answers_it_is_refused(aws: StrictAws) -> None:
    with pytest.raises(ClientError) as refused:
        aws.client("glue").get_jobs()
    assert code(refused) == "AccessDeniedException"
    assert aws.take_wrong() == ["nobody said what glue answers to GetJobs"]


def test_when_a_behaviour_answers_an_error_that_the_operation_never_has_the_test_would_fail(aws: StrictAws) -> None:
    def odd(request: dict[str, Any], kept: Any) -> dict[str, Any]:
        raise Refusal("TeaException")

    aws.service("glue").on("GetDatabases", odd)
    with pytest.raises(ClientError):
        call(aws, "glue")
    assert aws.take_wrong() == ["GetDatabases never answers TeaException"]


@pytest.mark.parametrize(
    ("service", "operation", "error", "status"),
    [
        ("lakeformation", "ListPermissions", "ThrottlingException", 400),
        ("glue", "GetDatabases", "ThrottlingException", 400),
        ("sts", "GetCallerIdentity", "Throttling", 400),
        ("datazone", "ListSubscriptions", "ThrottlingException", 429),
        ("s3control", "ListAccessGrants", "SlowDown", 503),
    ],
)
def test_when_a_service_throttles_it_uses_its_own_words_and_botocore_tries_again(
    aws: StrictAws, service: str, operation: str, error: str, status: int
) -> None:
    aws.service(service).fail(operation, Throttled())
    with pytest.raises(ClientError) as refused:
        call(aws, service)
    assert code(refused) == error
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    call(aws, service)


@pytest.mark.parametrize("service", [*FOUR, "datazone"])
def test_when_a_service_fails_it_answers_500_or_that_the_key_is_not_known(aws: StrictAws, service: str) -> None:
    name = SOME_CALL[service][0].replace("_", "")
    endpoint = aws.service(service)
    operation = next(each for each in endpoint.model.operation_names if each.lower() == name)
    endpoint.fail(operation, ServerError(), WrongCredentials())
    with pytest.raises(ClientError) as failed:
        call(aws, service)
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    with pytest.raises(ClientError) as refused:
        call(aws, service)
    assert code(refused) in ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId")


def test_when_an_answer_is_lost_the_change_was_made(aws: StrictAws, lake: LakeFormation) -> None:
    aws.service("lakeformation").fail("GrantPermissions", LostAnswer())
    client = aws.client("lakeformation")
    request = {"Principal": {"DataLakePrincipalIdentifier": ALICE}, "Resource": WELD, "Permissions": ["SELECT"]}
    with pytest.raises(ConnectionClosedError):
        client.grant_permissions(**request)
    assert aws.asked("GrantPermissions")[0].outcome == "lost"
    assert lake.who("plant", "weld") == {ALICE: {"SELECT"}}
    client.grant_permissions(**request)
    assert lake.who("plant", "weld") == {ALICE: {"SELECT"}}


def test_when_a_page_is_empty_its_token_leads_to_what_is_due(aws: StrictAws, lake: LakeFormation) -> None:
    lake.table("plant", "paint", ["shade"], in_force=False)
    aws.service("lakeformation").fail("ListPermissions", EmptyPage(), EmptyPage())
    client = aws.client("lakeformation")
    first = client.list_permissions()
    assert first["PrincipalResourcePermissions"] == []
    second = client.list_permissions(NextToken=first["NextToken"])
    assert second["PrincipalResourcePermissions"] == []
    third = client.list_permissions(NextToken=second["NextToken"])
    assert len(third["PrincipalResourcePermissions"]) == 1
    assert "NextToken" not in third


def test_when_a_list_lags_a_change_is_seen_after_so_many_reads_only(aws: StrictAws, lake: LakeFormation) -> None:
    aws.service("lakeformation").lag("ListPermissions", 2)
    client = aws.client("lakeformation")
    client.grant_permissions(Principal={"DataLakePrincipalIdentifier": ALICE}, Resource=WELD, Permissions=["DESCRIBE"])
    seen = [len(client.list_permissions(Resource=WELD)["PrincipalResourcePermissions"]) for _ in range(4)]
    assert seen == [0, 0, 1, 1]
    assert lake.who("plant", "weld") == {ALICE: {"DESCRIBE"}}


def test_when_the_service_is_newer_than_our_botocore_its_words_arrive_all_the_same(aws: StrictAws) -> None:
    aws.service("datazone").fail("ListSubscriptions", Newer({"items": [], "flavour": "new"}))
    assert call(aws, "datazone")["items"] == []


def test_when_a_proxy_answers_in_place_of_the_service_its_page_arrives(aws: StrictAws) -> None:
    aws.service("glue").fail("GetDatabases", Garbage(b"<html>Sign in</html>", 502))
    with pytest.raises(ClientError) as refused:
        call(aws, "glue")
    assert code(refused) == "502"


@pytest.mark.parametrize("service", [*FOUR, "datazone"])
def test_when_boto3_is_led_here_by_the_environment_it_calls_nobody_else(
    aws: StrictAws, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    for name, value in aws.environment(service).items():
        monkeypatch.setenv(name, value)
    operation, request = SOME_CALL[service]
    getattr(boto3.session.Session().client(service), operation)(**request)
    assert [kept.outcome for kept in aws.calls] == ["ok"]


def test_when_a_map_or_a_list_is_longer_than_the_model_allows_it_is_found() -> None:
    shapes = {
        "List": {"type": "list", "member": {"shape": "Text"}, "min": 1, "max": 2},
        "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}, "max": 1},
        "Text": {"type": "string", "max": 3},
        "Both": {"type": "structure", "members": {"List": {"shape": "List"}, "Map": {"shape": "Map"}}},
        "One": {"type": "structure", "union": True, "members": {"A": {"shape": "Text"}, "B": {"shape": "Text"}}},
    }
    model = ServiceModel({"metadata": {}, "shapes": shapes, "operations": {}})
    both, one = model.shape_for("Both"), model.shape_for("One")
    assert list(problems({"List": ["a"], "Map": {"a": "b"}}, both, "it")) == []
    assert list(problems({"List": [], "Map": {"a": "b", "c": "d"}}, both, "it")) == [
        "it.List has 0 entries: fewer than 1",
        "it.Map has 2 entries: more than 1",
    ]
    assert list(problems({"List": ["abcd", None, "a"]}, both, "it")) == [
        "it.List has 3 entries: more than 2",
        "it.List[0] has 4 characters: more than 3",
        "it.List[1] is not a string",
    ]
    assert list(problems({"A": "a", "B": "b"}, one, "it")) == ["it has 2 members, not one"]


@pytest.mark.parametrize(
    ("pattern", "fitting", "other"),
    [
        (r"[\u0020-\uD7FF\uD800\uDC00-\uDBFF\uDFFF\t]*", "gun \U0001f600", "a\nb"),
        (r"[\p{L}\p{N}\s_.:/=+\-@]*", "Größe 1", "a;b"),
        (r"\p{Alpha}+", "abc", "a1"),
        (r"^dzd[-_][a-z0-9]+$", "dzd-1", "dzd-1\n"),
        (r"^arn:aws", "arn:aws:iam", "x arn:aws"),
        (r"\w+", "abc", "Größe"),
    ],
)
def test_when_a_pattern_is_javas_python_reads_it_alike(pattern: str, fitting: str, other: str) -> None:
    assert fits(pattern, fitting)
    assert not fits(pattern, other)
