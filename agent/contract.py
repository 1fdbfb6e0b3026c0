"""What the agent shares with the harness: the request it is given, the events it reports, the endpoints it calls.

The harness's half is `harness/contract.py`; neither imports the other, and the golden files in `tests/contract/golden/`
decide who is right. The harness validates strictly; this half is plain, so that the agent's image stays small.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

SCHEMA_VERSION = 1

HOME = Path("/home")
DATA = Path("/home/data")
SUBMISSION = Path("/home/submission/submission.csv")
NODES = Path("/home/agent/nodes")  # the agent's own; the harness keeps what events and checks carry
SAMPLE = Path("/home/sample")  # a small copy of the data, which the agent makes for candidates to be tried on
PROMPTS = Path("/opt/podium/prompts")
PACKAGES = Path("/opt/podium/packages.json")  # name → version of what candidates can import; written with the image
REQUEST = Path("/run/agent/door/request.json")
SOCKET = Path("/run/agent/door/gateway.sock")
EGRESS_SOCKET = Path("/run/agent/door/egress.sock")  # where hosts may be fetched from: an HTTP proxy
EARLIER = Path("/run/agent/door/earlier")  # where a run goes on: its nodes, and the best ones' submissions, NODE.csv
EARLIER_NODES_NAME = "nodes.jsonl"
ORDER = Path("/run/agent/door/order.jsonl")  # of a recorded run that is replayed

EVENTS_PATH = "/podium/events"
CHECK_PATH = "/podium/check"
STATUS_PATH = "/podium/status"
LABEL_HEADER = "x-podium-label"  # of a model call: which node it is for, and what
SCORE_PATH = "/podium/score"

Direction = Literal["maximize", "minimize"]
Action = Literal["draft", "improve", "debug", "merge", "ensemble"]
Outcome = Literal["ok", "failed", "timed_out", "out_of_memory", "output_limit", "killed", "not_run"]
Purpose = Literal["code", "review", "leakage"]
EndReason = Literal["steps", "deadline", "budget", "stopped", "model_unavailable", "error"]


@dataclass(frozen=True)
class CompetitionBrief:
    """What the agent is told of its competition beside the files in the data folder."""

    id: str
    title: str
    metric: str
    direction: Direction
    submission_file: str = "submission.csv"


@dataclass(frozen=True)
class SearchSettings:
    """AIDE's parameters (arXiv 2502.13138, section 3), and the part of a run that is left to blending."""

    policy: str
    steps: int
    num_drafts: int
    debug_prob: float
    max_debug_depth: int
    k_fold: int
    reuse_outcomes: bool = False
    patience: int = 0
    ensemble_share: float = 0.0
    sample_first: bool = False
    leakage_review: bool = False


@dataclass(frozen=True)
class ModelSettings:
    """One model as it is called through the gateway."""

    name: str
    api: Literal["chat", "responses", "messages"]
    temperature: float | None = None
    max_output_tokens: int = 8192
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    older_limit: bool = False  # the server may know the limit as max_tokens only, and leave the newer name unheeded
    answers: Literal["tool", "schema", "text"] = (
        "tool"  # how arguments are asked for first; what is refused is given up
    )


@dataclass(frozen=True)
class CandidateLimits:
    """What one candidate script may use; `cpus` are those of the run, which its workers divide."""

    timeout_seconds: float
    memory_bytes: int
    output_bytes: int
    file_bytes: int
    cpus: tuple[int, ...]


@dataclass(frozen=True)
class Rerun:
    """A finished node whose script is to be run once more; it reads new predictions of `reads`, run before it."""

    node: str
    action: Action
    parents: tuple[str, ...]
    reads: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class EgressBrief:
    """What scripts may fetch: nothing, from these hosts (`*.suffix` are names below it), or from anywhere."""

    mode: Literal["none", "allowlist", "open"] = "none"
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunRequest:
    """`request.json`, read once at the start."""

    schema_version: int
    run_id: str
    competition: CompetitionBrief
    search: SearchSettings
    code_model: ModelSettings
    review_model: ModelSettings
    fallback_model: ModelSettings | None
    seed: int
    deadline_seconds: float
    candidate: CandidateLimits
    workers: int
    prompt_set: str
    validation: Literal["self", "hidden-split"] = "self"  # who scores nodes: their scripts, or the gateway
    rerun: tuple[Rerun, ...] = ()  # run these, in this order, instead of searching
    egress: EgressBrief = EgressBrief()
    cached: tuple[str, ...] = ()  # packages and models that lie ready offline, in words

    @classmethod
    def from_json(cls, text: str) -> RunRequest:
        """Build from the file's text; an unknown or missing field raises TypeError or KeyError."""
        raw: dict[str, Any] = json.loads(text)
        version = raw["schema_version"]
        if version != SCHEMA_VERSION:
            raise ValueError(f"request.json has schema version {version}; this agent reads {SCHEMA_VERSION}")
        candidate = raw.pop("candidate")
        reruns = raw.pop("rerun", [])
        egress = raw.pop("egress", {})
        return cls(
            competition=CompetitionBrief(**raw.pop("competition")),
            search=SearchSettings(**raw.pop("search")),
            code_model=ModelSettings(**raw.pop("code_model")),
            review_model=ModelSettings(**raw.pop("review_model")),
            fallback_model=ModelSettings(**fallback) if (fallback := raw.pop("fallback_model")) else None,
            candidate=CandidateLimits(**{**candidate, "cpus": tuple(candidate["cpus"])}),
            rerun=tuple(
                Rerun(**{**one, **{name: tuple(one[name]) for name in ("parents", "reads")}}) for one in reruns
            ),
            egress=EgressBrief(**{**egress, "hosts": tuple(egress.get("hosts", ()))}),
            cached=tuple(raw.pop("cached", ())),
            **raw,
        )


@dataclass(frozen=True)
class StartEvent:
    python: str
    packages: dict[str, str]
    earlier_nodes: int = 0  # of an attempt that this one goes on with
    type: Literal["start"] = "start"


@dataclass(frozen=True)
class ProposalEvent:
    node: str
    step: int
    action: Action
    parents: tuple[str, ...]
    progress: dict[str, float]
    type: Literal["proposal"] = "proposal"


@dataclass(frozen=True)
class Ask:
    """One question to a model, in the order they were asked. `problem`: why its reply could not be used."""

    purpose: Purpose
    model: str
    problem: str | None


@dataclass(frozen=True)
class Leakage:
    """A second look at a score that is too good: what was odd, and what was found."""

    suspicion: str
    verdict: Literal["leak", "clear", "unclear"]
    reason: str


@dataclass(frozen=True)
class Trial:
    """A first run on a sample of the data. `about`: what the sample is, or why there was no trial (then no outcome)."""

    about: str
    outcome: Outcome | None = None
    seconds: float = 0.0
    decided: bool = False  # the script failed, and was not run in full


@dataclass(frozen=True)
class NodeEvent:
    """One finished node. `score` is the validation score, None when the node is buggy; times are seconds.

    `printed_score` is what the script itself printed, which is the score too unless the gateway scores (hidden-split).
    """

    node: str
    step: int
    action: Action
    parents: tuple[str, ...]
    plan: str
    code: str
    outcome: Outcome
    exit_code: int | None
    output: str
    score: float | None
    buggy: bool
    why_buggy: str | None
    analysis: str
    reviewed_by: Literal["score_line", "model", "held_back", "none"]
    submission_valid: bool | None
    warm_start: bool
    seconds: dict[str, float]  # model, execute, check, review, overhead
    tokens: dict[str, int]  # input, output
    duplicate_of: str | None = None  # the node that ran the same program; the outcome is that one's
    asks: tuple[Ask, ...] = ()
    trial: Trial | None = None  # None where scripts are not tried first
    leakage: Leakage | None = None  # None where nothing was suspect, or suspect scores are not looked at
    printed_score: float | None = None
    type: Literal["node"] = "node"


@dataclass(frozen=True)
class BestEvent:
    node: str
    score: float | None
    type: Literal["best"] = "best"


@dataclass(frozen=True)
class EndEvent:
    reason: EndReason
    message: str
    best: str | None
    type: Literal["end"] = "end"


Event = StartEvent | ProposalEvent | NodeEvent | BestEvent | EndEvent


@dataclass(frozen=True)
class CheckReply:
    """Whether a submission's format is right; nothing in it depends on a label."""

    valid: bool
    reason: str | None = None


@dataclass(frozen=True)
class ScoreReply:
    """What a submission scores on rows that the gateway alone knows the labels of; None where it is invalid."""

    valid: bool
    reason: str | None = None
    score: float | None = None


@dataclass(frozen=True)
class StatusReply:
    """How much is left; `stop` asks for an end after the current node."""

    spent_fraction: float
    elapsed_seconds: float
    deadline_seconds: float
    stop: bool


def event_json(event: Event) -> str:
    """Return one line of JSON. NaN and infinities are refused, since JSON has none; lone surrogates become `?`."""
    line = json.dumps(asdict(event), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return line.encode("utf-8", "replace").decode("utf-8")
