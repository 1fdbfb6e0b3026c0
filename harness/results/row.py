"""One run as a row: what rates, reports and tables are made of. From the heads of its files; reads none itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from sys import intern
from typing import Any

from harness.results.heads import GradeHead, NodeGradesHead, RunHead, TreeHead, hardware
from harness.results.status import RunStatus


@dataclass(slots=True)  # not frozen: that would take four times as long to make, and there are 100,000
class Row:
    """One run; nobody changes it. None means: not known, or does not apply (the note says which)."""

    run_id: str
    competition: str
    agent: str
    model: str
    seed: int
    status: RunStatus
    reason: str
    stand_in: bool
    has_leaderboard: bool
    edition: str
    leaks: tuple[str, ...]
    candidate_isolation: str
    metric: str
    direction: str
    score: float | None
    submission_exists: bool | None
    valid: bool | None
    invalid_because: str | None
    medal: str | None
    percentile: float | None
    percentile_note: str | None
    exceeds_percent: float | None
    above_median: bool | None
    validation_score: float | None
    steps: int
    good_nodes: int
    wall_seconds: float | None
    phase_seconds: dict[str, float]
    waiting_seconds: float
    input_tokens: int
    output_tokens: int
    cost_usd: float
    oom_kills: int
    configuration: str = ""
    answers_shown: bool = False
    valid_mle_bench: bool | None = None
    validation: str = "self"
    gap: float | None = None
    best_node: str | None = None
    best_node_score: float | None = None
    lost_by_choice: float | None = None
    handed_in: str | None = None
    working_seconds: float | None = None
    cached_input_tokens: int = 0
    hardware: str = ""
    no_test_signal: bool | None = None
    flagged: bool | None = None
    flagged_by: tuple[str, ...] = ()
    egress: str = "none"
    cache_sha256: str | None = None
    trespasses: tuple[str, ...] = ()

    @property
    def entrant(self) -> str:
        """The configuration as rates tell it apart, by how its search was guided and by its network too."""
        marks = [self.validation] * (self.validation != "self") + [f"egress {self.egress}"] * (self.egress != "none")
        name = self.configuration or self.agent
        return f"{name} ({', '.join(marks)})" if marks else name

    def __reduce__(self) -> tuple[type[Row], tuple[Any, ...]]:
        """How a row travels between processes: its values in the fields' order, which takes a third of the usual."""
        return Row, _values(self)


_values = attrgetter(*(field.name for field in fields(Row)))


def row_of(
    head: RunHead, tree: TreeHead, grade: GradeHead, by_test: NodeGradesHead, flags: tuple[str, ...] | None
) -> Row:
    """Make a row; `flags` is None where nobody audited the run. What most runs of a group share is kept once."""
    earns = not head.answers_shown  # whoever is shown the answers earns nothing
    competition, usage, final, host = head.request.competition, head.usage, head.final, head.host
    # The score by which the run's node was chosen: its best, or where rows were held back that of the chosen node.
    validation = final.finalists[0].search if final else tree.validation_score
    return Row(
        run_id=head.run_id,
        competition=intern(head.competition),
        agent=intern(head.agent),
        configuration=intern(head.configuration),
        model=intern(head.model),
        seed=head.seed,
        status=head.status,
        reason=head.reason,
        stand_in=head.data.stand_in,
        has_leaderboard=grade.thresholds is not None,
        edition=intern(head.data.edition),
        leaks=grade.leaks,
        candidate_isolation=head.candidate_isolation,
        answers_shown=head.answers_shown,
        metric=intern(competition.metric),
        direction=competition.direction,
        score=grade.score,
        submission_exists=grade.submission_exists,
        valid=grade.valid,
        valid_mle_bench=grade.valid_mle_bench,
        invalid_because=grade.reason,
        medal=grade.medal if earns else None,
        percentile=grade.percentile if earns else None,
        percentile_note=grade.percentile_note if earns else None,
        exceeds_percent=grade.exceeds_percent if earns else None,
        above_median=grade.above_median if earns else None,
        validation=head.request.validation,
        validation_score=validation,
        gap=_gap(validation, grade.score, competition.direction),
        best_node=by_test.oracle,
        best_node_score=by_test.oracle_test_score,
        lost_by_choice=by_test.lost_by_choice,
        handed_in=final.handed_in if final else None,
        steps=tree.steps,
        good_nodes=tree.good_nodes,
        wall_seconds=head.wall_seconds,
        working_seconds=head.working_seconds,
        phase_seconds=tree.phase_seconds,
        waiting_seconds=usage.waiting_seconds,
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=usage.cost_usd,
        oom_kills=head.oom_kills,
        hardware=hardware(host.cpu_model, host.cpus, host.memory_bytes, host.gpus) if host else "",
        no_test_signal=grade.statement.no_test_signal if grade.statement else None,
        flagged=None if flags is None else bool(flags),
        flagged_by=flags or (),
        egress=head.egress.mode,
        cache_sha256=head.cache_sha256,
        trespasses=tuple([f"{one.kind} {one.times}×, first: {one.first}" for one in head.trespasses]),
    )


def _gap(validation: float | None, test: float | None, direction: str) -> float | None:
    """How much better validation was than test."""
    if validation is None or test is None:
        return None
    return validation - test if direction == "maximize" else test - validation
