"""Which SageMaker app this is, from the metadata file that SageMaker puts into every app. Pure: the text is given.

The entries are those of https://docs.aws.amazon.com/sagemaker/latest/dg/notebooks-run-and-manage-metadata.html
"""

from __future__ import annotations

import json
import re

import msgspec

_REGION = re.compile(r"arn:[\w-]+:sagemaker:([a-z0-9-]+):")


class AppIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The name of an app. One of a space is named by the space, one of a person by the user profile."""

    domain: str = ""
    space: str = ""
    user_profile: str = ""
    app_type: str = ""
    name: str = ""
    region: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The entries of the file without which the app cannot be named."""
        found = {
            "DomainId": self.domain,
            "SpaceName or UserProfileName": self.space or self.user_profile,
            "AppType": self.app_type,
            "ResourceName": self.name,
        }
        return tuple(entry for entry, value in found.items() if not value)

    @property
    def request(self) -> dict[str, str]:
        """The members that DescribeApp and DeleteApp take."""
        owner = {"SpaceName": self.space} if self.space else {"UserProfileName": self.user_profile}
        return {"DomainId": self.domain, **owner, "AppType": self.app_type, "AppName": self.name}


def parse(text: str) -> AppIdentity:
    """Whatever can be read from the file; one that was cut short or is no JSON object lacks everything."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return AppIdentity()
    if not isinstance(document, dict):
        return AppIdentity()

    def entry(key: str) -> str:
        value = document.get(key)
        return value if isinstance(value, str) else ""

    region = _REGION.match(entry("ResourceArn"))
    return AppIdentity(
        domain=entry("DomainId"),
        space=entry("SpaceName"),
        user_profile=entry("UserProfileName"),
        app_type=entry("AppType"),
        name=entry("ResourceName"),
        region=region.group(1) if region else "",
    )
