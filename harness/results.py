"""The layout of `results/`, and the record of a run. The only module that knows either.

results/<group>/
  <run>/                  one competition × one agent configuration × one seed; holds the published attempt
    run.json              RunRecord, below; written at the start, rewritten at the end
    journal.jsonl         the agent's events as they happened
    llm.jsonl             every model call
    nodes/<node>/         solution.py, output.txt, submission.csv of a node
    submission.csv        what was taken from the stopped container
    sandbox.log           the end of the container's own log
    grade.json            GradeReport
    attempts/<n>/         earlier attempts, same files
  summary.json            aggregate of the group
  report.md               the same for people
"""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.contract import RunRequest
from harness.errors import UserError
from harness.files import write_json

NAME_CHARACTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class RunStatus(StrEnum):
    """Where a run stands. Only `INFRA_FAILED`, `HARNESS_FAILED`, `STOPPED` and `LOST` are worth running again."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    TIMED_OUT = "timed_out"
    BUDGET_EXHAUSTED = "budget_exhausted"
    AGENT_FAILED = "agent_failed"
    INFRA_FAILED = "infra_failed"
    HARNESS_FAILED = "harness_failed"
    STOPPED = "stopped"
    LOST = "lost"

    @property
    def is_outcome(self) -> bool:
        """Does it say something about the agent, so that it is graded and never silently repeated?"""
        return self in (self.COMPLETED, self.TIMED_OUT, self.BUDGET_EXHAUSTED, self.AGENT_FAILED)


class DataRecord(BaseModel):
    """Which data a run saw."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    edition: str
    source: str
    stand_in: bool
    data_sha256: str


class HostRecord(BaseModel):
    """The machine and the engine that a run ran on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    cpu_model: str
    cpus: int
    memory_bytes: int
    kernel: str
    engine: str


class UsageRecord(BaseModel):
    """What the model calls of a run added up to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    calls: int = 0
    refused: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cost_usd: float = 0.0
    waiting_seconds: float = 0.0
    model_seconds: float = 0.0


class RunRecord(BaseModel):
    """`run.json`. Times are ISO 8601 in UTC, durations seconds, sizes bytes, money US dollars."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    run_id: str
    group: str
    competition: str
    agent: str
    model: str
    seed: int
    status: RunStatus
    reason: str = ""
    attempt: int = 1
    owner: str
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    podium_version: str
    plan_sha256: str
    data: DataRecord
    request: RunRequest
    prompt_set: str
    prompt_set_sha256: str
    image: str
    image_tag: str
    host: HostRecord | None = None
    candidate_isolation: str = "uid"
    candidate_cpu_limit: Literal["advisory"] = "advisory"  # affinity and thread variables, which a script may change
    gpus: str = ""
    budget_usd: float | None = None
    sandbox: dict[str, Any] = {}
    exit_code: int | None = None
    oom_kills: int = 0
    wall_seconds: float | None = None
    first_candidate_seconds: float | None = None
    usage: UsageRecord = UsageRecord()
    submission_from: Literal["container", "journal", "none"] = "none"
    submission_problem: str | None = None


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

    @property
    def nodes(self) -> Path:
        return self.path / "nodes"

    @property
    def submission(self) -> Path:
        return self.path / "submission.csv"

    @property
    def sandbox_log(self) -> Path:
        return self.path / "sandbox.log"

    @property
    def grade_file(self) -> Path:
        return self.path / "grade.json"

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
            raise UserError(f"{self.record_file} is not a run record: {_first_error(error)}") from error

    def write(self, record: RunRecord) -> None:
        """Write the record, atomically."""
        write_json(self.record_file, record.model_dump(mode="json"))

    def set_aside(self) -> int:
        """Move what an earlier attempt left into attempts/<n>; return the number of the attempt that starts now."""
        attempts = self.path / "attempts"
        number = 1 + sum(1 for _ in attempts.iterdir()) if attempts.is_dir() else 1
        left = [entry for entry in self.path.iterdir() if entry != attempts] if self.path.is_dir() else []
        if left:
            target = attempts / str(number)
            target.mkdir(parents=True)
            for entry in left:
                shutil.move(str(entry), target / entry.name)
            number += 1
        self.path.mkdir(parents=True, exist_ok=True)
        return number


@dataclass(frozen=True)
class GroupFolder:
    """A group of runs that are reported together."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"

    @property
    def report(self) -> Path:
        return self.path / "report.md"

    def run(self, run_id: str) -> RunFolder:
        return RunFolder(self.path / check_name(run_id, "run"))

    def runs(self) -> Iterator[RunFolder]:
        """Every run with a record, by name."""
        if not self.path.is_dir():
            return
        for path in sorted(self.path.iterdir()):
            if (path / "run.json").is_file():
                yield RunFolder(path)


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
            raise UserError(f"no group {name!r} in {self.root}; there are: {known}")
        return group

    def groups(self) -> Iterator[GroupFolder]:
        if self.root.is_dir():
            for path in self.root.iterdir():
                if path.is_dir() and any(GroupFolder(path).runs()):
                    yield GroupFolder(path)

    def existing_run(self, name: str) -> RunFolder:
        """A run by `group/run`, or by its folder's path; raise `UserError` when there is none."""
        for path in (Path(name), self.root / name):
            if (path / "run.json").is_file():
                return RunFolder(path)
        raise UserError(f"no run {name!r}: neither {name}/run.json nor {self.root / name}/run.json exists")


def run_id(competition: str, agent: str, seed: int) -> str:
    """The name of a run's folder."""
    return f"{competition}--{agent}--s{seed}"


def check_name(name: str, what: str) -> str:
    """A name that is one folder; raise `UserError` for anything that could leave the results folder."""
    if not name or name.startswith(".") or set(name) - NAME_CHARACTERS:
        raise UserError(f"{name!r} can't name a {what}: letters, digits, '-', '_' and '.' only, not starting with '.'")
    return name


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


def _first_error(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
