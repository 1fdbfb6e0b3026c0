"""Scores of submissions on held-back training rows, in runs whose search they guide; every call is counted and kept.

An agent could ask again and again and work out single labels from the answers, so a run has as many scores as steps,
a node has one, and what is told is the rounded score of the search part alone. `scores.jsonl` holds both parts' scores:
it is the harness's own, and never told.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.contract import ScoreReply
from harness.errors import InvalidSpec, InvalidSubmission
from harness.gateway.checks import SubmissionChecks
from harness.gateway.journal import EventRefused
from harness.gateway.lines import JsonLines, read_lines

NAME = "scores.jsonl"
LINES_A_SCORE = 10  # refused and invalid calls are kept too, within bounds
LONGEST_REASON = 500


class ScoredOn(Protocol):
    """What a scorer says of a submission: the scores of both parts, and what may be told of them."""

    @property
    def search(self) -> float: ...
    @property
    def pick(self) -> float: ...
    @property
    def told(self) -> float: ...


@dataclass(frozen=True)
class Scoring:
    """Who scores, raising InvalidSubmission for what has no score, and how many scores a run gets."""

    scorer: Callable[[Path], ScoredOn]
    most: int


class ScoreLine(BaseModel):
    """One line of scores.jsonl: a call to the scorer. `told` is what the agent was answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    sequence: int
    received_at: str
    node: str
    submission_sha256: str | None = None
    outcome: Literal["scored", "repeated", "invalid", "refused", "failed"]
    reason: str | None = None
    search: float | None = None
    pick: float | None = None
    told: float | None = None


class SubmissionScores:
    """Scores within the run's cap. Used from one event loop; the scorer works in a thread."""

    def __init__(self, run_folder: Path, scoring: Scoring, checks: SubmissionChecks) -> None:
        self._scoring = scoring
        self._checks = checks
        self._known = {line.node: line for line in read_scores(run_folder / NAME) if line.outcome == "scored"}
        for node in self._known:
            checks.settle(node)
        self._in_work: set[str] = set()
        self._lines = JsonLines(run_folder / NAME, durable=False)
        self._calls = sum(1 for _ in read_lines(run_folder / NAME))

    async def score(self, node: str, body: AsyncIterator[bytes]) -> ScoreReply:
        """Score a node's submission; raise EventRefused for a second score of a node, or one beyond the cap."""
        known = self._known.get(node)
        if node in self._in_work:
            raise self._refused(node, 409, f"node {node} is being scored; a node is scored once")
        if known is None and len(self._known) + len(self._in_work) >= self._scoring.most:
            raise self._refused(node, 429, f"a run has at most {self._scoring.most} scores, and has had them")
        self._in_work.add(node)
        try:
            line = await self._checks.take(node, body, lambda path: self._ask(node, known, path))
        except BaseException:
            self._note(ScoreLine(sequence=0, received_at=_now(), node=node, outcome="failed"))
            raise
        finally:
            self._in_work.discard(node)
        if line.outcome == "refused":
            raise self._refused(node, 409, f"node {node} was scored before; a node is scored once")
        self._note(line)
        if line.outcome == "scored":
            self._known[node] = line
            self._checks.settle(node)
        return ScoreReply(valid=line.outcome != "invalid", reason=line.reason, score=line.told)

    def close(self) -> None:
        self._lines.close()

    def _ask(self, node: str, known: ScoreLine | None, path: Path) -> ScoreLine:
        """Look at the file, in a thread: the same one again gets the same answer, and another one none."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        line = ScoreLine(sequence=0, received_at=_now(), node=node, submission_sha256=sha256, outcome="scored")
        if known is not None:
            same = known.submission_sha256 == sha256
            found = {"outcome": "repeated", "told": known.told} if same else {"outcome": "refused"}
            return line.model_copy(update=found)
        try:
            scores = self._scoring.scorer(path)
        except InvalidSubmission as invalid:
            return line.model_copy(update={"outcome": "invalid", "reason": str(invalid)[:LONGEST_REASON]})
        return line.model_copy(update={"search": scores.search, "pick": scores.pick, "told": scores.told})

    def _refused(self, node: str, status: int, reason: str) -> EventRefused:
        self._note(ScoreLine(sequence=0, received_at=_now(), node=node, outcome="refused", reason=reason))
        return EventRefused(status, reason)

    def _note(self, line: ScoreLine) -> None:
        """Write a line; what a container can repeat without end is counted on, and not written without end."""
        self._calls += 1
        if line.outcome == "scored" or self._calls <= LINES_A_SCORE * self._scoring.most:
            self._lines.append(line.model_copy(update={"sequence": self._calls}).model_dump_json().encode())


def read_scores(path: Path) -> list[ScoreLine]:
    """Read scores.jsonl back; empty where there is none. A torn last line is left out, any other bad line raises."""
    if not path.is_file():
        return []
    found = []
    for number, text in read_lines(path):
        try:
            found.append(ScoreLine.model_validate_json(text))
        except ValidationError as error:
            raise InvalidSpec(f"{path}, line {number} is not a line of scores: {error.errors()[0]['msg']}") from error
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat()
