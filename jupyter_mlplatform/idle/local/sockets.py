"""Sockets to other machines, and how much the network carries: from Linux, or through psutil elsewhere.

Linux counts the bytes of each TCP connection and tells everybody over a netlink socket (``man 7 sock_diag``; the
numbers are in ``linux/inet_diag.h`` and ``linux/tcp.h``). Where that is refused, ``/proc/net`` still lists them.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from jupyter_mlplatform.idle.network import Flow

PROC = Path("/proc")

Outside = Callable[[bytes, bytes], bool]
"""Whether a socket from one address to the other (4 or 16 bytes) leaves this machine."""

_BY_FAMILY, _DUMP, _DONE, _ERROR = 20, 0x301, 3, 2
_TCP_INFO = 2
_STATES = {socket.IPPROTO_TCP: 0xFFF & ~(1 << 3 | 1 << 6 | 1 << 10), socket.IPPROTO_UDP: 0xFFF}
"""All but half-open, waiting and listening ones."""

_MESSAGE = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI48s")
_ANSWER = struct.Struct("=BBBB4x16s16s4xQ8xIII")
_TCP_COUNTS = struct.Struct("=QQII")
_TCP_COUNTS_AT = 120
_HEADERS = 66
"""Bytes of Ethernet, IPv4 and TCP before the data of each packet."""

_TIMEOUT_SECONDS = 3.0


class Sockets(Protocol):
    """What the network of this machine does."""

    def counters(self) -> dict[str, int]:
        """Bytes in and out by interface, without the loopback."""
        ...

    def flows(self, pids: Iterable[int]) -> list[Flow]:
        """Sockets to other machines; perhaps only those of these processes."""
        ...

    def holders(self, pids: Iterable[int]) -> dict[int, set[int]]:
        """What these processes have open: :attr:`.Flow.holder` to process ids."""
        ...

    def name(self, pid: int) -> str:
        """The program of a process; empty if it has ended."""
        ...


def leaves(local: bytes, remote: bytes) -> bool:
    """Not to this machine itself, neither by the loopback nor by its own address; not unconnected."""
    short = remote[12:] if remote.startswith(bytes(10) + b"\xff\xff") else remote
    if len(short) == 4:
        return any(short) and short[0] != 127 and not local.endswith(short)
    return any(short) and short != bytes(15) + b"\x01" and short != local


class ProcSockets:
    """Linux."""

    def __init__(self, proc: Path = PROC, outside: Outside = leaves) -> None:
        self._proc = proc
        self._outside = outside

    def counters(self) -> dict[str, int]:
        """See :class:`Sockets`. Raises ``OSError``."""
        found = {}
        for line in (self._proc / "net" / "dev").read_text().splitlines()[2:]:
            name, _, numbers = line.partition(":")
            fields = numbers.split()
            if name.strip() != "lo" and len(fields) > 8:
                found[name.strip()] = int(fields[0]) + int(fields[8])
        return found

    def flows(self, pids: Iterable[int]) -> list[Flow]:
        """See :class:`Sockets`."""
        try:
            return list(self._from_netlink())
        except OSError:  # a sandbox forbids netlink; the lists are there, the counts are not
            return list(self._from_lists())

    def holders(self, pids: Iterable[int]) -> dict[int, set[int]]:
        """See :class:`Sockets`."""
        found: dict[int, set[int]] = {}
        for pid in pids:
            with suppress(OSError):  # it has ended, or hides its files
                for entry in os.scandir(self._proc / str(pid) / "fd"):
                    with suppress(OSError, ValueError):
                        kind, _, inode = os.readlink(entry.path).partition(":")  # noqa: PTH115 (a third of the time)
                        if kind == "socket":
                            found.setdefault(int(inode.strip("[]")), set()).add(pid)
        return found

    def name(self, pid: int) -> str:
        """See :class:`Sockets`."""
        with suppress(OSError):
            return (self._proc / str(pid) / "comm").read_text(errors="replace").strip()
        return ""

    def _from_netlink(self) -> Iterator[Flow]:
        for family in (socket.AF_INET, socket.AF_INET6):
            for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
                for local, remote, cookie, inode, carried in dump(family, protocol):
                    # A UDP socket that is not connected may send to anybody.
                    free = protocol == socket.IPPROTO_UDP and not any(remote) and not _is_loopback(local)
                    if free or self._outside(local, remote):
                        yield Flow(key=cookie, holder=inode, carried=carried)

    def _from_lists(self) -> Iterator[Flow]:
        for name in ("tcp", "tcp6", "udp", "udp6"):
            with suppress(OSError):  # no IPv6 on this machine
                for line in (self._proc / "net" / name).read_text().splitlines()[1:]:
                    fields = line.split()
                    local, remote, inode = _address(fields[1]), _address(fields[2]), int(fields[9])
                    free = name.startswith("udp") and not any(remote) and not _is_loopback(local)
                    if free or self._outside(local, remote):
                        yield Flow(key=inode, holder=inode)


def dump(family: int, protocol: int) -> Iterator[tuple[bytes, bytes, int, int, int | None]]:
    """Local and remote address, cookie, inode and bytes carried of every socket there is. Raises ``OSError``."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as link:  # 4: NETLINK_SOCK_DIAG
        link.settimeout(_TIMEOUT_SECONDS)
        asked = _REQUEST.pack(family, protocol, 1 << (_TCP_INFO - 1), _STATES[protocol], b"")
        link.sendall(_MESSAGE.pack(_MESSAGE.size + len(asked), _BY_FAMILY, _DUMP, 1, 0) + asked)
        width = 4 if family == socket.AF_INET else 16
        while True:
            block = link.recv(1 << 18)
            while len(block) >= _MESSAGE.size:
                length, kind, *_ = _MESSAGE.unpack_from(block)
                body, block = block[_MESSAGE.size : length], block[(length + 3) & ~3 :]
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    raise OSError(-struct.unpack_from("=i", body)[0], "the kernel does not list its sockets")
                yield _parse(body, width)


def _parse(body: bytes, width: int) -> tuple[bytes, bytes, int, int, int | None]:
    _, _, _, _, local, remote, cookie, _, _, inode = _ANSWER.unpack_from(body)
    carried, rest = None, body[_ANSWER.size :]
    while len(rest) >= 4:
        length, kind = struct.unpack_from("=HH", rest)
        if length < 4:
            break
        if kind == _TCP_INFO and length - 4 >= _TCP_COUNTS_AT + _TCP_COUNTS.size:
            acknowledged, received, out, in_ = _TCP_COUNTS.unpack_from(rest, 4 + _TCP_COUNTS_AT)
            carried = acknowledged + received + _HEADERS * (out + in_)
        rest = rest[(length + 3) & ~3 :]
    return local[:width], remote[:width], cookie, inode, carried


def _address(text: str) -> bytes:
    """As ``/proc/net`` writes it: words of four bytes, each in the machine's own order, in hexadecimal."""
    digits = bytes.fromhex(text.partition(":")[0])
    return b"".join(struct.pack(">I", *struct.unpack_from("=I", digits, at)) for at in range(0, len(digits), 4))


def _is_loopback(address: bytes) -> bool:
    return address[-4:-3] == b"\x7f" if len(address) == 4 else address == bytes(15) + b"\x01"


class PsutilSockets:
    """Systems without ``/proc``. They do not tell how much a socket carries, and no process's files but one's own."""

    def __init__(self, outside: Outside = leaves) -> None:
        import psutil  # type: ignore[import-untyped]

        self._psutil = psutil
        self._outside = outside

    def counters(self) -> dict[str, int]:
        """See :class:`Sockets`."""
        found = self._psutil.net_io_counters(pernic=True)
        return {name: each.bytes_sent + each.bytes_recv for name, each in found.items() if not name.startswith("lo")}

    def flows(self, pids: Iterable[int]) -> list[Flow]:
        """See :class:`Sockets`. One for each process that holds any."""
        return [Flow(key=pid, holder=pid) for pid in pids if any(map(self._is_outside, self._connections(pid)))]

    def holders(self, pids: Iterable[int]) -> dict[int, set[int]]:
        """See :class:`Sockets`."""
        return {pid: {pid} for pid in pids}

    def name(self, pid: int) -> str:
        """See :class:`Sockets`."""
        with suppress(self._psutil.Error):
            return str(self._psutil.Process(pid).name())
        return ""

    def _connections(self, pid: int) -> list[Any]:
        with suppress(self._psutil.Error, OSError):
            process = self._psutil.Process(pid)
            ask = getattr(process, "net_connections", None) or process.connections  # the name before psutil 6
            return list(ask(kind="inet"))
        return []

    def _is_outside(self, connection: Any) -> bool:
        if not connection.raddr:
            return False
        local, remote = (_packed(each.ip) for each in (connection.laddr, connection.raddr))
        return self._outside(local, remote)


def _packed(address: str) -> bytes:
    plain = address.partition("%")[0]
    return socket.inet_pton(socket.AF_INET6 if ":" in plain else socket.AF_INET, plain)
