"""The layout of `results/`. The only module that knows it; what a record holds is `record.py`'s.

results/<group>/
  <run>/                  one competition × one agent configuration × one seed; holds the published attempt
    run.json              RunRecord; written at the start, rewritten at the end
    journal.jsonl         the agent's events as they happened
    llm.jsonl             every model call
    checks.jsonl          the answers to format checks
    egress.jsonl          where scripts fetched from, a line a connection
    gradings.jsonl        when the answers were read for this run
    nodes/<node>/         solution.py, output.txt, submission.csv of a node
    submission.csv        what was taken from the stopped container
    sandbox.log           the end of the container's own log
    resources.jsonl       what the container used over time
    grade.json            GradeReport
    grades/<n>.json       grades that a later one replaced
    node_grades.json      NodeGrades, where they were asked for
    scores.jsonl          hidden-split: every call to the scorer
    final/                hidden-split: the chosen script once more, with the files of a run
    solution.py, solution.ipynb, tree.json, tree.svg, tree.png   what was exported
    attempts/<n>/         earlier attempts, same files
  group.json              what the group is declared to be
  group.sqlite            who works on it, and the leases of its attempts
  environments/<sha>.txt  the packages beside Podium, by hash
  prompts/<sha256>/       the prompt sets of the runs, as they were
  summary.json            aggregate of the group
  comparison.json         the group against another one
  report.md               the same for people
  report.html             the same with pictures and the data behind them
  plots/                  pictures for papers
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from harness.errors import UserError
from harness.files import remove_parts, write_json
from harness.results.record import DataRecord, HostRecord, RunRecord, RunStatus, ServedRecord, UsageRecord

if TYPE_CHECKING:
    pass

__all__ = [
    "DataRecord",
    "GroupFolder",
    "HostRecord",
    "Results",
    "RunFolder",
    "RunRecord",
    "RunStatus",
    "ServedRecord",
    "UsageRecord",
    "append_line",
    "check_name",
    "is_name",
    "now",
    "parsed",
    "read_json",
    "run_id",
]

NAME_CHARACTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@dataclass(frozen=True)
class RunFolder:
    """One run's folder; the properties are the files in it, whether they exist or not."""

    path: Path

    @property
    def record_file(self) -> Path:
        return self.path / "run.json"

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def transcript(self) -> Path:
        return self.path / "llm.jsonl"

    def transcripts(self) -> list[Path]:
        """Every transcript of the run with a call in it, those of earlier attempts too."""
        found = [self.transcript, *sorted(self.path.glob(f"attempts/*/{self.transcript.name}"))]
        return [path for path in found if path.is_file() and path.stat().st_size]

    @property
    def nodes(self) -> Path:
        return self.path / "nodes"

    @property
    def submission(self) -> Path:
        return self.path / "submission.csv"

    @property
    def resources(self) -> Path:
        return self.path / "resources.jsonl"

    @property
    def sandbox_log(self) -> Path:
        return self.path / "sandbox.log"

    @property
    def checks(self) -> Path:
        return self.path / "checks.jsonl"

    @property
    def egress(self) -> Path:
        return self.path / "egress.jsonl"

    @property
    def gradings(self) -> Path:
        return self.path / "gradings.jsonl"

    @property
    def grade_file(self) -> Path:
        return self.path / "grade.json"

    def earlier_grades(self) -> list[Path]:
        """The grades that a later one replaced, the oldest first."""
        return sorted((self.path / "grades").glob("[0-9]*.json"), key=lambda path: int(path.stem))

    def next_earlier_grade(self) -> Path:
        """Where the grade goes that is replaced next."""
        return self.path / "grades" / f"{len(self.earlier_grades()) + 1}.json"

    @property
    def node_grades(self) -> Path:
        return self.path / "node_grades.json"

    @property
    def scores(self) -> Path:
        return self.path / "scores.jsonl"

    @property
    def final(self) -> RunFolder:
        """The second container's files, which are those of a run."""
        return RunFolder(self.path / "final")

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the journal's events as they stand there."""
        found = (line.get("event") for line in self.lines(self.journal))
        return (event for event in found if isinstance(event, dict) and "type" in event)

    def lines(self, file: Path) -> Iterator[dict[str, Any]]:
        """Yield the objects of the journal or the transcript; a line that a kill or a disk spoiled is passed over."""
        for _, line in self._parsed(file):
            if line is not None:
                yield line

    def spoiled(self, file: Path) -> list[int]:
        """The numbers of the lines that are no objects, from 1 on."""
        return [number for number, line in self._parsed(file) if line is None]

    def _parsed(self, file: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
        try:
            lines = file.open("rb")
        except FileNotFoundError:
            return
        with lines:
            for number, line in enumerate(lines, start=1):
                found: Any = None
                with contextlib.suppress(ValueError):  # maybe cut inside a character
                    found = parsed(line)
                yield number, found if isinstance(found, dict) else None

    def node_submission(self, node: str) -> Path:
        """The submission that the gateway kept of one node."""
        return self.nodes / node / "submission.csv"

    def read(self) -> RunRecord | None:
        """The record; None when the run has none. Raise `UserError` when it does not validate."""
        try:
            return RunRecord.model_validate_json(self.record_file.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise UserError(
                f"{self.record_file} is not a run record of this version: {_first_error(error)}. "
                f"Mend it, or move {self.path} elsewhere"
            ) from error

    def write(self, record: RunRecord) -> None:
        """Write the record, atomically."""
        write_json(self.record_file, record.model_dump(mode="json"))

    def attempt(self, number: int) -> RunFolder:
        """An earlier attempt of the same run."""
        return RunFolder(self.path / "attempts" / str(number))

    def attempts(self) -> list[int]:
        """The numbers of the earlier attempts that have a record."""
        found = (entry.name for entry in (self.path / "attempts").glob("*") if entry.name.isdecimal())
        return sorted(number for number in map(int, found) if self.attempt(number).record_file.is_file())

    def set_aside(self) -> int:
        """Move what an earlier attempt left into attempts/<n>; return the number of the attempt that starts now."""
        attempts = self.path / "attempts"
        self.path.mkdir(parents=True, exist_ok=True)
        self._remove_half_written()
        known = [int(entry.name) for entry in attempts.glob("*") if entry.name.isdecimal()]
        last = max(known, default=0)
        # The record goes last: an attempt without one was being set aside when that was killed.
        left = sorted(
            (entry for entry in self.path.iterdir() if entry != attempts), key=lambda e: e == self.record_file
        )
        if left:
            last += not known or (attempts / str(last) / self.record_file.name).exists()
            target = attempts / str(last)
            target.mkdir(parents=True, exist_ok=True)
            for entry in left:
                shutil.move(str(entry), target / entry.name)
        return last + 1

    def _remove_half_written(self) -> None:
        """Files that whoever worked on an attempt was killed at: nothing reads them."""
        remove_parts(self.path)
        for arriving in self.nodes.glob("*/submission.csv.*.tmp"):
            arriving.unlink(missing_ok=True)


@dataclass(frozen=True)
class GroupFolder:
    """A group of runs that are reported together."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def declared(self) -> Path:
        return self.path / "group.json"

    @property
    def leases(self) -> Path:
        return self.path / "group.sqlite"

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"

    @property
    def report(self) -> Path:
        return self.path / "report.md"

    @property
    def report_html(self) -> Path:
        return self.path / "report.html"

    @property
    def plots(self) -> Path:
        return self.path / "plots"

    @property
    def comparison(self) -> Path:
        return self.path / "comparison.json"

    @property
    def environments(self) -> Path:
        """The lists of packages that Podium had beside it, named by their hashes."""
        return self.path / "environments"

    @property
    def prompts(self) -> Path:
        """A folder for each prompt set that runs of the group had, named by its hash."""
        return self.path / "prompts"

    def runs_of(self, competition: str, seed: int) -> list[RunFolder]:
        """The runs on one competition with one seed, of whichever agent."""
        found = ((folder, folder.read()) for folder in self.runs() if folder.path.name.startswith(f"{competition}--"))
        return [
            folder for folder, record in found if record and (record.competition, record.seed) == (competition, seed)
        ]

    def run(self, run_id: str) -> RunFolder:
        return RunFolder(self.path / check_name(run_id, "run"))

    def names(self) -> list[str]:
        """The names in the group's folder, sorted; most are runs."""
        try:
            with os.scandir(self.path) as entries:
                return sorted(entry.name for entry in entries if not entry.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def runs(self) -> Iterator[RunFolder]:
        """Every run with a record, by name."""
        for name in self.names():
            folder = RunFolder(self.path / name)
            if folder.record_file.is_file():
                yield folder

    def has_outcomes(self) -> bool:
        """Has any of its runs one?"""
        return any((record := run.read()) is not None and record.status.is_outcome for run in self.runs())


@dataclass(frozen=True)
class Results:
    """The results folder."""

    root: Path

    def group(self, name: str) -> GroupFolder:
        return GroupFolder(self.root / check_name(name, "group"))

    def existing_group(self, name: str) -> GroupFolder:
        """A group that has runs; `name` may be a path, and `latest` is the newest group. Else raise `UserError`."""
        if name == "latest":
            groups = sorted(self.groups(), key=lambda group: group.path.stat().st_mtime)
            if not groups:
                raise UserError(f"no runs in {self.root} yet. Try: podium bench spaceship-titanic")
            return groups[-1]
        group = GroupFolder(Path(name)) if "/" in name else self.group(name)
        if not any(group.runs()):
            known = ", ".join(sorted(found.name for found in self.groups())) or "none"
            raise UserError(f"no group {name!r} with runs in {self.root}; there are: {known}. The newest is: latest")
        return group

    def declared_group(self, name: str) -> GroupFolder:
        """A group that has runs, or is declared and has none yet; else raise `UserError`."""
        group = self.group(name) if is_name(name) else None
        return group if group is not None and group.declared.is_file() else self.existing_group(name)

    def chosen(self, names: Sequence[str]) -> list[GroupFolder]:
        """The groups of these names or paths, or every group; raise `UserError` where there is none."""
        found = [self.existing_group(name) for name in names] if names else list(self.groups())
        return found or [self.existing_group("latest")]

    def groups(self) -> Iterator[GroupFolder]:
        if self.root.is_dir():
            for path in self.root.iterdir():
                if path.is_dir() and any(GroupFolder(path).runs()):
                    yield GroupFolder(path)

    def existing_run(self, name: str) -> RunFolder:
        """A run by `group/run`, by its folder's path, or the `latest`; raise `UserError` when there is none."""
        group, _, rest = name.partition("/")
        if group == "latest":
            newest = self.existing_group("latest")
            if not rest:
                return max(newest.runs(), key=lambda run: run.record_file.stat().st_mtime)
            name = f"{newest.name}/{rest}"
        for path in (Path(name), self.root / name):
            if (path / "run.json").is_file():
                return RunFolder(path)
        raise UserError(
            f"no run {name!r}: neither {name}/run.json nor {self.root / name}/run.json exists. A run is GROUP/RUN, "
            "or latest; see: podium aggregate GROUP"
        )


def run_id(competition: str, agent: str, seed: int) -> str:
    """The name of a run's folder."""
    return f"{competition}--{agent}--s{seed}"


def is_name(name: str) -> bool:
    """Whether a name is one folder of the results and can't lead out of them."""
    return bool(name) and not name.startswith(".") and not set(name) - NAME_CHARACTERS


def check_name(name: str, what: str) -> str:
    """A name that is one folder; raise `UserError` for anything that could leave the results folder."""
    if not is_name(name):
        raise UserError(f"{name!r} can't name a {what}: letters, digits, '-', '_' and '.' only, not starting with '.'")
    return name


def append_line(file: Path, value: dict[str, Any]) -> None:
    """Add one line to a log of ours, on the disk when this returns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as log:
        log.write(json.dumps(value, allow_nan=False, ensure_ascii=False) + "\n")
        log.flush()
        os.fsync(log.fileno())


def now() -> str:
    """The time as records hold it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def read_json(path: Path) -> dict[str, Any] | None:
    """An object from a file of ours; None when there is no such file."""
    try:
        value: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return value


def parsed(line: bytes) -> dict[str, Any]:
    """Parse a line of a JSONL file: fast, or where that refuses what JSON allows, such as half a character, slowly."""
    import orjson

    try:
        value: dict[str, Any] = orjson.loads(line)
    except ValueError:
        value = json.loads(line)
    return value


def _first_error(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
