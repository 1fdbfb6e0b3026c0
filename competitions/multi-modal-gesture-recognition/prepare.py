"""Makes the fourth archive of training samples the test set, with or without the labels inside."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from harness.splits import Job
from harness.splits.placing import place

TEST = "training4.tar.gz"
OTHERS = (
    *(f"training{number}.tar.gz" for number in (1, 2, 3)),
    *(f"validation{number}.tar.gz" for number in (1, 2, 3)),
    "devel01-40.7z",
    "valid_all_files_combined.7z",
    "sample_code_mmrgc.zip",
)
GESTURES = range(1, 21)


def prepare(job: Job, labels: bool = True) -> None:
    """Write the tables and place the archives; without `labels`, the test samples lose theirs."""
    ids = sorted(Path(member.name).stem[-4:] for member, _ in _samples(job.raw / TEST))
    sequences = pd.read_csv(job.raw / "training.csv", dtype=str)
    of_test = sequences["Id"].isin(ids)
    if of_test.sum() != len(ids):
        raise ValueError(f"training.csv has rows for {of_test.sum()} of the {len(ids)} samples in {TEST}")
    sequences[~of_test].to_csv(job.public / "training.csv", index=False)
    sequences[of_test].to_csv(job.private / job.answers_file, index=False)
    pd.DataFrame({"Id": ids}).to_csv(job.public / "test.csv", index=False)
    draw = random.Random(0)  # noqa: S311 - the seed of the published split
    guesses = [" ".join(map(str, draw.sample(GESTURES, len(GESTURES)))) for _ in ids]
    pd.DataFrame({"Id": ids, "Sequence": guesses}).to_csv(job.public / job.sample_file, index=False)
    place((job.raw / name, job.public / name) for name in OTHERS)
    if labels:
        place([(job.raw / TEST, job.public / "test.tar.gz")])
    else:
        _write_without_labels(job.raw / TEST, job.public / "test.tar.gz")


def _samples(archive: Path) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Yield each sample, a .zip, one at a time."""
    with tarfile.open(archive, "r|gz") as samples:
        for member in samples:
            content = samples.extractfile(member) if member.name.endswith(".zip") else None
            if content is not None:
                yield member, content.read()


def _write_without_labels(source: Path, target: Path) -> None:
    """Copy an archive of samples; the time of day does not go into the new one."""
    with (
        target.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as samples,
    ):
        for member, content in _samples(source):
            sample = _unlabelled(content)
            member.size = len(sample)
            samples.addfile(member, io.BytesIO(sample))


def _unlabelled(sample: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sample)) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, _with_empty_labels(content) if entry.filename.endswith(".mat") else content)
    return made.getvalue()


def _with_empty_labels(content: bytes) -> bytes:
    from scipy.io import loadmat, savemat

    table = loadmat(io.BytesIO(content))
    table["Video"]["Labels"][0, 0] = np.zeros((0, 0))
    made = io.BytesIO()
    savemat(made, {name: value for name, value in table.items() if not name.startswith("__")}, do_compression=True)
    header = b"MATLAB 5.0 MAT-file".ljust(116)  # scipy writes the time of day here
    return header + made.getvalue()[len(header) :]
