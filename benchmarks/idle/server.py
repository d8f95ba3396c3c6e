"""A Jupyter server that takes orders, one JSON document a line, on its standard input.

Orders come this way and not over HTTP, because a request is activity and the server counts it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

from benchmarks.idle.accounting import Ticker, cpu_seconds, private_mib
from benchmarks.idle.watchers import Ours, StockCuller, Watcher

EXTENSIONS = {
    "jupyter_mlplatform": False,  # its keeper is switched on by order
    "jupyter_scheduler": False,
    "jupyter_server_terminals": True,
    "jupyter_activity_monitor_extension": True,  # only a route: it costs nothing until it is asked
}


class Orders:
    """What the server does when told; every public method is an order and answers a JSON object."""

    def __init__(self, app: ServerApp, folder: Path) -> None:
        self._app = app
        self._folder = folder
        self._ticker = Ticker()
        self._watcher: Watcher | None = None
        self._window: dict[str, float] = {}

    async def start_kernels(self, count: int, prefix: str = "notebook") -> dict[str, Any]:
        """Kernels with a notebook each, as a person starts them."""
        for number in range(count):
            name = f"{prefix}-{number}.ipynb"
            await self._app.session_manager.create_session(path=name, name=name, type="notebook", kernel_name="python3")
        return await self.kernels()

    async def kernels(self) -> dict[str, Any]:
        """Every kernel: its id, its state as the server reports it, its connection file."""
        manager: Any = self._app.kernel_manager
        found = []
        for kernel_id in manager.list_kernel_ids():
            kernel = manager.get_kernel(kernel_id)
            found.append(
                {"id": kernel_id, "state": kernel.execution_state or "", "connection_file": kernel.connection_file}
            )
        return {"kernels": found}

    async def terminal(self, line: str) -> dict[str, Any]:
        """A terminal in which somebody typed ``line`` and closed the tab."""
        manager: Any = self._app.web_app.settings["terminal_manager"]
        name = manager.create()["name"]
        manager.get_terminal(name).ptyproc.write(line + "\r")
        return {"name": name}

    async def alive(self) -> dict[str, Any]:
        """What has not been stopped, and what the watcher says."""
        manager: Any = self._app.kernel_manager
        terminals: Any = self._app.web_app.settings.get("terminal_manager")
        return {
            "kernels": list(manager.list_kernel_ids()),
            "terminals": [each["name"] for each in terminals.list()] if terminals else [],
            "verdicts": self._watcher.verdicts() if self._watcher else {},
        }

    async def watch(self, who: str, interval: float, timeout: float, grace: float = 3.0) -> dict[str, Any]:
        """Switch a watcher on."""
        begin = time.perf_counter()
        if who == "ours":
            ours = Ours(self._app, self._folder / "ours", interval, timeout, grace)
            await ours.on()
            self._watcher = ours
        else:
            self._watcher = StockCuller(self._app, interval, timeout)
        return {"seconds": time.perf_counter() - begin}

    async def unwatch(self) -> dict[str, Any]:
        """Switch it off."""
        if self._watcher is not None:
            await self._watcher.off()
        self._watcher = None
        return {}

    async def begin(self, stalls: bool) -> dict[str, Any]:
        """Open a window of measurement. The timer that sees stalls costs CPU, so it runs only where it is asked for."""
        if stalls:
            self._ticker.start()
        self._window = {
            "cpu": cpu_seconds(),
            "at": time.perf_counter(),
            "sweeps": self._watcher.sweeps() if self._watcher else 0,
        }
        return {}

    async def end(self) -> dict[str, Any]:
        """Close it: CPU seconds, sweeps, stalls."""
        now, used = time.perf_counter(), cpu_seconds()
        before = int(self._window["sweeps"])
        return {
            "seconds": now - self._window["at"],
            "cpu_seconds": used - self._window["cpu"],
            "sweeps": (self._watcher.sweeps() if self._watcher else 0) - before,
            "sweep_cpu_seconds": self._watcher.used()[before:] if self._watcher else [],
            **self._ticker.stop(),
        }

    async def memory(self) -> dict[str, Any]:
        """Private memory of the server."""
        return {"private_mib": private_mib()}


async def _obey(app: ServerApp, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    orders = Orders(app, folder)
    _answer({"port": app.port, "pid": os.getpid()})
    while line := await reader.readline():
        order = json.loads(line)
        try:
            _answer(await getattr(orders, order.pop("order"))(**order))
        except Exception as error:
            app.log.exception("An order failed")
            _answer({"error": f"{type(error).__name__}: {error}"})
    await orders.unwatch()
    app.stop()


def _answer(document: dict[str, Any]) -> None:
    sys.__stdout__.write(json.dumps(document) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def main() -> None:
    """Until the standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    app = ServerApp.instance()
    app.initialize(
        argv=[
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={asked.port}",
            "--ServerApp.port_retries=50",
            f"--ServerApp.root_dir={asked.folder}",
            "--IdentityProvider.token=",
            "--ServerApp.disable_check_xsrf=True",
            f"--ServerApp.jpserver_extensions={EXTENSIONS!r}",
            "--ServerApp.log_level=WARN",
        ]
    )
    app.io_loop.add_callback(_obey, app, asked.folder)
    app.start()


if __name__ == "__main__":
    main()
