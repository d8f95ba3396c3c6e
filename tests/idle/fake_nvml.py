"""A stand-in for libnvidia-ml: the C functions that the real nvidia-ml-py calls, over GPUs that the test describes.

The real binding runs on top of it, with its structures, its two calls for each list and its error codes. What it does
not show is what a real driver answers: the sample rates, the process numbers inside of a container, divided GPUs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pynvml
import pytest


class FakeGpu:
    """``samples``: (microseconds, percent). ``processes``: pid to bytes. ``shares``: (microseconds, pid, percent)."""

    def __init__(self) -> None:
        self.samples: list[tuple[int, int]] = []
        self.percent = 0
        self.processes: dict[int, int] = {}
        self.shares: list[tuple[int, int, int]] = []
        self.held = 0
        self.slices: list[FakeGpu] = []
        self.refuses: dict[str, int] = {}

    def use(self, percent: int, seconds: float = 60.0, until: float = 1_000_000.0) -> FakeGpu:
        """At work like this for the last ``seconds`` before ``until``, six samples a second."""
        self.percent = percent
        start = int((until - seconds) * 1e6)
        self.samples += [(start + int(each * 1e6 / 6), percent) for each in range(1, int(seconds * 6) + 1)]
        return self


class FakeNvml:
    """The library: assign it to ``pynvml.nvmlLib`` with :func:`install`."""

    def __init__(self, *gpus: FakeGpu) -> None:
        self.gpus = list(gpus)
        self.refuses: dict[str, int] = {}
        self.missing: set[str] = set()
        self.initialised = 0
        self.starts = 0
        self._handles: list[FakeGpu] = []

    def __getattr__(self, name: str) -> Callable[..., int]:
        made: Callable[..., int] | None = type(self).__dict__.get(f"do_{name}")
        if made is None or name in self.missing:
            raise AttributeError(name)

        def call(*arguments: Any) -> int:
            first = self._gpu(arguments[0]) if arguments and isinstance(arguments[0], pynvml.c_nvmlDevice_t) else None
            for refuses in (self.refuses, first.refuses if first else {}):
                if name in refuses:
                    return refuses[name]
            return made(self, *arguments)

        return call

    def _gpu(self, handle: Any) -> FakeGpu:
        return self._handles[ctypes.cast(handle, ctypes.c_void_p).value - 1]  # type: ignore[operator]

    def _handle(self, target: Any, gpu: FakeGpu) -> int:
        if not any(each is gpu for each in self._handles):
            self._handles.append(gpu)
        index = next(index for index, each in enumerate(self._handles) if each is gpu)
        ctypes.c_void_p.from_buffer(target._obj).value = index + 1
        return pynvml.NVML_SUCCESS

    def do_nvmlInitWithFlags(self, flags: int) -> int:  # noqa: N802
        self.initialised += 1
        self.starts += 1
        return pynvml.NVML_SUCCESS

    def do_nvmlShutdown(self) -> int:  # noqa: N802
        self.initialised -= 1
        return pynvml.NVML_SUCCESS

    def do_nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802
        count._obj.value = len(self.gpus)
        return pynvml.NVML_SUCCESS

    def do_nvmlDeviceGetHandleByIndex_v2(self, index: Any, device: Any) -> int:  # noqa: N802
        return self._handle(device, self.gpus[index.value])

    def do_nvmlDeviceGetMigMode(self, device: Any, current: Any, pending: Any) -> int:  # noqa: N802
        current._obj.value = pending._obj.value = int(bool(self._gpu(device).slices))
        return pynvml.NVML_SUCCESS

    def do_nvmlDeviceGetMaxMigDeviceCount(self, device: Any, count: Any) -> int:  # noqa: N802
        count._obj.value = 7
        return pynvml.NVML_SUCCESS

    def do_nvmlDeviceGetMigDeviceHandleByIndex(self, device: Any, index: Any, slice_: Any) -> int:  # noqa: N802
        slices = self._gpu(device).slices
        return self._handle(slice_, slices[index.value]) if index.value < len(slices) else pynvml.NVML_ERROR_NOT_FOUND

    def do_nvmlDeviceGetSamples(  # noqa: N802
        self, device: Any, sort: Any, seen: Any, value_type: Any, count: Any, samples: Any
    ) -> int:
        fresh = [each for each in self._gpu(device).samples if each[0] > seen.value][-120:]
        if not fresh:
            return pynvml.NVML_ERROR_NOT_FOUND
        value_type._obj.value = pynvml.NVML_VALUE_TYPE_UNSIGNED_INT
        count._obj.value = len(fresh)
        for place, (at, percent) in zip(samples or (), fresh, strict=False):
            place.timeStamp, place.sampleValue.uiVal = at, percent
        return pynvml.NVML_SUCCESS

    def do_nvmlDeviceGetUtilizationRates(self, device: Any, rates: Any) -> int:  # noqa: N802
        rates._obj.gpu = self._gpu(device).percent
        return pynvml.NVML_SUCCESS

    def do_nvmlDeviceGetProcessUtilization(self, device: Any, samples: Any, count: Any, seen: Any) -> int:  # noqa: N802
        fresh = [each for each in self._gpu(device).shares if each[0] > seen.value]
        if samples is None:
            count._obj.value = 100
            return pynvml.NVML_ERROR_INSUFFICIENT_SIZE
        if not fresh:
            return pynvml.NVML_ERROR_NOT_FOUND
        count._obj.value = len(fresh)
        for place, (at, pid, percent) in zip(samples, fresh, strict=False):
            place.timeStamp, place.pid, place.smUtil = at, pid, percent
        return pynvml.NVML_SUCCESS

    def do_nvmlDeviceGetComputeRunningProcesses_v3(self, device: Any, count: Any, rows: Any) -> int:  # noqa: N802
        named = self._gpu(device).processes
        if not named:
            count._obj.value = 0
            return pynvml.NVML_SUCCESS
        if rows is None:
            count._obj.value = len(named)
            return pynvml.NVML_ERROR_INSUFFICIENT_SIZE
        count._obj.value = len(named)
        for place, (pid, held) in zip(rows, named.items(), strict=False):
            place.pid, place.usedGpuMemory = pid, held
        return pynvml.NVML_SUCCESS

    do_nvmlDeviceGetComputeRunningProcesses_v2 = do_nvmlDeviceGetComputeRunningProcesses_v3  # noqa: N815

    def do_nvmlDeviceGetGraphicsRunningProcesses_v3(self, device: Any, count: Any, rows: Any) -> int:  # noqa: N802
        count._obj.value = 0
        return pynvml.NVML_SUCCESS

    def do_nvmlDeviceGetMemoryInfo_v2(self, device: Any, memory: Any) -> int:  # noqa: N802
        memory._obj.used = self._gpu(device).held
        return pynvml.NVML_SUCCESS

    do_nvmlDeviceGetMemoryInfo = do_nvmlDeviceGetMemoryInfo_v2  # noqa: N815


def install(monkeypatch: pytest.MonkeyPatch, *gpus: FakeGpu) -> FakeNvml:
    """Make it the library that nvidia-ml-py has loaded, for this test."""
    library = FakeNvml(*gpus)
    monkeypatch.setattr(pynvml, "nvmlLib", library)
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    return library
