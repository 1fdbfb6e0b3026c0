"""GPUs are watched by one tool that goes on, and what it does not know is unknown."""

import time

import pytest

from harness.machine.gpus import Inventory, inventory
from harness.watch.gpus import GpuWatch, parse
from harness.watch.samples import GpuSample
from tests.harness import fake_nvidia
from tests.harness.fake_nvidia import A100, SECOND, SLICE, nvidia_smi


def waited_for(watch, ids):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = watch.of(ids)
        if any(gpu.memory_bytes is not None for gpu in found):
            return found
        time.sleep(0.05)
    raise AssertionError("nothing was said of the GPUs")


def test_memory_and_utilization_of_a_runs_gpus_are_known(tmp_path):
    environ = nvidia_smi(tmp_path, fake_nvidia.PLAIN)
    with GpuWatch(environ, inventory(environ)) as watch:
        assert waited_for(watch, [A100]) == (GpuSample(id=A100, memory_bytes=2048 << 20, utilization_percent=37.0),)
        waited_for(watch, [SECOND])
        process = watch._process
    assert process.poll() is not None


def test_of_a_mig_instance_nothing_is_guessed(tmp_path):
    environ = nvidia_smi(tmp_path, fake_nvidia.CUT, fake_nvidia.LISTED)
    with GpuWatch(environ, inventory(environ)) as watch:
        waited_for(watch, [SECOND])
        assert watch.of([SLICE]) == (GpuSample(id=SLICE),)


def test_where_there_is_no_gpu_nothing_is_started():
    with GpuWatch({"PATH": ""}, Inventory()) as watch:
        assert watch._process is None and watch.of([A100]) == (GpuSample(id=A100),)


@pytest.mark.parametrize(
    ("line", "memory", "busy"),
    [
        (f"{A100}, 37, 2048\n", 2048 << 20, 37.0),
        (f"{A100}, [N/A], 2048\n", 2048 << 20, None),
        (f"{A100}, [Unknown Error], [Insufficient Permissions]\n", None, None),
    ],
)
def test_what_the_tool_does_not_know_is_none(line, memory, busy):
    assert parse(line) == GpuSample(id=A100, memory_bytes=memory, utilization_percent=busy)


def test_words_of_trouble_are_no_sample():
    assert parse("Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.\n") is None
