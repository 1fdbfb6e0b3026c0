"""The parts of a run's files that rows are made of, read without the rest and without pydantic.

A group may have 100,000 runs: picking out and checking what a row holds takes a twentieth of making whole models. What
is checked here is checked as the models do (a test holds the types together); what is not read is not judged. The
structs are passed over by the garbage collector, as nothing in them is a cycle.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec

from harness.results.status import RunStatus

if TYPE_CHECKING:
    from harness.results.record import RunRecord


class Head(msgspec.Struct, frozen=True, gc=False):
    """Fields that are missing have the models' defaults; those that are not named are passed over."""


class CompetitionHead(Head, frozen=True):
    """Of `request.competition`."""

    metric: str
    direction: Literal["maximize", "minimize"]


class RequestHead(Head, frozen=True):
    """Of `request`."""

    competition: CompetitionHead
    validation: Literal["self", "hidden-split"] = "self"


class DataHead(Head, frozen=True):
    """Of `data`."""

    edition: str
    stand_in: bool


class UsageHead(Head, frozen=True):
    """Of `usage`."""

    waiting_seconds: float = 0.0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class EgressHead(Head, frozen=True):
    """Of `egress`."""

    mode: Literal["none", "allowlist", "open"] = "none"


class HostHead(Head, frozen=True):
    """Of `host`."""

    cpu_model: str
    cpus: int
    memory_bytes: int
    gpus: tuple[str, ...] = ()


class FinalistHead(Head, frozen=True):
    """Of `final.finalists`."""

    search: float


class FinalHead(Head, frozen=True):
    """Of `final`."""

    finalists: tuple[FinalistHead, ...]
    handed_in: Literal["rerun", "search"]


class TreeHead(Head, frozen=True):
    """`tree`."""

    steps: int
    good_nodes: int
    validation_score: float | None
    phase_seconds: dict[str, float]


class TrespassHead(Head, frozen=True):
    """Of `trespasses`."""

    kind: str
    times: int
    first: str


class RunHead(Head, frozen=True):
    """Of `run.json`."""

    run_id: str
    competition: str
    agent: str
    model: str
    seed: int
    status: RunStatus
    data: DataHead
    request: RequestHead
    schema_version: Literal[1] = 1
    configuration: str = ""
    reason: str = ""
    candidate_isolation: Literal["uid", "none"] = "uid"
    answers_shown: bool = False
    wall_seconds: float | None = None
    working_seconds: float | None = None
    oom_kills: int = 0
    egress: EgressHead = EgressHead()
    cache_sha256: str | None = None
    host: HostHead | None = None
    usage: UsageHead = UsageHead()
    final: FinalHead | None = None
    trespasses: tuple[TrespassHead, ...] = ()
    tree: TreeHead | None = None


class ThresholdsHead(Head, frozen=True):
    """Of `thresholds`: that there are some is what a row needs."""


class StatementHead(Head, frozen=True):
    """Of `statement`."""

    no_test_signal: bool


class GradeHead(Head, frozen=True):
    """Of `grade.json`; without any field there is no grade."""

    leaks: tuple[str, ...] = ()
    submission_exists: bool | None = None
    valid: bool | None = None
    valid_mle_bench: bool | None = None
    reason: str | None = None
    score: float | None = None
    medal: Literal["gold", "silver", "bronze", "none"] | None = None
    above_median: bool | None = None
    percentile: float | None = None
    exceeds_percent: float | None = None
    percentile_note: str | None = None
    thresholds: ThresholdsHead | None = None
    statement: StatementHead | None = None


class NodeGradesHead(Head, frozen=True):
    """Of `node_grades.json`, before its nodes."""

    oracle: str | None = None
    oracle_test_score: float | None = None
    lost_by_choice: float | None = None


class FindingHead(Head, frozen=True):
    """Of `findings`."""

    rule: str
    severity: Literal["low", "medium", "high"]


class FindingsHead(Head, frozen=True):
    """Of `findings.json`."""

    findings: tuple[FindingHead, ...] = ()

    @property
    def flagged_by(self) -> tuple[str, ...]:
        """The rules that flag the run while nobody has judged them, each once; what `cheating.standing` says then."""
        return tuple(dict.fromkeys([one.rule for one in self.findings if one.severity != "low"]))


run_head = msgspec.json.Decoder(RunHead).decode
grade_head = msgspec.json.Decoder(GradeHead).decode
node_grades_head = msgspec.json.Decoder(NodeGradesHead).decode
findings_head = msgspec.json.Decoder(FindingsHead).decode

NO_GRADE = GradeHead()
NO_NODE_GRADES = NodeGradesHead()


def head_of(record: RunRecord) -> RunHead:
    """The same of a record that was read whole."""
    return msgspec.convert(record, RunHead, from_attributes=True)


@lru_cache(maxsize=1024)
def hardware(cpu_model: str, cpus: int, memory_bytes: int, gpus: Sequence[str]) -> str:
    """The class of machine: times of two classes can't be compared."""
    cards = f", {len(gpus)} GPUs: {', '.join(sorted(set(gpus)))}" if gpus else ""
    return f"{cpu_model}, {cpus} CPUs, {memory_bytes / 2**30:.0f} GiB{cards}"
