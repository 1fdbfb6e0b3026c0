"""Keeps what a run's box uses: looked at about once a second, in one file that stays small however long the run.

A line is written for each interval. When the file is full, every two lines are made one and the interval doubles: a run
of a minute has a line a second, one of 24 hours one for each 64 seconds, and no file more than 2,000 lines. Between the
lines nothing is lost that matters: counters go on, and of what is held the highest is kept.

Watching is never worth a run: a disk that is full costs samples and no more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.files import write_atomically
from harness.results.record import GpuUseRecord, ResourcesRecord
from harness.sandbox.cgroup import ResourceUse
from harness.watch.samples import MOST_SAMPLES, GpuSample, Sample, higher, merged, read

LookAtGpus = Callable[[], Sequence[GpuSample]]
FIRST_INTERVAL_SECONDS = 1.0
NOTHING_SEEN = "the box's control group can't be read from here (an engine on another machine, or it ended at once)"


class Sampler:
    """One attempt's samples. `seconds` is an argument, so that a day takes a test no time."""

    def __init__(
        self,
        file: Path,
        look: Callable[[], ResourceUse | None],
        look_at_gpus: LookAtGpus = tuple,
        *,
        most: int = MOST_SAMPLES,
    ) -> None:
        self._file = file
        self._look = look
        self._look_at_gpus = look_at_gpus
        self._most = most
        self._interval = FIRST_INTERVAL_SECONDS
        self._next_look = self._next_line = 0.0
        self._held: Sample | None = None
        self._lines = 0
        self._last = Sample(seconds=0.0)
        self._kernel_peak: int | None = None
        self._gpus: dict[str, _GpuSums] = {}

    def tick(self, seconds: float) -> Sample | None:
        """Look, where it is time to; return what was seen. `seconds` is the time since the box's start."""
        if seconds < self._next_look:
            return None
        self._next_look = seconds + FIRST_INTERVAL_SECONDS
        use = self._look()
        if use is None:
            return None
        sample = self._sample(seconds, use)
        self._count(sample, use)
        self._held = merged(self._held, sample) if self._held else sample
        if seconds >= self._next_line:
            self._write(self._held)
            self._held = None
            self._next_line = seconds + self._interval
        return sample

    def close(self) -> ResourcesRecord:
        """What it all came to."""
        if self._held is not None:
            self._write(self._held)
            self._held = None
        last = self._last
        return ResourcesRecord(
            samples=self._lines,
            cpu_seconds=last.cpu_seconds,
            throttled_seconds=last.throttled_seconds,
            peak_memory_bytes=last.memory_bytes,
            kernel_peak_memory_bytes=self._kernel_peak,
            peak_disk_bytes=last.disk_bytes,
            read_bytes=last.read_bytes,
            written_bytes=last.written_bytes,
            gpus=tuple(sums.record(name) for name, sums in sorted(self._gpus.items())),
            missing=NOTHING_SEEN if last == Sample(seconds=0.0) else "",
        )

    def _sample(self, seconds: float, use: ResourceUse) -> Sample:
        last = self._last
        return Sample(
            seconds=round(seconds, 3),
            cpu_seconds=use.cpu_seconds,
            throttled_seconds=use.throttled_seconds,
            memory_bytes=use.memory_bytes,
            disk_bytes=use.disk_bytes,
            # Sums over processes fall when one ends that nobody waited for; what was used stays used.
            read_bytes=higher(last.read_bytes, use.read_bytes),
            written_bytes=higher(last.written_bytes, use.written_bytes),
            processes=use.processes,
            gpus=tuple(self._look_at_gpus()),
        )

    def _count(self, sample: Sample, use: ResourceUse) -> None:
        self._last = merged(self._last, sample)  # of what is held, the highest of all
        self._kernel_peak = higher(self._kernel_peak, use.kernel_peak_memory_bytes)
        for gpu in sample.gpus:
            self._gpus.setdefault(gpu.id, _GpuSums()).add(gpu)

    def _write(self, sample: Sample) -> None:
        with contextlib.suppress(OSError):
            if self._lines >= self._most:
                self._halve()
            with self._file.open("ab") as file:
                file.write(_line(sample))
            self._lines += 1

    def _halve(self) -> None:
        kept = read(self._file)
        odd = kept[-1:] if len(kept) % 2 else []
        pairs = [merged(earlier, later) for earlier, later in zip(kept[::2], kept[1::2], strict=False)]
        write_atomically(self._file, b"".join(map(_line, [*pairs, *odd])))
        self._lines = len(pairs) + len(odd)
        # Where looks came slower than the lines were to, the lines are as far apart as looks were.
        self._interval = max(2 * self._interval, kept[-1].seconds / max(1, self._lines))


class _GpuSums:
    """What the samples of one GPU come to."""

    def __init__(self) -> None:
        self._memory: int | None = None
        self._utilization: list[float] = [0.0, 0.0]  # sum, count

    def add(self, gpu: GpuSample) -> None:
        self._memory = higher(self._memory, gpu.memory_bytes)
        if gpu.utilization_percent is not None:
            self._utilization[0] += gpu.utilization_percent
            self._utilization[1] += 1

    def record(self, name: str) -> GpuUseRecord:
        total, count = self._utilization
        return GpuUseRecord(
            id=name, peak_memory_bytes=self._memory, mean_utilization_percent=round(total / count, 2) if count else None
        )


def _line(sample: Sample) -> bytes:
    return sample.model_dump_json(exclude_none=True, exclude=None if sample.gpus else {"gpus"}).encode() + b"\n"
