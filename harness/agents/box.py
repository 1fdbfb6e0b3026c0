"""The box of another agent: what it finds inside, and by which names.

As ours: public data, request.json and the way to the gateway, and nothing secret. Other than ours: no supervisor, so no
capability at all, and everything runs as one unprivileged user.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness import contract
from harness.sandbox.base import Mount, SandboxSpec

if TYPE_CHECKING:
    from harness.agents.spec import OtherAgent
    from harness.contract import RunRequest
    from harness.runs.plan import RunPlan

USER = contract.AGENT_GROUP
HOME = "/home/agent"
GATEWAY = "http://127.0.0.1:8484"  # agent/loopback.py listens there
SAMPLE = "/opt/podium/sample_submission.csv"
ANSWERS = "/home/answers"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def spec(common: SandboxSpec, agent: OtherAgent, plan: RunPlan) -> SandboxSpec:
    """The sandbox of a run, from what all have in common."""
    request = plan.request()
    return replace(
        common,
        user=f"{USER}:{USER}",
        capabilities={},
        folder=HOME,
        python="python3",
        limits=replace(common.limits, pids=agent.spec.limits.processes),
        mounts=(*common.mounts, Mount(plan.prepared.sample, SAMPLE)),
        command=agent.spec.command,
        environment=environment(agent, request, plan.model, common.limits.cpus),
    )


def with_answers(common: SandboxSpec, plan: RunPlan, folder: Path) -> SandboxSpec:
    """The sandbox of a test agent: a copy of the answers that the box's user can read is laid out and mounted."""
    shutil.copytree(plan.prepared.private, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    answers = plan.competition.answers
    told = {"PODIUM_ANSWERS": f"{ANSWERS}/{answers.perfect_file or answers.file}"}
    mounts = (*common.mounts, Mount(folder, ANSWERS))
    return replace(common, mounts=mounts, environment={**common.environment, **told})


def environment(agent: OtherAgent, request: RunRequest, model: str, cpus: float) -> dict[str, str]:
    """What the agent's command finds in its environment; what `agent.yaml` sets comes last."""
    return {**_usual(cpus), **_clients(), **_told(request, model), **agent.spec.environment}


def _usual(cpus: float) -> Mapping[str, str]:
    # Without a line in /etc/passwd of its own, much falls back on these.
    named = {"HOME": HOME, "USER": "podium", "LOGNAME": "podium", "TMPDIR": "/tmp"}  # noqa: S108 - inside the box
    # A container sees all CPUs of the host, and libraries would start a thread for each.
    return {**named, "PYTHONUNBUFFERED": "1", **dict.fromkeys(THREADS, str(max(1, int(cpus))))}


def _clients() -> Mapping[str, str]:
    """What the model providers' own clients read; the gateway adds the key, so a dummy is enough."""
    return {
        "OPENAI_BASE_URL": f"{GATEWAY}/v1",
        "OPENAI_API_BASE": f"{GATEWAY}/v1",  # by its name in older clients
        "OPENAI_API_KEY": "dummy",
        "ANTHROPIC_BASE_URL": GATEWAY,
        "ANTHROPIC_API_KEY": "dummy",
        "NO_PROXY": "127.0.0.1",
    }


def _told(request: RunRequest, model: str) -> Mapping[str, str]:
    """The request's main points, for those that would rather not read request.json."""
    return {
        "PODIUM_GATEWAY": GATEWAY,
        "PODIUM_REQUEST": f"{contract.DOOR}/{contract.REQUEST_NAME}",
        "PODIUM_DATA": contract.DATA,
        "PODIUM_SAMPLE": SAMPLE,
        "PODIUM_SUBMISSION": contract.SUBMISSION,
        "PODIUM_COMPETITION": request.competition.id,
        "PODIUM_METRIC": request.competition.metric,
        "PODIUM_DIRECTION": request.competition.direction,
        "PODIUM_MODEL": model,
        "PODIUM_MODEL_NAME": request.code_model.name,
        "PODIUM_STEPS": str(request.search.steps),
        "PODIUM_SEED": str(request.seed),
        "PODIUM_DEADLINE_SECONDS": f"{request.deadline_seconds:g}",
        "PODIUM_SCRIPT_TIMEOUT_SECONDS": f"{request.candidate.timeout_seconds:g}",
    }
