"""Deleting the app, over a strict stand-in for SageMaker: real boto3, real HTTP, botocore's own model."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.idle.aws import apps
from jupyter_mlplatform.idle.aws.apps import SageMakerApp
from jupyter_mlplatform.idle.models import StopMode
from jupyter_mlplatform.idle.stopper import WorkspaceStopper
from jupyter_mlplatform.policy import IdlePolicy
from tests.aws.sagemaker import Apps, metadata_file
from tests.aws.stand_in import LOADER, Dropped, Fault, Garbage, Hang, Refusal

DELETING = "SageMaker is deleting this app."
REQUEST = {"DomainId": "d-abcdefghijkl", "SpaceName": "alice-space", "AppType": "JupyterLab", "AppName": "default"}


class Time:
    """A clock that only ``pause`` moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def seconds(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Apps]:
    made = Apps()
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    yield made
    made.stand_in.close()


@pytest.fixture
def time() -> Time:
    return Time()


def quick(region: str) -> Any:
    """The client of the adapter, which does not wait as long."""
    import boto3
    import botocore.session
    from botocore.config import Config

    core = botocore.session.get_session()
    core.register_component("data_loader", LOADER)
    config = Config(connect_timeout=2, read_timeout=0.5, retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.session.Session(botocore_session=core).client("sagemaker", region_name=region or None, config=config)


@pytest.fixture
def app(tmp_path: Path, time: Time) -> SageMakerApp:
    return SageMakerApp(metadata_file(tmp_path), quick, time.seconds, time.pause)


def test_given_a_running_app_then_it_is_deleted_and_that_is_verified(sagemaker: Apps, app: SageMakerApp) -> None:
    sagemaker.slow = 2
    stopped = app.stop()
    assert (stopped.done, stopped.text) == (True, DELETING)
    assert [(call.operation, call.request) for call in sagemaker.stand_in.calls] == [
        ("DescribeApp", REQUEST),
        ("DeleteApp", REQUEST),
        *[("DescribeApp", REQUEST)] * 3,
    ]


def test_given_an_app_that_is_deleting_already_then_that_is_done_and_nothing_is_asked(
    sagemaker: Apps, app: SageMakerApp
) -> None:
    sagemaker.status = "Deleting"
    assert app.stop().done
    assert sagemaker.stand_in.asked("DeleteApp") == 0


def test_given_a_second_stop_then_nothing_is_deleted_twice(sagemaker: Apps, app: SageMakerApp) -> None:
    assert app.stop().done
    assert app.stop().done
    assert sagemaker.stand_in.asked("DeleteApp") == 1


def test_given_the_app_is_gone_after_the_deletion_then_that_is_done(sagemaker: Apps, app: SageMakerApp) -> None:
    def gone(request: dict[str, Any]) -> dict[str, Any]:
        sagemaker.stand_in.fail("DescribeApp", Refusal("ResourceNotFound"))
        return {}

    sagemaker.stand_in.on("DeleteApp", gone)
    assert app.stop().done


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"RecoveryMode": True}, "recovery mode"),
        (
            {"ResourceSpec": {"TrainingPlanArn": "arn:aws:sagemaker:eu-central-1:111122223333:training-plan/gpu-plan"}},
            "reserved capacity",
        ),
    ],
)
def test_given_recovery_mode_or_reserved_capacity_then_the_app_is_left_alone(
    sagemaker: Apps, app: SageMakerApp, extra: dict[str, Any], word: str
) -> None:
    sagemaker.extra = extra
    stopped = app.stop()
    assert not stopped.done
    assert stopped.protected
    assert word in stopped.text
    assert stopped.retry_seconds == apps.BACK_OFF_SECONDS
    assert sagemaker.stand_in.asked("DeleteApp") == 0


def test_given_an_app_that_is_still_starting_then_it_is_tried_again_later(sagemaker: Apps, app: SageMakerApp) -> None:
    sagemaker.status = "Pending"
    stopped = app.stop()
    assert (stopped.done, stopped.retry_seconds) == (False, apps.RETRY_SECONDS)


def test_given_it_is_in_use_for_a_moment_then_it_is_tried_again_with_longer_and_longer_pauses(
    sagemaker: Apps, app: SageMakerApp, time: Time
) -> None:
    began = time.now
    sagemaker.stand_in.fail("DeleteApp", Refusal("ResourceInUse"), Refusal("ResourceInUse"))
    assert app.stop().done
    assert 1.5 <= time.now - began <= 3
    assert sagemaker.stand_in.asked("DeleteApp") == 3


def test_given_it_is_in_use_because_it_is_deleting_then_that_is_done(sagemaker: Apps, app: SageMakerApp) -> None:
    def in_use(request: dict[str, Any]) -> dict[str, Any]:
        sagemaker.status = "Deleting"
        raise Refusal("ResourceInUse")

    sagemaker.stand_in.on("DeleteApp", in_use)
    assert app.stop().done


def test_given_it_stays_in_use_then_that_is_said(sagemaker: Apps, app: SageMakerApp) -> None:
    sagemaker.stand_in.fail("DeleteApp", *[Refusal("ResourceInUse")] * apps.ATTEMPTS)
    assert "in use by another change" in app.stop().text


def test_given_the_deletion_is_accepted_and_nothing_happens_then_that_is_no_success(
    sagemaker: Apps, app: SageMakerApp
) -> None:
    sagemaker.stand_in.on("DeleteApp", lambda request: {})
    sagemaker.slow = 10_000
    stopped = app.stop()
    assert (stopped.done, "InService all the same" in stopped.text) == (False, True)


FAULTS: dict[str, tuple[Fault, str]] = {
    "denied": (Refusal("AccessDeniedException"), "sagemaker:DeleteApp"),
    "forbidden by a proxy": (Garbage(b"<html>no</html>", 403), "sagemaker:DeleteApp"),
    "expired": (Refusal("ExpiredTokenException"), "no valid AWS credentials"),
    "unknown key": (Refusal("UnrecognizedClientException"), "no valid AWS credentials"),
    "throttled": (Refusal("ThrottlingException"), "too often"),
    "broken inside": (Refusal("InternalFailure", 500), "disturbance"),
    "unavailable": (Refusal("ServiceUnavailable", 503), "disturbance"),
    "hangs": (Hang(2), "cannot be reached"),
    "drops the connection": (Dropped(), "cannot be reached"),
    "a page instead of JSON": (Garbage(b"<html>sign in to the network</html>"), "refused to delete"),
    "refused for its form": (Refusal("ValidationException"), "ValidationException"),
}


@pytest.mark.parametrize("operation", ["DescribeApp", "DeleteApp"])
@pytest.mark.parametrize("kind", FAULTS)
def test_given_any_failure_then_nothing_is_claimed_one_sentence_says_why_and_no_name_of_aws_leaks(
    sagemaker: Apps, app: SageMakerApp, operation: str, kind: str
) -> None:
    fault, words = FAULTS[kind]
    sagemaker.stand_in.fail(operation, *[fault] * 8)
    stopped = app.stop()
    if operation == "DeleteApp" and kind == "a page instead of JSON":
        words = "InService all the same"  # DeleteApp has no answer to be read, so DescribeApp is believed
    assert not stopped.done
    assert words in stopped.text
    assert "secret-name" not in stopped.text
    assert stopped.retry_seconds >= apps.RETRY_SECONDS


@pytest.mark.parametrize("kind", ["throttled", "broken inside", "unavailable", "hangs", "drops the connection"])
def test_given_a_passing_failure_then_it_is_retried_at_once_and_succeeds(
    sagemaker: Apps, app: SageMakerApp, kind: str
) -> None:
    sagemaker.stand_in.fail("DescribeApp", FAULTS[kind][0])
    sagemaker.stand_in.fail("DeleteApp", FAULTS[kind][0])
    assert app.stop().done


def test_given_a_denial_then_nobody_is_asked_for_an_hour(sagemaker: Apps, app: SageMakerApp, time: Time) -> None:
    sagemaker.stand_in.fail("DeleteApp", Refusal("AccessDeniedException"))
    first = app.stop()
    asked = len(sagemaker.stand_in.calls)
    assert app.denied() == first.text
    time.now += 3599
    assert not app.stop().done
    assert len(sagemaker.stand_in.calls) == asked
    time.now += 2
    assert app.denied() == ""
    assert app.stop().done
    assert app.denied() == ""


def test_given_one_failure_after_another_then_each_waits_longer_up_to_an_hour(
    sagemaker: Apps, app: SageMakerApp
) -> None:
    sagemaker.stand_in.fail("DescribeApp", *[Refusal("ValidationException")] * 9)
    waits = [app.stop().retry_seconds for _ in range(9)]
    assert waits[:4] == [60, 120, 240, 480]
    assert waits[-1] == 3600
    assert app.stop().done


def test_given_the_region_of_the_environment_is_another_then_that_of_the_app_is_used(
    sagemaker: Apps, app: SageMakerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert app.stop().done
    assert {call.region for call in sagemaker.stand_in.calls} == {"eu-central-1"}


def test_given_no_region_at_all_then_that_is_said(sagemaker: Apps, tmp_path: Path, time: Time) -> None:
    app = SageMakerApp(metadata_file(tmp_path, ResourceArn=None), quick, time.seconds, time.pause)
    assert "region" in app.stop().text


def test_given_an_app_that_aws_does_not_know_then_account_or_region_are_named(
    sagemaker: Apps, tmp_path: Path, time: Time
) -> None:
    app = SageMakerApp(metadata_file(tmp_path, SpaceName="another"), quick, time.seconds, time.pause)
    stopped = app.stop()
    assert (stopped.done, "another account or region" in stopped.text) == (False, True)
    assert sagemaker.stand_in.asked("DeleteApp") == 0


def test_given_no_credentials_then_that_is_said(
    sagemaker: Apps, app: SageMakerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert "no valid AWS credentials" in app.stop().text
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY")
    assert app.stop().done  # a client of before would not have seen them


def test_given_nothing_listens_then_the_network_is_named(
    sagemaker: Apps, app: SageMakerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", "http://127.0.0.1:9")
    assert "cannot be reached" in app.stop().text


class TestMetadata:
    """SageMaker's file, which may be missing, unreadable or only half written when the server starts."""

    @pytest.mark.parametrize("text", ["", "{", '{"DomainId": "d-1', "[]", "null", '"x"', "\x00", '{"DomainId": 7}'])
    def test_given_it_cannot_be_understood_then_everything_is_missing_and_nothing_is_called(
        self, sagemaker: Apps, tmp_path: Path, text: str
    ) -> None:
        path = tmp_path / "metadata.json"
        path.write_text(text)
        app = SageMakerApp(path, quick)
        assert app.missing() == ("DomainId", "SpaceName or UserProfileName", "AppType", "ResourceName")
        assert "lacks DomainId" in app.stop().text
        assert sagemaker.stand_in.calls == []

    def test_given_it_is_bytes_of_no_text_or_a_folder_then_the_same(self, tmp_path: Path) -> None:
        (tmp_path / "m").write_bytes(b"\xff\xfe{")
        for path in (tmp_path / "m", tmp_path, tmp_path / "none"):
            assert len(SageMakerApp(path, quick).missing()) == 4

    def test_given_it_is_whole_a_moment_later_then_it_is_read_again(self, tmp_path: Path) -> None:
        path = tmp_path / "resource-metadata.json"
        path.write_text('{"DomainId": "d-')
        app = SageMakerApp(path, quick)
        assert app.missing()
        metadata_file(tmp_path)
        assert app.missing() == ()

    def test_given_an_app_without_a_space_then_the_user_profile_names_it(self, tmp_path: Path) -> None:
        app = SageMakerApp(metadata_file(tmp_path, SpaceName=None), quick)
        assert app.missing() == ()
        assert app._identity.request["UserProfileName"] == "alice"


class TestStopper:
    """The whole of it, as the keeper uses it."""

    @pytest.fixture
    def made(self, app: SageMakerApp) -> Callable[..., WorkspaceStopper]:
        def make(**policy: Any) -> WorkspaceStopper:
            return WorkspaceStopper(
                app,
                IdlePolicy(**policy),
                boto3=True,
                activity_monitor=lambda: False,
                end_server=lambda: None,
            )

        return make

    async def _stop(self, stopper: WorkspaceStopper) -> Any:
        return await stopper.stop()

    def test_given_a_denial_then_the_native_path_is_left_and_the_plan_says_why(
        self, sagemaker: Apps, made: Callable[..., WorkspaceStopper], time: Time
    ) -> None:
        stopper = made()
        assert stopper.plan().mode is StopMode.DIRECT
        sagemaker.stand_in.fail("DeleteApp", Refusal("AccessDeniedException"))
        stopped = asyncio.run(self._stop(stopper))
        assert stopped.done
        assert "SageMaker's own idle shutdown was told" in stopped.text
        assert stopped.retry_seconds == 3600
        plan = stopper.plan()
        assert (plan.mode, plan.native) == (StopMode.PROVIDER, StopMode.PROVIDER)
        assert "sagemaker:DeleteApp" in plan.problem
        time.now += 3601
        assert stopper.plan().mode is StopMode.DIRECT

    def test_given_a_passing_failure_then_it_stays_direct_and_is_not_done(
        self, sagemaker: Apps, made: Callable[..., WorkspaceStopper]
    ) -> None:
        stopper = made()
        sagemaker.stand_in.fail("DescribeApp", *[Refusal("ThrottlingException")] * 8)
        stopped = asyncio.run(self._stop(stopper))
        assert (stopped.done, stopped.retry_seconds) == (False, 60)
        assert (stopper.plan().mode, stopper.plan().problem) == (StopMode.DIRECT, stopped.text)

    def test_given_the_policy_asks_for_the_server_then_it_ends_and_no_app_is_deleted(
        self, sagemaker: Apps, app: SageMakerApp
    ) -> None:
        ended: list[bool] = []
        stopper = WorkspaceStopper(
            app,
            IdlePolicy(stop="server"),
            boto3=True,
            activity_monitor=lambda: False,
            end_server=lambda: ended.append(True),
        )
        assert asyncio.run(self._stop(stopper)).done
        assert (ended, sagemaker.stand_in.calls) == ([True], [])


def test_the_module_deletes_the_app_once_and_says_so_in_one_line(sagemaker: Apps, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jupyter_mlplatform.idle.aws.apps", "--metadata", str(metadata_file(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["done"], done.stderr) == (apps.EXIT_DONE, True, "")
    sagemaker.status, sagemaker._deleted = "InService", False
    sagemaker.stand_in.fail("DeleteApp", Refusal("AccessDeniedException"))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (apps.EXIT_REFUSED, 1, "")


def test_boto3_is_looked_for_without_being_imported() -> None:
    script = """if True:
        import sys
        from jupyter_mlplatform.idle.aws import apps
        assert apps.installed()
        print('boto3' in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
