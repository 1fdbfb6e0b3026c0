"""Which runs of two groups may be compared, competition by competition, and why the others may not.

Reads records and grades. Nothing is left out without a word: every run that is not compared is named with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.cheating.standing import standing
from harness.comparing.comparison import LeftOut, Refused, Setting, Side
from harness.errors import UserError
from harness.grading.grade import GradeReport
from harness.results.layout import GroupFolder, RunFolder, RunRecord
from harness.runs.lost import as_it_stands

NOT_PROMPTS = (
    *("code_model", "review_model", "fallback_model", "search", "candidate"),
    *("deadline_seconds", "workers", "validation", "egress"),
)


@dataclass(frozen=True)
class Outcome:
    """A run with an outcome and a grade."""

    record: RunRecord
    grade: GradeReport

    @property
    def key(self) -> float:
        """The score so that more is better; no valid submission is worse than any."""
        if self.grade.score is None:
            return float("-inf")
        return self.grade.score if self.grade.direction == "maximize" else -self.grade.score


@dataclass(frozen=True)
class Group:
    """One side: its usable outcomes, and what it left out."""

    name: str
    records: tuple[RunRecord, ...]
    outcomes: tuple[Outcome, ...]
    left_out: tuple[LeftOut, ...]
    shares_randomness: bool
    flagged: frozenset[str] = frozenset()

    def side(self, compared: int) -> Side:
        first = self.records[0]
        return Side(
            group=self.name,
            agent=first.agent,
            model=first.model,
            prompt_set=first.prompt_set,
            prompt_set_sha256=first.prompt_set_sha256,
            runs=len(self.records),
            compared=compared,
            flagged=sum(1 for one in self.outcomes if one.record.run_id in self.flagged),
            egress=first.egress.mode,
        )

    def of(self, competition: str) -> list[Outcome]:
        """The competition's outcomes, by seed."""
        found = [outcome for outcome in self.outcomes if outcome.record.competition == competition]
        return sorted(found, key=lambda outcome: outcome.record.seed)


def read(folder: GroupFolder, members: Sequence[str] | None = None, *, without_flagged: bool = False) -> Group:
    """Read a group, of `members` only if given; raise `UserError` where it holds several kinds of runs."""
    records, outcomes, left, replayed = [], [], [], []
    flagged: set[str] = set()
    for run in folder.runs():
        record = run.read()
        if record is None or (members is not None and record.competition not in members):
            continue
        record = as_it_stands(record)
        records.append(record)
        # Another agent's own choices know no seed of ours.
        replayed.append(record.candidate_isolation == "uid" and (record.model == "offline" or _is_replayed(run)))
        grade = _grade(run)
        reason = why_not(record, grade)
        audited = standing(run.path)
        if audited is not None and audited.flagged:
            flagged.add(record.run_id)
            if without_flagged:
                reason = reason or f"flagged for cheating: {', '.join(audited.rules)}"
        if reason is None and grade is not None:
            outcomes.append(Outcome(record, grade))
        else:
            left.append(LeftOut(group=folder.name, run_id=record.run_id, reason=reason or "it is not graded"))
    if not records:
        raise UserError(f"{folder.path} holds no such run. See: podium aggregate {folder.name}")
    kinds = {
        (one.agent, one.model, one.prompt_set_sha256, one.request.validation, one.request.egress): one
        for one in records
    }
    if len(kinds) > 1:
        named = ", ".join(
            sorted(
                f"{one.agent}/{one.model}/{one.prompt_set}/{one.request.validation}{_egress(one)}"
                for one in kinds.values()
            )
        )
        raise UserError(
            f"{folder.name} holds {len(kinds)} configurations ({named}); a comparison takes one a group. "
            "Run each into a group of its own: podium bench --group NAME"
        )
    return Group(folder.name, tuple(records), tuple(outcomes), tuple(left), all(replayed), frozenset(flagged))


def _egress(record: RunRecord) -> str:
    mode = record.request.egress.mode
    return "" if mode == "none" else f"/egress {mode}"


def why_not(record: RunRecord, grade: GradeReport | None) -> str | None:
    """Say why a run is not compared; None where it is."""
    if not record.status.is_outcome:
        return f"missing: {record.status}" + (f" ({record.reason})" if record.reason else "")
    if record.answers_shown:
        return "the agent was shown the answers: a test of the harness"
    if record.data.stand_in:
        return "stand-in data: its scores say nothing about the real competition"
    if grade is None:
        return f"not graded yet: podium grade {record.group}/{record.run_id}"
    if grade.data_fingerprint != record.data.data_sha256:
        return "graded against other data than it ran on: podium grade it again"
    if grade.valid and grade.score is None:
        return grade.reason
    if grade.leaks:
        return f"edition {grade.edition} leaks: {grade.leaks[0]}"
    return None


def refusal(a: Sequence[Outcome], b: Sequence[Outcome]) -> str | None:
    """Say why a competition's outcomes can't be set against each other; None where they can."""
    for what, seen in (
        ("editions", {one.grade.edition for one in (*a, *b)}),
        ("data", {one.record.data.data_sha256[:12] for one in (*a, *b)}),
        ("metrics", {f"{one.grade.metric}, {one.grade.direction}" for one in (*a, *b)}),
        ("descriptions", {one.record.data.description for one in (*a, *b)}),
        ("medal lines", {str(one.grade.thresholds) for one in (*a, *b)}),
    ):
        if len(seen) > 1:
            return f"different {what}: {'; '.join(sorted(seen))}"
    return None


def refused(a: Group, b: Group, competitions: Sequence[str]) -> list[Refused]:
    """The competitions of both that can't be compared."""
    found = ((name, refusal(a.of(name), b.of(name))) for name in competitions)
    return [Refused(competition=name, reason=reason) for name, reason in found if reason is not None]


def settings(a: Group, b: Group) -> list[Setting]:
    """What else differs: agent, model, limits, image, machine."""
    sides = [_settings_of(group.records) for group in (a, b)]
    names = sorted({*sides[0], *sides[1]})
    pairs = ((name, sides[0].get(name, set()), sides[1].get(name, set())) for name in names)
    return [
        Setting(name=name, a=tuple(map(json.loads, sorted(one))), b=tuple(map(json.loads, sorted(other))))
        for name, one, other in pairs
        if one != other
    ]


def _settings_of(records: Sequence[RunRecord]) -> dict[str, set[str]]:
    seen: dict[str, set[str]] = {}
    for record in records:
        for name, value in _setting_values(record):
            seen.setdefault(name, set()).add(json.dumps(value, sort_keys=True))
    return seen


def _setting_values(record: RunRecord) -> Iterator[tuple[str, Any]]:
    yield from ((name, getattr(record, name)) for name in ("agent", "model", "podium_version", "image", "gpus"))
    yield "budget_usd", record.budget_usd
    yield "cache_sha256", record.cache_sha256
    request = record.request.model_dump(mode="json")
    for name in NOT_PROMPTS:
        part = request[name]
        if isinstance(part, dict):
            # Which CPUs a run was given follows from what else ran; how many is a limit.
            yield from ((f"{name}.{k}", len(v) if k == "cpus" else v) for k, v in part.items())
        else:
            yield name, part
    if record.host is not None:
        yield from ((f"host.{name}", value) for name, value in record.host.model_dump(mode="json").items())


def _grade(run: RunFolder) -> GradeReport | None:
    from pydantic import ValidationError

    try:
        return GradeReport.model_validate_json(run.grade_file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UserError(
            f"{run.grade_file} is not a grade of this version. Grade it again: podium grade {run.path}"
        ) from error


def _is_replayed(run: RunFolder) -> bool:
    try:
        with run.transcript.open("rb") as lines:
            first: dict[str, Any] = json.loads(lines.readline())
    except (FileNotFoundError, ValueError):
        return False
    return first.get("provider") == "replay"
