"""Who am I, where do I run, and where is the state: answered once, at start.

The first that fits: a demo folder, a SageMaker Studio app (its metadata file), a JupyterHub server, a plain machine.
On a plain machine a person is the operating-system account of the process. Where a person could pretend to be
elsewhere by setting environment variables, the policy pins the source (``workspace.identity``).
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
from jupyter_core.paths import jupyter_data_dir

from jupyter_mlplatform import policy as policies
from jupyter_mlplatform.errors import Forbidden, Invalid, Unavailable
from jupyter_mlplatform.policy import EffectivePolicy

DEMO_VARIABLE = "MLPLAT_DEMO"
METADATA_VARIABLE = "RESOURCE_METADATA_FILE"
METADATA_FILE = Path("/opt/ml/metadata/resource-metadata.json")


class Place(str, Enum):
    """Where a workspace runs."""

    MACHINE = "machine"
    JUPYTERHUB = "jupyterhub"
    SAGEMAKER = "sagemaker"
    DEMO = "demo"


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """One person's workspace.

    ``shared_dir`` holds what people share (requests, grants, runs, versions), ``local_dir`` what is this workspace's
    own (idle state). ``identity_from`` says in words where ``person`` comes from; an empty ``person`` means that the
    identity could not be found out and ``problem`` says why.
    """

    person: str
    identity_from: str
    place: Place
    name: str
    shared_dir: Path
    local_dir: Path
    details: dict[str, str] = {}
    problem: str = ""

    def who(self) -> str:
        """The person, or ``Unavailable`` where nobody can be named: no command may act for an unknown person."""
        if not self.person:
            raise Unavailable(
                "workspace.no_identity",
                "It is not known who is working here.",
                cause=self.problem,
                next_step="Restart the workspace; if that does not help, ask your platform team.",
            )
        return self.person


class DemoPlace(policies.Strict, frozen=True):
    """``place.toml`` of a demo person: paths are relative to that file."""

    person: str
    policy: str
    shared: str
    local: str = "state"


def resolve(
    environ: Mapping[str, str] | None = None, policy_paths: tuple[Path, ...] | None = None
) -> tuple[Workspace, EffectivePolicy]:
    """The workspace of this process and the policy in force in it.

    A demo folder brings its own policy and its own state; it may not point to the real ones.
    Raises ``Invalid`` for a wrong policy file, ``Forbidden`` for a demo where the policy does not allow one.
    """
    env = os.environ if environ is None else environ
    effective = policies.load(policy_paths)
    if env.get(DEMO_VARIABLE):
        return _demo(Path(env[DEMO_VARIABLE]), effective)
    local = Path(jupyter_data_dir()) / "mlplatform"
    shared = Path(effective.policy.state.path) if effective.policy.state.path else local
    found = _identify(env, effective.policy.workspace.identity)
    return (
        Workspace(name=effective.policy.workspace.name, shared_dir=shared, local_dir=local, **found),
        effective,
    )


def _identify(env: Mapping[str, str], pinned: str) -> dict[str, Any]:
    """Who and where. A pinned source is used whatever the environment says; the metadata file then has its own path."""
    metadata = METADATA_FILE if pinned == "sagemaker" else Path(env.get(METADATA_VARIABLE) or METADATA_FILE)
    if pinned == "sagemaker" or (pinned == "auto" and metadata.exists()):
        return _sagemaker(metadata)
    hub_user = env.get("JUPYTERHUB_USER", "")
    if pinned == "jupyterhub" or (pinned == "auto" and hub_user and env.get("JUPYTERHUB_API_URL")):
        return {
            "place": Place.JUPYTERHUB,
            "person": hub_user,
            "identity_from": "JupyterHub",
            "details": {"server": env.get("JUPYTERHUB_SERVER_NAME", "") or "default"},
            "problem": "" if hub_user else "JUPYTERHUB_USER is not set, so this server was not started by JupyterHub.",
        }
    return {"place": Place.MACHINE, "person": _os_account(), "identity_from": "the operating system account"}


def _os_account() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # containers often run under a uid that has no account
        return f"uid-{os.geteuid()}"


def _sagemaker(metadata: Path) -> dict[str, Any]:
    found: dict[str, Any] = {
        "place": Place.SAGEMAKER,
        "person": "",
        "identity_from": "the SageMaker metadata file",
        "problem": f"{metadata} names neither a user profile nor a space.",
    }
    try:
        document = json.loads(metadata.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return {**found, "problem": f"{metadata} cannot be read: {error}."}
    if not isinstance(document, dict):
        return {**found, "problem": f"{metadata} does not hold a JSON object."}
    person = document.get("UserProfileName") or document.get("SpaceName") or ""
    wanted = {"DomainId": "domain", "SpaceName": "space", "AppType": "app", "ResourceName": "app_name"}
    found["details"] = {label: str(document[key]) for key, label in wanted.items() if document.get(key)}
    if person:
        found |= {"person": str(person), "problem": ""}
    return found


def check_demo_allowed(installed: EffectivePolicy) -> None:
    """Raises ``Forbidden`` where a policy is installed that does not allow a demo beside it."""
    if installed.path and not installed.policy.workspace.demo_allowed:
        raise Forbidden(
            "workspace.demo_forbidden",
            "The demo may not run on this machine.",
            cause=f"The policy {installed.path} does not set workspace.demo_allowed.",
            next_step=f"Unset {DEMO_VARIABLE}, or run the demo on another machine.",
        )


def _demo(folder: Path, installed: EffectivePolicy) -> tuple[Workspace, EffectivePolicy]:
    check_demo_allowed(installed)
    place_file = folder / "place.toml"
    try:
        place = msgspec.convert(policies.read_toml(place_file, code="workspace.demo_broken"), DemoPlace)
    except msgspec.ValidationError as error:
        raise Invalid(
            "workspace.demo_broken",
            f"The demo folder {folder} is not complete.",
            cause=f"{place_file}: {error}.",
            next_step="Run 'mlplat demo --reset' and start it again.",
        ) from error
    shared, local = (folder / place.shared).resolve(), (folder / place.local).resolve()
    real = Path(installed.policy.state.path).resolve() if installed.policy.state.path else None
    if real and any(real == each or real in each.parents or each in real.parents for each in (shared, local)):
        raise Forbidden(
            "workspace.demo_forbidden",
            "The demo may not use the state of this machine.",
            cause=f"{place_file} points into {real}, where the policy {installed.path} keeps the real state.",
            next_step="Run 'mlplat demo --reset' and start it again.",
        )
    effective = policies.load(((folder / place.policy).resolve(),))
    return (
        Workspace(
            person=place.person,
            identity_from="the demo",
            place=Place.DEMO,
            name=effective.policy.workspace.name,
            shared_dir=shared,
            local_dir=local,
        ),
        effective,
    )
