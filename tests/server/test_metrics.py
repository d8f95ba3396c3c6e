"""Idle shutdown on a real server's ``/metrics``."""

from __future__ import annotations

import gc
import json
import math
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY, CollectorRegistry

from jupyter_mlplatform import wiring
from jupyter_mlplatform.idle.models import (
    Decision,
    Evidence,
    IdleStatus,
    Kind,
    Savings,
    Signal,
    State,
    SubjectStatus,
)
from jupyter_mlplatform.server.metrics import Metrics
from tests.poll import until_async

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


def subject(name: str, state: State, stops_in: float | None = None, source: str = "cells") -> SubjectStatus:
    signal = Signal.UNKNOWN if state is State.UNKNOWN else Signal.IDLE
    return SubjectStatus(
        subject=name,
        kind=Kind(name.partition(":")[0]),
        name="python3",
        path="secret/plans.ipynb",
        state=state,
        idle_seconds=0.0,
        stops_in_seconds=stops_in,
        why="kept because alice keeps it",
        evidence=(Evidence(source=source, signal=signal, text="somebody's text"),),
    )


def status(*kernels: SubjectStatus, workspace: SubjectStatus | None = None) -> IdleStatus:
    return IdleStatus(
        enabled=True,
        verdict="",
        state=State.IDLE,
        stops_in_seconds=None,
        timeout_seconds=3600.0,
        keep_max_seconds=86400.0,
        sampled_at=NOON,
        workspace=workspace,
        kernels=kernels,
    )


def decision(subject: str, action: str) -> Decision:
    return Decision(at=NOON, subject=subject, action=action, why="kept because alice keeps it", path="plans.ipynb")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Iterator[Metrics]:
    made = Metrics(registry)
    yield made
    made.close()


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"mlplatform_idle_{name}", labels)


def test_a_sweep_shows_how_many_there_are_in_each_state_and_when_the_first_one_stops(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    metrics.observe(
        status(
            subject("kernel:a", State.IDLE, 600.0),
            subject("kernel:b", State.IDLE, 300.0),
            subject("kernel:c", State.UNKNOWN, source="gpu"),
            workspace=subject("workspace", State.WARNED, 900.0),
        ),
        0.004,
    )
    assert value(registry, "subjects", kind="kernel", state="idle") == 2
    assert value(registry, "subjects", kind="workspace", state="warned") == 1
    assert value(registry, "subjects", kind="terminal", state="idle") == 0
    assert value(registry, "stops_in_seconds") == 300.0
    assert value(registry, "unknown_total", source="gpu") == 1
    assert value(registry, "sweep_seconds_count") == 1
    assert value(registry, "sweep_seconds_bucket", le="0.005") == 1
    assert value(registry, "sweep_seconds_bucket", le="0.002") == 0


def test_given_a_kernel_is_gone_then_it_is_no_longer_counted_and_nothing_stops(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    metrics.observe(status(subject("kernel:a", State.IDLE, 600.0)), 0.001)
    metrics.observe(status(), 0.001)
    assert value(registry, "subjects", kind="kernel", state="idle") == 0
    assert value(registry, "stops_in_seconds") == math.inf


def test_a_source_that_cannot_say_counts_once_a_sweep(registry: CollectorRegistry, metrics: Metrics) -> None:
    doubtful = [subject(f"kernel:{number}", State.UNKNOWN) for number in range(5)]
    for _ in range(3):
        metrics.observe(status(*doubtful), 0.001)
    assert value(registry, "unknown_total", source="cells") == 3


def test_decisions_are_counted_by_kind_and_action_and_nothing_else(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    for each in ("kernel:a", "kernel:b", "workspace"):
        metrics.decided(decision(each, "culled"))
    metrics.decided(decision("planet:a", "exploded"))
    assert value(registry, "decisions_total", kind="kernel", action="culled") == 2
    assert value(registry, "decisions_total", kind="workspace", action="culled") == 1
    assert value(registry, "decisions_total", kind="other", action="other") == 1


def test_the_estimate_of_what_was_saved_is_shown(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.estimated(Savings(since=NOON, hours_working=1.0, hours_idle=2.0, hours_stopped=14.5))
    assert value(registry, "hours_stopped_estimate") == 14.5


def test_given_two_servers_in_one_process_then_their_kernels_are_added_up_and_one_may_end(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    other = Metrics(registry)
    metrics.observe(status(subject("kernel:a", State.IDLE, 600.0)), 0.001)
    other.observe(status(subject("kernel:b", State.IDLE, 60.0)), 0.001)
    assert value(registry, "subjects", kind="kernel", state="idle") == 2
    assert value(registry, "stops_in_seconds") == 60.0
    other.close()
    assert value(registry, "subjects", kind="kernel", state="idle") == 1
    assert value(registry, "stops_in_seconds") == 600.0


def test_given_a_server_that_vanished_without_closing_then_the_next_sweep_forgets_it(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    vanished = Metrics(registry)
    vanished.observe(status(subject("kernel:a", State.IDLE)), 0.001)
    del vanished
    gc.collect()
    metrics.observe(status(), 0.001)
    assert value(registry, "subjects", kind="kernel", state="idle") == 0


async def test_the_servers_own_page_shows_them_and_names_nobody(jp_fetch: Any) -> None:
    Metrics()  # the server has its own; a second one must not get in the way
    metrics = Metrics(REGISTRY)
    metrics.observe(status(subject("kernel:1a2b3c4d", State.UNKNOWN)), 0.002)
    metrics.decided(decision("kernel:1a2b3c4d", "warned"))
    page = (await jp_fetch("metrics")).body.decode()
    metrics.close()
    ours = "\n".join(each for each in page.splitlines() if "mlplatform_idle" in each)
    for name in ("subjects", "stops_in_seconds", "decisions_total", "unknown_total", "sweep_seconds_bucket"):
        assert f"mlplatform_idle_{name}" in ours
    assert 'mlplatform_idle_decisions_total{action="warned",kind="kernel"}' in ours
    for private in ("1a2b3c4d", "plans", "alice", "somebody"):
        assert private not in ours


class TestWithAKeeper:
    """The whole way: a kernel that is stopped shows in the metrics, the timeline and the report."""

    @pytest.fixture(autouse=True)
    def quick_policy(self, policy_file: Path) -> None:
        policy_file.write_text(
            "[idle]\ntimeout_seconds = 3.0\nmin_timeout_seconds = 1.0\nsample_seconds = 1.0\ngrace_seconds = 1.0\n"
            "min_uptime_seconds = 0\nbusy_cpu_fraction = 0.08\n"
        )

    @pytest.fixture
    def started(self, jp_serverapp: Any, jp_asyncio_loop: Any) -> Iterator[Any]:
        jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.start_all_extensions())
        yield jp_serverapp
        jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.stop_all_extensions())

    async def test_given_a_kernel_was_stopped_then_metrics_timeline_and_report_tell_of_it(
        self, started: Any, jp_fetch: Any, call: Any
    ) -> None:
        kernel = json.loads((await jp_fetch("api", "kernels", method="POST", body="{}")).body)["id"]
        before = self.counted((await jp_fetch("metrics")).body.decode())

        async def stopped() -> bool:
            return self.counted((await jp_fetch("metrics")).body.decode()) > before

        await until_async(stopped, 90)

        async def drawn() -> Any:
            _, timeline = await call("GET", "idle/timeline", params={"hours": "1"})
            found = [each for each in timeline["tracks"] if each["subject"] == f"kernel:{kernel}"]
            return found and found[0]["stretches"][-1]["state"] == "culled" and timeline

        timeline = await until_async(drawn, 10)
        assert timeline["tracks"][0]["subject"] == "workspace"
        status, report = await call("GET", "idle/report", params={"days": "1"})
        assert (status, report["stopped"]["kernels"]) == (200, 1)
        assert report["savings"]["kernels_stopped"] == 1
        assert (await call("GET", "idle/timeline", params={"hours": "-1"}))[1]["code"] == "idle.period"
        idle = wiring.services().idle
        replay = idle.record.simulate(idle.policy, 3600.0, 3600.0)
        assert (replay.replayed.kernels, replay.recorded.kernels) == (1, 1)  # the same rule comes to the same end
        patient = msgspec.structs.replace(idle.policy, timeout_seconds=3600.0)
        assert idle.record.simulate(patient, 3600.0, 3600.0).replayed.kernels == 0

    @staticmethod
    def counted(page: str) -> float:
        found = re.search(r'mlplatform_idle_decisions_total\{action="culled",kind="kernel"\} (\S+)', page)
        return float(found.group(1)) if found else 0.0
