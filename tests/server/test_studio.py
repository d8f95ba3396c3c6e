"""Whole servers, started as SageMaker Studio starts them: an empty token, ``/jupyterlab/default``, any origin, and the
metadata file of an app; with SageMaker's own activity monitor, without it, and with terminals switched off.

AWS is the strict stand-in of tests/aws. The servers run in a PID namespace of their own, so that other work on the
machine is not taken for a person's.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.idle.local.beacons import instant
from tests.aws.sagemaker import Apps, metadata_file
from tests.aws.stand_in import Fault, Garbage, Hang, Refusal
from tests.poll import until

MONITOR = "jupyter_activity_monitor_extension"
MONITOR_VERSION = "0.3.2"
INSTALLED = Path(__file__).parents[2] / ".make" / "monitor"
BASE = "/jupyterlab/default"

# The policy is read from system paths only, so the test puts its own in their place before the server starts.
LAUNCH = """
import sys
from pathlib import Path
from jupyter_mlplatform import policy
path = Path(sys.argv.pop(1))
policy.system_paths = lambda: (path,)
from jupyter_server.serverapp import main
main()
"""

QUICK = """
[idle]
timeout_seconds = 1.0
sample_seconds = 0.4
grace_seconds = 0.4
min_uptime_seconds = 0
min_timeout_seconds = 1
busy_cpu_fraction = 0.9
io_bytes_per_second = 1e12
network_bytes_per_second = 1e12
hook_seconds = 5
"""

pytestmark = pytest.mark.slow


class Studio:
    """One server; ``log`` is everything it has written."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process, self._url, self._log = process, url, log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def get(self, path: str) -> tuple[int, Any]:
        request = urllib.request.Request(f"{self._url}{path}")  # noqa: S310 (our own server)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def last_active(self) -> datetime:
        """What SageMaker would be told; the whole answer is looked at."""
        status, document = self.get("api/idle")
        assert (status, list(document)) == (200, ["lastActiveTimestamp"])
        found = instant(document["lastActiveTimestamp"])
        assert found is not None
        return found

    def plan(self) -> dict[str, Any]:
        """How the workspace would be stopped, once the keeper has told."""

        def look() -> Any:
            status, document = self.get("api/mlplatform/v1/idle")
            return status == 200 and document.get("stop")

        found: dict[str, Any] = until(look, 60)
        return found


@pytest.fixture(scope="session")
def monitor() -> Path:
    """SageMaker's own extension, in a folder of its own: in the environment it would be on in every other test."""
    if not (INSTALLED / MONITOR).is_dir():
        name = f"{MONITOR.replace('_', '-')}=={MONITOR_VERSION}"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(INSTALLED), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip("SageMaker's activity monitor cannot be installed here (see the fidelity ledger)")
    return INSTALLED


@pytest.fixture
def start(
    tmp_path: Path, policy_file: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Studio]]:
    started: list[Studio] = []
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def launch(*, metadata: Path, monitor: Path | None = None, policy: str = "", terminals: bool = True) -> Studio:
        policy_file.write_text(policy)
        usual = {"jupyter_mlplatform": True, "jupyter_server_terminals": True, MONITOR: monitor is not None}
        names = ("jupyterlab", "jupyter_lsp", "notebook_shim", "jupyter_server_proxy", "jupyter_server_ydoc")
        others = dict.fromkeys((*names, "jupyter_server_fileid"), False)
        alone = ["unshare", "-pf", "--kill-child", "--mount-proc"]
        alone = alone if os.geteuid() == 0 else ["unshare", "-Urpf", "--kill-child", "--mount-proc"]
        arguments = [
            "--ServerApp.token=",
            "--ServerApp.password=",
            "--IdentityProvider.token=",
            f"--ServerApp.base_url={BASE}",
            "--ServerApp.allow_origin=*",
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0",
            f"--ServerApp.root_dir={empty_home}",
            f"--ServerApp.terminals_enabled={terminals}",
            f"--ServerApp.jpserver_extensions={ {**usual, **others}!r}",
            "--no-browser",
            "--allow-root",
        ]
        environment = {**os.environ, "RESOURCE_METADATA_FILE": str(metadata)}
        if monitor is not None:
            environment["PYTHONPATH"] = str(monitor)
        log = tmp_path / "server.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*alone, sys.executable, "-c", LAUNCH, str(policy_file), *arguments],
                stdout=file,
                stderr=file,
                env=environment,
                cwd=empty_home,
            )
        studio = Studio(process, "", log)
        started.append(studio)
        runtime = empty_home / "runtime"

        def told() -> Any:
            assert process.poll() is None, studio.log
            found = list(runtime.glob("jpserver-*.json"))
            return found and found[0].stat().st_size and json.loads(found[0].read_text())

        studio._url = f"http://127.0.0.1:{until(told, 60)['port']}{BASE}/"
        until(lambda: _answers(studio), 60)
        return studio

    yield launch
    for studio in started:
        studio.process.send_signal(signal.SIGKILL)
        studio.process.wait()


def _answers(studio: Studio) -> bool:
    try:
        return studio.get("api")[0] == 200
    except OSError:
        return False


def is_present(found: datetime) -> bool:
    return abs((datetime.now(timezone.utc) - found).total_seconds()) < 30


@pytest.mark.parametrize("terminals", [True, False])
def test_given_no_activity_monitor_then_we_answer_and_the_app_would_be_deleted(
    start: Callable[..., Studio], tmp_path: Path, terminals: bool
) -> None:
    studio = start(metadata=metadata_file(tmp_path), terminals=terminals)
    assert is_present(studio.last_active())
    plan = studio.plan()
    assert (plan["mode"], plan["native"]) == ("direct", "provider")
    assert is_present(studio.last_active())


def test_given_the_activity_monitor_then_it_answers_and_we_write_its_file(
    start: Callable[..., Studio], tmp_path: Path, monitor: Path
) -> None:
    studio = start(metadata=metadata_file(tmp_path), monitor=monitor)
    assert is_present(studio.last_active())
    plan = studio.plan()
    assert (plan["mode"], plan["native"]) == ("direct", "feeder")
    assert is_present(studio.last_active())


def test_given_the_activity_monitor_and_no_terminals_then_it_would_fail_and_we_answer(
    start: Callable[..., Studio], tmp_path: Path, monitor: Path
) -> None:
    studio = start(metadata=metadata_file(tmp_path), monitor=monitor, terminals=False)
    plan = studio.plan()
    assert (plan["mode"], plan["native"]) == ("direct", "provider")
    assert is_present(studio.last_active())


@pytest.mark.parametrize("text", ['{"DomainId": "d-abc", "SpaceN', '{"SpaceName": "s", "AppType": "JupyterLab"}'])
def test_given_metadata_that_is_half_written_then_the_native_way_is_taken_and_the_plan_says_what_lacks(
    start: Callable[..., Studio], tmp_path: Path, text: str
) -> None:
    metadata = tmp_path / "metadata.json"
    metadata.write_text(text, encoding="latin-1")
    studio = start(metadata=metadata)
    plan = studio.plan()
    assert (plan["mode"], plan["native"]) == ("provider", "provider")
    assert "DomainId" in plan["why"]
    assert is_present(studio.last_active())
    assert "Traceback" not in studio.log


def test_given_a_policy_with_an_unknown_key_then_nothing_is_stopped_and_the_present_is_told(
    start: Callable[..., Studio], tmp_path: Path
) -> None:
    studio = start(metadata=metadata_file(tmp_path), policy="[idle]\ntimeout_secnds = 5\n")
    assert is_present(studio.last_active())
    status, problem = studio.get("api/mlplatform/v1/idle")
    assert status == 503
    assert b"timeout_seconds" in problem
    assert studio.log.count("jupyter_mlplatform is switched off") == 1


class TestLeaving:
    """With short times, on a workspace in which nothing works."""

    @pytest.fixture
    def sagemaker(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Apps]:
        made = Apps()
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made
        made.stand_in.close()

    def stays(self, studio: Studio) -> datetime | None:
        """The time that is told, once it is not the present any more."""
        told = studio.last_active()
        return told if (datetime.now(timezone.utc) - told).total_seconds() > 4 else None

    def test_given_nothing_works_then_the_app_is_deleted_and_the_true_time_is_told(
        self, start: Callable[..., Studio], tmp_path: Path, sagemaker: Apps
    ) -> None:
        begun = datetime.now(timezone.utc)
        studio = start(metadata=metadata_file(tmp_path), policy=QUICK)
        until(lambda: sagemaker.stand_in.asked("DeleteApp"), 60)
        until(lambda: sagemaker.status == "Deleting", 20)
        told = until(lambda: self.stays(studio), 30)
        assert begun < told
        assert sagemaker.stand_in.asked("DeleteApp") == 1

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            (Refusal("AccessDeniedException"), "sagemaker:DeleteApp"),
            (Garbage(b"<html>sign in</html>", 503), "disturbance"),
        ],
    )
    def test_given_the_deletion_fails_again_and_again_then_there_is_one_message_and_no_flood(
        self, start: Callable[..., Studio], tmp_path: Path, sagemaker: Apps, fault: Fault, words: str
    ) -> None:
        sagemaker.stand_in.fail("DeleteApp", *[fault] * 1000)
        studio = start(metadata=metadata_file(tmp_path), policy=QUICK)
        until(lambda: words in (studio.plan().get("problem") or ""), 90)
        asked = sagemaker.stand_in.asked("DeleteApp")
        began = datetime.now(timezone.utc)
        until(lambda: (datetime.now(timezone.utc) - began).total_seconds() > 5)
        assert sagemaker.stand_in.asked("DeleteApp") == asked
        assert studio.log.count(words) <= 1
        assert "Traceback" not in studio.log
        assert "secret-name" not in studio.log
        assert studio.process.poll() is None

    def test_given_a_denial_then_the_native_way_is_left_and_is_told_the_true_time(
        self, start: Callable[..., Studio], tmp_path: Path, sagemaker: Apps
    ) -> None:
        sagemaker.stand_in.fail("DeleteApp", *[Refusal("AccessDeniedException")] * 1000)
        studio = start(metadata=metadata_file(tmp_path), policy=QUICK)
        until(lambda: studio.plan()["mode"] == "provider", 90)
        assert until(lambda: self.stays(studio), 30)

    def test_given_sagemaker_hangs_then_the_server_goes_on_answering(
        self, start: Callable[..., Studio], tmp_path: Path, sagemaker: Apps
    ) -> None:
        sagemaker.stand_in.fail("DescribeApp", *[Hang(5)] * 50)
        studio = start(metadata=metadata_file(tmp_path), policy=QUICK)
        until(lambda: sagemaker.stand_in.asked("DescribeApp"), 60)
        for _ in range(20):
            assert studio.get("api")[0] == 200
        assert sagemaker.stand_in.asked("DeleteApp") == 0
