""".condarc"""

from __future__ import annotations

import json

from jupyter_mlplatform.policy import PackagesPolicy

NAME = ".condarc"


def render(policy: PackagesPolicy) -> str:
    """The text of a .condarc with the policy's channels, in which the name ``defaults`` stands for nothing.

    Strings are written as JSON, which YAML reads letter for letter.
    """
    lines = [
        "# Written by 'mlplat packages apply' from the policy; what is changed here is lost.",
        "channels:",
        *(f"  - {json.dumps(channel)}" for channel in policy.conda_channels),
        "default_channels: []",
        "channel_priority: strict",
        f"remote_connect_timeout_secs: {policy.timeout_seconds}.0",
        f"remote_read_timeout_secs: {policy.timeout_seconds}.0",
        f"remote_max_retries: {policy.retries}",
    ]
    if policy.conda_channel_alias:
        lines.append(f"channel_alias: {json.dumps(policy.conda_channel_alias)}")
    if policy.ca_bundle:
        lines.append(f"ssl_verify: {json.dumps(policy.ca_bundle)}")
    return "\n".join(lines) + "\n"
