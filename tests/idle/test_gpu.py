"""GPUs, through the real nvidia-ml-py: over a stand-in for the C library, and over a real GPU where there is one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.gpu import Gpu, Holder, Window, findings
from jupyter_mlplatform.idle.local import clock
from jupyter_mlplatform.idle.local.gpu import NvidiaGpus, UnreadGpus, gpu_source
from jupyter_mlplatform.idle.models import WORKSPACE, Signal, kernel, terminal
from jupyter_mlplatform.idle.ports import EVERYTHING, Source, View
from jupyter_mlplatform.policy import IdlePolicy
from tests.idle.fake_nvml import FakeGpu, FakeNvml, install
from tests.poll import until

ME = os.getpid()
OTHER = os.getppid()
GONE = 4_194_305  # above the largest number that Linux gives
K1, K2 = kernel("one"), kernel("two")
GB = 1_000_000_000

Look = Callable[..., dict[str, tuple[Signal, str]]]


def view(owners: dict[int, set[str]] | None = None, now: float = 1000.0) -> View:
    owned = {pid: frozenset(each) for pid, each in (owners or {}).items()}
    return View(now=now, utc=datetime.now(timezone.utc), owners=owned, policy=IdlePolicy())


def said(found: object) -> dict[str, tuple[Signal, str]]:
    assert isinstance(found, dict)
    answers: dict[str, Finding] = found
    return {subject: (each.evidence.signal, each.evidence.text) for subject, each in answers.items()}


@pytest.fixture
def gpu() -> FakeGpu:
    return FakeGpu()


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch, gpu: FakeGpu) -> FakeNvml:
    return install(monkeypatch, gpu)


@pytest.fixture
def source(tmp_path: Path, nvml: FakeNvml) -> Iterator[NvidiaGpus]:
    """A machine whose GPUs are not files, so that the driver's numbers are all there is."""
    made = NvidiaGpus(dev=tmp_path)
    yield made
    made.close()


@pytest.fixture
def opener(tmp_path: Path) -> Iterator[int]:
    """A process that has ``/dev/nvidia0`` open."""
    device = tmp_path / "nvidia0"
    device.touch()
    code = "import sys; f = open(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    started = subprocess.Popen([sys.executable, "-c", code, str(device)], stdin=pipe, stdout=pipe)
    assert started.stdout
    assert started.stdout.readline()
    yield started.pid
    started.communicate()


def test_when_a_kernel_uses_the_gpu_then_it_and_the_workspace_work_and_others_do_not(
    source: NvidiaGpus, gpu: FakeGpu
) -> None:
    gpu.use(80).processes = {ME: 3 * GB}
    found = said(source.look(view({ME: {K1}, OTHER: {K2}})))
    expected = (Signal.WORK, "the GPU 0 was used at 80 % over the last minute")
    assert found == {K1: expected, WORKSPACE: expected}


def test_when_memory_is_held_and_the_gpu_rests_then_it_is_idle_and_the_memory_is_named(
    source: NvidiaGpus, gpu: FakeGpu
) -> None:
    gpu.use(0).processes = {ME: 12 * GB}
    gpu.held = 12 * GB
    found = said(source.look(view({ME: {K1}})))
    expected = (Signal.IDLE, "12.0 GB of GPU memory are held, but the GPU was used at 0 %")
    assert found == {K1: expected, WORKSPACE: expected}


def test_when_one_kernel_computes_and_another_holds_memory_then_only_the_first_works(
    source: NvidiaGpus, gpu: FakeGpu
) -> None:
    gpu.use(80).processes = {ME: 3 * GB, OTHER: 2 * GB}
    gpu.shares = [(999_000_000, ME, 78)]
    found = said(source.look(view({ME: {K1}, OTHER: {K2}})))
    assert found[K1][0] is found[WORKSPACE][0] is Signal.WORK
    assert found[K2] == (Signal.IDLE, "2.0 GB of GPU memory are held, but the GPU was used at 0 %")


def test_when_the_driver_names_no_share_then_every_holder_of_a_busy_gpu_works(source: NvidiaGpus, gpu: FakeGpu) -> None:
    gpu.use(80).processes = {ME: 3 * GB, OTHER: 2 * GB}
    gpu.refuses["nvmlDeviceGetProcessUtilization"] = pynvml.NVML_ERROR_NOT_SUPPORTED
    found = said(source.look(view({ME: {K1}, OTHER: {terminal("1")}})))
    assert {subject for subject, (signal, _) in found.items() if signal is Signal.WORK} == {
        K1,
        terminal("1"),
        WORKSPACE,
    }


@pytest.mark.parametrize("processes", [{}, {GONE: 0}])
def test_when_the_numbers_are_those_of_another_namespace_then_a_busy_gpu_keeps_everything(
    source: NvidiaGpus, gpu: FakeGpu, processes: dict[int, int]
) -> None:
    gpu.use(80).processes = processes
    assert said(source.look(view({ME: {K1}})))[EVERYTHING][0] is Signal.WORK


def test_when_the_numbers_are_hidden_then_those_work_that_have_the_gpu_open(
    tmp_path: Path, nvml: FakeNvml, gpu: FakeGpu, opener: int
) -> None:
    gpu.use(80)
    source = NvidiaGpus(dev=tmp_path)
    found = said(source.look(view({opener: {K1}, OTHER: {K2}})))
    assert {each: signal for each, (signal, _) in found.items()} == {K1: Signal.WORK, WORKSPACE: Signal.WORK}
    gpu.samples.clear()
    gpu.use(0).held = 5 * GB
    found = said(source.look(view({opener: {K1}, OTHER: {K2}}, now=2000.0)))
    assert found[K1] == (Signal.IDLE, "it holds a GPU, but the GPU was used at 0 %")
    assert found[WORKSPACE] == (Signal.IDLE, "5.0 GB of GPU memory are held, but the GPU was used at 0 %")


def test_when_a_strangers_number_is_by_chance_a_kernels_then_only_the_workspace_works(
    tmp_path: Path, nvml: FakeNvml, gpu: FakeGpu
) -> None:
    (tmp_path / "nvidia0").touch()
    gpu.use(80).processes = {OTHER: GB}
    found = said(NvidiaGpus(dev=tmp_path).look(view({OTHER: {K1}})))
    why = "the GPU 0 was used at 80 % over the last minute by processes that are not yours or run in a container"
    assert found == {WORKSPACE: (Signal.WORK, why)}


def test_when_the_gpu_rests_after_work_then_it_is_idle_after_a_minute_and_the_last_use_is_told(
    source: NvidiaGpus, gpu: FakeGpu
) -> None:
    gpu.use(80, until=1000.0).processes = {ME: GB}
    seen = view({ME: {K1}}, now=1000.0)
    assert source.look(seen)[K1].worked_at == pytest.approx(1000.0)
    gpu.use(0, seconds=15, until=1015.0)
    found = source.look(view({ME: {K1}}, now=1015.0))[K1]
    assert (found.evidence.signal, found.worked_at) == (Signal.WORK, pytest.approx(1000.0))
    gpu.use(0, seconds=48, until=1063.0)
    assert source.look(view({ME: {K1}}, now=1063.0))[K1].evidence.signal is Signal.IDLE


def test_when_the_drivers_buffer_reaches_back_over_the_last_look_then_no_sample_counts_twice(
    source: NvidiaGpus, gpu: FakeGpu
) -> None:
    gpu.use(100, seconds=20, until=1000.0)
    source.look(view(now=1000.0))
    gpu.use(0, seconds=15, until=1015.0)
    assert said(source.look(view(now=1015.0)))[EVERYTHING][1] == "the GPU 0 was used at 57 % over the last minute"


def test_when_a_minute_has_passed_then_no_measurement_of_before_is_kept() -> None:
    window = Window()
    window.add(10.0, 0.9, 10.0)
    window.add(69.0, 0.1, 69.0)
    assert (window.mean(69.0), window.most(69.0), window.last_from(0.5)) == (0.5, 0.9, 10.0)
    window.add(71.0, 0.3, 71.0)
    assert (window.mean(71.0), window.most(71.0), window.last_from(0.5)) == (0.2, 0.3, None)
    assert (window.mean(200.0), window.most(200.0)) == (None, 0.0)


def test_when_the_driver_keeps_no_samples_then_our_own_looks_make_the_mean(source: NvidiaGpus, gpu: FakeGpu) -> None:
    gpu.refuses["nvmlDeviceGetSamples"] = pynvml.NVML_ERROR_NOT_SUPPORTED
    gpu.percent = 16
    assert said(source.look(view(now=1000.0)))[WORKSPACE][0] is Signal.WORK
    gpu.percent = 0
    texts = [said(source.look(view(now=at)))[WORKSPACE] for at in (1015.0, 1030.0, 1045.0, 1061.0)]
    assert [signal for signal, _ in texts] == [Signal.WORK, Signal.WORK, Signal.IDLE, Signal.IDLE]
    assert texts[0][1] == "the GPU 0 was used at 8 % over the last minute"


def test_when_a_gpu_is_divided_then_a_slice_in_use_is_unknown_and_an_empty_one_is_idle(
    source: NvidiaGpus, nvml: FakeNvml, gpu: FakeGpu
) -> None:
    refused = dict.fromkeys(
        ("nvmlDeviceGetSamples", "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetProcessUtilization"),
        pynvml.NVML_ERROR_NOT_SUPPORTED,
    )
    used, empty = FakeGpu(), FakeGpu()
    for each in (gpu, used, empty):
        each.refuses = dict(refused)
    gpu.slices = [empty]
    assert said(source.look(view({ME: {K1}}))) == {WORKSPACE: (Signal.IDLE, "the GPU was used at 0 %")}
    used.processes = {ME: 4 * GB}
    gpu.slices = [used, empty]
    why = "it cannot be read how much the slice 0 of GPU 0 is used, and 4.0 GB of its memory are held"
    assert said(source.look(view({ME: {K1}})))[K1] == (Signal.UNKNOWN, why)


def test_when_a_gpu_belongs_to_another_container_then_the_others_are_still_read(
    source: NvidiaGpus, nvml: FakeNvml
) -> None:
    nvml.gpus.append(FakeGpu().use(60))
    first = nvml.gpus[0]

    def refuse(index: int) -> int:
        return pynvml.NVML_ERROR_NO_PERMISSION if nvml.gpus[index] is first else pynvml.NVML_SUCCESS

    original = FakeNvml.do_nvmlDeviceGetHandleByIndex_v2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            FakeNvml,
            "do_nvmlDeviceGetHandleByIndex_v2",
            lambda self, index, device: refuse(index.value) or original(self, index, device),
        )
        assert "GPU 1 was used at 60 %" in said(source.look(view()))[WORKSPACE][1]


def test_when_the_driver_is_old_then_the_older_calls_are_used(source: NvidiaGpus, nvml: FakeNvml, gpu: FakeGpu) -> None:
    nvml.missing = {
        "nvmlDeviceGetComputeRunningProcesses_v3",
        "nvmlDeviceGetGraphicsRunningProcesses_v3",
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetMigMode",
    }
    gpu.use(80).processes = {ME: GB}
    assert said(source.look(view({ME: {K1}})))[K1][0] is Signal.WORK


@pytest.mark.parametrize("call", ["nvmlInitWithFlags", "nvmlDeviceGetCount_v2", "nvmlDeviceGetSamples"])
def test_when_the_library_is_broken_then_it_says_so_and_is_asked_again_the_next_time(
    source: NvidiaGpus, nvml: FakeNvml, gpu: FakeGpu, call: str
) -> None:
    nvml.refuses[call] = pynvml.NVML_ERROR_GPU_IS_LOST
    with pytest.raises(Unavailable, match="GPU is lost"):
        source.look(view())
    nvml.refuses.clear()
    gpu.use(50)
    assert said(source.look(view()))[EVERYTHING][0] is Signal.WORK
    assert (nvml.initialised, nvml.starts) == (1, 1 if call == "nvmlInitWithFlags" else 2)


def test_when_the_library_is_broken_then_only_those_are_in_doubt_that_have_the_gpu_open(
    tmp_path: Path, nvml: FakeNvml, opener: int
) -> None:
    nvml.refuses["nvmlInitWithFlags"] = pynvml.NVML_ERROR_DRIVER_NOT_LOADED
    source = NvidiaGpus(dev=tmp_path)
    assert said(source.look(view({ME: {K1}}))) == {WORKSPACE: (Signal.IDLE, "no process has a GPU open")}
    why = (
        "it has a GPU open, and how much that is used cannot be read: "
        "NVIDIA's management library answers Driver Not Loaded"
    )
    found = said(source.look(view({ME: {K2}, opener: {K1}})))
    assert found == {K1: (Signal.UNKNOWN, why), WORKSPACE: (Signal.UNKNOWN, why)}


def test_when_there_is_a_gpu_but_no_library_then_those_that_have_it_open_are_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opener: int
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    source = gpu_source(dev=tmp_path)
    assert isinstance(source, UnreadGpus)
    found = said(source.look(view({opener: {K1}, OTHER: {K2}})))
    assert {each: signal for each, (signal, _) in found.items()} == {K1: Signal.UNKNOWN, WORKSPACE: Signal.UNKNOWN}
    assert "the gpu extra" in found[K1][1]
    with (tmp_path / "nvidia0").open():  # as this server itself has, through the library
        assert said(source.look(view({OTHER: {K2}, ME: set()}))) == {
            WORKSPACE: (Signal.IDLE, "no process has a GPU open")
        }


def test_when_there_is_no_gpu_then_there_is_no_source_and_the_library_is_not_loaded(tmp_path: Path) -> None:
    assert gpu_source(dev=tmp_path) is None
    (tmp_path / "nvidiactl").touch()
    assert gpu_source(dev=tmp_path) is None
    (tmp_path / "nvidia0").touch()
    code = (
        "import sys, pathlib; from jupyter_mlplatform.idle.local.gpu import gpu_source\n"
        "assert gpu_source(dev=pathlib.Path(sys.argv[1])); sys.exit('pynvml' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


SUBJECTS = st.frozensets(st.sampled_from([K1, K2, terminal("1")]), max_size=2)
SHARE = st.none() | st.floats(0, 1)
HOLDERS = st.lists(
    st.builds(Holder, pid=st.integers(1, 6), held=st.none() | st.integers(0, GB), used=SHARE), max_size=4
)
OPENERS = st.none() | st.frozensets(st.integers(1, 6))


@given(
    gpus=st.lists(
        st.builds(
            Gpu,
            name=st.sampled_from(["GPU 0", "GPU 1"]),
            used=SHARE,
            held=st.none() | st.integers(0, GB),
            holders=HOLDERS.map(tuple),
            hidden=st.booleans(),
            openers=OPENERS,
        ),
        min_size=1,
        max_size=3,
    ),
    owners=st.dictionaries(st.integers(1, 6), SUBJECTS),
)
def test_whatever_the_driver_says_a_gpu_at_work_keeps_the_workspace_and_who_may_be_using_it(
    gpus: list[Gpu], owners: dict[int, frozenset[str]]
) -> None:
    found = findings(gpus, owners, IdlePolicy(), 100.0)
    assert WORKSPACE in found
    work = {subject for subject, each in found.items() if each.evidence.signal is Signal.WORK}
    for gpu in gpus:
        if (gpu.used or 0.0) < IdlePolicy().gpu_fraction:
            continue
        assert WORKSPACE in work
        if gpu.hidden and gpu.openers is None:
            assert EVERYTHING in work
        told = any(each.used for each in gpu.holders)
        users = {
            each.pid
            for each in gpu.holders
            if (gpu.openers is None or each.pid in gpu.openers) and (not told or (each.used or 0.0) >= 0.05)
        }
        for pid in (gpu.openers or frozenset()) if gpu.hidden else users:
            assert owners.get(pid, frozenset()) <= work


REAL = gpu_source()

CUDA = """
import ctypes, sys, threading
cuda = ctypes.CDLL("libcuda.so.1")
def call(name, *arguments):
    assert getattr(cuda, name)(*arguments) == 0, name
device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
call("cuInit", 0)
call("cuDeviceGet", ctypes.byref(device), 0)
call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
call("cuCtxSetCurrent", context)
call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(512 << 20))
print("held", flush=True)
sys.stdin.readline()
working = True
def end():
    global working
    sys.stdin.readline()
    working = False
threading.Thread(target=end, daemon=True).start()
while working:
    for _ in range(50):
        call("cuMemsetD32_v2", memory, ctypes.c_uint(7), ctypes.c_size_t(128 << 20))
    call("cuCtxSynchronize")
"""


@pytest.mark.skipif(REAL is None, reason="this machine has no GPU; the ledger of fidelity says so")
def test_given_a_real_gpu_when_a_process_holds_it_then_it_is_idle_and_when_it_computes_it_works(python: str) -> None:
    source: Source | None = REAL
    assert source
    pipe = subprocess.PIPE
    with subprocess.Popen([python, "-c", CUDA], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "held\n"

        def look() -> tuple[Signal, str]:
            return said(source.look(view({process.pid: {K1}, ME: set()}, now=clock.seconds())))[K1]

        # The driver's buffer may still remember whoever used the GPU before.
        signal, text = until(lambda: (found := look())[0] is Signal.IDLE and found, seconds=90)
        assert "GPU" in text
        process.stdin.write("\n")
        process.stdin.flush()
        signal, text = until(lambda: (found := look())[0] is Signal.WORK and found, seconds=60)
        assert signal is Signal.WORK
        assert "was used at" in text
        process.stdin.write("\n")
