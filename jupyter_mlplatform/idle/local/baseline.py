"""Which processes were there before this software first ran on this machine, kept in a file for later servers.

A training that somebody starts under one server and that still runs under the next is not among them: what counts is
the first server since the machine, or the container, was started.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from jupyter_mlplatform.idle.process_table import Key, Scan, descends

BOOT = Path("/proc/sys/kernel/random/boot_id")
BOOTS_KEPT = 8
"""A home folder may be shared by several machines and containers, each with its own baseline."""

_log = logging.getLogger(__name__)


def boot_id() -> str:
    """The same until the machine is started again; empty where the system does not tell."""
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""


class BaselineFile:
    """``idle-baseline.json`` in a folder of this person."""

    def __init__(self, folder: Path, boot: Callable[[], str] = boot_id) -> None:
        self._path = folder / "idle-baseline.json"
        self._boot = boot
        self._keys: frozenset[Key] | None = None

    def of(self, scan: Scan) -> frozenset[Key]:
        """The baseline of this boot; ``scan`` becomes it, if there is none yet. Read and written once."""
        if self._keys is None:
            self._keys = self._read_or_write(scan)
        return self._keys

    def _read_or_write(self, scan: Scan) -> frozenset[Key]:
        first = scan.processes.get(1)
        # The first process tells a container from an earlier one on the same machine.
        boot = f"{self._boot()} {first.started if first else ''}"
        boots = self._read()
        if boot not in boots:
            present = [each.key for each in scan.processes.values() if not descends(scan, each.pid, scan.reader)]
            boots = {**dict([*boots.items()][1 - BOOTS_KEPT :]), boot: present}
            try:
                self._write(boots)
            except OSError as error:
                _log.warning("What ran before this server cannot be remembered for the next one: %s", error)
        return frozenset(boots[boot])

    def _read(self) -> dict[str, list[Key]]:
        with suppress(OSError, msgspec.DecodeError):  # none yet, or cut short: then this scan is the baseline
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, list[Key]])
        return {}

    def _write(self, boots: dict[str, list[Key]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(boots))
        draft.replace(self._path)
