"""Addresses of indexes and channels: their hosts, whether two are the same, and how to show them without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_USER_INFO = re.compile(r"(?<=://)[^/\s]+@")  # up to the last @: a password may hold one, and quotes
# conda's clients carry a token in the path, .../t/<token>/<channel>
_PATH_TOKEN = re.compile(r"(?<=/t/)[^/\s'\"]+(?=/)")
_VARIABLE = re.compile(r"\$\{\w+\}")
HIDDEN = "***"
_USUAL_PORTS = {"https": ":443", "http": ":80"}


def redact(text: str) -> str:
    """The text with every name, password and token inside an address replaced by ``***``."""
    return _PATH_TOKEN.sub(HIDDEN, _USER_INFO.sub(f"{HIDDEN}@", text))


def has_credentials(text: str) -> bool:
    """Whether an address in the text holds a name, a password or a token (``${VARIABLE}`` alone is none)."""
    plain = _VARIABLE.sub("", text)
    return any(found.group() != "@" for found in _USER_INFO.finditer(plain)) or bool(_PATH_TOKEN.search(plain))


def host(address: str) -> str:
    """The host of an address, with its port unless it is the usual one; empty for a folder or a bare channel name."""
    parts = urlsplit(address)
    if parts.scheme in ("", "file"):
        return ""
    return parts.netloc.rpartition("@")[2].lower().removesuffix(_USUAL_PORTS.get(parts.scheme.lower(), ""))


def hosts(addresses: Iterable[str]) -> frozenset[str]:
    """The hosts of those addresses that have one."""
    return frozenset(found for found in map(host, addresses) if found)


def allowed(found: str, permitted: Iterable[str]) -> bool:
    """Whether a host is permitted; a permitted host without a port stands for all its ports."""
    return found in permitted or found.partition(":")[0] in permitted


def same(one: str, other: str) -> bool:
    """Whether two addresses name the same index; closing slash, letter case of the host and user name do not count."""
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme.lower(), host(one), first.path.rstrip("/")) == (
        second.scheme.lower(),
        host(other),
        second.path.rstrip("/"),
    )
