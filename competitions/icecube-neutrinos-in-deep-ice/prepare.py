"""Holds a tenth of the batches of events out. The tables are streamed: there are some hundred million events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.splits import Job
from harness.splits.placing import place

TARGETS = ["azimuth", "zenith"]


def prepare(job: Job) -> None:
    """Write the events' tables of both sides, and put each batch of pulses on its side."""
    from sklearn.model_selection import train_test_split

    with pq.ParquetFile(job.raw / "train_meta.parquet") as events:
        batches = np.array(list(dict.fromkeys(_batch_ids(events))))
        train, test = (set(side.tolist()) for side in train_test_split(batches, test_size=0.1, random_state=0))
        _write_train(job.public / "train_meta.parquet", _of(events, train))
        _write_test(job, _of(events, test))
    files = sorted((job.raw / "train").glob("*.parquet"))
    for side, chosen in {"train": train, "test": test}.items():
        place((path, job.public / side / path.name) for path in files if int(path.stem.split("_")[-1]) in chosen)
    place([(job.raw / "sensor_geometry.csv", job.public / "sensor_geometry.csv")])


def _batch_ids(events: pq.ParquetFile) -> Iterator[int]:
    """Yield the batches in their order, a few times each."""
    for part in events.iter_batches(columns=["batch_id"]):
        yield from pc.unique(part.column("batch_id")).to_pylist()


def _of(events: pq.ParquetFile, batches: set[int]) -> Iterator[pa.Table]:
    """Yield the events of some batches, part by part."""
    wanted = pa.array(sorted(batches))
    for part in events.iter_batches(batch_size=1 << 20):
        table = pa.Table.from_batches([part]).replace_schema_metadata(None)
        yield table.filter(pc.is_in(table["batch_id"], value_set=wanted))


def _write_train(path: Path, parts: Iterable[pa.Table]) -> None:
    with ExitStack() as stack:
        writer = None
        for part in parts:
            writer = writer or stack.enter_context(pq.ParquetWriter(path, part.schema))
            writer.write_table(part)


def _write_test(job: Job, parts: Iterable[pa.Table]) -> None:
    """Write the events without directions, the answers and the sample submission."""
    with ExitStack() as stack:
        answers = stack.enter_context((job.private / job.answers_file).open("w", encoding="utf-8"))
        sample = stack.enter_context((job.public / job.sample_file).open("w", encoding="utf-8"))
        writer = None
        for part in parts:
            shown = part.drop_columns(TARGETS)
            first = writer is None
            writer = writer or stack.enter_context(pq.ParquetWriter(job.public / "test_meta.parquet", shown.schema))
            writer.write_table(shown)
            truth = part.select(["event_id", *TARGETS]).to_pandas()
            truth.to_csv(answers, index=False, header=first)
            truth.assign(azimuth=1, zenith=1).to_csv(sample, index=False, header=first)
