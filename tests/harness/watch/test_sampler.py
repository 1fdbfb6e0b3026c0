"""A run's samples: dense at first, few however long it lasts, and nothing lost that matters."""

import itertools
import json
import os

import pytest

from harness.sandbox.cgroup import ResourceUse
from harness.watch.sampler import Sampler
from harness.watch.samples import MOST_SAMPLES, GpuSample, Sample, merged, read

DAY = 24 * 3600
EVERY = 8  # seconds between looks, or the test would take long


class Box:
    """A box that uses what a test says."""

    def __init__(self, **use):
        self.use = use
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return ResourceUse(**self.use) if self.use else None


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_short_run_has_a_line_a_second(tmp_path):
    box = Box(cpu_seconds=0.0, memory_bytes=5)
    sampler = Sampler(tmp_path / "r.jsonl", box)
    for tick in range(300):  # thirty seconds, ticked ten times each
        box.use["cpu_seconds"] = tick / 20
        sampler.tick(tick / 10)
    record = sampler.close()
    assert [line["seconds"] for line in lines(tmp_path / "r.jsonl")] == list(range(30))
    assert record.samples == 30 and box.looks == 30
    assert record.cpu_seconds == pytest.approx(290 / 20) and record.peak_memory_bytes == 5 and record.missing == ""


def test_a_day_has_few_lines_evenly_spread(tmp_path):
    box = Box(cpu_seconds=0.0, memory_bytes=1, written_bytes=0)
    sampler = Sampler(tmp_path / "r.jsonl", box)
    for second in range(0, DAY, EVERY):
        box.use = {"cpu_seconds": second * 2.0, "memory_bytes": 1, "written_bytes": second}
        if second == 70_008:
            box.use["memory_bytes"] = 10**9  # for a second, between lines
        sampler.tick(float(second))
    record = sampler.close()
    found = read(tmp_path / "r.jsonl")
    assert MOST_SAMPLES / 2 <= len(found) == record.samples <= MOST_SAMPLES
    assert (tmp_path / "r.jsonl").stat().st_size < 400_000
    steps = [later.seconds - earlier.seconds for earlier, later in itertools.pairwise(found)]
    assert max(steps) <= 64 and steps.count(64) > 0.95 * len(steps)
    assert max(sample.memory_bytes for sample in found) == record.peak_memory_bytes == 10**9
    assert record.cpu_seconds == found[-1].cpu_seconds == (DAY - EVERY) * 2.0
    counted = [sample.cpu_seconds for sample in found]
    assert counted == sorted(counted)


def test_a_run_that_ends_between_lines_keeps_what_was_seen_last(tmp_path):
    box = Box(cpu_seconds=1.0, memory_bytes=1)
    sampler = Sampler(tmp_path / "r.jsonl", box, most=4)
    for second in range(9):
        box.use = {"cpu_seconds": float(second), "memory_bytes": 10 - second}
        sampler.tick(float(second))
    assert sampler.close().cpu_seconds == 8.0
    assert read(tmp_path / "r.jsonl")[-1].cpu_seconds == 8.0
    assert len(read(tmp_path / "r.jsonl")) <= 5


def test_a_sum_that_falls_is_no_less_used(tmp_path):
    box = Box(read_bytes=500, cpu_seconds=1.0)
    sampler = Sampler(tmp_path / "r.jsonl", box)
    sampler.tick(0.0)
    box.use["read_bytes"] = 20  # a process ended that nobody waited for
    sampler.tick(1.0)
    assert sampler.close().read_bytes == 500


def test_a_box_that_cannot_be_looked_into_says_so(tmp_path):
    sampler = Sampler(tmp_path / "r.jsonl", Box())
    assert sampler.tick(0.0) is None
    record = sampler.close()
    assert record.samples == 0 and record.cpu_seconds is None and "can't be read from here" in record.missing
    assert not (tmp_path / "r.jsonl").exists()


def test_gpus_are_in_every_sample_and_summed_up(tmp_path):
    busy = iter([10.0, 30.0, None])
    memory = iter([5, 9, 2])
    look = lambda: (GpuSample(id="GPU-1", utilization_percent=next(busy), memory_bytes=next(memory)),)  # noqa: E731
    sampler = Sampler(tmp_path / "r.jsonl", Box(cpu_seconds=1.0), look)
    for second in range(3):
        sampler.tick(float(second))
    (gpu,) = sampler.close().gpus
    assert (gpu.id, gpu.peak_memory_bytes, gpu.mean_utilization_percent) == ("GPU-1", 9, 20.0)
    assert [line["gpus"][0].get("utilization_percent") for line in lines(tmp_path / "r.jsonl")] == [10.0, 30.0, None]


def test_a_disk_that_is_full_costs_samples_and_not_the_run(tmp_path):
    sampler = Sampler(tmp_path / "no" / "such" / "r.jsonl", Box(cpu_seconds=1.0))
    sampler.tick(0.0)
    assert sampler.close().cpu_seconds == 1.0


def test_a_line_that_a_kill_cut_off_is_passed_over(tmp_path):
    file = tmp_path / "r.jsonl"
    file.write_text('{"schema_version":1,"seconds":1.0,"cpu_seconds":2.0}\n{"schema_version":1,"seco')
    assert [sample.seconds for sample in read(file)] == [1.0]
    os.unlink(file)  # noqa: PTH108
    assert read(file) == []


def test_two_samples_become_one_of_the_higher_and_the_later():
    earlier = Sample(seconds=1, cpu_seconds=1.0, memory_bytes=9, disk_bytes=None, processes=3)
    later = Sample(seconds=2, cpu_seconds=4.0, memory_bytes=2, disk_bytes=7, processes=None)
    assert merged(earlier, later) == Sample(seconds=2, cpu_seconds=4.0, memory_bytes=9, disk_bytes=7, processes=3)
