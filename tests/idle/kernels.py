"""Kernels that are not IPython, as a person may have installed them; each runs in a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

ECHO = """
import time
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Echo(Kernel):
    implementation = "echo"
    implementation_version = language_version = "1"
    language_info = {"name": "echo", "mimetype": "text/plain", "file_extension": ".txt"}
    banner = "echo"

    def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False):
        time.sleep(float(code))
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

IPKernelApp.launch_instance(kernel_class=Echo)
"""

BARE = """
import json, sys, threading, time
import zmq
from jupyter_client.session import Session

connection = json.load(open(sys.argv[1]))
session = Session(key=connection["key"].encode(), signature_scheme=connection["signature_scheme"])
context = zmq.Context()

def bind(kind, channel):
    socket = context.socket(kind)
    socket.bind("tcp://%s:%d" % (connection["ip"], connection[channel + "_port"]))
    return socket

iopub, shell, control = bind(zmq.PUB, "iopub"), bind(zmq.ROUTER, "shell"), bind(zmq.ROUTER, "control")
stdin, hb = bind(zmq.ROUTER, "stdin"), bind(zmq.REP, "hb")
threading.Thread(target=lambda: zmq.device(zmq.QUEUE, hb, hb), daemon=True).start()
publishing = threading.Lock()

def publish(state, parent):
    with publishing:
        session.send(iopub, "status", {"execution_state": state}, parent=parent)

def run(parent):
    publish("busy", parent)
    time.sleep(float(parent["content"]["code"]))
    publish("idle", parent)

poller = zmq.Poller()
for each in (shell, control):
    poller.register(each, zmq.POLLIN)
while True:
    for socket, _ in poller.poll():
        identities, message = session.recv(socket, mode=0)
        kind = message["header"]["msg_type"]
        if kind == "kernel_info_request":
            content = {"status": "ok", "protocol_version": "5.3", "implementation": "bare", "banner": "",
                       "implementation_version": "1", "language_info": {"name": "bare"}}
            session.send(socket, "kernel_info_reply", content, parent=message, ident=identities)
        elif kind == "execute_request":
            threading.Thread(target=run, args=(message,), daemon=True).start()
        elif kind == "shutdown_request":
            session.send(socket, "shutdown_reply", {"status": "ok", "restart": False}, parent=message, ident=identities)
            sys.exit()
"""
"""Of all that a kernel should do it only executes; it sends no status but for cells, and answers beside them."""


def install(name: str, source: str, metadata: dict[str, object] | None = None) -> None:
    """Make a kernel available under ``name``; its source becomes a program."""
    folder = Path(jupyter_data_dir()) / "kernels" / name
    folder.mkdir(parents=True)
    program = folder / "kernel.py"
    program.write_text(source)
    launch = ["-f", "{connection_file}"] if "launch_instance" in source else ["{connection_file}"]
    document = {"argv": [sys.executable, str(program), *launch], "display_name": name, "language": name}
    (folder / "kernel.json").write_text(json.dumps({**document, "metadata": metadata or {}}))
