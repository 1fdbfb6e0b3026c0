"""Leaderboards: published rows, MLE-bench's grading reports and our own groups in one table.

MLE-bench's table has the share of competitions with any medal, by split; Weco-Kaggle's the share of humans exceeded and
how often the median was. A split stands in a row only when every competition of it has an outcome, or with padding,
which counts what is missing as failures: a part of a split is not the split. Our own rows leave out editions with known
leaks; since published rows don't, a second row has them in.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from harness.errors import UserError
from harness.rates import grading_reports, rates
from harness.rates.grading_reports import Experiment
from harness.rates.rates import Estimate
from harness.rates.suite_rates import SuiteRates
from harness.specs.suites import MLE_BENCH, Suites

PUBLISHED = Path(__file__).parent / "published"


class Column(NamedTuple):
    """One figure of a table: which rate on which suite."""

    title: str
    suite: str
    rate: str


class Board(NamedTuple):
    """One leaderboard: its columns by the names that published files give them, and what its reader has to know."""

    suite: str
    title: str
    file: str
    columns: Mapping[str, Column]
    remark: str


BOARDS = {
    board.suite: board
    for board in (
        Board(
            MLE_BENCH,
            "MLE-bench: any medal, % of competitions, mean ± SEM over seeds",
            "mle_bench.csv",
            {
                "low": Column("Low", "mle-bench/low", "any_medal"),
                "medium": Column("Medium", "mle-bench/medium", "any_medal"),
                "high": Column("High", "mle-bench/high", "any_medal"),
                "all": Column("All", MLE_BENCH, "any_medal"),
                "valid": Column("All: valid", MLE_BENCH, "valid_mle_bench"),
            },
            "Rows differ in hardware, hours and internet access; published rows count competitions with known leaks.",
        ),
        Board(
            "weco-kaggle",
            "Weco-Kaggle: mean % of humans exceeded, and % of competitions above the median",
            "weco_kaggle.csv",
            {
                "lite_exceeds": Column("Lite: exceeds", "weco-kaggle/lite", "exceeds"),
                "lite_above_median": Column("Lite: > median", "weco-kaggle/lite", "above_median"),
                "all_exceeds": Column("All: exceeds", "weco-kaggle", "exceeds"),
                "all_above_median": Column("All: > median", "weco-kaggle", "above_median"),
            },
            "Published rows are ranks on Kaggle's own test sets, All of them 63 competitions; ours are on hold-outs of "
            "the training data, placed on the same leaderboards.",
        ),
    )
}


class Figure(NamedTuple):
    """A rate in percent; of published ones the error may be unknown, and the interval is."""

    mean: float
    sem: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: int | None = None

    @classmethod
    def of(cls, estimate: Estimate) -> Figure:
        """Return what a table shows of an estimate."""
        return cls(estimate.mean, estimate.sem, estimate.low, estimate.high, estimate.seeds)


@dataclass(frozen=True)
class Row:
    """One line of a leaderboard."""

    agent: str
    model: str
    published: bool
    source: str
    figures: Mapping[str, Figure]
    date: str = ""
    hours: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standings:
    """A whole table, best first, and notes on our own rows."""

    board: Board
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = field(default=())


def board_of(suite: str) -> Board:
    """Return the board of a suite or of one of its splits."""
    name = suite.partition("/")[0]
    if name not in BOARDS:
        raise UserError(f"no leaderboard for {suite!r}; there are: {', '.join(BOARDS)}")
    return BOARDS[name]


def standings(board: Board, rows: Iterable[Row], notes: Iterable[str], *, by: str | None = None) -> Standings:
    """Return the table, ordered by the split asked for, else by the last column that all splits go into."""
    wanted = by if by and any(column.suite == by for column in board.columns.values()) else board.suite
    keys = [key for key, column in board.columns.items() if column.suite == wanted]

    def place(row: Row) -> tuple[float, ...]:
        return tuple(-row.figures[key].mean if key in row.figures else 1.0 for key in (*keys, *board.columns))

    return Standings(board, tuple(sorted(rows, key=place)), tuple(notes))


def published(board: Board) -> list[Row]:
    """Return the rows that ship."""
    with (PUBLISHED / board.file).open(newline="", encoding="utf-8") as lines:
        return [_published(board, line) for line in csv.DictReader(lines)]


def _published(board: Board, line: Mapping[str, str]) -> Row:
    figures = {
        key: Figure(float(line[key]), float(line[f"{key}_sem"]) if line.get(f"{key}_sem") else None)
        for key in board.columns
        if line.get(key)
    }
    remarks = {"known_leakage": "uses known leaks", "padded": "padded"}
    told = tuple(text for name, text in remarks.items() if line.get(name) == "yes")
    date, hours = line.get("date", ""), line.get("hours", "")
    return Row(line["agent"], line["model"] or "–", True, line["source"], figures, date, hours, told)


def of_reports(board: Board, experiment: Experiment, suites: Suites, *, pad: bool) -> tuple[Row, list[str]]:
    """Return the row of an experiment's grading reports, and why figures are not in it."""
    figures: dict[str, Figure] = {}
    notes = list(experiment.skipped)
    for key, column in board.columns.items():
        name = "valid_submission" if column.rate == "valid_mle_bench" else column.rate
        if name not in grading_reports.RATES:
            raise UserError(f"grading reports have no percentiles; for {board.suite} give groups of runs")
        try:
            grid = grading_reports.cells(experiment.reports, suites.get(column.suite, ()), name, pad=pad)
        except UserError as error:
            if column.rate == "any_medal":
                notes.append(f"{experiment.name}, {column.title}: {error}")
            continue
        if (estimate := rates.estimate(grid)) is not None:
            figures[key] = Figure.of(estimate)
    return Row(experiment.name, "–", False, "grading reports", figures, remarks=("padded",) * pad), notes


def of_group(board: Board, group: str, found: Sequence[SuiteRates], *, pad: bool) -> tuple[list[Row], list[str]]:
    """Return the rows of a group's entrants, and what is to be known of them."""
    rows: list[Row] = []
    notes: list[str] = []
    on_board = [part for part in found if part.suite in {column.suite for column in board.columns.values()}]
    for agent, model in dict.fromkeys((part.agent, part.model) for part in on_board):
        own = {part.suite: part for part in on_board if (part.agent, part.model) == (agent, model)}
        for part in own.values():
            notes += [f"{group}, {agent}, {model}, {part.suite}: {note}" for note in _notes(board, part, pad=pad)]
        padded = ("padded",) * pad
        rows.append(_row(board, own, group, _AS_FAILURES if pad else _LEFT_OUT, padded, pad=pad))
        if any(part.with_leaks for part in own.values()):
            read = _LEAKS_AS_FAILURES if pad else _WITH_LEAKS
            rows.append(_row(board, own, group, read, ("with known leaks", *padded), pad=pad))
        if any(part.flagged for part in own.values()) and not pad:
            rows += [_row(board, own, group, read, (remark,), pad=False) for remark, read in _FLAGGED.items()]
    if not on_board:
        notes.append(f"{group}: no graded run on real data in {board.suite}, so no row")
    return rows, notes


_Read = Callable[[SuiteRates], Mapping[str, Estimate]]


def _honest(part: SuiteRates) -> Mapping[str, Estimate]:
    """The rates without flagged runs, where that leaves no competition of the split without a run."""
    if not part.flagged:
        return part.rates
    found = part.without_flagged
    return {name: one for name, one in found.items() if one.competitions == part.rates[name].competitions}


_LEFT_OUT: _Read = lambda part: part.rates  # noqa: E731 - ways to read a part, by name
_AS_FAILURES: _Read = lambda part: part.as_failures  # noqa: E731
_WITH_LEAKS: _Read = lambda part: part.with_leaks or part.rates  # noqa: E731
_LEAKS_AS_FAILURES: _Read = lambda part: part.with_leaks_as_failures or part.as_failures  # noqa: E731
_FLAGGED: Mapping[str, _Read] = {
    "flagged runs left out": _honest,
    "flagged runs as failures": lambda part: part.flagged_as_failures or part.rates,
}


def _row(
    board: Board, own: Mapping[str, SuiteRates], group: str, read: _Read, remarks: tuple[str, ...], *, pad: bool
) -> Row:
    """Return an entrant's row: a figure for each split that is complete, or made so by padding."""
    figures = {}
    for key, column in board.columns.items():
        part = own.get(column.suite)
        if part is not None and (pad or part.competitions == part.in_suite):
            estimate = read(part).get(column.rate)
            if estimate is not None:
                figures[key] = Figure.of(estimate)
    any_part = next(iter(own.values()))
    return Row(any_part.agent, any_part.model, False, f"group {group}", figures, remarks=remarks)


def _notes(board: Board, part: SuiteRates, *, pad: bool) -> Iterator[str]:
    if part.missing:
        yield f"{part.missing} of {part.in_suite * len(part.seeds)} runs are missing{_twice(part)}"
        if not pad and part.competitions < part.in_suite:
            tried = f"{part.competitions} of {part.in_suite} competitions have a run"
            yield f"{tried}, so it has no figure; --pad counts the others as failures"
    if part.hardware:
        mixed = "MIXED hardware: " if len(part.hardware) > 1 else "on "
        yield f"{mixed}{'; '.join(part.hardware)}"
    if part.flagged:
        how = "; without --pad two more rows leave them out, and count them as failures" if pad else ""
        yield f"{part.flagged} flagged runs are in its first row{how}"
    if part.leaking:
        yield f"left out for known leaks: {', '.join(part.leaking)}"
    foreign = [edition for edition in part.editions if not edition.startswith(MLE_BENCH)]
    if foreign and board.suite == MLE_BENCH:
        yield f"runs of edition {', '.join(foreign)} are among them, which is not MLE-bench's split"
    valid, there = part.rates.get("valid_submission"), part.rates.get("valid_mle_bench")
    if part.suite == MLE_BENCH and valid and there and valid.mean != there.mean:
        yield f"valid by MLE-bench's graders {there.mean:.2f} %, by our stricter rules {valid.mean:.2f} %"


def _twice(part: SuiteRates) -> str:
    """The rate with what is missing left out, and as failures."""
    name = "any_medal" if "any_medal" in part.rates else "valid_submission"
    if name not in part.rates:
        return ""
    left_out, failures = part.rates[name].mean, part.as_failures[name].mean
    return f": {name.replace('_', ' ')} {left_out:.2f} % without them, {failures:.2f} % with them as failures"
