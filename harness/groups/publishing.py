"""Making a run's results of what a worker handed in: all of it or, after a crash in the middle, none with a record."""

from __future__ import annotations

import shutil

from harness.errors import InfrastructureError
from harness.results.layout import RunFolder

KEPT = "attempts"  # of the run itself; what a worker has by that name is no attempt of this folder


def move_in(handed_in: RunFolder, folder: RunFolder) -> None:
    """Put the files that were handed in into the run's folder, the record last; what was handed in is gone then.

    Both lie on one file system, or the files are copied.
    """
    if handed_in.read() is None:
        raise InfrastructureError(f"{handed_in.path} was handed in without a run.json. Run the same command again")
    entries = [entry for entry in handed_in.path.iterdir() if entry.name != KEPT]
    for entry in sorted(entries, key=lambda entry: entry == handed_in.record_file):
        target = folder.path / entry.name
        if target.is_dir():
            shutil.rmtree(target)
        shutil.move(entry, target)
    shutil.rmtree(handed_in.path)
