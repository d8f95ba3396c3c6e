"""SageMaker's apps behind the stand-in: what DescribeApp and DeleteApp do to them, and the metadata file inside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.aws.stand_in import Refusal, StandIn

REGION = "eu-central-1"
DOMAIN = "d-abcdefghijkl"
METADATA = {
    "AppType": "JupyterLab",
    "DomainId": DOMAIN,
    "UserProfileName": "alice",
    "SpaceName": "alice-space",
    "ResourceArn": f"arn:aws:sagemaker:{REGION}:111122223333:app/{DOMAIN}/alice-space/JupyterLab/default",
    "ResourceName": "default",
    "AppImageVersion": "",
}


class Apps:
    """One app, ``status`` InService until it is deleted. ``extra`` are further members of DescribeApp's answer.

    After DeleteApp, DescribeApp goes on telling the old status ``slow`` times, as a service of many copies may.
    """

    def __init__(self, region: str = REGION) -> None:
        self.stand_in = StandIn("sagemaker", region)
        self.stand_in.on("DescribeApp", self._describe)
        self.stand_in.on("DeleteApp", self._delete)
        self.status = "InService"
        self.extra: dict[str, Any] = {}
        self.slow = 0
        self._deleted = False

    def environment(self) -> dict[str, str]:
        """What sends an AWS library here. The home folder is the test's own, so that no other account is met."""
        return {
            "AWS_ENDPOINT_URL_SAGEMAKER": self.stand_in.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "3",
        }

    def _describe(self, request: dict[str, Any]) -> dict[str, Any]:
        self._check(request)
        if self._deleted and self.slow > 0:
            self.slow -= 1
        elif self._deleted:
            self.status = "Deleting"
        return {
            "DomainId": DOMAIN,
            "SpaceName": "alice-space",
            "AppType": "JupyterLab",
            "AppName": "default",
            "Status": self.status,
            **self.extra,
        }

    def _delete(self, request: dict[str, Any]) -> dict[str, Any]:
        self._check(request)
        self._deleted = True
        return {}

    def _check(self, request: dict[str, Any]) -> None:
        known = {"DomainId": DOMAIN, "SpaceName": "alice-space", "AppType": "JupyterLab", "AppName": "default"}
        if request != known:
            raise Refusal("ResourceNotFound")


def metadata_file(folder: Path, **changes: str | None) -> Path:
    """SageMaker's file, with entries changed or (None) left out."""
    document = {key: value for key, value in {**METADATA, **changes}.items() if value is not None}
    path = folder / "resource-metadata.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
