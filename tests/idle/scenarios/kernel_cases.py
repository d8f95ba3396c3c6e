"""Kernels: cells in every state, and work that outlives its cell. K01 to K15, K17."""

from __future__ import annotations

from tests.idle.scenarios.cases import case, shared
from tests.idle.scenarios.stage import WORKSPACE, Stage, now
from tests.idle.scenarios.world import GRACE, SAMPLE, Plan, T
from tests.poll import until

REPORT_ONLY = Plan(idle={"stop": "off"})
for each in ("cells", "background", "waiting", "chatter"):
    shared(each, REPORT_ONLY)

SILENT = "import time; time.sleep(600)"
RUNNING = "a cell has been running for|it was already busy when it was first seen"
IDLE = "idle"
BURN = """
import threading, time
def burn():
    while True:
        begun = time.thread_time()
        while time.thread_time() - begun < 0.008:
            pass
        time.sleep(0.092)
threading.Thread(target=burn, daemon=True).start()
"""
WAIT_FOR_A_SERVICE = """
import socket
listening = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listening.getsockname()).recv(1)
"""


@case("K01", short=True)
def a_silent_cell_keeps_its_kernel_and_the_workspace(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run(SILENT)
    kernel.close()
    stage.kept(kernel.subject, RUNNING)
    stage.says(WORKSPACE, RUNNING, "working")


@case("K02", world="cells")
def a_printing_cell(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run("import time\nwhile True: print('on', flush=True); time.sleep(1)")
    kernel.close()
    stage.kept(kernel.subject, RUNNING)


@case("K03", world="cells", short=True)
def a_silent_cell_while_a_panel_asks_for_the_memory_use_once(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run(SILENT)
    kernel.usage()
    kernel.tab.wait_for("usage_reply")
    kernel.close()
    stage.kept(kernel.subject, RUNNING)


@case("K03a", "the same, and the panel stays open and asks every second", "KEEP", world="cells")
def a_silent_cell_while_a_panel_asks_for_the_memory_use_for_ever(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run(SILENT)
    stage.every(1.0, kernel.usage)
    stage.kept(kernel.subject, RUNNING)


@case("K04", world="cells", short=True)
def a_silent_cell_while_a_widget_opens_a_subshell(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run(SILENT)
    shell = kernel.subshell()
    opened = {"comm_id": "slider", "target_name": "nobody", "data": {}}
    asked = kernel.tab.send("comm_open", opened, subshell_id=shell)
    kernel.tab.wait(
        lambda each: each["parent_header"].get("msg_id") == asked and each["content"].get("execution_state") == "idle"
    )
    kernel.close()
    stage.kept(kernel.subject, RUNNING)


@case("K04a", "a cell runs on the subshell while the main shell is free", "KEEP", world="cells")
def a_cell_on_a_subshell(stage: Stage) -> None:
    kernel = stage.kernel()
    shell = kernel.subshell()
    content = {"code": SILENT, "silent": False, "allow_stdin": False}
    asked = kernel.tab.send("execute_request", content, subshell_id=shell)
    kernel.tab.wait_for("execute_input", asked)
    kernel.do("1 + 1")
    kernel.close()
    stage.kept(kernel.subject, RUNNING)


@case("K05", world="cells")
def a_cell_that_has_ended(stage: Stage) -> None:
    kernel = stage.kernel()
    begun = now()
    kernel.run(f"import time; time.sleep({3 * T})")
    kernel.close()
    stage.stopped(kernel.subject, IDLE, begun + 3 * T, until_=begun + 3 * T + 3.0)


@case(
    "K05a", "a cell ends at the very moment at which the timeout would have passed", "KEEP until T after", world="cells"
)
def a_cell_that_ends_at_the_timeout(stage: Stage) -> None:
    kernel = stage.kernel()
    begun = now()
    kernel.do(f"import time; time.sleep({T})")
    kernel.close()
    stage.stopped(kernel.subject, IDLE, begun + T, until_=now())


@case(
    "K05b",
    "a new cell is run during the grace period and lasts 2 s",
    "warning cancelled, then CULL T later",
    world="cells",
)
def a_cell_that_runs_during_the_grace_period(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do("1")
    _warned(stage, kernel.subject)
    kernel.do("import time; time.sleep(2)")
    ended = now()
    kernel.close()
    stage.check(_answer_to_the_warning(stage, kernel.subject) == "cancelled", "the warning was taken back")
    stage.stopped(kernel.subject, IDLE, ended - 0.5, until_=ended)


@case("K05c", "the kernel is restarted in the middle of a silent cell", "CULL T after the restart", world="cells")
def a_kernel_restarted_in_a_cell(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run(SILENT)
    asked = now()
    kernel.restart()
    kernel.close()
    stage.stopped(kernel.subject, IDLE, asked, until_=now() + 5.0)


@case("K05d", "a silent cell is interrupted", "CULL T after that", world="cells")
def a_cell_that_is_interrupted(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run(SILENT)
    asked = now()
    kernel.interrupt()
    kernel.close()
    stage.stopped(kernel.subject, IDLE, asked, until_=now())


@case(
    "K05e",
    "the kernel dies in a cell (out of memory) and is started again by the server",
    "CULL T after",
    world="cells",
)
def a_kernel_that_dies_in_a_cell(stage: Stage) -> None:
    kernel = stage.kernel()
    first = kernel.processes()
    begun = now()
    kernel.run("import os, signal, time; time.sleep(3); os.kill(os.getpid(), signal.SIGKILL)")
    kernel.close()
    until(lambda: kernel.processes() - first, 30.0)
    stage.stopped(kernel.subject, IDLE, begun + 3.0, until_=now() + 5.0)  # starting again is work, too


@case("K05f", "the kernel dies, is started again and runs a silent cell", "KEEP", world="cells")
def a_kernel_that_works_after_it_died(stage: Stage) -> None:
    kernel = stage.kernel()
    first = int(kernel.do("import os; print(os.getpid())"))
    kernel.restart()
    kernel.close()
    second = int(kernel.do("import os; print(os.getpid())"))
    stage.check(first != second, "another process")
    kernel.run(SILENT)
    kernel.close()
    stage.kept(kernel.subject, RUNNING)


@case("K06", world="background", short=True)
def a_thread_that_outlives_its_cell(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do(BURN)
    kernel.close()
    stage.kept(kernel.subject, "its own process used")


def _child(stage: Stage, code: str, because: str = r"burn\.py \(pid \d+\)") -> None:
    kernel = stage.kernel()
    kernel.do(code)
    kernel.close()
    stage.pid()
    stage.kept(kernel.subject, because)
    stage.check(stage.running(), "the child is alive")


@case("K08", world="background", short=True)
def a_child_that_outlives_its_cell(stage: Stage) -> None:
    _child(stage, f"import subprocess; subprocess.Popen({stage.program('burn.py')!r})")


@case("K08a", "`cmd &` of a cell trains", "KEEP", world="background")
def a_command_in_the_background(stage: Stage) -> None:
    _child(stage, f"import os; os.system({' '.join(stage.program('burn.py'))!r} + ' > /dev/null 2>&1 &')")


@case("K08b", "`nohup cmd &` of a cell trains", "KEEP", world="background")
def a_command_under_nohup(stage: Stage) -> None:
    _child(stage, f"import os; os.system('nohup {' '.join(stage.program('burn.py'))} > /dev/null 2>&1 &')")


@case("K08c", "a child in a session of its own (`setsid`) trains", "KEEP", world="background")
def a_child_in_its_own_session(stage: Stage) -> None:
    _child(stage, f"import os; os.system('setsid {' '.join(stage.program('burn.py'))} > /dev/null 2>&1 &')")


@case("K08d", "a child starts one short-lived process after the other", "KEEP", world="background")
def a_storm_of_children(stage: Stage) -> None:
    command = stage.program("storm.py")
    _child(stage, f"import subprocess; subprocess.Popen({command!r})", "short-lived processes")


@case("K08e", "a child writes to the disk at 1 MB/s with hardly any CPU", "KEEP", world="background")
def a_child_that_writes(stage: Stage) -> None:
    command = stage.program("write.py", str(stage.world.home / "written"))
    _child(stage, f"import subprocess; subprocess.Popen({command!r})", r"write\.py|wrote|written")


@case("K08f", "a child trains for T and ends", "CULL T after its end", world="background")
def a_child_that_ends(stage: Stage) -> None:
    kernel = stage.kernel()
    command = stage.program("burn.py", "--for", str(T))
    kernel.do(f"import subprocess; child = subprocess.Popen({command!r})")
    kernel.close()
    stage.pid()
    begun = now()
    stage.stopped(kernel.subject, IDLE, begun + T - SAMPLE - 1.0, until_=begun + T + 2.0)


@case("K08g", "a child sleeps for ever", "CULL after T", world="background")
def a_child_that_sleeps(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do("import subprocess; child = subprocess.Popen(['sleep', 'infinity'])")
    ended = now()
    kernel.close()
    stage.stopped(kernel.subject, IDLE, ended - 0.5, until_=ended)


@case("K09", world="waiting")
def a_cell_that_waits_for_an_answer(stage: Stage) -> None:
    kernel = stage.kernel()
    begun = now()
    kernel.tab.execute("answer = input('sure? ')")
    kernel.tab.wait_for("input_request")
    kernel.close()
    stage.stopped(kernel.subject, r"input\(\)", begun, idle=2 * T, until_=now())


@case("K09a", "a cell waits in input(), and somebody answers after T; then it works on", "KEEP", world="waiting")
def a_cell_that_gets_its_answer(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.tab.execute("answer = input('sure? '); import time; time.sleep(600)")
    kernel.tab.wait_for("input_request")
    stage.kept(kernel.subject, "input|idle for only", seconds=T, states=("working", "idle"))
    kernel.tab.send("input_reply", {"value": "yes", "status": "ok"}, "stdin")
    kernel.close()
    stage.kept(kernel.subject, RUNNING)


def stop_at_a_breakpoint(stage: Stage) -> str:
    """A kernel whose cell is stopped in the debugger, as JupyterLab does it; its subject."""
    kernel = stage.kernel()
    kernel.do("1")
    kernel.debug("initialize", {"clientID": "lab", "adapterID": "", "pathFormat": "path", "supportsVariableType": True})
    kernel.debug("attach", {"subProcess": False, "justMyCode": True})
    code = "total = 0\nfor each in range(3):\n    total += each\nprint(total)"
    path = kernel.debug("dumpCell", {"code": code})["body"]["sourcePath"]
    kernel.debug("setBreakpoints", {"source": {"path": path}, "breakpoints": [{"line": 3}], "sourceModified": False})
    kernel.debug("configurationDone", {})
    kernel.tab.execute(code)
    kernel.tab.wait(lambda each: each["msg_type"] == "debug_event" and each["content"].get("event") == "stopped")
    kernel.close()
    return kernel.subject


@case("K10", world="waiting")
def a_cell_stopped_in_the_debugger(stage: Stage) -> None:
    begun = now()
    subject = stop_at_a_breakpoint(stage)
    stage.stopped(subject, "debugger", begun, idle=2 * T, until_=now())


@case("K12", world="waiting", short=True)
def a_kernel_that_nobody_connects_to(stage: Stage) -> None:
    begun = now()
    kernel = stage.kernel(path=None)
    stage.stopped(kernel.subject, IDLE, begun, until_=now() + 5.0)


@case("K13", plan=REPORT_ONLY)
def a_burst_of_output_that_drops_the_end_of_the_cell(stage: Stage) -> None:
    """The server is frozen while the kernel pours out more than any queue holds, so nobody gets the last messages."""
    kernel = stage.kernel()
    kernel.do("1")
    stage.says(kernel.subject, IDLE, "idle")
    wait = "import os, time\nwhile not os.path.exists('/tmp/flood'): time.sleep(0.1)"
    flood = "for n in range(6000): get_ipython().display_pub.publish({'text/plain': 'x' * 8000})"
    kernel.run(f"{wait}\n{flood}\nopen('/tmp/done', 'w').close()")
    stage.says(kernel.subject, RUNNING, "working")
    stage.world.signal("server", 19)  # SIGSTOP
    (stage.world.tmp / "flood").touch()
    until((stage.world.tmp / "done").exists, 60.0)
    ended = now()
    until(lambda: now() > ended + 5.0)  # the thread that sends is behind the cell
    stage.world.signal("server", 18)  # SIGCONT
    kernel.close()
    state = stage.world.http.call("GET", f"/api/kernels/{kernel.id}", seconds=60.0)["execution_state"]
    stage.says(kernel.subject, RUNNING, "working")
    stage.check(state == "busy", "the server believes for ever that the kernel is busy")
    stage.stopped(kernel.subject, IDLE, ended, until_=now() + 60.0)  # asked after a minute without CPU


@case("K14", world="chatter")
def a_widget_that_chatters(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do("get_ipython().kernel.comm_manager.register_target('clock', lambda comm, message: None)")
    kernel.tab.send("comm_open", {"comm_id": "c", "target_name": "clock", "data": {}})
    ended = now()
    stage.every(1.0, lambda: kernel.tab.send("comm_msg", {"comm_id": "c", "data": {"tick": now()}}))
    stage.stopped(kernel.subject, IDLE, ended - 0.5, until_=ended)


@case("K14a", "a button of a widget has started a callback that works silently", "KEEP", world="chatter")
def a_callback_at_work(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do("import time\ndef work(comm, message): time.sleep(600)")
    kernel.do("get_ipython().kernel.comm_manager.register_target('button', work)")
    kernel.tab.send("comm_open", {"comm_id": "b", "target_name": "button", "data": {}})
    kernel.tab.wait(lambda each: each["parent_header"].get("msg_type") == "comm_open")
    kernel.close()
    stage.kept(kernel.subject, "callback")


@case("K15", world="chatter")
def a_panel_that_polls_the_memory_use(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do("1")
    ended = now()
    stage.every(5.0, kernel.usage)
    stage.every(5.0, lambda: stage.world.http.call("GET", "/api/kernels"))
    stage.stopped(kernel.subject, IDLE, ended - 0.5, until_=ended)


@case("K17", world="chatter", short=True)
def a_cell_that_waits_for_a_remote_job(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run(WAIT_FOR_A_SERVICE)
    kernel.close()
    stage.kept(kernel.subject, RUNNING)


def _acts(stage: Stage, subject: str) -> list[str]:
    return [each["action"] for _, each in stage.watcher.decisions(subject)]


def _answer_to_the_warning(stage: Stage, subject: str) -> str:
    """What became of it; the next sample may have been written down after that, too."""
    return [each for each in _acts(stage, subject) if each in ("warned", "cancelled", "culled")][-1]


def _warned(stage: Stage, subject: str) -> None:
    until(lambda: "warned" in _acts(stage, subject), T + GRACE + 20.0, every=0.2)
