"""Real kernels, real processes, a timeout of 2.5 seconds: what works survives, what is idle is warned and stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlplatform.idle.models import NewLease
from tests.idle.conftest import POLICY, Server
from tests.poll import until_async

SILENT = "import time; time.sleep(60)"
WIDGET = (
    "get_ipython().kernel.comm_manager.register_target('button', lambda comm, message: time.sleep(60)); import time"
)
THREAD = """
import threading, time
def burn():
    end = time.monotonic() + 60
    while time.monotonic() < end:
        start = time.perf_counter()
        while time.perf_counter() - start < 0.03:
            pass
        time.sleep(0.03)
threading.Thread(target=burn, daemon=True).start()
"""


@pytest.mark.slow
async def test_given_kernels_that_work_in_every_way_when_the_timeout_passes_then_only_the_idle_one_is_stopped(
    server: Server, burn: Path, python: str
) -> None:
    def program(name: str) -> str:
        return f"{python!r}, {str(burn)!r}, {str(burn.with_name(name + '.pid'))!r}"

    shell = f"{python} {burn} {burn.parent}"
    cells = {
        "silent": SILENT,
        "asked": SILENT,
        "thread": THREAD,
        "child": f"import subprocess; subprocess.Popen([{program('child')}])",
        "nohup": f"import os; os.system('nohup {shell}/nohup.pid > /dev/null 2>&1 &')",
        "detached": f"import os; os.system('setsid {shell}/detached.pid > /dev/null 2>&1 &')",
        "widget": WIDGET,
        "idle": "1 + 1",
    }
    ids = {name: await server.start(f"{name}.ipynb") for name in cells}
    await server.until(lambda: all(server.is_known(each) for each in ids.values()))
    for name, code in cells.items():
        server.run(ids[name], code)
    server.press(ids["widget"])
    server.asked_for_usage = ids["asked"]
    await server.until(lambda: "culled" in server.actions(ids["idle"]), 60.0)
    alive = set(server.app.kernel_manager.list_kernel_ids())
    assert {name for name, each in ids.items() if each in alive} == set(cells) - {"idle"}
    states = {name: server.seen[each].state.value for name, each in ids.items()}
    assert states == {**dict.fromkeys(cells, "working"), "idle": "culled"}
    why = {name: server.seen[each].why for name, each in ids.items()}
    for name in ("silent", "asked"):
        assert why[name].startswith("kept because a cell has been running for ")
    assert why["widget"].startswith("kept because a widget's callback has been running for ")
    assert why["thread"].startswith("kept because its own process used ")
    for name in ("child", "nohup", "detached"):
        assert why[name].startswith("kept because burn.py (pid "), why[name]
        assert ", which it started, used " in why[name]
    assert {server.seen[each].path for each in ids.values()} == {f"{name}.ipynb" for name in cells}


async def test_given_an_idle_kernel_without_a_notebook_then_it_is_warned_first_and_then_stopped(server: Server) -> None:
    kernel = await server.start()
    warned = await server.until_state(kernel, "warned")
    assert warned.why.startswith("stops because it has been idle for ")
    assert warned.stops_in_seconds == POLICY.grace_seconds
    await server.until(lambda: "culled" in server.actions(kernel))
    assert server.actions(kernel) == ["warned", "culled"]
    assert kernel not in server.app.kernel_manager.list_kernel_ids()
    decisions = [each for each in server.service.status().decisions if each.subject == f"kernel:{kernel}"]
    assert [each.action for each in decisions][:2] == ["culled", "warned"]
    assert {each.source for each in decisions[0].evidence} == {"cells", "processes", "person"}


async def test_given_a_warning_when_a_cell_runs_then_it_is_cancelled_and_the_kernel_lives(server: Server) -> None:
    kernel = await server.start()
    await server.until_state(kernel, "warned")
    server.run(kernel, "1 + 1")
    await server.until(lambda: "cancelled" in server.actions(kernel))
    assert server.actions(kernel) == ["warned", "cancelled"]
    server.service.keep("alice", NewLease(seconds=3600, subject=f"kernel:{kernel}"))
    assert server.service.subject(kernel).state.value in ("working", "kept")
    await server.until_state(kernel, "kept")
    assert server.actions(kernel)[-1] == "kept"
    server.service.release_all("alice")
    await server.until(lambda: "culled" in server.actions(kernel))


async def test_given_a_kernel_that_is_first_seen_in_the_middle_of_a_cell_then_it_counts_as_working_until_it_answers(
    server: Server, tmp_path: Path
) -> None:
    kernel, begun = await server.start(), tmp_path / "begun"
    server.run(kernel, f"import time; open({str(begun)!r}, 'w').close(); time.sleep(5)")

    async def running() -> bool:
        return begun.exists()

    await until_async(running)
    server.ask_for_usage(kernel)  # from now on the server believes that the kernel is idle
    await server.until_state(kernel, "idle")
    before = server.states[kernel] - {"idle"}
    assert before <= {"unknown", "working"}
    assert before
    idle = server.seen[kernel]
    assert idle.idle_seconds < 1.5
    await server.until(lambda: "culled" in server.actions(kernel))


async def test_given_a_silent_cell_when_the_kernel_is_restarted_then_it_is_idle_again(server: Server) -> None:
    kernel = await server.start()
    await server.until(lambda: server.is_known(kernel))
    server.run(kernel, SILENT)
    await server.until(lambda: "a cell has been running" in server.seen[kernel].why)
    await server.app.kernel_manager.restart_kernel(kernel)
    await server.until(lambda: "culled" in server.actions(kernel))
