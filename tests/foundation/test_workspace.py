"""Who works here, and where."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest

from jupyter_mlplatform import workspace
from jupyter_mlplatform.errors import Forbidden, Invalid, Unavailable
from jupyter_mlplatform.workspace import Place


@pytest.fixture(autouse=True)
def no_metadata_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "METADATA_FILE", tmp_path / "nowhere.json")


def test_on_a_plain_machine_the_person_is_the_account_and_not_a_variable() -> None:
    found, _ = workspace.resolve({"USER": "mallory", "LOGNAME": "mallory"})
    assert found.place is Place.MACHINE
    assert found.who() == pwd.getpwuid(os.geteuid()).pw_name


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace.os, "geteuid", lambda: 123456789)
    assert workspace.resolve({})[0].who() == "uid-123456789"


def test_on_jupyterhub_the_person_is_the_hubs_user() -> None:
    environment = {"JUPYTERHUB_USER": "alice", "JUPYTERHUB_API_URL": "http://hub/api", "JUPYTERHUB_SERVER_NAME": "gpu"}
    found, _ = workspace.resolve(environment)
    assert (found.place, found.who(), found.details) == (Place.JUPYTERHUB, "alice", {"server": "gpu"})


def test_on_studio_the_person_comes_from_the_metadata_file(tmp_path: Path) -> None:
    document = {
        "AppType": "JupyterLab",
        "DomainId": "d-abc123",
        "UserProfileName": "alice",
        "SpaceName": "alices-space",
        "ResourceName": "default",
    }
    file = tmp_path / "metadata.json"
    file.write_text(json.dumps(document))
    found, _ = workspace.resolve({"RESOURCE_METADATA_FILE": str(file)})
    assert (found.place, found.who()) == (Place.SAGEMAKER, "alice")
    assert found.details == {"domain": "d-abc123", "space": "alices-space", "app": "JupyterLab", "app_name": "default"}


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"text"'])
def test_a_half_written_metadata_file_names_nobody_and_says_why(tmp_path: Path, content: str) -> None:
    file = tmp_path / "metadata.json"
    file.write_text(content)
    found, _ = workspace.resolve({"RESOURCE_METADATA_FILE": str(file)})
    assert found.place is Place.SAGEMAKER
    with pytest.raises(Unavailable) as caught:
        found.who()
    assert str(file) in caught.value.problem.cause


@pytest.mark.parametrize(
    ("pinned", "person"),
    [("auto", "mallory"), ("account", pwd.getpwuid(os.geteuid()).pw_name), ("jupyterhub", "eve"), ("sagemaker", "")],
)
def test_a_pinned_identity_cannot_be_changed_by_a_variable(
    tmp_path: Path, policy_file: Path, pinned: str, person: str
) -> None:
    policy_file.write_text(f"[workspace]\nidentity = '{pinned}'\n")
    forged = tmp_path / "forged.json"
    forged.write_text('{"UserProfileName": "mallory"}')
    environment = {
        "RESOURCE_METADATA_FILE": str(forged),
        "JUPYTERHUB_USER": "eve",
        "JUPYTERHUB_API_URL": "http://hub/api",
    }
    assert workspace.resolve(environment)[0].person == person


def test_a_pinned_hub_without_a_user_names_nobody(policy_file: Path) -> None:
    policy_file.write_text("[workspace]\nidentity = 'jupyterhub'\n")
    with pytest.raises(Unavailable, match="JUPYTERHUB_USER"):
        workspace.resolve({})[0].who()


def test_shared_state_lies_where_the_policy_says(tmp_path: Path, policy_file: Path) -> None:
    policy_file.write_text(f"[state]\npath = '{tmp_path / 'shared'}'\n")
    found, _ = workspace.resolve({})
    assert found.shared_dir == tmp_path / "shared"
    assert found.local_dir != found.shared_dir


def demo_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "demo" / "people" / "alice"
    folder.mkdir(parents=True)
    (folder / "place.toml").write_text('person = "alice"\npolicy = "../../policy.toml"\nshared = "../../shared"\n')
    (tmp_path / "demo" / "policy.toml").write_text('[workspace]\nname = "Demo"\n')
    return folder


def test_a_demo_folder_brings_its_own_person_policy_and_state(tmp_path: Path) -> None:
    folder = demo_folder(tmp_path)
    found, effective = workspace.resolve({"MLPLAT_DEMO": str(folder)})
    assert (found.place, found.who(), found.name) == (Place.DEMO, "alice", "Demo")
    assert found.shared_dir == tmp_path / "demo" / "shared"
    assert effective.path is not None


def test_a_demo_is_refused_where_an_installed_policy_does_not_allow_it(tmp_path: Path, policy_file: Path) -> None:
    policy_file.write_text("[access]\nfour_eyes = true\n")
    with pytest.raises(Forbidden) as caught:
        workspace.resolve({"MLPLAT_DEMO": str(demo_folder(tmp_path))})
    assert caught.value.problem.code == "workspace.demo_forbidden"


@pytest.mark.parametrize("shared", ["{real}", "{real}/deeper", "{real}/.."])
def test_a_demo_may_not_point_to_the_real_state(tmp_path: Path, policy_file: Path, shared: str) -> None:
    real = tmp_path / "srv" / "state"
    policy_file.write_text(f"[workspace]\ndemo_allowed = true\nidentity = 'account'\n[state]\npath = '{real}'\n")
    folder = demo_folder(tmp_path)
    place = f'person = "bob"\npolicy = "../../policy.toml"\nshared = "{shared.format(real=real)}"\n'
    (folder / "place.toml").write_text(place)
    with pytest.raises(Forbidden) as caught:
        workspace.resolve({"MLPLAT_DEMO": str(folder)})
    assert str(real) in caught.value.problem.cause


def test_a_broken_demo_folder_says_how_to_mend_it(tmp_path: Path) -> None:
    folder = demo_folder(tmp_path)
    (folder / "place.toml").write_text("person = 3\n")
    with pytest.raises(Invalid) as caught:
        workspace.resolve({"MLPLAT_DEMO": str(folder)})
    assert "--reset" in caught.value.problem.next_step
