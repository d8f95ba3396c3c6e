"""How the workspace is stopped here: chosen from what is installed, known and permitted. Pure.

On SageMaker two things can stop the app: SageMaker's own idle shutdown, which asks ``/api/idle`` (*native*), and our
own call of DeleteApp (*direct*). The native one is always served, so that it never stops what works and is still there
when a call is refused.
"""

from __future__ import annotations

import msgspec

from jupyter_mlplatform.idle.models import StopMode, StopPlan
from jupyter_mlplatform.policy import IdlePolicy

ELSEWHERE = "this is not a SageMaker app"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about this workspace.

    ``missing`` are the entries that SageMaker's metadata file lacks, ``boto3`` whether it is installed,
    ``activity_monitor`` whether SageMaker's own extension answers ``/api/idle`` here. ``denied`` is why a call was
    refused within the last hour, ``problem`` what went wrong the last time; both empty when nothing did.
    """

    on_sagemaker: bool
    activity_monitor: bool = False
    missing: tuple[str, ...] = ()
    boto3: bool = False
    denied: str = ""
    problem: str = ""


def choose(facts: Facts, policy: IdlePolicy) -> StopPlan:
    """The mode that the policy asks for where it is possible, otherwise the nearest one, and why."""
    native = _native(facts)
    mode, why = _mode(facts, policy, native)
    return StopPlan(mode=mode, native=native, why=why, problem=facts.denied or facts.problem)


def _native(facts: Facts) -> StopMode:
    if not facts.on_sagemaker:
        return StopMode.NONE
    return StopMode.FEEDER if facts.activity_monitor else StopMode.PROVIDER


def _mode(facts: Facts, policy: IdlePolicy, native: StopMode) -> tuple[StopMode, str]:
    asked = policy.stop
    if asked == "off":
        return StopMode.NONE, "The policy says that only kernels and terminals are stopped."
    if asked == "server":
        also = " The SageMaker app, and its bill, go on." if facts.on_sagemaker else ""
        return StopMode.SERVER, f"The policy says that this Jupyter server is ended.{also}"
    if not facts.on_sagemaker:
        if asked == "auto":
            return StopMode.NONE, "Only kernels and terminals are stopped: the policy does not ask to end the server."
        return StopMode.NONE, f"Only kernels and terminals are stopped: {asked!r} is impossible, {ELSEWHERE}."
    if asked in ("provider", "feeder"):
        if asked == native.value:
            return native, f"The policy asks for it: {_NATIVE[native]}"
        return native, f"{asked!r} is impossible here: {_NATIVE[native]}"
    obstacle = _obstacle(facts)
    if obstacle:
        return native, f"DeleteApp is not called, because {obstacle}: {_NATIVE[native]}"
    return StopMode.DIRECT, "SageMaker is asked to delete this app (DeleteApp)."


_NATIVE = {
    StopMode.PROVIDER: "SageMaker's own idle shutdown asks our /api/idle and stops the app.",
    StopMode.FEEDER: "SageMaker's activity monitor answers /api/idle with the time that we write for it.",
}


def _obstacle(facts: Facts) -> str:
    if facts.missing:
        return f"SageMaker's metadata file lacks {', '.join(facts.missing)}"
    if not facts.boto3:
        return "boto3 is not installed"
    if facts.denied:
        return "it was refused"
    return ""
