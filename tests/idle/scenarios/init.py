"""The first process of a world: it sets the stage, starts what it is told to, and buries what has ended.

It runs as pid 1 of a PID, mount and network namespace of its own, so that nothing else that happens on the machine is
seen in it. It also answers for services on other machines, so that these are no processes of the world. Orders come
as JSON lines on standard input; what happens is written into the world's folder.
Standard library only, and the interpreter is started with ``-S``: it must cost next to nothing.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
CLOCK_BOOTTIME = 7
TMP = "/tmp"  # noqa: S108 (it becomes the world's own)


def mount(source, target, kind, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), kind.encode() if kind else None, flags, None):
        raise OSError(ctypes.get_errno(), f"mount {source} on {target}: {os.strerror(ctypes.get_errno())}")


def private_tmp(folder, visible):
    """``/tmp`` becomes the world's own; what the world needs and what lies below it stays where it was."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    kept = [(path, os.open(path, os.O_PATH)) for path in visible if path.startswith(f"{TMP}/")]
    mount(str(Path(folder, "tmp")), TMP, "", MS_BIND)
    for path, descriptor in kept:
        Path(path).mkdir(parents=True, exist_ok=True)
        mount(f"/proc/self/fd/{descriptor}", path, "", MS_BIND | MS_REC)
        os.close(descriptor)


def private_devices(folder, names):
    """``/dev`` becomes the world's own: what every machine has, and empty files of these names."""
    own = Path(folder, "dev")
    own.mkdir()
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (own / name).touch()
        mount(f"/dev/{name}", str(own / name), "", MS_BIND)
    for name in ("pts", "shm"):
        (own / name).mkdir()
        mount(f"/dev/{name}", str(own / name), "", MS_BIND | MS_REC)
    for name, target in {"fd": "/proc/self/fd", "ptmx": "pts/ptmx"}.items():
        (own / name).symlink_to(target)
    for name in names:
        (own / name).touch()
    mount(str(own), "/dev", "", MS_BIND | MS_REC)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP | IFF_RUNNING))


class World:
    """What runs in it, by name."""

    def __init__(self, folder):
        self.folder = folder
        self.plan = json.loads(Path(folder, "world.json").read_text())
        self.running = {}

    def start(self, name, command, environment, folder):
        with Path(self.folder, "log", name).open("ab") as log:
            process = subprocess.Popen(
                command,
                env={**self.plan["environment"], **environment},
                cwd=folder or self.plan["home"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running[process.pid] = name
        self.write("pid", name, process.pid)

    def write(self, folder, name, content):
        new = Path(self.folder, folder, f"{name}.new")
        new.write_text(json.dumps(content))
        new.replace(new.with_name(name))

    def bury(self):
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                if pid in self.running:
                    ended = {"at": time.clock_gettime(CLOCK_BOOTTIME), "code": os.waitstatus_to_exitcode(status)}
                    self.write("ended", self.running.pop(pid), ended)

    def obey(self, order):
        if "start" in order:
            self.start(order["start"], order["command"], order.get("environment", {}), order.get("folder"))
        elif "serve" in order:
            sys.argv = order["serve"]
            serving = threading.Thread(target=runpy.run_path, args=(sys.argv[0],), kwargs={"run_name": "__main__"})
            serving.daemon = True
            serving.start()
            self.write("pid", order["as"], os.getpid())
        elif "signal" in order:
            for pid in [pid for pid, name in self.running.items() if name == order["to"]]:
                os.kill(pid, order["signal"])

    def live(self):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        pending = b""
        while True:
            ready = select.select([0, reader], [], [])[0]
            if reader in ready:
                os.read(reader, 4096)
                self.bury()
            if 0 in ready:
                read = os.read(0, 65536)
                if not read:
                    return  # whoever made this world is gone
                *lines, pending = (pending + read).split(b"\n")
                for line in lines:
                    self.obey(json.loads(line))


if __name__ == "__main__":
    world = World(sys.argv[1])
    loopback_up()
    private_tmp(world.folder, world.plan["visible"])
    if world.plan["devices"]:
        private_devices(world.folder, world.plan["devices"])
    world.write("pid", "ready", os.getpid())
    world.live()
