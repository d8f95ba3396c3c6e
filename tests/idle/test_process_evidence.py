from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlplatform.idle.cpu import Measured, Role, Share, Use
from jupyter_mlplatform.idle.models import Signal
from jupyter_mlplatform.idle.process_evidence import of_kernel, of_others, of_terminal, statuses
from jupyter_mlplatform.policy import IdlePolicy

POLICY = IdlePolicy()
NOW = 5000.0
ROOT, CHILD = 100, 7


def share(pid: int = CHILD, name: str = "train.py", **more: Any) -> Share:
    return Share(pid=pid, name=name, **more)


def use(*shares: Share, **more: Any) -> Use:
    given_ = {"running": True, "elapsed": 15.0, "root": ROOT, "others": 1, **more}
    return Use(shares=shares, **given_)


def kernel(*shares: Share, waits: bool = False, **more: Any) -> tuple[Signal, str]:
    found = of_kernel(use(*shares, **more), True, waits, POLICY, NOW)
    assert found.worked_at == (NOW if found.evidence.signal is Signal.WORK else None)
    return found.evidence.signal, found.evidence.text


def terminal(*shares: Share, **more: Any) -> tuple[Signal, str, float | None]:
    found = of_terminal(use(*shares, **more), POLICY, NOW)
    return found.evidence.signal, found.evidence.text, found.worked_at


def others(*shares: Share) -> tuple[Signal, str]:
    found = of_others(Measured(elapsed=15.0, others=shares), POLICY, NOW)
    return found.evidence.signal, found.evidence.text


def test_a_kernel_that_computes_or_has_started_something_that_does_is_at_work() -> None:
    assert kernel(share(ROOT, own=0.98)) == (Signal.WORK, "its own process used 98 % of a core")
    text = "train.py (pid 7), which it started, used 50 % of a core"
    assert kernel(share(ROOT, own=0.1), share(own=0.5)) == (Signal.WORK, text)


def test_five_processes_of_one_percent_are_idle_and_short_lived_ones_count_together() -> None:
    five = [share(pid, own=0.01) for pid in range(5)]
    assert kernel(*five, others=5) == (
        Signal.IDLE,
        "its process and 5 it started used 5.0 % of a core, none of them enough to be at work",
    )
    five = [share(pid, children=0.01) for pid in range(5)]
    assert kernel(*five) == (Signal.WORK, "short-lived processes used 5.0 % of a core")


def test_an_idle_kernel_says_how_little_it_used() -> None:
    text = "its process and 1 it started used 0.5 % of a core, less than 2.0 %"
    assert kernel(share(ROOT, own=0.005)) == (Signal.IDLE, text)
    assert kernel(quiet=0.003) == (Signal.IDLE, "the machine as a whole used 0.3 % of a core")


def test_a_kernel_that_waits_for_input_polls_and_only_more_than_that_is_work() -> None:
    assert kernel(share(ROOT, own=0.03), waits=True)[0] is Signal.IDLE
    assert kernel(share(ROOT, own=0.03))[0] is Signal.WORK
    assert kernel(share(own=0.03), waits=True)[0] is Signal.WORK


def test_two_ticks_of_the_clock_are_no_work_however_short_the_interval() -> None:
    assert kernel(share(ROOT, own=0.04), elapsed=0.5)[0] is Signal.IDLE
    assert kernel(share(ROOT, own=0.08), elapsed=0.5)[0] is Signal.WORK


def test_a_heartbeater_is_at_work_only_when_it_uses_much_and_a_watcher_never() -> None:
    assert kernel(share(own=0.1, role=Role.HEARTBEATER))[0] is Signal.IDLE
    assert kernel(share(own=0.15, role=Role.HEARTBEATER))[0] is Signal.WORK
    assert kernel(share(children=0.1, role=Role.HEARTBEATER))[0] is Signal.IDLE
    assert kernel(share(own=1.0, children=1.0, io=1e9, blocked=True, role=Role.WATCHER))[0] is Signal.IDLE


def test_moving_data_and_waiting_for_storage_are_work() -> None:
    text = "train.py (pid 7), which it started, read or wrote 1024 KiB a second"
    assert kernel(share(io=1048576.0)) == (Signal.WORK, text)
    assert kernel(share(io=65535.0))[0] is Signal.IDLE
    text = "train.py (pid 7), which it started, has been waiting for storage"
    assert kernel(share(blocked=True)) == (Signal.WORK, text)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (of_kernel(None, True, False, POLICY, NOW), "its CPU use has not been measured over an interval yet"),
        (of_kernel(Use(running=False), True, False, POLICY, NOW), "its process cannot be found"),
        (of_terminal(None, POLICY, NOW), "its CPU use has not been measured over an interval yet"),
        (of_others(None, POLICY, NOW), "the process table cannot be read"),
        (
            of_others(Measured(), POLICY, NOW),
            "the CPU use of other processes has not been measured over an interval yet",
        ),
    ],
)
def test_what_was_not_measured_is_not_known(found: Any, text: str) -> None:
    assert (found.evidence.signal, found.evidence.text) == (Signal.UNKNOWN, text)


def test_a_kernel_on_another_machine_has_no_processes_to_judge() -> None:
    assert of_kernel(None, False, False, POLICY, NOW).evidence.signal is Signal.IDLE


def test_a_silent_job_in_the_foreground_keeps_its_terminal() -> None:
    text = "train.py (pid 7) in the foreground used 95 % of a core"
    assert terminal(share(own=0.95, group=7), foreground=7, job="train.py") == (Signal.WORK, text, NOW)


def test_a_job_in_the_background_keeps_its_terminal() -> None:
    text = "train.py (pid 7), which it started, used 95 % of a core"
    assert terminal(share(own=0.95, group=7)) == (Signal.WORK, text, NOW)


def test_a_bare_prompt_is_idle() -> None:
    assert terminal(others=0) == (Signal.IDLE, "it is at the prompt", None)


def test_a_terminal_whose_shell_has_ended_is_idle_because_what_is_left_of_it_is_judged_elsewhere() -> None:
    assert terminal(running=False)[:2] == (Signal.IDLE, "its shell has ended")


def test_an_idle_job_is_named_and_those_in_the_background_are_counted() -> None:
    text = "vim (pid 7) in the foreground did not work, and neither did 2 other processes"
    text += ": they used 0.1 % of a core together"
    assert terminal(share(own=0.001), foreground=7, job="vim", others=3) == (Signal.IDLE, text, None)
    text = "it is at the prompt, and 1 other process did not work: the machine as a whole used 0.3 % of a core"
    assert terminal(others=1, quiet=0.003) == (Signal.IDLE, text, None)


def test_a_key_struck_since_the_last_sample_is_work_and_an_earlier_one_is_remembered() -> None:
    assert terminal(typed_at=NOW) == (Signal.WORK, "a key was struck in it just now", NOW)
    signal, text, worked_at = terminal(others=0, typed_at=NOW - 120.0)
    assert (signal, worked_at) == (Signal.IDLE, NOW - 120.0)
    assert text == "it is at the prompt; the last key was struck 2 min ago"


def test_anything_else_at_work_keeps_the_workspace_and_the_busiest_is_named() -> None:
    found = others(share(own=0.5), share(8, "fit.py", own=0.9), share(9, "rsync", io=1e6))
    assert found == (Signal.WORK, "fit.py (pid 8) used 90 % of a core (and 2 more)")
    loop = share(6, "loop.sh", children=0.6)
    assert others(loop) == (Signal.WORK, "short-lived processes used 60 % of a core, started by loop.sh (pid 6)")


def test_idle_daemons_are_named_because_they_end_with_the_workspace() -> None:
    assert others() == (Signal.IDLE, "no other process is at work")
    known = (share(1, "sshd", role=Role.HEARTBEATER), share(2, "init", baseline=True))
    assert others(*known) == (Signal.IDLE, "no other process is at work")
    daemons = [share(pid, f"d{pid}") for pid in (11, 12, 13, 14, 15)]
    text = "no other process is at work, though d15 (pid 15), d14 (pid 14), d13 (pid 13) and 2 more would end with"
    text += " the workspace"
    assert others(*known, *daemons) == (Signal.IDLE, text)


def test_what_ran_before_the_workspace_is_at_work_only_when_it_uses_much() -> None:
    assert others(share(own=0.1, baseline=True))[0] is Signal.IDLE
    text = "train.py (pid 7), which was running before the workspace started, used 20 % of a core"
    assert others(share(own=0.2, baseline=True)) == (Signal.WORK, text)


def test_the_panel_lists_those_at_work_first_and_not_what_idled_there_before() -> None:
    shares = (
        share(1, "init", baseline=True),
        share(2, "sshd", role=Role.HEARTBEATER, own=0.01),
        share(3, "top", role=Role.WATCHER, own=0.3),
        share(4, "daemon"),
        share(5, "fit.py", own=0.25),
        share(6, "old", own=0.5, baseline=True),
    )
    found = statuses(Measured(elapsed=15.0, others=shares), POLICY)
    assert [(each.pid, each.signal) for each in found] == [
        (6, Signal.WORK),
        (5, Signal.WORK),
        (3, Signal.IDLE),
        (2, Signal.IDLE),
        (4, Signal.IDLE),
    ]
    assert [each.why for each in found[2:]] == [
        "it only watches, which is never counted as work",
        "it is known for its heartbeat, so it is at work from 15 % of a core",
        "it used 0.0 % of a core, less than 2.0 %",
    ]
    assert statuses(None, POLICY) == ()
    crowd = Measured(elapsed=15.0, others=tuple(share(pid) for pid in range(100)))
    assert len(statuses(crowd, POLICY)) == 50
    assert {each.signal for each in statuses(Measured(others=shares), POLICY)} == {Signal.UNKNOWN}
