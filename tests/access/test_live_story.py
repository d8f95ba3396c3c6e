"""The story that is meant for a real account, played on the strict stand-in, through the product as it is wired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform import policy
from jupyter_mlplatform.access.aws import clients, s3_access
from jupyter_mlplatform.access.models import EndReason, GrantState
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.lake_bench import POLICY, LakeBench, quick_session
from tests.access.world import Clock
from tests.aws.athena import Athena, Rows
from tests.aws.s3_objects import S3Objects
from tests.aws.strict import ACCOUNT, REGION, StrictAws
from tests.live.story import Story

DOCUMENT: dict[str, Any] = {
    "access": {
        "admins": ["ada"],
        "aws": {
            "account": ACCOUNT,
            "region": REGION,
            "data_role": POLICY.data_role,
            "workgroup": POLICY.workgroup,
            "results": POLICY.results,
            "glue_databases": {"plant": "bob"},
        },
    }
}


@pytest.fixture
def bench(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[LakeBench]:
    aws = StrictAws(clock)
    made = LakeBench(aws, clock, monkeypatch)
    made.sts.role("data/mlplat-alice")
    s3 = S3Objects(aws)
    athena = Athena(aws, s3, lambda sql: Rows(("gun", "force"), [("A'1", "0.5")]))
    athena.workgroups = {"mlplat"}
    for name, value in aws.environment("athena").items():
        monkeypatch.setenv(name, value)
    storage = AwsAccess(account=ACCOUNT, region=REGION, endpoint_url=aws.service("s3").address)
    whole = s3_access.S3Access.__init__
    monkeypatch.setattr(s3_access.S3Access, "__init__", lambda self, _, clock: whole(self, storage, clock))
    monkeypatch.setattr(clients, "new_session", quick_session)
    # S3 here lets no key in that has a policy; what these allow is held against each call in test_reading_sessions.
    add = aws.keys.add
    monkeypatch.setattr(aws.keys, "add", lambda key: add(key._replace(policy="")))
    yield made
    aws.close()


@pytest.fixture
def story(tmp_path: Path, bench: LakeBench, clock: Clock) -> Story:
    effective = policy.parse(DOCUMENT, "the test")
    return Story(tmp_path, effective, "alice", clock, lambda: clock.forward(minutes=15), looks=12)


def test_a_grant_on_a_table_of_glue_is_put_into_force_used_and_taken_away(
    story: Story, bench: LakeBench, clock: Clock
) -> None:
    ended = story.play("plant.weld", "model-training", ("gun", "force"))
    assert (ended.state, ended.end_reason) == (GrantState.ENDED, EndReason.REVOKED)
    assert ended.not_after - ended.not_before == timedelta(days=1)
    assert bench.held() == 0
    asked = [call.input["QueryString"] for call in bench.aws.calls if call.operation == "StartQueryExecution"]
    assert [each.endswith("LIMIT 5") for each in asked] == [True], "no more is read than is asked for"
    called = {call.operation for call in bench.aws.calls}
    assert {"GetTables", "CreateDataCellsFilter", "GrantPermissions", "AssumeRole", "StartQueryExecution"} <= called


def test_what_aws_denies_is_told_in_the_end_and_nothing_is_in_force(story: Story, bench: LakeBench) -> None:
    bench.deny()
    with pytest.raises(AssertionError, match="it is failed"):
        story.play("plant.weld", "model-training", ("gun", "force"))
    assert bench.held() == 0
