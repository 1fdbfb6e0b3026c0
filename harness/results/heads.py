"""The parts of `run.json` that rows are made of, read without the rest.

A group may have 100,000 runs: making a whole `RunRecord` of each takes four times as long as picking out and checking
what a row holds. What is checked here is checked as the models do; what is not read is not judged.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from harness.results.record import FinalRecord, HostRecord, RunRecord, RunStatus


class CompetitionHead(TypedDict):
    """Of `request.competition`."""

    metric: str
    direction: str


class RequestHead(TypedDict):
    """Of `request`."""

    competition: CompetitionHead
    validation: NotRequired[str]


class DataHead(TypedDict):
    """Of `data`."""

    edition: str
    stand_in: bool


class UsageHead(TypedDict):
    """Of `usage`."""

    waiting_seconds: NotRequired[float]
    input_tokens: NotRequired[int]
    cached_input_tokens: NotRequired[int]
    output_tokens: NotRequired[int]
    cost_usd: NotRequired[float]


class EgressHead(TypedDict):
    """Of `egress`."""

    mode: str


class TreeHead(TypedDict):
    """`tree`."""

    steps: int
    good_nodes: int
    validation_score: float | None
    phase_seconds: dict[str, float]


class TrespassHead(TypedDict):
    """Of `trespasses`."""

    kind: str
    times: int
    first: str


class RunHead(TypedDict):
    """Of `run.json`; what `RunRecord` has a default for may be missing."""

    schema_version: Literal[1]
    run_id: str
    competition: str
    agent: str
    model: str
    seed: int
    status: RunStatus
    data: DataHead
    request: RequestHead
    configuration: NotRequired[str]
    reason: NotRequired[str]
    candidate_isolation: NotRequired[str]
    answers_shown: NotRequired[bool]
    wall_seconds: NotRequired[float | None]
    working_seconds: NotRequired[float | None]
    oom_kills: NotRequired[int]
    egress: NotRequired[EgressHead]
    cache_sha256: NotRequired[str | None]
    host: NotRequired[HostRecord | None]
    usage: NotRequired[UsageHead]
    final: NotRequired[FinalRecord | None]
    trespasses: NotRequired[tuple[TrespassHead, ...]]
    tree: NotRequired[TreeHead | None]


_RUN = TypeAdapter(RunHead)


def run_head(content: bytes) -> RunHead:
    """Read a record's bytes; raise pydantic's `ValidationError` where they are no record of this version."""
    return _RUN.validate_json(content)


def head_of(record: RunRecord) -> RunHead:
    """The same of a record that was read whole."""
    return _RUN.validate_python(record.model_dump())
