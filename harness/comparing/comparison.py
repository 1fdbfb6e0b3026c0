"""`comparison.json`: two groups side by side. What is in it; how it comes about is `compare.py`'s."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["better", "worse", "can't tell"]
Pairing = Literal["competition", "seed"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Side(_Kept):
    """One of the two groups."""

    group: str
    agent: str
    model: str
    prompt_set: str
    prompt_set_sha256: str
    runs: int
    compared: int
    flagged: int = 0
    egress: str = "none"


class MetricRow(_Kept):
    """One metric over all competitions; differences are B less A, `better` says which sign is good."""

    name: str
    unit: Literal["%", "USD", "s"]
    better: Literal["higher", "lower"]
    competitions: int
    runs_a: int
    runs_b: int
    a: float
    b: float
    difference: float
    low: float | None
    high: float | None
    p: float
    p_corrected: float
    test: str
    verdict: Verdict
    more_seeds: int | None


class Values(_Kept):
    """A metric in one competition."""

    a: float
    b: float
    difference: float


class CompetitionRow(_Kept):
    """One competition: how far it moved, and in what."""

    competition: str
    edition: str
    seeds_a: tuple[int, ...]
    seeds_b: tuple[int, ...]
    median_score_a: float | None
    median_score_b: float | None
    moved: float
    values: dict[str, Values]


class LeftOut(_Kept):
    """A run that is not compared, and why."""

    group: str
    run_id: str
    reason: str


class Refused(_Kept):
    """A competition of both groups that can't be compared, and why."""

    competition: str
    reason: str


class Setting(_Kept):
    """Something beside the prompts that differs between the groups: what each of them has."""

    name: str
    a: tuple[Any, ...]
    b: tuple[Any, ...]


class PromptChange(_Kept):
    """What changed in the prompt set; `diff` is null where a text is not to be had, and the note says so."""

    same: bool
    diff: str | None
    note: str | None


class Comparison(_Kept):
    """`comparison.json`."""

    schema_version: Literal[1] = 1
    a: Side
    b: Side
    verdict: Verdict
    pairing: Pairing
    metrics: tuple[MetricRow, ...]
    competitions: tuple[CompetitionRow, ...]
    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]
    unmatched_seeds: dict[str, str]
    left_out: tuple[LeftOut, ...]
    refused: tuple[Refused, ...]
    settings: tuple[Setting, ...]
    prompts: PromptChange

    def metric(self, name: str) -> MetricRow | None:
        """The row of a metric; None where it could not be compared."""
        return next((row for row in self.metrics if row.name == name), None)
