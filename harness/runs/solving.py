"""Solves a folder of data that is no competition: makes one of it, runs it in the box, hands out the best.

`podium solve` and `harness.solve` are this. The competition lies in `<home>/solved/<id>`, named by what is in the data
and what was asked, so the same command again finds it; the run's records are in results/ as always.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from harness import newspec
from harness.contract import Direction
from harness.errors import UserError
from harness.files import write_atomically, write_json
from harness.runs.dataset import Choices, Dataset, understand
from harness.specs import catalogue
from harness.specs.metric_names import meant

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.results.layout import GroupFolder, RunFolder, RunRecord
    from harness.verbs.choices import BenchOptions
    from harness.verbs.progress import Say

ROW_ID = "row_id"
HELD_OUT = 0.2  # of a single table; competitions' 0.1 is too few rows of the small tables that people bring
RECORD_NAME = "solve.json"
YES_AND_NO = (("no", "yes"), ("false", "true"), ("n", "y"), ("negative", "positive"))


@dataclass(frozen=True)
class Wanted:
    """What is asked of a folder of data. `metric` is a name, or words that mean one; without it, the usual one."""

    data: Path
    goal: str | None = None
    metric: str | None = None
    choices: Choices = field(default_factory=Choices)
    hold_out: float = HELD_OUT


class Solved(BaseModel):
    """`solve.json`: what came out. Scores are None where there are none; `test_note` says what the test score is of."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    competition: str
    run: str
    status: str
    metric: str
    direction: Direction
    target: str
    validation_score: float | None
    test_score: float | None
    test_note: str
    node: str | None
    code: str | None
    nodes: int
    cost_usd: float
    folder: str
    files: tuple[str, ...]
    notes: tuple[str, ...]


def make_competition(wanted: Wanted, home: Path) -> tuple[str, Dataset]:
    """Write `<home>/solved/<id>/` unless it is there; return the id, and what was understood of the data."""
    dataset = understand(wanted.data, wanted.choices)
    name = re.sub(r"[^a-z0-9]+", "-", wanted.data.resolve().stem.lower()).strip("-")[:60] or "data"
    id = f"{name}-{_digest(wanted, dataset)}"
    into = home / catalogue.SOLVED
    if not (into / id).is_dir():
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into, prefix=".numbered-") as scratch:
            newspec.write(_wish(id, name, wanted, dataset, Path(scratch)), into)
    return id, dataset


def _wish(id: str, name: str, wanted: Wanted, dataset: Dataset, scratch: Path) -> newspec.Wish:
    metric = None if wanted.metric is None else meant(wanted.metric)
    codes = yes_and_no(dataset) if metric is not None and metric.takes == "numbers" else {}
    train, test = dataset.train, dataset.test
    if dataset.id_column is None or codes:
        rows = _rewritten(train, scratch / train.name, dataset, codes, 0)
        train = scratch / train.name
        if test is not None:
            _rewritten(test, scratch / test.name, dataset, codes, rows)
            test = scratch / test.name
    others = {name: dataset.folder / name for name in dataset.others}
    if dataset.sample is not None:
        others[dataset.sample.name] = dataset.sample
    sample = dataset.sample.name if dataset.sample else None
    return newspec.Wish(
        id=id,
        title=name.replace("-", " ").capitalize(),
        train=train,
        target=dataset.target,
        id_column=dataset.id_column or ROW_ID,
        metric=None if metric is None else metric.name,
        test=wanted.hold_out,
        given=newspec.Given(test, dataset.labelled, others, sample) if test else None,
        goal=wanted.goal,
        evaluation=wanted.metric if wanted.metric and " " in wanted.metric.strip() else None,
    )


def yes_and_no(dataset: Dataset) -> dict[str, str]:
    """Return codes for a target of two words of which one says yes; none where that isn't certain.

    Metrics of ranks and probabilities take numbers, and "Yes" is 1 for everybody.
    """
    import pandas as pd

    values = pd.read_csv(dataset.train, usecols=[dataset.target], dtype=str)[dataset.target].dropna().unique()
    words = {value.strip().lower(): value for value in values}
    for no, yes in YES_AND_NO:
        if set(words) == {no, yes} and len(values) == 2:
            return {words[no]: "0", words[yes]: "1"}
    return {}


def _rewritten(table: Path, into: Path, dataset: Dataset, codes: Mapping[str, str], first: int) -> int:
    """Write a table with codes for its target's words, and rows numbered from `first` where they have no name."""
    from harness.specs.check import read_texts

    rows = read_texts(table)
    if dataset.target in rows.columns:
        rows[dataset.target] = rows[dataset.target].map(lambda value: codes.get(value, value))
    if dataset.id_column is None:
        if ROW_ID in rows.columns:
            raise UserError(f"{table.name} has a column {ROW_ID} that names no row: rename it, or say --id COLUMN")
        rows.insert(0, ROW_ID, range(first, first + len(rows)))
    rows.to_csv(into, index=False)
    return first + len(rows)


def _digest(wanted: Wanted, dataset: Dataset) -> str:
    """Return a few characters that tell these data and this wish from any other."""
    digest = hashlib.sha256(repr((wanted.goal, wanted.metric, wanted.hold_out, dataset.target)).encode())
    digest.update(repr((dataset.id_column, dataset.labelled, dataset.others)).encode())
    tables = [path for path in (dataset.train, dataset.test, dataset.sample) if path is not None]
    for path in [*tables, *(dataset.folder / name for name in dataset.others)]:
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:8]


def solve(wanted: Wanted, options: BenchOptions, settings: Settings, *, out: Path | None, say: Say) -> Solved:
    """Make the competition, run it, grade it, and write what came out into `out`."""
    from harness.runs.bench import Bench

    id, dataset = make_competition(wanted, settings.home)
    for note in dataset.notes:
        say(note)
    say(f"competition {id}, in {settings.home / catalogue.SOLVED / id}")
    bench = Bench(settings, replace(options, competitions=(id,)), say)
    bench.run()
    runs = [run for run in bench.group().runs() if run.path.name.startswith(f"{id}--")]
    newest = max(runs, key=lambda run: run.record_file.stat().st_mtime)
    target = (out or Path.cwd() / f"{id}-solution").absolute()
    return hand_out(newest, bench.group(), dataset, target, settings)


def from_python(
    data: Path,
    goal: str | None,
    metric: str | None,
    target: str | None,
    out: str | Path | None,
    options: dict[str, Any],
) -> Solved:
    """Answer `harness.solve`, with the settings of this process's environment."""
    import os

    from harness.config import load
    from harness.verbs.choices import BenchOptions
    from harness.verbs.progress import say

    known = {field.name for field in fields(BenchOptions)}
    ours = {name: options.pop(name) for name in ("id", "train", "test_file", "hold_out") if name in options}
    if unknown := sorted(set(options) - known):
        raise UserError(f"harness.solve has no option {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    choices = Choices(ours.get("train"), ours.get("test_file"), target, ours.get("id"))
    wanted = Wanted(data.expanduser(), goal, metric, choices, ours.get("hold_out", HELD_OUT))
    chosen = BenchOptions(**{"competitions": (), **options})
    return solve(wanted, chosen, load(os.environ), out=None if out is None else Path(out), say=say)


def hand_out(run: RunFolder, group: GroupFolder, dataset: Dataset, into: Path, settings: Settings) -> Solved:
    """Write solution, predictions, tree and report of a run into a folder, beside links to what the script needs."""
    from harness.results.solution import Solution, solution_of

    record = run.read()
    assert record is not None  # bench has just run it
    into.mkdir(parents=True, exist_ok=True)
    solution: Solution | None = None
    with contextlib.suppress(UserError):  # an all-buggy run has none
        solution = solution_of(run, record)
    grade = json.loads(run.grade_file.read_bytes()) if run.grade_file.is_file() else {}
    solved = Solved(
        competition=record.competition,
        run=f"{record.group}/{record.run_id}",
        status=str(record.status),
        metric=record.request.competition.metric,
        direction=record.request.competition.direction,
        target=dataset.target,
        validation_score=solution.validation_score if solution else None,
        test_score=grade.get("score"),
        test_note=_test_note(grade, dataset),
        node=solution.node if solution else None,
        code=solution.code if solution else None,
        nodes=solution.nodes if solution else sum(event["type"] == "node" for event in run.events()),
        cost_usd=record.usage.cost_usd,
        folder=str(into),
        files=tuple(sorted(_written(run, group, record, into, has_solution=solution is not None))),
        notes=dataset.notes,
    )
    _link_input(settings.data / record.competition / "public", into)
    write_json(into / RECORD_NAME, solved.model_dump(mode="json"))
    return solved


def _written(run: RunFolder, group: GroupFolder, record: RunRecord, into: Path, *, has_solution: bool) -> list[str]:
    from harness.results import export_run

    written = [RECORD_NAME]
    steps: list[Callable[[], list[Path]]] = [lambda: export_run.tree(run, record, into, ("json", "svg"))]
    if has_solution:
        steps.append(lambda: export_run.solution(run, record, into))
    for step in steps:
        with contextlib.suppress(UserError):  # a run that ended before its first node has no tree
            written += [path.name for path in step()]
    copies: Mapping[str, Path] = {
        "predictions.csv": run.submission,
        "report.md": group.report,
        "report.html": group.report_html,
    }
    for name, source in copies.items():
        if source.is_file():
            write_atomically(into / name, source.read_bytes())
            written.append(name)
    return written


def _link_input(public: Path, into: Path) -> None:
    """Lay out `input` and `working` beside the script, so that it runs there as it did in the box."""
    (into / "working").mkdir(exist_ok=True)
    link = into / "input"
    if link.is_symlink():
        link.unlink()
    if not link.exists():
        link.symlink_to(public)


def _test_note(grade: Mapping[str, Any], dataset: Dataset) -> str:
    if not grade:
        return "not graded"
    if grade.get("score") is None:
        return str(grade.get("reason") or "none")
    rows = f"the rows of {dataset.test.name}" if dataset.test else f"rows of {dataset.train.name} that were held out"
    return f"on {rows}, whose labels the agent never saw"
