"""What the harness shares with the container: the request, the journal's events, and the gateway's own endpoints.

The agent's half is `agent/contract.py`; neither imports the other, and the golden files in `tests/contract/golden/`
decide who is right. Everything that comes *from* the container is validated here before anything else reads it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

SCHEMA_VERSION = 1

# Places inside the container. MLE-bench's paths where it has one, so that other agents fit.
AGENT_GROUP = 10001
HOME = "/home"  # the workspace volume: everything below, but the data, is writable by somebody
DATA = "/home/data"  # read-only bind: the competition's public data and description.md
SUBMISSION = "/home/submission/submission.csv"
PROMPTS = "/opt/podium/prompts"  # read-only bind: the prompt set
DOOR = "/run/agent/door"  # read-only bind below a gate that only the agent passes: request.json, gateway.sock
REQUEST_NAME = "request.json"
SOCKET_NAME = "gateway.sock"
EGRESS_SOCKET_NAME = "egress.sock"  # there, where hosts may be fetched from: an HTTP proxy
AUTHORITIES = "/opt/podium/authorities.pem"  # read-only bind, where hosts may be fetched from: whom this machine trusts
CACHE = "/opt/podium/cache"  # read-only bind, where there is one: packages and models that lie ready
EARLIER_NAME = "earlier"  # a folder there, where a run goes on: nodes.jsonl, and the best nodes' submissions, NODE.csv
EARLIER_NODES_NAME = "nodes.jsonl"
ORDER_NAME = "order.jsonl"  # there, where a run is replayed: in which order it proposed, and nodes came in
MOST_WORKERS = 16  # the image has as many places for candidates

# The gateway's own endpoints, beside the providers' /v1/…
EVENTS_PATH = "/podium/events"  # POST: one event as JSON, or several as JSON lines → 204
CHECK_PATH = "/podium/check"  # POST ?node=ID, body: submission.csv → CheckReply
STATUS_PATH = "/podium/status"  # GET → StatusReply
LABEL_HEADER = "x-podium-label"  # of a model call: which node it is for, and what; goes into the transcript only
SCORE_PATH = "/podium/score"  # POST ?node=ID, body: submission.csv → ScoreReply; in the mode hidden-split only

Direction = Literal["maximize", "minimize"]
NodeId = Annotated[str, Field(pattern=r"^[0-9a-z-]{1,32}$")]
Seconds = Annotated[float, Field(ge=0, le=1e9)]  # bounded, so that what many nodes claim still adds up to a number


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CompetitionBrief(_In):
    """What the agent is told of its competition beside the files in the data folder."""

    id: str
    title: str
    metric: str
    direction: Direction
    submission_file: str = "submission.csv"


Policy = Literal["greedy", "best-of-n", "mcts", "evolution", "top-k"]
POLICIES: tuple[Policy, ...] = get_args(Policy)


class SearchSettings(_In):
    """AIDE's parameters (arXiv 2502.13138, section 3), and the end game, as a preset or flags set them."""

    policy: Policy = "greedy"
    steps: int = Field(ge=1)
    num_drafts: int = Field(ge=1)
    debug_prob: float = Field(ge=0, le=1)
    max_debug_depth: int = Field(ge=0)
    k_fold: int = Field(ge=0, description="folds of the cross-validation that the prompts ask for; 0 asks for none")
    reuse_outcomes: bool = Field(
        default=False, description="a program that was run is not run again; the model is asked for another, once"
    )
    patience: int = Field(
        default=0,
        ge=0,
        description="nodes without a better one after which a draft is made, whatever the policy; 0: none",
    )
    ensemble_share: float = Field(
        default=0.0, ge=0, lt=1, description="last part of the run that blends its best nodes; 0: none does"
    )
    sample_first: bool = Field(
        default=False, description="a script is tried on a sample of the data first; one that fails there is not run"
    )
    leakage_review: bool = Field(
        default=False, description="a score that is perfect, or jumps, is looked at again; a leak makes the node buggy"
    )


Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)
Answers = Literal["tool", "schema", "text"]
ANSWERS: tuple[Answers, ...] = get_args(Answers)


class ModelSettings(_In):
    """One model as the agent calls it through the gateway."""

    name: str
    api: Literal["chat", "responses", "messages"]
    temperature: float | None = None
    max_output_tokens: int = Field(default=8192, ge=1)
    reasoning_effort: Effort | None = None
    older_limit: bool = Field(default=False, description="the server may know the limit as max_tokens only")
    answers: Answers = Field(
        default="tool", description="how arguments are asked for first; what is refused is given up"
    )


class CandidateLimits(_In):
    """What one candidate script may use; the container's own limits stand above these."""

    timeout_seconds: float = Field(gt=0)
    memory_bytes: int = Field(gt=0)
    output_bytes: int = Field(gt=0, description="standard output and error kept: half head, half tail")
    file_bytes: int = Field(gt=0, description="largest single file")
    cpus: tuple[int, ...] = Field(description="CPU numbers that candidates are asked to stay on; workers divide them")


Validation = Literal["self", "hidden-split"]
VALIDATIONS: tuple[Validation, ...] = get_args(Validation)


class Rerun(_In):
    """A finished node whose script is to be run once more, on all training data.

    It reads the new predictions of the nodes in `reads`, which are run before it.
    """

    node: NodeId
    action: Literal["draft", "improve", "debug", "merge", "ensemble"]
    parents: tuple[NodeId, ...]
    reads: tuple[NodeId, ...]
    code: str


EgressMode = Literal["none", "allowlist", "open"]
EGRESS_MODES: tuple[EgressMode, ...] = get_args(EgressMode)


class EgressBrief(_In):
    """What may be fetched: nothing, from these hosts (`*.suffix` are names below it), or from anywhere."""

    mode: EgressMode = "none"
    hosts: tuple[str, ...] = ()


class RunRequest(_In):
    """`request.json`: everything that the agent needs to know, and nothing secret."""

    schema_version: Literal[1] = 1
    run_id: str
    competition: CompetitionBrief
    search: SearchSettings
    code_model: ModelSettings
    review_model: ModelSettings
    fallback_model: ModelSettings | None = None
    seed: int = Field(ge=0)
    deadline_seconds: float = Field(gt=0, description="wall-clock seconds from the container's start")
    candidate: CandidateLimits
    workers: int = Field(default=1, ge=1, le=MOST_WORKERS, description="candidates at a time")
    prompt_set: str
    validation: Validation = Field(default="self", description="who scores nodes: their scripts, or the gateway")
    rerun: tuple[Rerun, ...] = Field(default=(), description="run these, in this order, instead of searching")
    egress: EgressBrief = Field(default=EgressBrief(), description="what may be fetched over the network")
    cached: tuple[str, ...] = Field(default=(), description="packages and models that lie ready offline, in words")


# Events: what the agent reports as it happens. The gateway adds `sequence` and `received_at` and appends them to
# journal.jsonl, so a run that is killed keeps everything up to its last finished node.


class StartEvent(_In):
    """The agent is up."""

    type: Literal["start"]
    python: str
    packages: dict[str, str]
    earlier_nodes: int = Field(default=0, ge=0, description="of an attempt that this one goes on with")


class ProposalEvent(_In):
    """The policy chose; the model is being asked."""

    type: Literal["proposal"]
    node: NodeId
    step: int = Field(ge=0)
    action: Literal["draft", "improve", "debug", "merge", "ensemble"]
    parents: tuple[NodeId, ...]
    progress: dict[str, float]


class Ask(_In):
    """One question to a model, in the order they were asked. `problem`: why its reply could not be used."""

    purpose: Literal["code", "review", "leakage"]
    model: str
    problem: str | None


class Leakage(_In):
    """A second look at a score that is too good: what was odd, and what was found."""

    suspicion: str
    verdict: Literal["leak", "clear", "unclear"]
    reason: str


class Trial(_In):
    """A first run on a sample of the data. `about`: what the sample is, or why there was no trial (then no outcome)."""

    about: str
    outcome: Literal["ok", "failed", "timed_out", "out_of_memory", "output_limit", "killed", "not_run"] | None = None
    seconds: Seconds = 0.0
    decided: bool = False


class NodeEvent(_In):
    """One finished node; times are seconds. `score` is the validation score, None when the node is buggy.

    `printed_score` is what the script itself printed, which is the score too unless the gateway scores (hidden-split).
    """

    type: Literal["node"]
    node: NodeId
    step: int = Field(ge=0)
    action: Literal["draft", "improve", "debug", "merge", "ensemble"]
    parents: tuple[NodeId, ...]
    plan: str
    code: str
    outcome: Literal["ok", "failed", "timed_out", "out_of_memory", "output_limit", "killed", "not_run"]
    exit_code: int | None
    output: str
    score: float | None
    printed_score: float | None = None
    buggy: bool
    why_buggy: str | None
    analysis: str
    reviewed_by: Literal["score_line", "model", "held_back", "none"]
    submission_valid: bool | None
    warm_start: bool
    seconds: dict[Literal["model", "execute", "check", "review", "overhead"], Seconds]
    tokens: dict[Literal["input", "output"], int]
    duplicate_of: NodeId | None = Field(
        default=None, description="the node that ran the same program: this one was not run, the outcome is that one's"
    )
    asks: tuple[Ask, ...] = ()
    trial: Trial | None = None
    leakage: Leakage | None = None


class BestEvent(_In):
    """The submission file now holds this node's predictions."""

    type: Literal["best"]
    node: NodeId
    score: float | None


class EndEvent(_In):
    """The agent ends in order."""

    type: Literal["end"]
    reason: Literal["steps", "deadline", "budget", "stopped", "model_unavailable", "error"]
    message: str
    best: NodeId | None


Event = Annotated[StartEvent | ProposalEvent | NodeEvent | BestEvent | EndEvent, Field(discriminator="type")]
EVENT: TypeAdapter[StartEvent | ProposalEvent | NodeEvent | BestEvent | EndEvent] = TypeAdapter(Event)


class CheckReply(BaseModel):
    """Is the format right? Nothing here depends on a label."""

    model_config = ConfigDict(frozen=True)
    valid: bool
    reason: str | None = None


class ScoreReply(BaseModel):
    """What a submission scores on the held-back rows that guide the search, rounded; nothing tells of any other row."""

    model_config = ConfigDict(frozen=True)
    valid: bool
    reason: str | None = None
    score: float | None = None


class StatusReply(BaseModel):
    """How much is left. Fractions are of the run's own limits; `stop` asks the agent to end after the current node."""

    model_config = ConfigDict(frozen=True)
    spent_fraction: float
    elapsed_seconds: float
    deadline_seconds: float
    stop: bool


def error_body(message: str) -> dict[str, Any]:
    """The body of a refused `/podium/…` call."""
    return {"error": message}
