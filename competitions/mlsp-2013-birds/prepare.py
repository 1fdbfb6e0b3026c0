"""Takes the recordings whose labels were published, numbers them anew, and holds a fifth of them out.

The labels stand in text files of uneven rows, `rec_id,first,second,…`, which are passed on in that form.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from harness.splits import Job
from harness.splits.placing import names_in_zip, place_from_zip

ARCHIVE, ROOT = "mlsp_contest_dataset.zip", "mlsp_contest_dataset"
ESSENTIAL, EXTRA = "essential_data", "supplemental_data"
SPECIES = 19
PER_RECORDING = {
    f"{ESSENTIAL}/src_wavs": ".wav",
    f"{EXTRA}/spectrograms": ".bmp",
    f"{EXTRA}/filtered_spectrograms": ".bmp",
    f"{EXTRA}/supervised_segmentation": ".bmp",
}
FOR_SOME = f"{EXTRA}/segmentation_examples"
WHOLE = (f"{ESSENTIAL}/species_list.txt", f"{EXTRA}/segment_clusters.bmp", f"{EXTRA}/segment_mosaic.bmp")
TABLES = ("histogram_of_segments.txt", "segment_features.txt", "segment_rectangles.txt")
HISTOGRAM_HEADER = "rec_id,[histogram of segment features]"


def prepare(job: Job, own_headers: bool) -> None:
    """Write everything about the labelled recordings, the test's labels as `?`."""
    with zipfile.ZipFile(job.raw / ARCHIVE) as archive:

        def lines(name: str) -> list[str]:
            return [line for line in archive.read(f"{ROOT}/{name}").decode().splitlines() if line.strip()]

        folds = pd.DataFrame([line.split(",") for line in lines(f"{ESSENTIAL}/CVfolds_2.txt")[1:]]).astype(int)
        names = dict(_parted(lines(f"{ESSENTIAL}/rec_id2filename.txt")))
        labels = list(_parted(lines(f"{ESSENTIAL}/rec_labels_test_hidden.txt")))
        tables = {name: lines(f"{EXTRA}/{name}") for name in TABLES}
    labelled = folds[folds[1] == 0].reset_index(drop=True)
    test = set(labelled.sample(frac=0.2, random_state=0).index)
    new = {int(old): number for number, old in enumerate(labelled[0])}
    files = {old: name for old, name in names.items() if old in new}

    for folder in (ESSENTIAL, EXTRA):
        (job.public / folder).mkdir()
    _write(job.public / ESSENTIAL / "CVfolds_2.txt", "rec_id,fold", (f"{id},{int(id in test)}" for id in new.values()))
    _write(
        job.public / ESSENTIAL / "rec_id2filename.txt",
        "rec_id,filename",
        (f"{new[old]},{name}" for old, name in files.items()),
    )
    known = [(new[old], species) for old, species in labels if old in new]
    shown = ((id, "?" if id in test else species) for id, species in known)
    _write(
        job.public / ESSENTIAL / "rec_labels_test_hidden.txt",
        "rec_id,[labels]",
        (f"{id},{species}" if species else f"{id}" for id, species in shown),
    )
    for name, rows in tables.items():
        header = rows[0] if own_headers else HISTOGRAM_HEADER
        kept = (f"{new[old]},{rest}" for old, rest in _parted(rows) if old in new)
        _write(job.public / EXTRA / name, header, kept)
    _place_media(job, list(files.values()))
    _write_answers(job, {id: species for id, species in known if id in test})


def _parted(rows: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the number before the first comma and what follows it, the header left out."""
    for row in rows[1:]:
        id, _, rest = row.partition(",")
        yield int(id), rest


def _write(path: Path, header: str, rows: Iterator[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def _place_media(job: Job, names: list[str]) -> None:
    there = set(names_in_zip(job.raw / ARCHIVE))
    wanted = [f"{folder}/{name}{ending}" for folder, ending in PER_RECORDING.items() for name in names]
    some = [f"{FOR_SOME}/{name}.bmp" for name in names if f"{ROOT}/{FOR_SOME}/{name}.bmp" in there]
    place_from_zip(job.raw / ARCHIVE, ((f"{ROOT}/{name}", job.public / name) for name in [*wanted, *some, *WHOLE]))


def _write_answers(job: Job, labels: Mapping[int, str]) -> None:
    """Write a row for each recording and species; the sample's recordings are in ascending order."""
    rows = [
        (id * 100 + species, int(str(species) in text.split(",")))
        for id, text in labels.items()
        for species in range(SPECIES)
    ]
    answers = pd.DataFrame(rows, columns=["Id", "Probability"])
    answers.to_csv(job.private / job.answers_file, index=False)
    sample = answers.sort_values("Id").assign(Probability=0)
    sample.to_csv(job.public / job.sample_file, index=False)
