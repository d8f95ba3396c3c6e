"""pip.conf"""

from __future__ import annotations

from jupyter_mlplatform.policy import PackagesPolicy

NAME = "pip.conf"


def render(policy: PackagesPolicy) -> str:
    """The text of a pip.conf that names one index and nothing beside it.

    The empty ``extra-index-url`` is deliberate: it outranks the same key of the machine's file, which pip reads too.
    """
    lines = [
        "# Written by 'mlplat packages apply' from the policy; what is changed here is lost.",
        "[global]",
        f"index-url = {policy.pip_index}",
        "extra-index-url =",
        f"timeout = {policy.timeout_seconds}",
        f"retries = {policy.retries}",
        "no-input = true",
        "disable-pip-version-check = true",
    ]
    if policy.ca_bundle:
        lines.append(f"cert = {policy.ca_bundle}")
    return "\n".join(lines) + "\n"
