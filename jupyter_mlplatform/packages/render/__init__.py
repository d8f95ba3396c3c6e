"""The clients' configuration files as text, made from the policy: one writer a tool, and never a secret in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from jupyter_mlplatform.addresses import has_credentials, redact
from jupyter_mlplatform.errors import Invalid
from jupyter_mlplatform.packages.models import Ecosystem
from jupyter_mlplatform.packages.render import conda, pip
from jupyter_mlplatform.policy import PackagesPolicy


class Rendered(msgspec.Struct, frozen=True):
    """One file: its name inside the prefix, its text, and the variables that make the client read it from there."""

    ecosystem: Ecosystem
    index: str
    name: str
    text: str
    exports: dict[str, str]


def render(policy: PackagesPolicy, prefix: Path) -> tuple[Rendered, ...]:
    """The files for every tool that the policy names a mirror for.

    Raises ``Invalid`` when an address holds credentials or a value would break out of its line: a policy is read by
    everybody, so its files must be harmless to read.
    """
    _refuse_unsafe(policy)
    made = []
    if policy.pip_index:
        exports = {"PIP_CONFIG_FILE": str(prefix / pip.NAME), "PIP_NO_INPUT": "1"}
        if policy.ca_bundle:
            # a PIP_CERT that is already in the environment would outrank the file
            exports["PIP_CERT"] = policy.ca_bundle
        made.append(Rendered(Ecosystem.PIP, policy.pip_index, pip.NAME, pip.render(policy), exports))
    if policy.conda_channels:
        text, exports = conda.render(policy), {"CONDARC": str(prefix / conda.NAME)}
        made.append(Rendered(Ecosystem.CONDA, ", ".join(policy.conda_channels), conda.NAME, text, exports))
    return tuple(made)


def _refuse_unsafe(policy: PackagesPolicy) -> None:
    for key, value in _values(policy):
        problem = ""
        if has_credentials(value):
            problem = f"packages.{key} holds a user name, password or token: {redact(value)}."
        elif not value.isprintable() or value != value.strip():
            problem = f"packages.{key} holds a line break or spaces around it."
        if problem:
            raise Invalid(
                "packages.unsafe_policy",
                "The policy's mirrors cannot be used.",
                cause=problem,
                next_step="Ask the platform team to correct the policy; credentials belong in a netrc file.",
            )


def _values(policy: PackagesPolicy) -> Iterator[tuple[str, str]]:
    yield "pip_index", policy.pip_index
    yield "conda_channel_alias", policy.conda_channel_alias
    yield "ca_bundle", policy.ca_bundle
    for channel in policy.conda_channels:
        yield "conda_channels", channel
