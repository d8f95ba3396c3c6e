"""From a project to the plan that a person sees: one form, the same bytes each time, and nothing changed by it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyter_mlplatform.errors import Invalid, NotFound, PlatformError
from jupyter_mlplatform.handoff.compile import VERSION
from jupyter_mlplatform.handoff.models import Finding, NewPlan, Plan, Severity
from jupyter_mlplatform.handoff.plan import canonical
from tests.handoff.conftest import GRANT_ENDS, Place


def plan(place: Place, path: str, person: str = "alice", **params: Any) -> Plan:
    return place.service.plan(person, place.root, NewPlan(path=path, params=params))


def blocked(plan: Plan) -> list[Finding]:
    return [each for each in plan.findings if each.severity is Severity.BLOCKED]


def finding(plan: Plan, check: str) -> Finding:
    return next(each for each in plan.findings if each.check == check)


def test_a_notebook_without_a_spec_is_one_training_step_and_a_version(place: Place) -> None:
    found = plan(place, place.notebook())
    assert [(step.name, step.type, step.depends_on) for step in found.steps] == [
        ("train", "Training", ()),
        ("register", "RegisterModel", ("train",)),
    ]
    assert found.startable
    assert found.params == {"lr": 0.1, "name": "x"}


def test_a_notebook_that_writes_no_model_says_that_no_version_will_come(place: Place) -> None:
    found = plan(place, place.notebook(("", "1 + 1")))
    assert [step.name for step in found.steps] == ["train"]
    assert finding(found, "model").severity is Severity.WARNING
    assert found.startable


def test_planning_twice_gives_the_same_bytes(place: Place) -> None:
    path = place.steps()
    assert canonical(msgspec.to_builtins(plan(place, path))) == canonical(msgspec.to_builtins(plan(place, path)))


def test_the_plan_does_not_depend_on_where_the_root_is(place: Place) -> None:
    inner = place.root / "team"
    inner.mkdir()
    place.notebook(path="team/two.ipynb")
    from_root = plan(place, "team/two.ipynb")
    from_team = place.service.plan("alice", inner, NewPlan(path="two.ipynb"))
    assert (from_root.path, from_team.path) == ("team/two.ipynb", "two.ipynb")
    assert from_root.hash == from_team.hash


def test_the_hash_changes_with_code_parameters_and_data(place: Place) -> None:
    path = place.steps()
    hashes = {plan(place, path).hash, plan(place, path, lr=0.2).hash}
    place.lineage.fingerprint = "sha256:def"
    hashes.add(plan(place, path).hash)
    (place.root / "train.py").write_text("# other\n")
    hashes.add(plan(place, path).hash)
    assert len(hashes) == 4


def test_the_definition_is_a_pipeline_whose_edges_are_references(place: Place) -> None:
    found = plan(place, place.steps())
    definition = found.definition
    assert definition["Version"] == VERSION
    assert {step.name: step.depends_on for step in found.steps} == {
        "prepare": (),
        "train": ("prepare",),
        "evaluate": ("train", "prepare"),
        "gate": ("evaluate",),
        "register": ("train", "evaluate", "gate"),
        "gate-not-met": ("gate",),
    }
    training = definition["Steps"][1]["Arguments"]
    assert training["EnableManagedSpotTraining"] is True
    assert training["StoppingCondition"]["MaxWaitTimeInSeconds"] > training["StoppingCondition"]["MaxRuntimeInSeconds"]


def test_the_definition_names_no_person_and_no_grant(place: Place) -> None:
    text = json.dumps(plan(place, place.steps()).definition)
    assert "alice" not in text
    assert "grant-1" not in text


def test_the_policy_is_in_every_step(place_with: Callable[..., Place]) -> None:
    place = place_with(
        kms_key="arn:aws:kms:eu-central-1:111122223333:key/k",
        subnets=("subnet-1",),
        security_groups=("sg-1",),
        role_arn="arn:aws:iam::111122223333:role/mlplatform",
        tags={"team": "welding"},
    )
    found = plan(place, place.steps())
    for step in found.definition["Steps"][:3]:
        text = json.dumps(step["Arguments"])
        for word in ("key/k", "subnet-1", "sg-1", "role/mlplatform", "welding"):
            assert word in text, (step["Name"], word)
    assert blocked(found) == []


def test_the_summary_and_the_cost_are_for_people(place_with: Callable[..., Place]) -> None:
    place = place_with(price_per_hour={"ml.m5.large": 0.1, "ml.m5.xlarge": 0.2})
    found = plan(place, place.steps())
    assert "3 steps run on this machine" in found.summary
    assert f"first grant ends {GRANT_ENDS:%Y-%m-%d}" in found.summary
    assert "0.40 EUR (an estimate" in found.cost


def test_an_instance_type_that_the_policy_does_not_allow_blocks(place_with: Callable[..., Place]) -> None:
    found = plan(place := place_with(instance_types=("ml.m5.large",)), place.steps())
    assert "Did you mean 'ml.m5.large'?" in finding(found, "instances").message
    assert not found.startable


def test_without_a_grant_it_is_blocked_and_says_why(place: Place) -> None:
    found = plan(place, place.steps(), person="carol")
    (why,) = blocked(found)
    assert (why.message, why.fix) == ("You have no access to weld_guns.", "Ask for it.")


@pytest.mark.parametrize(("kernel", "says"), [("", "names no kernel"), ("python33", "Did you mean 'python3'?")])
def test_a_notebook_without_an_installed_kernel_is_blocked_with_the_fix(place: Place, kernel: str, says: str) -> None:
    found = plan(place, place.notebook(kernel=kernel))
    (why,) = blocked(found)
    assert says in why.message
    assert why.fix


@pytest.mark.parametrize(
    ("cell", "check", "severity", "says"),
    [
        ("def (", "cells", "blocked", "Cell 2, line 1"),
        ("key = 'AKIAABCDEFGHIJKLMNOP'", "secrets", "blocked", "an AWS access key"),
        ("k = '-----BEGIN RSA PRIVATE KEY-----'", "secrets", "blocked", "a private key"),
        ("x = 1\npassword = 'hunter2hunter2'", "secrets", "warning", "Cell 2, line 2, looks like a written-down"),
        ('DB_PASSWORD = "hunter2hunter2"', "secrets", "warning", "written-down password"),
        ('connect(api_key="hunter2hunter2")', "secrets", "warning", "written-down password"),
        ("%pip install x", "packages", "warning", "Cell 2 installs packages"),
    ],
)
def test_what_is_found_in_a_cell(place: Place, cell: str, check: str, severity: str, says: str) -> None:
    found = plan(place, place.notebook(("", cell)))
    each = finding(found, check)
    assert (each.severity.value, says in each.message) == (severity, True), each
    assert "hunter2" not in json.dumps(msgspec.to_builtins(found.findings))
    assert "AKIA" not in json.dumps(msgspec.to_builtins(found.findings))


@pytest.mark.parametrize(
    "cell", ["%matplotlib inline\nx = !ls\ny = %time 1\nprint?\nawait f()", "%%bash\nls (", "!ls", "x = ('%s'\n  % 3)"]
)
def test_magics_and_await_are_no_syntax_errors(place: Place, cell: str) -> None:
    assert blocked(plan(place, place.notebook(("", cell)))) == []


def test_a_tag_that_no_cell_has_blocks(place: Place) -> None:
    place.notebook(("prepare", "1"))
    (place.root / "handoff.yaml").write_text(
        "{handoff: 1, name: a, source: {entry: two.ipynb}, steps: [{name: p, cells: [prepaer]}]}"
    )
    found = plan(place, "two.ipynb")
    assert "'prepaer'" in blocked(found)[0].message
    assert "Did you mean 'prepare'?" in blocked(found)[0].message


def test_a_spec_of_another_notebook_does_not_count(place: Place) -> None:
    place.notebook()
    place.steps()
    assert plan(place, "two.ipynb").name == "two"
    assert plan(place, "prepare.py").name == "welds"


@pytest.mark.parametrize("path", ["../secret.ipynb", "/etc/passwd", "link.ipynb", "folder/../../secret.ipynb"])
def test_a_path_that_leaves_the_root_is_refused(place: Place, path: str) -> None:
    place.notebook(path="../secret.ipynb")
    (place.root / "folder").mkdir()
    (place.root / "link.ipynb").symlink_to(place.root.parent / "secret.ipynb")
    with pytest.raises(Invalid) as caught:
        plan(place, path)
    assert caught.value.problem.code == "handoff.outside"


@pytest.mark.parametrize("path", ["", "circle.ipynb", "x" * 5000 + ".ipynb", "a\0.ipynb"])
def test_what_is_no_path_is_refused(place: Place, path: str) -> None:
    (place.root / "circle.ipynb").symlink_to("circle.ipynb")
    with pytest.raises(Invalid) as caught:
        plan(place, path)
    assert caught.value.problem.code == "handoff.path"


@pytest.mark.parametrize("field", ["root: ..", "root: /", "root: out"])
def test_a_spec_that_leads_out_of_the_root_is_refused(place: Place, field: str) -> None:
    (place.root / "out").symlink_to(place.root.parent)
    (place.root / "handoff.yaml").write_text(f"{{handoff: 1, name: a, source: {{{field}, entry: a.py}}}}")
    with pytest.raises(Invalid) as caught:
        plan(place, "handoff.yaml")
    assert caught.value.problem.code == "handoff.outside"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.ipynb", b"not json", "handoff.notebook_broken"),
        ("a.ipynb", b"[]", "handoff.notebook_broken"),
        ("a.ipynb", b'{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "handoff.notebook_broken"),
        ("a.ipynb", b'{"cells": [{"cell_type": "x"}], "nbformat": 4, "metadata": {}}', "handoff.notebook_broken"),
        ("a.ipynb", b"\xff\xfe", "handoff.not_text"),
        ("handoff.yaml", b"a: [", "handoff.spec_invalid"),
        ("handoff.yaml", b"handoff: 1\nhandoff: 1", "handoff.spec_invalid"),
        ("handoff.yaml", b"!!python/object/apply:os.system [ls]", "handoff.spec_invalid"),
        ("handoff.yaml", b"#" * 70_000, "handoff.too_large"),
        ("a.txt", b"x", "handoff.not_code"),
    ],
)
def test_a_broken_file_is_a_clear_error(place: Place, name: str, content: bytes, code: str) -> None:
    (place.root / name).write_bytes(content)
    with pytest.raises(PlatformError) as caught:
        plan(place, name)
    problem = caught.value.problem
    assert problem.code == code
    assert problem.next_step or problem.cause


def test_a_file_that_is_not_there_is_not_found(place: Place) -> None:
    with pytest.raises(NotFound):
        plan(place, "nothing.ipynb")


class TestTheBundle:
    def test_it_is_the_same_for_the_same_files(self, place: Place) -> None:
        path = place.notebook()
        first = plan(place, path).bundle
        content = Path(first.path).read_bytes()
        Path(first.path).unlink()
        os.utime(place.root / path, (1, 1))
        second = plan(place, path).bundle
        assert first == second
        assert Path(second.path).read_bytes() == content

    def test_an_unchanged_project_is_not_packed_again(self, place: Place) -> None:
        path = place.notebook()
        written = Path(plan(place, path).bundle.path).stat().st_mtime_ns
        assert Path(plan(place, path).bundle.path).stat().st_mtime_ns == written

    def test_what_is_ignored_is_left_out_and_links_that_lead_out_too(self, place: Place) -> None:
        path = place.notebook()
        for name in (".venv/x", ".git/x", "__pycache__/x", "data/raw.csv", "notes/a.tmp", "keep/b.txt"):
            (place.root / name).parent.mkdir(exist_ok=True)
            (place.root / name).write_text("x")
        (place.root / ".mlplatignore").write_text("# comment\ndata/\n*.tmp\n")
        (place.root / "out").symlink_to("/etc/hostname")
        found = plan(place, path)
        assert found.bundle.files == (".mlplatignore", "keep/b.txt", "two.ipynb")
        assert "the first is out" in finding(found, "bundle").message

    def test_in_git_what_git_ignores_is_left_out(self, place: Place) -> None:
        path = place.notebook()
        subprocess.run(["git", "init", "-q"], cwd=place.root, check=True)
        (place.root / ".gitignore").write_text("big.bin\n")
        (place.root / "big.bin").write_text("x")
        (place.root / "new.py").write_text("x = 1")
        assert plan(place, path).bundle.files == (".gitignore", "new.py", "two.ipynb")

    def test_a_project_in_a_folder_that_git_ignores_as_a_whole_is_packed(self, place: Place) -> None:
        """Such a folder is not the repository's: a scratch or demo folder inside somebody's clone."""
        path = place.notebook()
        (place.root / "lib.py").write_text("x = 1")
        subprocess.run(["git", "init", "-q"], cwd=place.root.parent, check=True)
        (place.root.parent / ".gitignore").write_text(f"/{place.root.name}/\n")
        bundle = plan(place, path).bundle
        assert bundle.files == ("lib.py", "two.ipynb")

    def test_code_that_is_ignored_blocks(self, place: Place) -> None:
        path = place.steps()
        (place.root / ".mlplatignore").write_text("train.py\n")
        assert "train.py is not packed" in blocked(plan(place, path))[0].message

    def test_a_secret_in_an_output_is_found_too(self, place: Place) -> None:
        path = place.notebook()
        document = json.loads((place.root / path).read_text())
        document["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "AKIAABCDEFGHIJKLMNOP"}]
        (place.root / path).write_text(json.dumps(document))
        assert finding(plan(place, path), "secrets").message == "The output of cell 2, line 1, holds an AWS access key."

    def test_looking_for_secrets_is_quick_on_long_lines(self, place: Place) -> None:
        path = place.notebook()
        (place.root / "long.txt").write_text("password" * 120_000)
        assert finding(plan(place, path), "secrets").severity is Severity.OK

    def test_a_secret_in_any_file_is_found_without_quoting_it(self, place: Place) -> None:
        path = place.notebook()
        (place.root / ".env").write_text("X=1\nAWS_ACCESS_KEY_ID=AKIAABCDEFGHIJKLMNOP\n")
        assert finding(plan(place, path), "secrets").message == ".env, line 2, holds an AWS access key."
