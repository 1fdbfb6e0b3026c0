"""A group of graded runs on disk, as `podium bench` leaves them, without any run: for benchmarks that read many.

Each has the four files that rows are made of, with all their fields, from a run of 20 steps whose files lie in
`perf/graded/`; what tells runs apart is changed: competition, seed, how each ended, and that one in fifty is flagged.
Its other files are not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.cheating.finding import Finding
    from harness.grading.grade import GradeReport
    from harness.results.record import RunRecord

EXAMPLE = Path(__file__).parent / "graded"
COMPETITIONS = 75
INVALID = {
    "valid": False,
    "valid_mle_bench": False,
    "reason": "row 3: no such id",
    **dict.fromkeys(("score", "medal", "above_median", "percentile", "exceeds_percent")),
}


def files() -> list[Path]:
    """The files of the example, by name."""
    return sorted(EXAMPLE.glob("*.json"))


def competition(number: int, of: int = COMPETITIONS) -> str:
    """The competition of the run of that number, of so many."""
    return f"competition-{number % of:02d}"


def records(size: int, competitions: int = COMPETITIONS) -> Iterator[RunRecord]:
    """That many records: of each competition as many seeds."""
    from harness.results.layout import run_id
    from harness.results.record import RunRecord

    example = RunRecord.model_validate_json((EXAMPLE / "run.json").read_bytes())
    for number in range(size):
        name, seed = competition(number, competitions), number // competitions
        named = {"run_id": run_id(name, "aide", seed), "seed": seed}
        brief = example.request.competition.model_copy(update={"id": name})
        request = example.request.model_copy(update={**named, "competition": brief})
        yield example.model_copy(update={**named, "competition": name, "request": request})


def write(group: Path, size: int) -> None:
    """Write a group of that many runs."""
    from harness.cheating.finding import Findings
    from harness.grading.grade import GradeReport
    from harness.grading.grade_nodes import NodeGrades

    grade = GradeReport.model_validate_json((EXAMPLE / "grade.json").read_bytes())
    nodes = NodeGrades.model_validate_json((EXAMPLE / "node_grades.json").read_bytes())
    findings = Findings.model_validate_json((EXAMPLE / "findings.json").read_bytes())
    for number, record in enumerate(records(size)):
        folder = group / record.run_id
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(record.model_dump_json(indent=2) + "\n")
        (folder / "grade.json").write_text(_graded(grade, number).to_json())
        own = nodes.model_copy(update={"run_id": record.run_id, "competition": record.competition})
        (folder / "node_grades.json").write_text(own.model_dump_json(indent=2) + "\n")
        audited = findings.model_copy(update={"run_id": record.run_id, "findings": _found(number)})
        (folder / "findings.json").write_text(audited.model_dump_json(indent=2) + "\n")


def _found(number: int) -> tuple[Finding, ...]:
    from harness.cheating.finding import Severity, finding

    return (finding("network", 1, Severity.MEDIUM, "it asks a network"),) if number % 50 == 0 else ()


def _graded(example: GradeReport, number: int) -> GradeReport:
    """Every seventh is invalid; of the others each medal, and none, is as frequent."""
    from harness.grading.leaderboard import Medal

    changes: dict[str, object] = {"competition": competition(number)}
    if number % 7 == 0:
        return example.model_copy(update=changes | INVALID)
    medal, above, percent = [*Medal][number % 4], number % 2 == 0, float(number % 101)
    changes |= {"medal": medal, "above_median": above, "percentile": percent, "exceeds_percent": percent}
    return example.model_copy(update=changes)
