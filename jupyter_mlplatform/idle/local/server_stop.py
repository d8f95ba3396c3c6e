"""Ends this Jupyter server, where the policy asks for that: in an orderly way first, and then for sure.

The orderly way may never come to its end. An extension that fails while it is stopped keeps the server's own clean-up
from going on; one that hangs holds it up; and a thread that an extension has left behind keeps the interpreter from
exiting (the rooms of jupyter-collaboration leave such a thread). A server that does not end is one that is paid for.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from jupyter_mlplatform.idle.local import clock

AUDIT_SECONDS = 1.0
"""The server ends this much later, so that the decision to end it is written down and told first."""

ORDERLY_SECONDS = 30.0
"""How long the server's own clean-up may take: a kernel gets five seconds, all of them together."""

THREADS_SECONDS = 8.0
"""How long threads may go on after the event loop has ended: one may still write to a slow disk."""

ASKED_SECONDS = 2.0
"""How long kernels and shells get after they were asked to end, before they are killed."""

FINAL_SECONDS = 10
"""After which the system ends a process that cannot even be ended from within."""

LOOK_SECONDS = 0.1


def end_server(serverapp: Any, make_sure: Callable[[Any], None] | None = None) -> Callable[[], None]:
    """What ends ``serverapp`` in an orderly way: its kernels and terminals are shut down, then its event loop.

    To be called on the event loop. A second call changes nothing. ``make_sure`` is told at once that the server is to
    end, and ends it if it does not; None: :func:`end_for_sure` in a thread of its own.
    """
    asked = False

    def end() -> None:
        nonlocal asked
        if not asked:
            asked = True
            (make_sure or _in_a_thread)(serverapp)
            serverapp.io_loop.call_later(AUDIT_SECONDS, serverapp.stop)

    return end


def _in_a_thread(serverapp: Any) -> None:
    threading.Thread(target=end_for_sure, args=(serverapp,), name="idle-server-end", daemon=True).start()


def end_for_sure(serverapp: Any, orderly: float = ORDERLY_SECONDS, threads: float = THREADS_SECONDS) -> None:
    """Wait for the orderly end, which takes this thread with it; if it does not come, end everything. Does not return.

    ``orderly`` and ``threads`` are seconds, see the constants of these names. Kernels behind a gateway are left to it.
    """
    loop = serverapp.io_loop.asyncio_loop
    if _until(lambda: not loop.is_running(), AUDIT_SECONDS + orderly):
        _let_the_system_end_it(round(threads) + FINAL_SECONDS)
        time.sleep(threads)
        why = f"its event loop has ended, but these threads go on: {', '.join(_threads())}"
    else:
        why = f"its own clean-up has not come to an end within {orderly:.0f} s"
    _end_now(serverapp, why)


def _end_now(serverapp: Any, why: str) -> None:
    _let_the_system_end_it(round(ASKED_SECONDS) + FINAL_SECONDS)
    try:
        serverapp.log.warning("This server is ended at once, because %s", why)
        _end_processes([*_kernels(serverapp), *_shells(serverapp)])
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # closed, full, or not there at all
                stream.flush()
    finally:
        os._exit(0)  # as after the orderly end: it was decided, and nothing has gone wrong with the decision


def _let_the_system_end_it(seconds: int) -> None:
    """A signal needs no thread and no lock: it also ends an interpreter that hangs in its own end."""
    if hasattr(signal, "SIGALRM") and signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, None):
        signal.alarm(max(1, seconds))


def _until(so: Callable[[], bool], seconds: float) -> bool:
    ends = clock.seconds() + seconds
    while not so():
        if clock.seconds() >= ends:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _threads() -> list[str]:
    found = (each for each in threading.enumerate() if each is not threading.main_thread())
    return sorted({each.name for each in found if not each.daemon})


def _kernels(serverapp: Any) -> Iterator[int]:
    manager = serverapp.kernel_manager
    for kernel_id in list(manager.list_kernel_ids()):
        with suppress(KeyError):  # it has ended meanwhile
            yield from _pid_of(getattr(manager.get_kernel(kernel_id), "provisioner", None))


def _shells(serverapp: Any) -> Iterator[int]:
    manager = serverapp.web_app.settings.get("terminal_manager")
    for each in list(manager.terminals.values()) if manager is not None else ():
        yield from _pid_of(getattr(each, "ptyproc", None))


def _pid_of(process: Any) -> Iterator[int]:
    pid = getattr(process, "pid", None)
    if isinstance(pid, int) and pid > 0:
        yield pid


def _end_processes(pids: list[int]) -> None:
    """Each with its group: kernels and shells lead one. A hang-up is what a shell listens to."""
    _signal(pids, "SIGTERM")
    _signal(pids, "SIGHUP")
    if not _until(lambda: not any(map(_runs, pids)), ASKED_SECONDS):
        _signal(pids, "SIGKILL")


def _signal(pids: list[int], name: str) -> None:
    for pid in filter(_runs, pids):
        with suppress(ProcessLookupError, PermissionError):
            (os.killpg if os.getpgid(pid) == pid else os.kill)(pid, getattr(signal, name))


def _runs(pid: int) -> bool:
    """Whether it is a child of this process that has not ended; the id of any other may be somebody else's by now."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False
