"""The GPUs of this machine: NVIDIA's management library (NVML) through nvidia-ml-py, the ``gpu`` extra.

Calls, sample buffers and error codes: https://docs.nvidia.com/deploy/nvml-api. Inside of a container the driver names
processes by their numbers outside of it, or not at all, so that a number counts only while that process has a GPU open.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle import gpu
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.gpu import Gpu, Holder, Window
from jupyter_mlplatform.idle.models import WORKSPACE, Evidence, Signal
from jupyter_mlplatform.idle.ports import EVERYTHING, Source, View

PROC = Path("/proc")
DEV = Path("/dev")


def gpu_source(proc: Path = PROC, dev: Path = DEV) -> Source | None:
    """The source for this machine; None where there is no GPU of NVIDIA's. Loads nothing yet.

    A GPU without nvidia-ml-py gives a source as well: it cannot tell how much the GPU is used, and says so of those
    that have it open.
    """
    if not any(dev.glob("nvidia[0-9]*")) and not (dev / "dxg").exists():
        return None
    if importlib.util.find_spec("pynvml") is None:
        return UnreadGpus(proc, dev)
    return NvidiaGpus(proc, dev)


class Openers:
    """Which processes have a GPU open, by their open files."""

    def __init__(self, proc: Path, dev: Path) -> None:
        self._proc = proc
        self._dev = dev

    def among(self, pids: Iterable[int]) -> frozenset[int] | None:
        """Those of ``pids``, this process excepted; None where GPUs are not files (Windows' subsystem for Linux)."""
        devices = {str(each) for each in self._dev.glob("nvidia[0-9]*")}
        if not devices:
            return None
        return frozenset(pid for pid in pids if pid != os.getpid() and self._opens(pid, devices))

    def exists(self, pid: int) -> bool:
        """Whether this machine, as it is seen from here, has such a process."""
        return (self._proc / str(pid)).exists()

    def _opens(self, pid: int, devices: set[str]) -> bool:
        with suppress(OSError):  # it has ended, or hides its files as key agents do, which use no GPU
            for entry in os.scandir(self._proc / str(pid) / "fd"):
                with suppress(OSError):
                    if os.readlink(entry.path) in devices:  # noqa: PTH115 (a third of the time, for thousands of files)
                        return True
        return False


class UnreadGpus:
    """A machine with a GPU, but without the library that reads it."""

    name = "gpu"
    scope = EVERYTHING

    def __init__(self, proc: Path = PROC, dev: Path = DEV) -> None:
        self._openers = Openers(proc, dev)

    def look(self, view: View) -> Mapping[str, Finding]:
        """UNKNOWN for those that have a GPU open."""
        why = "nvidia-ml-py, the gpu extra, is not installed"
        openers = self._openers.among(view.owners)
        if openers is not None:
            return _of_openers(openers, view, why)
        return dict.fromkeys((EVERYTHING, WORKSPACE), _finding(Signal.UNKNOWN, _DOUBT.format(why)))

    def close(self) -> None:
        """See the port: nothing to undo."""


class NvidiaGpus:
    """All GPUs that NVML shows. It is loaded by the first look, which may take seconds on a large machine."""

    name = "gpu"
    scope = EVERYTHING

    def __init__(self, proc: Path = PROC, dev: Path = DEV) -> None:
        self._openers = Openers(proc, dev)
        self._nvml: Any = None
        self._windows: dict[str, Window] = {}
        self._shares: dict[tuple[str, int], Window] = {}
        self._seen: dict[tuple[str, str], int] = {}

    def look(self, view: View) -> Mapping[str, Finding]:
        """See :mod:`jupyter_mlplatform.idle.gpu`.

        When the library or the driver fails, those are in doubt that have a GPU open; where that cannot be seen,
        it raises ``Unavailable``.
        """
        nvml = importlib.import_module("pynvml")
        try:
            if self._nvml is None:
                nvml.nvmlInit()
                self._nvml = nvml
            count = nvml.nvmlDeviceGetCount()
            gpus = [each for index in range(count) for each in self._read(index, view)]
        except nvml.NVMLError as error:
            self.close()
            openers = self._openers.among(view.owners)
            if openers is not None:
                return _of_openers(openers, view, f"NVIDIA's management library answers {error}")
            raise Unavailable(
                "idle.gpu",
                "NVIDIA's management library does not tell how much the GPUs are used.",
                cause=f"It answers: {error}.",
                next_step="Run nvidia-smi; if that fails, too, the driver needs to be mended.",
            ) from error
        return gpu.findings(gpus, view.owners, view.policy, view.now)

    def close(self) -> None:
        """Let the library go; the next look loads it anew."""
        if self._nvml is not None:
            with suppress(self._nvml.NVMLError):
                self._nvml.nvmlShutdown()
        self._nvml = None
        self._windows.clear()
        self._shares.clear()
        self._seen.clear()

    def _try(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What NVML answers; None if this device, driver or slice has no such thing, which is not a failure."""
        nvml = self._nvml
        try:
            return call(*arguments)
        except nvml.NVMLError as error:
            absent = (
                nvml.NVML_SUCCESS,  # the binding raises it where a list is empty
                nvml.NVML_ERROR_INVALID_ARGUMENT,
                nvml.NVML_ERROR_NOT_SUPPORTED,
                nvml.NVML_ERROR_NO_PERMISSION,
                nvml.NVML_ERROR_NOT_FOUND,
                nvml.NVML_ERROR_FUNCTION_NOT_FOUND,
                nvml.NVML_ERROR_NO_DATA,
                nvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
            )
            if error.value in absent:
                return None
            raise

    def _read(self, index: int, view: View) -> list[Gpu]:
        nvml = self._nvml
        device = self._try(nvml.nvmlDeviceGetHandleByIndex, index)
        if device is None:  # shown, but not given to this container
            return []
        mode = self._try(nvml.nvmlDeviceGetMigMode, device)
        name = f"GPU {index}"
        if mode is None or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return [self._of_device(name, device, view)]
        slices = range(self._try(nvml.nvmlDeviceGetMaxMigDeviceCount, device) or 0)
        handles = {each: self._try(nvml.nvmlDeviceGetMigDeviceHandleByIndex, device, each) for each in slices}
        return [
            self._gpu(f"slice {each} of {name}", handle, None, view)
            for each, handle in handles.items()
            if handle is not None
        ]

    def _of_device(self, name: str, device: Any, view: View) -> Gpu:
        window = self._windows.setdefault(name, Window())
        used = self._measure(name, device, window, view.now)
        for pid, at, share in self._process_samples(name, device, view.now):
            self._shares.setdefault((name, pid), Window()).add(at, share, view.now)
        self._shares = {key: each for key, each in self._shares.items() if each.mean(view.now) is not None}
        worked_at = window.last_from(view.policy.gpu_fraction)
        return self._gpu(name, device, used, view, worked_at)

    def _measure(self, name: str, device: Any, window: Window, now: float) -> float | None:
        """The mean of the last minute from the driver's buffer, or from one measurement a look where it has none."""
        nvml = self._nvml
        seen = self._seen.get((name, "device"), 0)
        answer = self._try(nvml.nvmlDeviceGetSamples, device, nvml.NVML_GPU_UTILIZATION_SAMPLES, seen)
        samples = [each for each in (answer[1] if answer else ()) if each.timeStamp > seen]
        if answer and answer[0] != nvml.NVML_VALUE_TYPE_UNSIGNED_INT:
            samples = []
        if samples:
            newest = max(each.timeStamp for each in samples)
            self._seen[name, "device"] = newest
            for each in samples:
                at = now - (newest - each.timeStamp) / 1e6
                window.add(at, min(1.0, each.sampleValue.uiVal / 100), now)
            return window.mean(now)
        rates = self._try(nvml.nvmlDeviceGetUtilizationRates, device)
        if rates is None:
            return window.mean(now)
        window.add(now, rates.gpu / 100, now)
        return window.mean(now)

    def _process_samples(self, name: str, device: Any, now: float) -> Iterable[tuple[int, float, float]]:
        seen = self._seen.get((name, "processes"), 0)
        samples = self._try(self._nvml.nvmlDeviceGetProcessUtilization, device, seen) or ()
        fresh = [each for each in samples if each.pid and each.timeStamp > seen]
        newest = max((each.timeStamp for each in fresh), default=seen)
        self._seen[name, "processes"] = newest
        for each in fresh:
            share = max(each.smUtil, each.encUtil, each.decUtil)
            if share <= 100:  # drivers write larger numbers into entries that they did not fill
                yield each.pid, now - (newest - each.timeStamp) / 1e6, share / 100

    def _gpu(self, name: str, device: Any, used: float | None, view: View, worked_at: float | None = None) -> Gpu:
        rows = [
            *self._running(device, "Graphics"),
            *self._running(device, "Compute"),
        ]
        named = {each.pid: each for each in rows if each.pid}
        told = any(key[0] == name and window.most(view.now) for key, window in self._shares.items())
        holders = tuple(
            Holder(pid=pid, held=each.usedGpuMemory or None, used=self._share(name, pid, view.now) if told else None)
            for pid, each in named.items()
        )
        held = self._held(device)
        hidden = not all(self._openers.exists(pid) for pid in named) or (
            not named and (bool(used) or (held or 0) >= gpu.LEAST_HELD_BYTES)
        )
        candidates = view.owners if hidden else [pid for pid in named if pid in view.owners]
        return Gpu(
            name=name,
            used=used,
            worked_at=worked_at,
            held=held,
            holders=holders,
            hidden=hidden,
            openers=self._openers.among(candidates),
        )

    def _running(self, device: Any, sort: str) -> Iterable[Any]:
        for version in ("v3", "v2"):  # v2: drivers before 510
            rows = self._try(getattr(self._nvml, f"nvmlDeviceGet{sort}RunningProcesses_{version}"), device)
            if rows is not None:
                return list(rows)
        return ()

    def _share(self, name: str, pid: int, now: float) -> float:
        window = self._shares.get((name, pid))
        return window.most(now) if window else 0.0

    def _held(self, device: Any) -> int | None:
        """Bytes in use, without what the driver keeps for itself where it says how much that is."""
        nvml = self._nvml
        memory = self._try(nvml.nvmlDeviceGetMemoryInfo, device, nvml.nvmlMemory_v2)
        memory = memory or self._try(nvml.nvmlDeviceGetMemoryInfo, device)
        return None if memory is None else int(memory.used)


_DOUBT = "it has a GPU open, and how much that is used cannot be read: {}"


def _of_openers(openers: frozenset[int], view: View, why: str) -> dict[str, Finding]:
    """Without numbers, who has no GPU open does not use one, and of the others nothing is known."""
    if not openers:
        return {WORKSPACE: _finding(Signal.IDLE, "no process has a GPU open")}
    subjects = {each for pid in openers for each in view.owners[pid]} | {WORKSPACE}
    return dict.fromkeys(subjects, _finding(Signal.UNKNOWN, _DOUBT.format(why)))


def _finding(signal: Signal, text: str) -> Finding:
    return Finding(Evidence(source="gpu", signal=signal, text=text))
