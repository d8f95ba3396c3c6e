"""What the doctor found on the machine, before it judges."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where an installation would look, as pip itself says. ``problem``: why pip could not be asked.

    ``indexes`` is empty when pip uses the index that is built into it, or none.
    """

    indexes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    problem: str = ""


class IndexAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What pip got when it asked an index for one project.

    ``content_type`` is set when a page came, ``files`` are the addresses that it names, ``contacted`` the servers that
    pip went to, ``reason`` why no page came, in pip's words; ``seconds`` is how long it took.
    """

    content_type: str = ""
    files: tuple[str, ...] = ()
    contacted: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0


class PipFile(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration file of pip. ``owner`` is ``person``, ``environment``, ``machine`` or ``variable``."""

    path: str
    owner: str
    text: str = ""
    problem: str = ""


class CondaFile(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration file of conda that exists; ``None`` means that it does not set the list."""

    path: str
    channels: tuple[str, ...] | None = None
    default_channels: tuple[str, ...] | None = None
    text: str = ""
    problem: str = ""


class Facts(Protocol):
    """All that the checks may look at."""

    @property
    def interpreter(self) -> str:
        """The Python whose pip is examined."""

    @property
    def sources(self) -> Sources:
        """Where an installation would look."""

    @property
    def settings(self) -> dict[str, str]:
        """The options in force, as pip lists them: ``timeout``, ``retries``, ``no-index``, …"""

    @property
    def answer(self) -> IndexAnswer:
        """What the policy's index answered."""

    @property
    def pip_files(self) -> tuple[PipFile, ...]:
        """pip's configuration files."""

    @property
    def conda_files(self) -> tuple[CondaFile, ...]:
        """conda's configuration files, in the order in which conda reads them."""

    @property
    def conda_command(self) -> str:
        """Path of the conda command, empty where there is none."""

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that steer the clients."""

    @property
    def written(self) -> dict[str, str]:
        """Paths of the files that we wrote, by tool."""

    @property
    def bundle_problem(self) -> str:
        """Why the policy's CA bundle cannot be used; empty when it can."""
