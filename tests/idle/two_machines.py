"""Run by ``unshare -rn``: this program's network and that of a second machine, with a cable between them.

Prints what the source says of a process that sends over the cable, and of one that does not, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timezone

from jupyter_mlplatform.idle.local.network import NetworkUse
from jupyter_mlplatform.idle.local.sockets import ProcSockets
from jupyter_mlplatform.idle.ports import View
from jupyter_mlplatform.policy import IdlePolicy

RECEIVE = """
import socket
s = socket.create_server(("10.77.0.2", 0))
print(s.getsockname()[1], flush=True)
c, _ = s.accept()
f = c.makefile("rwb")
while head := f.read(8):
    f.read(int.from_bytes(head, "big"))
    f.write(b"!")
    f.flush()
"""

SEND = """
import socket, sys
s = socket.create_connection(("10.77.0.2", int(sys.argv[1])))
for line in sys.stdin:
    s.sendall(int(line).to_bytes(8, "big") + bytes(int(line)))
    assert s.recv(1) == b"!"  # all of it has arrived
    print("sent", flush=True)
"""


def sh(*words: str) -> None:
    subprocess.run(words, check=True)


def main() -> None:
    pipe = subprocess.PIPE
    other = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo ready; exec cat"], stdin=pipe, stdout=pipe)
    assert other.stdout
    other.stdout.readline()
    inside = ("nsenter", "-t", str(other.pid), "-n")
    sh("ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1")
    sh("ip", "link", "set", "cable1", "netns", str(other.pid))
    sh("ip", "addr", "add", "10.77.0.1/24", "dev", "cable0")
    sh("ip", "link", "set", "cable0", "up")
    sh(*inside, "ip", "addr", "add", "10.77.0.2/24", "dev", "cable1")
    sh(*inside, "ip", "link", "set", "cable1", "up")
    receiver = subprocess.Popen([*inside, sys.executable, "-c", RECEIVE], stdout=pipe, text=True)
    assert receiver.stdout
    port = receiver.stdout.readline().strip()
    sender = subprocess.Popen([sys.executable, "-c", SEND, port], stdin=pipe, stdout=pipe, text=True)
    assert sender.stdin
    assert sender.stdout
    source = NetworkUse(ProcSockets())
    owners = {sender.pid: frozenset({"kernel:one"}), os.getppid(): frozenset({"kernel:two"}), os.getpid(): frozenset()}
    answers = []
    for turn, count in enumerate([1, 4_000_000, 4_000_000, 1, 1]):
        sender.stdin.write(f"{count}\n")
        sender.stdin.flush()
        sender.stdout.readline()
        view = View(now=10.0 * turn, utc=datetime.now(timezone.utc), owners=owners, policy=IdlePolicy())
        found = source.look(view)
        answers.append({subject: [each.evidence.signal.value, each.evidence.text] for subject, each in found.items()})
    sender.communicate()
    receiver.wait()
    other.communicate()
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
