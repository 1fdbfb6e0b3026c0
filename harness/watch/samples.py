"""The lines of `resources.jsonl`: what a run's box used over its time. Who writes them: `sampler`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

MOST_SAMPLES = 2000


class GpuSample(BaseModel):
    """One GPU at a moment, as its driver states it: all of it, whoever uses it. None: not known, as under MIG."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    memory_bytes: int | None = None
    utilization_percent: float | None = None


class Sample(BaseModel):
    """What was used by then (`_seconds` of CPU, bytes read and written) and what was held (the rest).

    Held is the highest that was seen since the sample before. None: this host or kernel does not tell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    seconds: float
    cpu_seconds: float | None = None
    throttled_seconds: float | None = None
    memory_bytes: int | None = None
    disk_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    processes: int | None = None
    gpus: tuple[GpuSample, ...] = ()


def read(file: Path) -> list[Sample]:
    """Every sample, in order; a line that a kill cut off is passed over, and a file that is not there has none."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError:
        return []
    found: list[Sample] = []
    for line in lines[: 2 * MOST_SAMPLES]:  # what is longer was not written by us
        with contextlib.suppress(ValidationError):
            found.append(Sample.model_validate_json(line))
    return found


def merged(earlier: Sample, later: Sample) -> Sample:
    """One sample for the time of two: counted is what the later one counts, held the higher of both."""
    before = {gpu.id: gpu for gpu in earlier.gpus}
    return later.model_copy(
        update={
            "memory_bytes": higher(earlier.memory_bytes, later.memory_bytes),
            "disk_bytes": higher(earlier.disk_bytes, later.disk_bytes),
            "processes": higher(earlier.processes, later.processes),
            "gpus": tuple(_merged_gpu(before.get(gpu.id, gpu), gpu) for gpu in later.gpus),
        }
    )


def _merged_gpu(earlier: GpuSample, later: GpuSample) -> GpuSample:
    pair = [one.utilization_percent for one in (earlier, later) if one.utilization_percent is not None]
    return GpuSample(
        id=later.id,
        memory_bytes=higher(earlier.memory_bytes, later.memory_bytes),
        utilization_percent=sum(pair) / len(pair) if pair else None,
    )


def higher(one: int | None, other: int | None) -> int | None:
    """The higher of two figures of which either may be unknown."""
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)
