"""A world that looks like SageMaker Studio: its metadata file, and where its API answers."""

from __future__ import annotations

import json

from tests.idle.scenarios.world import Plan, World

PORT = "8042"
APP = {"DomainId": "d-abcdefghijkl", "SpaceName": "alice-space", "AppType": "JupyterLab", "AppName": "default"}
METADATA = {
    "AppType": "JupyterLab",
    "DomainId": APP["DomainId"],
    "SpaceName": APP["SpaceName"],
    "UserProfileName": "alice",
    "ExecutionRoleArn": "arn:aws:iam::111122223333:role/workspace",
    "ResourceArn": "arn:aws:sagemaker:eu-central-1:111122223333:app/d-abcdefghijkl/alice-space/JupyterLab/default",
    "ResourceName": "default",
}


def _write_metadata(world: World) -> None:
    (world.folder / "metadata.json").write_text(json.dumps(METADATA))


def studio(stop: str, *, watchdog: bool = False) -> Plan:
    """``stop`` is how the policy says that the workspace is stopped."""
    environment = {
        "RESOURCE_METADATA_FILE": "{world}/metadata.json",
        "AWS_ENDPOINT_URL_SAGEMAKER": f"http://127.0.0.1:{PORT}",
        "AWS_ACCESS_KEY_ID": "stand-in",
        "AWS_SECRET_ACCESS_KEY": "stand-in",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return Plan(idle={"stop": stop, "watchdog": watchdog}, environment=environment, prepare=_write_metadata)
