"""What containers do, from one look to the next. Pure: what was measured and the time are arguments.

Nobody can tell which kernel a container works for, and who started one: a container counts as work of the workspace, of
no kernel and no terminal. On a machine that several people share, the containers of others keep the workspace, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import Evidence, Signal
from jupyter_mlplatform.policy import IdlePolicy

PORT_LABEL = "com.amazon.jupyter.activity.port"
ENDPOINT_LABEL = "com.amazon.jupyter.activity.endpoint"
RESPONSE_LABEL = "com.amazon.jupyter.activity.response"
PAYLOAD_LABEL = "com.amazon.jupyter.activity.payload"
"""Where, and how, a container tells whether it is active; the last one is not needed."""


def is_self_reporting(labels: Iterable[str]) -> bool:
    """Whether a container with these labels tells itself whether it is active."""
    return {PORT_LABEL, ENDPOINT_LABEL, RESPONSE_LABEL} <= set(labels)


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A running container and what it has used since it started: CPU seconds, bytes read and written, bytes sent and
    received. ``self_reporting``: it tells itself whether it is active (see :mod:`.local.sidecars`). Where ``measured``
    is false, what it uses may not be asked.
    """

    id: str
    name: str
    image: str = ""
    self_reporting: bool = False
    measured: bool = True
    cpu_seconds: float = 0.0
    io_bytes: int = 0
    network_bytes: int = 0


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """Over one interval: ``cpu`` as a fraction of one core, ``io`` and ``network`` in bytes per second."""

    cpu: float
    io: float
    network: float


def use(before: Container | None, after: Container, elapsed: float) -> Use:
    """Between two looks. What was not there, or has started again meanwhile, has used all that it shows."""

    def grown(earlier: float, later: float) -> float:
        return (later - earlier if later >= earlier else later) / elapsed

    earlier = before or Container(id=after.id, name=after.name)
    return Use(
        cpu=grown(earlier.cpu_seconds, after.cpu_seconds),
        io=grown(earlier.io_bytes, after.io_bytes),
        network=grown(earlier.network_bytes, after.network_bytes),
    )


def finding(uses: Mapping[str, tuple[Container, Use]], policy: IdlePolicy, now: float) -> Finding:
    """Of the workspace. The container at work with the most CPU is named."""
    at_work = {key: why for key, (each, used) in uses.items() if (why := _work(each, used, policy))}
    if at_work:
        busiest = max(at_work, key=lambda key: uses[key][1].cpu)
        more = f", and {len(at_work) - 1} more are at work" if len(at_work) > 1 else ""
        return _finding(Signal.WORK, f"{_called(uses[busiest][0])} {at_work[busiest]}{more}", now)
    if not uses:
        return _finding(Signal.IDLE, "no container is running")
    hidden = [each for each, _ in uses.values() if not each.measured and not each.self_reporting]
    if hidden:
        return _finding(Signal.UNKNOWN, f"it cannot be read how much {_called(hidden[0])} does")
    count = "1 container is" if len(uses) == 1 else f"{len(uses)} containers are"
    most = max(used.cpu for _, used in uses.values())
    return _finding(Signal.IDLE, f"{count} running, but none is at work (at most {_percent(most)} of a core)")


def not_measured(count: int) -> Finding:
    """Before the second look."""
    if not count:
        return _finding(Signal.IDLE, "no container is running")
    return _finding(Signal.UNKNOWN, "what its containers do has not been measured over an interval yet")


def _work(each: Container, used: Use, policy: IdlePolicy) -> str:
    """Why it is at work; empty if it is not."""
    names = {each.name, each.image, each.image.rpartition("/")[2].partition(":")[0]}
    if names & set(policy.watchers):
        return ""
    # A sidecar that says itself whether it is active has a heartbeat, as has one that the policy names.
    beats = each.self_reporting or bool(names & set(policy.heartbeaters))
    if used.cpu >= (policy.heartbeat_cpu_fraction if beats else policy.busy_cpu_fraction):
        return f"used {_percent(used.cpu)} of a core"
    if used.io >= policy.io_bytes_per_second:
        return f"read and wrote {used.io / 1024:.0f} KiB/s"
    if used.network >= policy.network_bytes_per_second:
        return f"sent and received {used.network / 1024:.0f} KiB/s"
    return ""


def _called(each: Container) -> str:
    return f"the container {each.name} ({each.image})" if each.image else f"the container {each.name}"


def _finding(signal: Signal, text: str, worked_at: float | None = None) -> Finding:
    return Finding(Evidence(source="containers", signal=signal, text=text), worked_at)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.0f} %" if fraction >= 0.1 or not fraction else f"{100 * fraction:.1f} %"
