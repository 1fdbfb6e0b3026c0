"""Tries a competition out from raw data to grade, so that whoever wrote its spec sees at once what does not hold.

Every edition is prepared in a temporary place (from raw data, or the bundled or stand-in ones) and graded with what
anybody would try: the sample submission, the answers themselves, the answers in another order, and files that break a
rule each. And public data are searched for the answers. Nothing of the user's data folder is touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.data import leaks
from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.errors import PodiumError, UserError
from harness.grading.grade import GradeReport, grade
from harness.specs.competition import Competition

if TYPE_CHECKING:
    import pandas as pd

HEADINGS = ("## Data", "## Evaluation", "## Submission")
CLOSE = 5e-6  # scores are compared at five decimals


class Finding(NamedTuple):
    """One thing that was tried, and what came of it."""

    edition: str
    check: str
    ok: bool
    detail: str


def check(competition: Competition, *, folder: Path, raw: Path | None = None) -> list[Finding]:
    """Return what was found, edition by edition; `folder` takes the prepared data."""
    found: list[Finding] = []
    for edition in competition.editions:
        found += [Finding(edition, *one) for one in _edition(competition.at(edition), edition, folder, raw)]
    return found


_Found = tuple[str, bool, str]


def _edition(competition: Competition, edition: str, folder: Path, raw: Path | None) -> Iterator[_Found]:
    stand_in = raw is None and competition.stand_in is not None
    try:
        prepared = prepare(competition, data_home=folder / "data", raw=raw, stand_in=stand_in, edition=edition)
        tried = _Trial(competition, prepared, folder)
        yield "prepare", True, f"{len(prepared.manifest.files)} files from {prepared.manifest.source} data"
        yield tried.description()
        yield from tried.sample()
        if not competition.unlabelled:
            yield from tried.answers()
        yield from tried.broken()
        if not competition.unlabelled:
            yield tried.public()
    except (PodiumError, ValueError) as error:
        yield "prepare and grade", False, str(error)


@dataclass(frozen=True)
class _Trial:
    competition: Competition
    prepared: Prepared
    folder: Path

    def description(self) -> _Found:
        """Does the description say what the agent must know?"""
        text = self.competition.description.read_text(encoding="utf-8")
        names = [*HEADINGS, self.competition.submission.sample_file, *self.competition.submission.columns]
        names.append("Higher is better" if self.competition.metric.direction == "maximize" else "Lower is better")
        few = names if len(names) < 40 else names[:8]  # nobody lists a hundred classes in a text
        missing = [name for name in few if name not in text]
        return "description", not missing, f"it lacks {missing}" if missing else "task, data, metric and form are there"

    def sample(self) -> Iterator[_Found]:
        """Is the sample submission valid, and at the score that the spec expects?"""
        report = grade(self.competition, self.prepared, self.prepared.sample)
        yield "sample submission", report.valid, report.reason or f"scores {report.score:.5f}"
        expected = self.competition.stand_in.sample_score if self.competition.stand_in else None
        if expected is not None and self.prepared.manifest.stand_in and report.score is not None:
            fits = abs(report.score - expected) < CLOSE
            yield "sample's score", fits, f"expected {expected:.5f}, found {report.score:.5f}"

    def answers(self) -> Iterator[_Found]:
        """Do the answers score best, in whatever order?"""
        perfect = self.perfect()
        best = self.best()
        shuffled = shuffle(perfect, list(self.competition.submission.id))
        tables = {"the answers": perfect, "the answers, shuffled": shuffled}
        if "rows" in self.competition.submission.by_position:
            tables.popitem()
        for name, table in tables.items():
            report = self.grade(table)
            fits = report.score is not None and math.isclose(report.score, best, abs_tol=CLOSE)
            yield name, fits, report.reason or f"score {report.score:.5f}, expected {best:.5f}"

    def best(self) -> float:
        """Return the score of perfect answers."""
        stated = self.competition.answers.perfect_score
        return self.competition.scorer().perfect if stated is None else stated

    def broken(self) -> Iterator[_Found]:
        """Is what breaks a rule refused?"""
        perfect = self.perfect()
        for name, spoil in SPOILT.items():
            spoilt = spoil(perfect, self.competition)
            if spoilt is not None:
                report = self.grade(spoilt)
                yield f"refused: {name}", not report.valid, report.reason or f"accepted, with score {report.score}"

    def public(self) -> _Found:
        """Are the answers nowhere in public?"""
        leaking = leaks.find(self.competition, self.prepared)
        known = self.competition.leaks_in(self.prepared.manifest.edition)
        if leaking and known:
            return "public data", True, f"a known leak: {known[0]}"
        return "public data", not leaking, "; ".join(leaking) or "no answer in it"

    def perfect(self) -> pd.DataFrame:
        """Return a submission that holds the truth: the answers' columns, or the file that the spec names.

        Where nobody knows the truth, it is one of the right form.
        """
        answers, columns = self.competition.answers, list(self.competition.submission.columns)
        if self.competition.unlabelled:
            return read_texts(self.prepared.sample)[columns]
        truth = read_texts(self.prepared.private / (answers.perfect_file or answers.file))
        if missing := [name for name in columns if name not in truth.columns]:
            raise UserError(f"the answers lack {missing[0]!r}; name a perfect submission as answers.perfect_file")
        truth = truth[columns]
        if not answers.subset:
            return truth
        ids = list(self.competition.submission.id)
        rest = read_texts(self.prepared.sample)[columns].merge(truth[ids], on=ids, how="left", indicator=True)
        return _joined(truth, rest[rest["_merge"] == "left_only"][columns])

    def grade(self, table: pd.DataFrame) -> GradeReport:
        """Grade a table as if it had been handed in."""
        path = self.folder / "submission.csv"
        table.to_csv(path, index=False)
        return grade(self.competition, self.prepared, path)


def read_texts(path: Path) -> pd.DataFrame:
    """Read a CSV with every value as it is written."""
    import pandas as pd

    return pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)


def shuffle(table: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    """Return the rows in another order; rows of one id keep theirs among themselves."""
    import numpy as np

    groups = table.groupby(ids, sort=False).ngroup().to_numpy()
    order = np.random.default_rng(0).permutation(groups.max() + 1)
    return table.iloc[np.argsort(order[groups], kind="stable")]


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([first, second], ignore_index=True)


Spoil = Callable[["pd.DataFrame", Competition], "pd.DataFrame | None"]


def _without_a_row(table: pd.DataFrame, competition: Competition) -> pd.DataFrame | None:
    return table.iloc[1:]


def _with_a_row_twice(table: pd.DataFrame, competition: Competition) -> pd.DataFrame | None:
    return _joined(table, table.iloc[:1])


def _with_an_unknown_id(table: pd.DataFrame, competition: Competition) -> pd.DataFrame | None:
    spoilt = table.copy()
    id = competition.submission.id[0]
    spoilt.loc[spoilt.index[0], id] = (
        "987654321" if competition.submission.columns[id].type == "integer" else "nobody's"
    )
    return spoilt


def _without_a_column(table: pd.DataFrame, competition: Competition) -> pd.DataFrame | None:
    return table.drop(columns=competition.submission.predictions[0])


def _with_a_word_for_a_number(table: pd.DataFrame, competition: Competition) -> pd.DataFrame | None:
    return _with(table, competition, "high")


def _with_infinity(table: pd.DataFrame, competition: Competition) -> pd.DataFrame | None:
    return _with(table, competition, "inf")


def _with_a_gap(table: pd.DataFrame, competition: Competition) -> pd.DataFrame | None:
    return _with(table, competition, "")


def _with(table: pd.DataFrame, competition: Competition, value: str) -> pd.DataFrame | None:
    """Put a value into the last row of the first numeric column; None where there is none."""
    columns = competition.submission.columns
    numeric = [name for name in competition.submission.predictions if columns[name].type in ("number", "integer")]
    if not numeric:
        return None
    spoilt = table.copy()
    spoilt.loc[spoilt.index[-1], numeric[0]] = value
    return spoilt


SPOILT: dict[str, Spoil] = {
    "a row is missing": _without_a_row,
    "a row appears twice": _with_a_row_twice,
    "an unknown id": _with_an_unknown_id,
    "a column is missing": _without_a_column,
    "a word for a number": _with_a_word_for_a_number,
    "infinity": _with_infinity,
    "a gap": _with_a_gap,
}
