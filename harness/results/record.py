"""The record of a run, `run.json`: what was run, on what, and how it ended. Where it lies is `results.py`'s."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from harness.contract import EgressMode, RunRequest
from harness.results.heads import hardware
from harness.results.status import RunStatus as RunStatus  # a part of what is kept


class DataRecord(BaseModel):
    """Which data a run saw."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    edition: str
    source: str
    stand_in: bool
    data_sha256: str
    description: Literal["own", "kaggle", "obfuscated"] = "own"


class HostRecord(BaseModel):
    """The machine and the engine that a run ran on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    cpu_model: str
    cpus: int
    memory_bytes: int
    kernel: str
    engine: str
    gpus: tuple[str, ...] = ()  # those of the machine, with their memory
    gpu_driver: str | None = None
    gpu_toolkit: str | None = None  # NVIDIA's container toolkit, where it could be asked

    @property
    def hardware(self) -> str:
        """The class of machine: times of two classes can't be compared."""
        return hardware(self.cpu_model, self.cpus, self.memory_bytes, self.gpus)


class CodeRecord(BaseModel):
    """The code that ran a run. `commit` and `dirty` are None where it was no git checkout."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    commit: str | None
    dirty: bool | None
    packages_sha256: str


class Statement(BaseModel):
    """Whether a test signal reached the agent; `no_test_signal` holds where all evidence is there and none against."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    no_test_signal: bool
    evidence: tuple[str, ...]
    doubts: tuple[str, ...]


class ReservationRecord(BaseModel):
    """What of its machine a run had for itself, and of how much. `gpus` are UUIDs; `cpus` numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    cpus: tuple[int, ...]
    memory_bytes: int
    disk_bytes: int
    gpus: tuple[str, ...] = ()
    waited_seconds: float = 0.0


class UsageRecord(BaseModel):
    """What the model calls of a run added up to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    calls: int = 0
    refused: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float = 0.0
    waiting_seconds: float = 0.0
    model_seconds: float = 0.0


class ServedRecord(BaseModel):
    """One model as it really answered, with one set of parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    asked: str
    provider: str
    served: str
    system_fingerprint: str | None
    service_tier: str | None
    sent: dict[str, Any]
    reported: dict[str, Any]
    calls: int


class TrespassRecord(BaseModel):
    """What was tried beyond the run's bounds, of one kind, and refused: how often, and the first example."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str
    times: int
    first: str


class TreeRecord(BaseModel):
    """What a run's journal adds up to; `validation_score` is the best, `phase_seconds` are sums."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    steps: int
    good_nodes: int
    validation_score: float | None
    phase_seconds: dict[str, float]


class HeldBackRecord(BaseModel):
    """Which training rows guided the search (hidden-split): `sha256` is of the search view."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str
    search_rows: int
    pick_rows: int
    test_rows: int


class EgressRecord(BaseModel):
    """What a run could fetch, and what its connections add up to; `hosts_sha256` names the allowlist."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    mode: EgressMode = "none"
    hosts_sha256: str | None = None
    connections: int = 0
    passed: int = 0
    refused: int = 0
    bytes_up: int = 0
    bytes_down: int = 0


class Finalist(BaseModel):
    """A node among those that the final one was chosen of, and its scores on both parts that were held back."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    node: str
    search: float
    pick: float


class FinalRecord(BaseModel):
    """How a run in the mode hidden-split ended: the chosen node, and what was handed in of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    node: str
    finalists: tuple[Finalist, ...]
    handed_in: Literal["rerun", "search"]  # its script run on all training data, or what it predicted in the search
    reason: str = ""
    wall_seconds: float | None = None
    script_seconds: float = 0.0


class GpuUseRecord(BaseModel):
    """What the samples of one GPU, or MIG instance, come to; None where its driver did not tell."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    peak_memory_bytes: int | None = None
    mean_utilization_percent: float | None = None


class ResourcesRecord(BaseModel):
    """What the box used, as `resources.jsonl` adds up to: of the last second it may lack; None: not known here."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    samples: int = 0
    cpu_seconds: float | None = None
    throttled_seconds: float | None = None
    peak_memory_bytes: int | None = None
    kernel_peak_memory_bytes: int | None = None
    peak_disk_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    gpus: tuple[GpuUseRecord, ...] = ()
    missing: str = ""


class RunRecord(BaseModel):
    """`run.json`. Times are ISO 8601 in UTC, durations seconds, sizes bytes, money US dollars."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    run_id: str
    group: str
    competition: str
    agent: str
    configuration: str = ""
    model: str
    review_model: str | None = None
    fallback_model: str | None = None
    seed: int
    status: RunStatus
    reason: str = ""
    attempt: int = 1
    lease_token: int | None = None
    owner: str
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    podium_version: str
    plan_sha256: str
    data: DataRecord
    request: RunRequest
    prompt_set: str
    prompt_set_sha256: str
    image: str
    image_tag: str
    host: HostRecord | None = None
    node: str | None = None
    candidate_isolation: Literal["uid", "none"] = "uid"
    answers_shown: bool = False
    code: CodeRecord | None = None
    arguments: tuple[str, ...] = ()
    candidate_cpu_limit: Literal["advisory"] = "advisory"  # affinity and thread variables, which a script may change
    gpus: str = ""
    reservation: ReservationRecord | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    time_limit_seconds: float | None = None
    time_limit_clock: Literal["wall", "working"] = "wall"
    sandbox: dict[str, Any] = {}
    exit_code: int | None = None
    oom_kills: int = 0
    wall_seconds: float | None = None
    working_seconds: float | None = None
    first_candidate_seconds: float | None = None
    resources: ResourcesRecord | None = None
    usage: UsageRecord = UsageRecord()
    served: tuple[ServedRecord, ...] = ()
    trespasses: tuple[TrespassRecord, ...] = ()
    held_back: HeldBackRecord | None = None
    egress: EgressRecord = EgressRecord()
    cache_sha256: str | None = None
    final: FinalRecord | None = None
    submission_from: Literal["container", "journal", "rerun", "none"] = "none"
    submission_problem: str | None = None
    submission_sha256: str | None = None
    tree: TreeRecord | None = None
    resumed_from: int | None = None
    earlier_seconds: float = 0.0
    earlier_working_seconds: float = 0.0
