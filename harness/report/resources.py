"""What runs used over their time, in as few points as a picture takes; and the pictures.

For the report, where a card has all runs of a competition, and for a run's own page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report import svg
from harness.report.figures import Data, Value
from harness.report.series import RunSeries
from harness.watch.samples import MOST_SAMPLES, Sample, merged

MOST_POINTS = 60
GIB = 1 << 30


@dataclass(frozen=True)
class UsePoint:
    """What was used around a moment: `cpus` and `gpu_percent` on average, the rest at most. None: not known."""

    seconds: float
    cpus: float | None
    memory_gib: float | None
    disk_gib: float | None
    gpu_percent: float | None
    gpu_memory_gib: float | None


@dataclass(frozen=True)
class Measure:
    """One kind of picture: its name with the unit, and what it shows of a point."""

    name: str
    of: Callable[[UsePoint], float | None]


MEASURES = (
    Measure("CPUs in use", lambda point: point.cpus),
    Measure("memory, GiB", lambda point: point.memory_gib),
    Measure("workspace, GiB", lambda point: point.disk_gib),
    Measure("GPU, %", lambda point: point.gpu_percent),
    Measure("GPU memory, GiB", lambda point: point.gpu_memory_gib),
)


@dataclass(frozen=True)
class Picture:
    """A measure of some runs over their time."""

    name: str
    picture: Markup


def points(samples: Sequence[Sample], most: int = MOST_POINTS) -> tuple[UsePoint, ...]:
    """Thin samples out to points at even distances; a peak stays a peak."""
    if not samples:
        return ()
    width = samples[-1].seconds / most or 1.0
    found: list[UsePoint] = []
    before = Sample(seconds=0.0, cpu_seconds=0.0)
    held: Sample | None = None
    for sample in samples[: 2 * MOST_SAMPLES]:
        held = merged(held, sample) if held else sample
        if sample.seconds >= width * (len(found) + 1) or sample is samples[-1]:
            found.append(_point(before, held))
            before, held = held, None
    return tuple(found)


def pictures(runs: Iterable[tuple[Sequence[UsePoint], str, str]], of: str) -> list[Picture]:
    """A picture for each measure of which something is known; runs are points, colour and title."""
    drawn = list(runs)
    last = max((run[-1].seconds for run, _, _ in drawn if run), default=0.0)
    unit, seconds = ("s", 1) if last < 180 else ("min", 60) if last < 3 * 3600 else ("h", 3600)
    found = []
    for measure in MEASURES:
        curves = [
            svg.Curve(line, kind, title)
            for run, kind, title in drawn
            if (line := [(point.seconds / seconds, value) for point in run if (value := measure.of(point)) is not None])
        ]
        if any(value > 0 for curve in curves for _, value in curve.points):
            found.append(Picture(measure.name, svg.steps(curves, f"{measure.name} of {of}", unit)))
    return found


def table(runs: Mapping[str, RunSeries]) -> Data:
    """Per run: what its container used, as its record has it."""
    columns = (
        *("run", "cpu_seconds", "throttled_seconds", "peak_memory_bytes", "peak_disk_bytes", "read_bytes"),
        *("written_bytes", "gpus", "gpu_percent", "gpu_peak_memory_bytes", "missing"),
    )
    return Data("resources", columns, tuple(_row(run) for run in runs.values() if run.resources is not None))


def _row(run: RunSeries) -> tuple[Value, ...]:
    used = run.resources
    assert used is not None
    busy = [gpu.mean_utilization_percent for gpu in used.gpus if gpu.mean_utilization_percent is not None]
    memory = [gpu.peak_memory_bytes for gpu in used.gpus if gpu.peak_memory_bytes is not None]
    return (
        *(run.run_id, used.cpu_seconds, used.throttled_seconds, used.peak_memory_bytes, used.peak_disk_bytes),
        *(used.read_bytes, used.written_bytes, len(used.gpus)),
        *(sum(busy) / len(busy) if busy else None, max(memory, default=None), used.missing),
    )


def _point(before: Sample, held: Sample) -> UsePoint:
    lasted = held.seconds - before.seconds
    used = None if held.cpu_seconds is None else held.cpu_seconds - (before.cpu_seconds or 0.0)
    busy = [gpu.utilization_percent for gpu in held.gpus if gpu.utilization_percent is not None]
    memory = [gpu.memory_bytes for gpu in held.gpus if gpu.memory_bytes is not None]
    return UsePoint(
        seconds=held.seconds,
        cpus=used / lasted if used is not None and lasted > 0 else None,
        memory_gib=_gib(held.memory_bytes),
        disk_gib=_gib(held.disk_bytes),
        gpu_percent=sum(busy) / len(busy) if busy else None,
        gpu_memory_gib=_gib(sum(memory)) if memory else None,
    )


def _gib(value: int | None) -> float | None:
    return None if value is None else round(value / GIB, 4)
