"""A group's records and grades, read into one row a run: what rates, reports and tables are made of.

Small files are read: run.json holds what its journal adds up to, so the journal itself is read only for runs that are
not over, or are of an older version; of the nodes' grades the head.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from harness.cheating import standing
from harness.errors import UserError
from harness.results.heads import EgressHead, RunHead, TreeHead, UsageHead, head_of, run_head
from harness.results.layout import GroupFolder, RunFolder, RunRecord, RunStatus
from harness.results.record import TreeRecord
from harness.runs.lost import as_it_stands

BLOCK = 16 * 1024  # more than most records: then one call reads it
NO_USAGE = UsageHead()
NO_EGRESS = EgressHead(mode="none")
PHASES = ("model", "execute", "check", "review", "overhead")


@dataclass(slots=True, kw_only=True)  # not frozen: that would take four times as long to make, and there are 100,000
class Row:
    """One run; nobody changes it. None means: not known, or does not apply (the note says which)."""

    run_id: str
    competition: str
    agent: str
    configuration: str = ""
    model: str
    seed: int
    status: RunStatus
    reason: str
    stand_in: bool
    has_leaderboard: bool
    edition: str
    leaks: tuple[str, ...]
    candidate_isolation: str
    answers_shown: bool = False
    metric: str
    direction: str
    score: float | None
    submission_exists: bool | None
    valid: bool | None
    valid_mle_bench: bool | None = None
    invalid_because: str | None
    medal: str | None
    percentile: float | None
    percentile_note: str | None
    exceeds_percent: float | None
    above_median: bool | None
    validation: str = "self"
    validation_score: float | None
    gap: float | None = None
    best_node: str | None = None
    best_node_score: float | None = None
    lost_by_choice: float | None = None
    handed_in: str | None = None
    steps: int
    good_nodes: int
    wall_seconds: float | None
    working_seconds: float | None = None
    phase_seconds: dict[str, float]
    waiting_seconds: float
    input_tokens: int
    cached_input_tokens: int = 0
    output_tokens: int
    cost_usd: float
    oom_kills: int
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


def rows_of(group: GroupFolder) -> list[Row]:
    """Read a group's runs, a row each, by name; raise `UserError` where a record is not one of this version."""
    collecting = gc.isenabled()
    gc.disable()  # nothing here is a cycle, and looking for some among 100,000 rows takes a fifth of the time
    try:
        return list(_rows(group))
    finally:
        if collecting:
            gc.enable()


def _rows(group: GroupFolder) -> Iterator[Row]:
    for name in group.names():  # strings, not paths: a group may have 100,000 runs
        content = _bytes(f"{group.path}/{name}/run.json")
        if content is not None:
            yield _row_of(group, name, content)


def row(folder: RunFolder, record: RunRecord, tree: TreeRecord | None = None) -> Row:
    """One run's row, from its record, its grade, and for a run that is not over its journal, unless `tree` is known."""
    grade = _grade(str(folder.grade_file))
    by_test = _head(str(folder.node_grades))
    head = head_of(record)
    found = record.tree or tree or tree_of(folder.events(), record.request.competition.direction)
    known = TreeHead(
        steps=found.steps,
        good_nodes=found.good_nodes,
        validation_score=found.validation_score,
        phase_seconds=found.phase_seconds,
    )
    return _row(head, known, grade, by_test, _flags(str(folder.path)))


def tree_of(events: Iterable[dict[str, Any]], direction: str) -> TreeRecord:
    """What a journal's nodes add up to."""
    nodes = [event for event in events if event["type"] == "node"]
    scores = [node["score"] for node in nodes if not node["buggy"] and node["score"] is not None]
    spent = [node["seconds"] for node in nodes]
    return TreeRecord(
        steps=len(nodes),
        good_nodes=len(scores),
        validation_score=(max if direction == "maximize" else min)(scores, default=None),
        phase_seconds={phase: round(sum([seconds.get(phase, 0.0) for seconds in spent]), 3) for phase in PHASES},
    )


def _row_of(group: GroupFolder, name: str, content: bytes) -> Row:
    try:
        head = run_head(content)
    except ValidationError:
        group.run(name).read()  # says which file, what is wrong with it, and what to do
        raise
    tree = head.get("tree")
    if tree is None or head["status"] is RunStatus.RUNNING:
        return row(group.run(name), as_it_stands(RunRecord.model_validate_json(content)))
    path = f"{group.path}/{name}"
    return _row(head, tree, _grade(f"{path}/grade.json"), _head(f"{path}/node_grades.json"), _flags(path))


def _grade(path: str) -> dict[str, Any]:
    """A grade; empty where there is none."""
    try:
        found: dict[str, Any] = from_json(_bytes(path) or b"{}")
    except ValueError as error:
        run = "/".join(path.split("/")[-3:-1])
        raise UserError(f"{path} is no grade any more: {error}. Grade the run again: podium grade {run}") from error
    return found


def _head(path: str) -> dict[str, Any]:
    """What stands in node_grades.json before its nodes, which may be thousands; empty where there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    try:
        head, _, _ = os.read(descriptor, BLOCK).partition(b'"nodes"')
    finally:
        os.close(descriptor)
    found: dict[str, Any] = from_json(head + b'"nodes": []}')
    return found


def _flags(run: str) -> tuple[str, ...] | None:
    """The rules that flag a run, with what people said of that; None where nobody audited it."""
    content = _bytes(f"{run}/{standing.NAME}")
    return None if content is None else standing.flags(run, content)


def _bytes(path: str) -> bytes | None:
    """A small file's content; None where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        content = os.read(descriptor, BLOCK)
        if len(content) < BLOCK:
            return content
        parts = [content]
        while parts[-1]:
            parts.append(os.read(descriptor, BLOCK))
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _gap(validation: float | None, test: float | None, direction: str) -> float | None:
    """How much better validation was than test."""
    if validation is None or test is None:
        return None
    return validation - test if direction == "maximize" else test - validation


def _row(
    head: RunHead, tree: TreeHead, grade: dict[str, Any], by_test: dict[str, Any], flags: tuple[str, ...] | None
) -> Row:
    answers_shown = head.get("answers_shown", False)
    if answers_shown:  # whoever is shown the answers earns nothing
        grade |= dict.fromkeys(("medal", "percentile", "percentile_note", "exceeds_percent", "above_median"))
    direction = head["request"]["competition"]["direction"]
    usage, final, host = head.get("usage", NO_USAGE), head.get("final"), head.get("host")
    # The score by which the run's node was chosen: its best, or where rows were held back that of the chosen node.
    validation = final.finalists[0].search if final else tree["validation_score"]
    return Row(
        run_id=head["run_id"],
        competition=head["competition"],
        agent=head["agent"],
        configuration=head.get("configuration", ""),
        model=head["model"],
        seed=head["seed"],
        status=head["status"],
        reason=head.get("reason", ""),
        stand_in=head["data"]["stand_in"],
        has_leaderboard=grade.get("thresholds") is not None,
        edition=head["data"]["edition"],
        leaks=tuple(grade.get("leaks") or ()),
        candidate_isolation=head.get("candidate_isolation", "uid"),
        answers_shown=answers_shown,
        metric=head["request"]["competition"]["metric"],
        direction=direction,
        score=grade.get("score"),
        submission_exists=grade.get("submission_exists"),
        valid=grade.get("valid"),
        valid_mle_bench=grade.get("valid_mle_bench"),
        invalid_because=grade.get("reason"),
        medal=grade.get("medal"),
        percentile=grade.get("percentile"),
        percentile_note=grade.get("percentile_note"),
        exceeds_percent=grade.get("exceeds_percent"),
        above_median=grade.get("above_median"),
        validation=head["request"].get("validation", "self"),
        validation_score=validation,
        gap=_gap(validation, grade.get("score"), direction),
        best_node=by_test.get("oracle"),
        best_node_score=by_test.get("oracle_test_score"),
        lost_by_choice=by_test.get("lost_by_choice"),
        handed_in=final.handed_in if final else None,
        steps=tree["steps"],
        good_nodes=tree["good_nodes"],
        wall_seconds=head.get("wall_seconds"),
        working_seconds=head.get("working_seconds"),
        phase_seconds=tree["phase_seconds"],
        waiting_seconds=usage.get("waiting_seconds", 0.0),
        input_tokens=usage.get("input_tokens", 0),
        cached_input_tokens=usage.get("cached_input_tokens", 0),
        output_tokens=usage.get("output_tokens", 0),
        cost_usd=usage.get("cost_usd", 0.0),
        oom_kills=head.get("oom_kills", 0),
        hardware=host.hardware if host else "",
        no_test_signal=(grade.get("statement") or {}).get("no_test_signal"),
        flagged=None if flags is None else bool(flags),
        flagged_by=flags or (),
        egress=head.get("egress", NO_EGRESS)["mode"],
        cache_sha256=head.get("cache_sha256"),
        trespasses=tuple(f"{one['kind']} {one['times']}×, first: {one['first']}" for one in head.get("trespasses", ())),
    )
