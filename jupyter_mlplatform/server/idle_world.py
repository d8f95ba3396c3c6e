"""What the idle keeper needs of this running server: its kernels, its terminals, every source that applies here."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform.idle.local import (
    beacons,
    clock,
    documents,
    heartbeat,
    hooks,
    proxied,
    schedules,
    server_stop,
    terminate,
    timestamp_file,
)
from jupyter_mlplatform.idle.local.baseline import BaselineFile
from jupyter_mlplatform.idle.local.containers import container_source
from jupyter_mlplatform.idle.local.gpu import gpu_source
from jupyter_mlplatform.idle.local.kernels import JupyterKernels
from jupyter_mlplatform.idle.local.network import network_source
from jupyter_mlplatform.idle.local.processes import process_table
from jupyter_mlplatform.idle.local.sidecars import sidecar_source
from jupyter_mlplatform.idle.local.terminals import JupyterTerminals
from jupyter_mlplatform.idle.models import Decision, StopMode
from jupyter_mlplatform.idle.ports import Announce, Source, Stopper
from jupyter_mlplatform.idle.service import Server
from jupyter_mlplatform.idle.stopper import App, WorkspaceStopper
from jupyter_mlplatform.server import native_idle
from jupyter_mlplatform.server.stdin_watch import watch_stdin
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import METADATA_FILE, METADATA_VARIABLE, Place


class NativeBeacon:
    """Tells SageMaker's own idle shutdown, in the way in which it asks here."""

    def __init__(self, stopper: Stopper, route: beacons.Route, file: beacons.TimestampFile) -> None:
        self._stopper = stopper
        self._route = route
        self._file = file

    def tell(self, last_active: datetime) -> None:
        """See ``ports.Beacon``."""
        self._route.tell(last_active)
        if self._stopper.plan().native is StopMode.FEEDER:
            self._file.tell(last_active)


def build(serverapp: ServerApp, services: Services, announce: Announce, decided: Callable[[Decision], None]) -> Server:
    """The surroundings of this server's keeper. ``announce`` tells every client, ``decided`` gets every decision."""
    service, folder = services.idle, services.workspace.local_dir
    policy, settings = service.policy, serverapp.web_app.settings
    kernels = JupyterKernels(
        serverapp.kernel_manager, serverapp.session_manager, clock.seconds, serverapp.log, serverapp.contents_manager
    )
    watch_stdin(settings, kernels.waiting)
    stopper = _stopper(serverapp, services)
    beacon: NativeBeacon | None = None
    editors: Source | None = None
    if services.workspace.place is Place.SAGEMAKER:
        route = beacons.Route(service.utc, clock.seconds, heartbeat.mute_seconds(policy.sample_seconds))
        file = beacons.TimestampFile(folder, service.utc)
        settings[native_idle.SETTING] = route.last_active
        beacon = NativeBeacon(stopper, route, file)
        editors = timestamp_file.TimestampFile(clock.seconds(), serverapp.log, file.own)
    return Server(
        name=services.workspace.name,
        kernels=kernels,
        terminals=JupyterTerminals(settings.get("terminal_manager"), serverapp.log),
        processes=process_table(policy, BaselineFile(folder)),
        sources=_sources(serverapp, editors),
        stopper=stopper,
        beacon=beacon,
        hooks=hooks.FolderHooks(folder / "hooks" / "before-stop.d", policy.hook_seconds),
        terminate=terminate.Processes(),
        announce=announce,
        decided=decided,
        problems=serverapp.log,
    )


def metadata_file(services: Services) -> Path:
    """Where SageMaker's metadata file lies; the variable counts only where the policy lets a person say where it is."""
    pinned = services.policy.policy.workspace.identity == "sagemaker"
    return METADATA_FILE if pinned else Path(os.environ.get(METADATA_VARIABLE) or METADATA_FILE)


def _stopper(serverapp: ServerApp, services: Services) -> WorkspaceStopper:
    from jupyter_mlplatform.idle.aws import apps

    app: App | None = None
    if services.workspace.place is Place.SAGEMAKER:
        app = apps.SageMakerApp(metadata_file(services))
    return WorkspaceStopper(
        app,
        services.idle.policy,
        boto3=apps.installed(),
        activity_monitor=lambda: native_idle.monitor_answers(serverapp),
        end_server=server_stop.end_server(serverapp),
    )


def _sources(serverapp: ServerApp, editors: Source | None) -> tuple[Source, ...]:
    """Those that apply on this machine and to what is installed in this server."""
    base_url = str(serverapp.web_app.settings["base_url"])
    found: list[Any] = [
        editors,
        gpu_source(),
        network_source(),
        container_source(),
        sidecar_source(base_url=base_url),
        schedules.of_server(serverapp),
        documents.of_server(serverapp),
        proxied.of_server(serverapp, clock.seconds),
    ]
    return tuple(each for each in found if each is not None)
