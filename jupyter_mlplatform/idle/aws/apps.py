"""Deletes the SageMaker app that this workspace runs in, and verifies it.

Looks before it acts: an app in recovery mode, or one that runs on reserved capacity (a training plan), is left alone.
``python -m jupyter_mlplatform.idle.aws.apps`` does it once for the watchdog, prints one line of JSON and leaves with
one of the ``EXIT_`` codes below. Calls block for up to two minutes: never on the event loop.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlplatform.idle import app_identity
from jupyter_mlplatform.idle.app_identity import AppIdentity
from jupyter_mlplatform.idle.aws import failures
from jupyter_mlplatform.idle.aws.failures import Failure
from jupyter_mlplatform.idle.local import clock
from jupyter_mlplatform.idle.ports import Stopped

GONE = frozenset({"Deleting", "Deleted"})
BACK_OFF_SECONDS = 3600.0
RETRY_SECONDS = 60.0
VERIFY_SECONDS = 20.0
ATTEMPTS = 4
"""Of ours, for an app that is in use; botocore itself retries throttling, errors of the server and time-outs."""

EXIT_DONE = 0
EXIT_LATER = 75
EXIT_REFUSED = 77

Connect = Callable[[str], Any]
"""A SageMaker client for a region; empty: the region of the environment."""


def connect(region: str) -> Any:
    """A client with short time-outs, whose retries back off with jitter (botocore's ``standard`` mode)."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 5})
    return boto3.session.Session().client("sagemaker", region_name=region or None, config=config)


def installed() -> bool:
    """Whether boto3 could be imported; without importing it."""
    from importlib.util import find_spec

    return find_spec("boto3") is not None


class SageMakerApp:
    """The app of ``metadata``, SageMaker's metadata file. One call at a time.

    ``seconds`` is a monotonic clock, ``pause`` waits for so many seconds.
    """

    def __init__(
        self,
        metadata: Path,
        client: Connect = connect,
        seconds: Callable[[], float] = clock.seconds,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._metadata = metadata
        self._connect = client
        self._seconds = seconds
        self._pause = pause
        self._identity = AppIdentity()
        self._client: Any = None
        self._asked = False
        self._failures = 0
        self._denied: tuple[str, float] | None = None

    def missing(self) -> tuple[str, ...]:
        """What the file lacks. It is read again until it is whole: it may be written while the server starts."""
        if self._identity.missing:
            try:
                self._identity = app_identity.parse(self._metadata.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return AppIdentity().missing
        return self._identity.missing

    def denied(self) -> str:
        """Why AWS refused, for an hour from then."""
        if self._denied is None or self._seconds() >= self._denied[1]:
            return ""
        return self._denied[0]

    def stop(self) -> Stopped:
        """Delete the app. What is being deleted already, or is gone because of us, is done."""
        if self.denied():
            return self._not_done(self.denied(), BACK_OFF_SECONDS)
        missing = self.missing()
        if missing:
            return self._not_done(f"SageMaker's metadata file lacks {', '.join(missing)}.", BACK_OFF_SECONDS)
        try:
            if self._client is None:
                self._client = self._connect(self._identity.region)
            stopped = self._delete()
        except Exception as error:  # noqa: BLE001 (the AWS libraries raise what they like; each gets its sentence)
            stopped = self._failed(failures.of(error, self._identity.region))
        if stopped.done:
            self._failures, self._denied = 0, None
        return stopped

    def _delete(self) -> Stopped:
        found = self._describe()
        for attempt in range(ATTEMPTS):
            if found["Status"] in GONE:
                return Stopped(done=True, text="SageMaker is deleting this app.")
            protection = _protection(found)
            if protection:
                return self._not_done(protection, BACK_OFF_SECONDS, protected=True)
            if found["Status"] == "Pending":
                return self._not_done("SageMaker is still starting this app.", RETRY_SECONDS)
            try:
                self._client.delete_app(**self._identity.request)
            except Exception as error:
                if failures.code(error) not in failures.IN_USE:
                    raise
                self._pause(random.uniform(0.5, 1.0) * 2**attempt)  # noqa: S311 (jitter)
                found = self._describe()
                continue
            self._asked = True
            return self._verify()
        return self._not_done("SageMaker says that this app is in use by another change.", RETRY_SECONDS)

    def _verify(self) -> Stopped:
        """DeleteApp only begins: DescribeApp must tell that it did."""
        until = self._seconds() + VERIFY_SECONDS
        status = self._describe()["Status"]
        while status not in GONE:
            if self._seconds() >= until:
                text = f"SageMaker accepted the deletion of this app, which is {status} all the same."
                return self._not_done(text, RETRY_SECONDS)
            self._pause(1.0)
            status = self._describe()["Status"]
        return Stopped(done=True, text="SageMaker is deleting this app.")

    def _describe(self) -> dict[str, Any]:
        """The app; one that is gone after we asked for it is ``Deleted``."""
        try:
            found: dict[str, Any] = self._client.describe_app(**self._identity.request)
        except Exception as error:
            if self._asked and failures.code(error) == failures.NOT_FOUND:
                return {"Status": "Deleted"}
            raise
        return found

    def _failed(self, failure: Failure) -> Stopped:
        if failure.fresh_client:
            self._client = None  # the next attempt reads the credentials and the configuration anew
        if failure.denied:
            self._denied = (failure.text, self._seconds() + BACK_OFF_SECONDS)
            return self._not_done(failure.text, BACK_OFF_SECONDS)
        return self._not_done(failure.text, RETRY_SECONDS)

    def _not_done(self, text: str, seconds: float, *, protected: bool = False) -> Stopped:
        """Each failure in a row waits twice as long, up to an hour."""
        self._failures += 1
        wait = min(BACK_OFF_SECONDS, seconds * 2 ** min(self._failures - 1, 10))
        return Stopped(done=False, text=text, retry_seconds=wait, protected=protected)


def _protection(found: dict[str, Any]) -> str:
    """Why this app is never stopped from here; empty when it may be."""
    if found.get("RecoveryMode"):
        return "This app runs in recovery mode, so it is left alone."
    if (found.get("ResourceSpec") or {}).get("TrainingPlanArn"):
        return "This app runs on reserved capacity (a training plan), so it is left alone."
    return ""


def main(arguments: list[str]) -> int:
    """Delete the app once. See the module."""
    parser = argparse.ArgumentParser(prog="jupyter_mlplatform.idle.aws.apps")
    parser.add_argument("--metadata", type=Path, required=True)
    app = SageMakerApp(parser.parse_args(arguments).metadata)
    stopped = app.stop()
    sys.stdout.buffer.write(msgspec.json.encode(stopped) + b"\n")
    sys.stdout.flush()
    if stopped.done:
        return EXIT_DONE
    return EXIT_REFUSED if stopped.retry_seconds >= BACK_OFF_SECONDS else EXIT_LATER


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
