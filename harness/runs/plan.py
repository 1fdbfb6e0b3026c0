"""Everything that decides a run, resolved and checked before the first container starts.

Turns the command's choices into what the two sides need: the agent's request, the sandbox's spec, and a hash that
names the outcome-deciding inputs. Starts nothing and reads no clock but for the deadline label.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness import contract
from harness.agents import box
from harness.contract import CandidateLimits, CompetitionBrief, Rerun, RunRequest, Validation
from harness.egress.box import with_reach
from harness.egress.choice import NONE, Egress
from harness.groups.executor import Place
from harness.results import layout as results
from harness.runs.models import ModelOptions
from harness.sandbox.base import Gpus, Limits, Mount, SandboxSpec
from harness.sandbox.owner import OWNER_LABEL, me
from harness.specs import descriptions
from harness.specs.competition import DESCRIPTION_NAME

if TYPE_CHECKING:
    from harness.agents.spec import OtherAgent
    from harness.data.manifest import Prepared
    from harness.data.search_view import SearchView
    from harness.egress.cache import CacheView
    from harness.gateway.waits import Clock
    from harness.machine.images import ImageRef
    from harness.runs.presets import Preset
    from harness.runs.promptset import PromptSet
    from harness.specs.competition import Competition
    from harness.specs.descriptions import Description

ANYWHERE = Place()
AGENT_MARGIN_SECONDS = 20.0  # the agent's own deadline lies this much (at most a tenth) before the box is stopped


@dataclass(frozen=True)
class RunPlan:
    """One competition × one agent configuration × one seed, and the inputs it runs on."""

    group: str
    competition: Competition
    prepared: Prepared
    preset: Preset
    model: str
    seed: int
    steps: int
    wall_seconds: float
    candidate_timeout_seconds: float
    limits: Limits
    gpus: Gpus | None
    gpus_text: str
    prompts: PromptSet
    image: ImageRef
    description: Description
    budget_usd: float | None
    workers: int = 1
    other: OtherAgent | None = None  # where it is not ours
    model_options: ModelOptions = ModelOptions()  # noqa: RUF009 - frozen
    configuration: str = ""  # what the run is called by where the agent's name does not tell it from others
    arguments: tuple[str, ...] = ()  # of `podium bench`, to make this run again
    replay: Path | None = None  # a transcript that answers; its run's order is kept
    view: SearchView | None = None  # what the search sees in the mode hidden-split; None: all public data
    rerun: tuple[Rerun, ...] = ()  # instead of a search
    egress: Egress = NONE
    cache: CacheView | None = None  # packages and models that lie ready
    runtime: str | None = None  # OCI runtime of the engine; None: its own
    budget_tokens: int | None = None
    clock: Clock = "wall"  # what `wall_seconds` counts
    place: Place = ANYWHERE  # what of the machine it was given; decides nothing of the outcome
    host_cpus: tuple[int, ...] | None = None  # of the engine's machine, where that is another; None: this one's

    @property
    def run_id(self) -> str:
        """The run's folder name."""
        return results.run_id(self.competition.id, self.configuration or self.preset.name, self.seed)

    @property
    def given_gpus(self) -> Gpus | None:
        """Its GPUs by UUID where they were reserved for it, else as they were asked for."""
        return Gpus(ids=self.place.gpus) if self.place.gpus else self.gpus

    @property
    def shows_answers(self) -> bool:
        """Is it a test of the harness, in whose box the answers lie?"""
        return self.other is not None and self.other.spec.answers

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that the run may call, its provider before it."""
        return self.model_options.names(self.model)

    @property
    def brief(self) -> CompetitionBrief:
        """What the request says of the competition."""
        return descriptions.brief(self.description.kind, self.competition)

    @property
    def validation(self) -> Validation:
        """Who scores nodes: their own scripts, or the gateway on training rows that are held back."""
        return "self" if self.view is None else "hidden-split"

    def request(self) -> RunRequest:
        """What the agent is told."""
        options, temperature = self.model_options, self.preset.code_temperature
        return RunRequest(
            run_id=self.run_id.replace(self.competition.id, self.brief.id),
            competition=self.brief,
            search=self.preset.search.model_copy(update={"steps": self.steps}),
            code_model=options.code(self.model, temperature),
            review_model=options.reviewer(self.model, self.preset.review_temperature),
            fallback_model=options.code(options.fallback, temperature) if options.fallback else None,
            seed=self.seed,
            deadline_seconds=self.wall_seconds - min(AGENT_MARGIN_SECONDS, self.wall_seconds / 10),
            candidate=candidate_limits(
                self.limits, self.candidate_timeout_seconds, self.place, self.workers, self.host_cpus
            ),
            workers=self.workers,
            prompt_set=self.prompts.name,
            validation=self.validation,
            rerun=self.rerun,
            egress=self.egress.brief(),
            cached=self.cache.told if self.cache else (),
        )

    def _request_anywhere(self) -> RunRequest:
        """The request with CPU numbers that don't depend on the machine that asks."""
        request = replace(self, place=ANYWHERE).request()
        cpus = tuple(range(max(1, int(self.limits.cpus))))
        return request.model_copy(update={"candidate": request.candidate.model_copy(update={"cpus": cpus})})

    def sha256(self) -> str:
        """Names everything that decides the outcome; a finished run with the same hash is not run again."""
        parts = [
            self._request_anywhere().model_dump_json(),
            self.prompts.sha256,
            self.image.digest,
            *self.models,
            self.prepared.manifest.fingerprint,
            self.gpus_text,
            self.description.sha256,
            json.dumps(self.budget_usd),
            *([self.other.sha256] if self.other else []),
            self.view.manifest.fingerprint if self.view else "",
            *([self.cache.sha256] if self.cache else []),
            *([f"{self.budget_tokens} tokens"] if self.budget_tokens is not None else []),
            *([self.clock] if self.clock != "wall" else []),
            *([self.runtime] if self.runtime else []),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def sandbox_spec(
    plan: RunPlan, door: Path, prompts: Path, description: Path | None = None, authorities: Path | None = None
) -> SandboxSpec:
    """The box of a run: public data, prompt set and door, all read-only; no label, key or repository.

    `description` is a file that is shown in place of the public data's own, `authorities` one of certificates.
    """
    common = _common_spec(plan, door, description)
    if plan.other is not None:
        return with_reach(box.spec(common, plan.other, plan), plan.egress, plan.cache, authorities, ours=False)
    request = plan.request()
    spec = replace(
        common,
        mounts=(*common.mounts, Mount(prompts, contract.PROMPTS)),
        command=("--slots", str(plan.workers), "--threads", str(max(1, len(request.candidate.cpus) // plan.workers))),
    )
    return with_reach(spec, plan.egress, plan.cache, authorities, ours=True)


def _common_spec(plan: RunPlan, door: Path, description: Path | None) -> SandboxSpec:
    """What the boxes of all agents have."""
    token = hashlib.sha256(os.urandom(16)).hexdigest()[:8]
    return SandboxSpec(
        name=f"podium-{plan.run_id[:80].lower()}-{token}",
        image=plan.image.digest,
        limits=plan.limits,
        mounts=(
            Mount(plan.view.public if plan.view else plan.prepared.public, contract.DATA),
            *((Mount(description, f"{contract.DATA}/{DESCRIPTION_NAME}"),) if description else ()),
            Mount(door, contract.DOOR),
        ),
        workspace=contract.HOME,
        last_space_for=contract.AGENT_GROUP,
        labels={
            "podium.group": plan.group,
            "podium.run": plan.run_id,
            "podium.deadline": str(int(time.time() + plan.wall_seconds)),
            OWNER_LABEL: me(),
        },
        runtime=plan.runtime,
        gpus=plan.given_gpus,
        cpuset=plan.place.cpus,
    )


def candidate_limits(
    limits: Limits,
    timeout_seconds: float,
    place: Place = ANYWHERE,
    workers: int = 1,
    host_cpus: Sequence[int] | None = None,
) -> CandidateLimits:
    """A candidate's share of the box: what is left when the agent and the supervisor have theirs, among the workers."""
    reserve = min(limits.memory_bytes // 3, 1 << 30)
    return CandidateLimits(
        timeout_seconds=timeout_seconds,
        memory_bytes=(limits.memory_bytes - reserve) // workers,
        output_bytes=256 * 1024,
        file_bytes=limits.workspace_bytes // 2 // workers,
        cpus=(
            lane_cpus(host_cpus, limits.cpus, place.lane)
            if host_cpus
            else place.cpus or lane_cpus(sorted(os.sched_getaffinity(0)), limits.cpus, place.lane)
        ),
    )


def lane_cpus(host: Sequence[int], cpus: float, lane: int) -> tuple[int, ...]:
    """The CPU numbers for a run: those that go on at a time get neighbours, not the same, while there are enough."""
    width = min(len(host), max(1, int(cpus)))
    return tuple(sorted(host[(lane * width + place) % len(host)] for place in range(width)))
