"""The doctor on this machine: the real pip, a real index in all its moods."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from jupyter_mlplatform.errors import NotFound
from jupyter_mlplatform.packages.models import Outcome
from tests.packages.conftest import Build, checks, examined, use
from tests.packages.index import PASSWORD, USER, Index
from tests.poll import until


def test_a_workspace_that_uses_the_mirror_is_well(
    service: Build, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = service(pip_index=index.url)
    use(found.apply().exports, monkeypatch)
    examination = examined(found)
    assert {name: check.outcome.value for name, check in checks(examination).items()} == dict.fromkeys(
        ["pip.index", "pip.extra_index", "pip.own_files", "credentials", "pip.patience", "pip.answers", "pip.hosts"],
        "ok",
    ) | {"conda.channels": "ok"}
    assert (examination.state, examination.done, examination.total) == ("done", 8, 8)
    assert index.asked == ["/simple/pip/"]
    assert service(pip_index=index.url).status().last == examination


def test_before_apply_the_doctor_says_which_index_pip_uses(service: Build, index: Index) -> None:
    found = checks(examined(service(pip_index=index.url)))
    assert found["pip.index"].outcome is Outcome.FAILED
    assert "public index" in found["pip.index"].evidence
    assert found["pip.patience"].outcome is Outcome.WARNING


def test_without_a_mirror_in_the_policy_nobody_is_contacted(service: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://own.example.com/simple")
    found = checks(examined(service()))
    assert {check.outcome for check in found.values()} == {Outcome.OK}
    assert "https://own.example.com/simple" in found["pip.index"].evidence


@pytest.mark.parametrize(
    ("mood", "evidence"), [("hung", "respond"), ("locked", "401"), ("page", "names no file"), ("dead", "refused")]
)
def test_an_index_that_does_not_serve_packages_fails_with_the_reason(
    service: Build, index: Index, mood: str, evidence: str
) -> None:
    index.mood = mood
    url = index.url
    if mood == "dead":
        index.close()
    found = checks(examined(service(pip_index=url)))["pip.answers"]
    assert found.outcome is Outcome.FAILED
    assert evidence in found.evidence.replace("Read timed out", "respond")


def test_an_index_whose_files_are_elsewhere_fails(service: Build, index: Index) -> None:
    index.mood = "elsewhere"
    found = checks(examined(service(pip_index=index.url)))
    assert found["pip.answers"].outcome is Outcome.OK
    assert found["pip.hosts"].outcome is Outcome.FAILED
    assert "elsewhere.example.com" in found["pip.hosts"].evidence


def test_an_index_that_sends_pip_on_to_another_server_fails(service: Build, index: Index) -> None:
    other = Index()
    index.mood, index.new_address = "moved", other.url.removesuffix("simple/")
    found = checks(examined(service(pip_index=index.url)))
    other.close()
    assert other.asked == ["/simple/pip/"]
    assert found["pip.answers"].outcome is Outcome.OK
    assert found["pip.hosts"].outcome is Outcome.FAILED
    assert f"127.0.0.1:{other.server_address[1]}" in found["pip.hosts"].evidence


def test_extra_indexes_and_stale_files_are_found_and_no_secret_is_ever_shown_or_stored(
    service: Build, index: Index, monkeypatch: pytest.MonkeyPatch, empty_home: Path, packages_home: Path
) -> None:
    secret = f"https://{USER}:{PASSWORD}@other.example.com/simple"
    mine = empty_home / ".pip" / "pip.conf"
    mine.parent.mkdir()
    mine.write_text(f"[global]\nindex-url = {secret}\n")
    condarc = empty_home / ".condarc"
    condarc.write_text(f"channels: [https://conda.example.com/t/{PASSWORD}/main, defaults]\n")
    found = service(pip_index=index.url, conda_channels=("team",))
    use(found.apply().exports, monkeypatch)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", secret)
    examination = examined(found)
    outcome = {name: check.outcome.value for name, check in checks(examination).items()}
    assert outcome["pip.index"] == "ok"
    assert outcome["pip.extra_index"] == outcome["credentials"] == outcome["conda.channels"] == "failed"
    assert outcome["pip.own_files"] == outcome["conda.defaults"] == "warning"
    assert PASSWORD not in msgspec.json.encode(examination).decode()
    stored = [path for path in packages_home.rglob("*") if path.is_file()]
    assert stored
    assert all(PASSWORD not in path.read_text() for path in stored)


def test_a_second_question_joins_the_examination_that_runs_also_from_another_process(
    service: Build, index: Index
) -> None:
    index.mood = "hung"
    found, other = service(pip_index=index.url), service(pip_index=index.url)
    begun = found.examine()
    assert begun.state == "running"
    assert found.examine().id == other.examine().id == begun.id
    assert other.status().last is not None
    until(lambda: found.examination(begun.id).state == "done", seconds=30)
    again = other.examine()
    assert again.id != begun.id
    with pytest.raises(NotFound, match="Only the last"):
        found.examination(begun.id)
    until(lambda: other.examination(again.id).state == "done", seconds=30)


def test_cancelled_it_stops_at_once_and_keeps_what_it_found(service: Build, index: Index) -> None:
    index.mood = "hung"
    found, other = service(pip_index=index.url, timeout_seconds=60), service(pip_index=index.url)
    begun = found.examine()
    until(lambda: index.asked, seconds=30)
    asked_to_stop = time.monotonic()
    other.cancel(begun.id)
    ended = until(lambda: (now := other.examination(begun.id)).state != "running" and now, seconds=10)
    assert time.monotonic() - asked_to_stop < 5
    assert (ended.state, ended.note) == ("cancelled", "It was stopped.")
    assert 0 < ended.done < ended.total
    assert ended.finished_at is not None
    assert found.cancel(begun.id) == ended


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from jupyter_mlplatform.packages.local.environment import ProcessEnvironment
from jupyter_mlplatform.packages.local.examinations import JsonExaminations
from jupyter_mlplatform.packages.local.files import PrefixFiles
from jupyter_mlplatform.packages.local.probe import MachineProbe
from jupyter_mlplatform.packages.service import PackagesService
from jupyter_mlplatform.policy import PackagesPolicy
from jupyter_mlplatform.wiring import utc_now
home = Path(sys.argv[1])
service = PackagesService(policy=PackagesPolicy(pip_index=sys.argv[2], timeout_seconds=60), files=PrefixFiles(home),
                          environment=ProcessEnvironment({}, {}),
                          probe=MachineProbe(), examinations=JsonExaminations(home), clock=utc_now)
print(service.examine().id, flush=True)
time.sleep(600)
"""


def test_one_whose_server_was_killed_reads_as_cancelled_and_the_next_may_begin(
    service: Build, index: Index, packages_home: Path
) -> None:
    index.mood = "hung"
    root = str(Path(__file__).parents[2])
    arguments = [sys.executable, "-c", KILLED, str(packages_home), index.url, root]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        begun = process.stdout.readline().strip()
        found = service(pip_index=index.url)
        until(lambda: index.asked, seconds=30)
        assert found.examination(begun).state == "running"
        process.kill()
    index.released.set()
    ended = found.examination(begun)
    assert (ended.state, ended.note) == ("cancelled", "The process that ran it has ended.")
    assert ended.done > 0
    index.mood = "well"
    assert examined(found).state == "done"
