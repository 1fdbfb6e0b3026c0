"""What is known of a competition's test rows, without any label: their ids, from the sample submission or a run's own.

Answers are never read here: nobody needs them to see that a script holds some.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cheating.case import MOST_IDS, Task
from harness.errors import PodiumError

if TYPE_CHECKING:
    from harness.data.manifest import Prepared
    from harness.results.layout import RunFolder, RunRecord
    from harness.specs.competition import Competition

FindData = Callable[[str, str | None], "tuple[Competition, Prepared]"]
LONGEST_LINE = 1_000
MOST_LINES = 2_000  # of a submission that is looked at for what it holds
_PRECISE = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?|-?\d(?:\.\d+)?e-?\d+")


class Tasks:
    """Tasks by competition, edition and data, each made once."""

    def __init__(self, find: FindData) -> None:
        self._find = find
        self._known: dict[tuple[str, str, str], Task] = {}

    def of(self, folder: RunFolder, record: RunRecord) -> Task:
        """The task of a run. Without its data here, the ids are those of its own submission, whatever that is worth."""
        key = record.competition, record.data.edition, record.data.data_sha256
        if key not in self._known:
            prepared = self._prepared(record)
            if prepared is None:
                return _task(record, folder.submission, None)
            self._known[key] = _task(record, *prepared)
        return self._known[key]

    def has_data(self, record: RunRecord) -> bool:
        """Were the run's data here when its task was asked for?"""
        return (record.competition, record.data.edition, record.data.data_sha256) in self._known

    def _prepared(self, record: RunRecord) -> tuple[Path, str | None] | None:
        try:
            competition, prepared = self._find(record.competition, record.data.edition)
        except PodiumError:
            return None
        if prepared.manifest.fingerprint != record.data.data_sha256 or not prepared.sample.is_file():
            return None
        return prepared.sample, competition.at(prepared.manifest.edition).submission.id[0]


def _task(record: RunRecord, file: Path, column: str | None) -> Task:
    ids = list(_first_fields(file, column))
    brief = record.request.competition
    return Task(record.competition, brief.metric, brief.direction, frozenset(ids), len(ids))


def _first_fields(file: Path, column: str | None) -> Iterator[str]:
    """The ids in a table: of a column by its name, else of the first; none where it is no such table."""
    for place, fields in enumerate(_lines(file)):
        if place == 0:
            at = fields.index(column) if column in fields else 0
        elif place > MOST_IDS:
            return
        elif len(fields) > at:
            yield fields[at]


def _lines(file: Path) -> Iterator[list[str]]:
    try:
        with file.open(encoding="utf-8", errors="replace", newline="") as text:
            short = (line[:LONGEST_LINE] for line in iter(lambda: text.readline(1 << 20), ""))
            yield from csv.reader(short)
    except (OSError, csv.Error):
        return


def information(file: Path) -> int:
    """How many different predictions a submission holds that are no labels: numbers with three decimals or more."""
    found: set[str] = set()
    for place, fields in enumerate(_lines(file)):
        if place > MOST_LINES:
            break
        found.update(value for value in fields[1:] if _PRECISE.fullmatch(value))
    return len(found)
