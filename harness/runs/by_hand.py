"""A run's gateway without a container, for an agent that is started by hand: `podium gateway`.

For work on the agent, on a machine without an engine: everything that a container would be given is laid out in a
folder, the gateway is served, and the line is printed that starts the agent. Nothing protects the user from the scripts
then, which that line says; and the outcome is no run of a group: it has no record, and is in no rate.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

from harness import contract
from harness.errors import InvalidSubmission, UserError
from harness.runs.door import open_door

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.gateway.journal import StoredEvent
    from harness.runs.plan import RunPlan
    from harness.runs.resolving import Resolver
    from harness.runs.stopping import StopFlag
    from harness.verbs.choices import BenchOptions
    from harness.verbs.progress import Say

SCIENCE = ("numpy", "pandas", "scikit-learn", "scipy", "xgboost", "lightgbm", "catboost", "statsmodels", "torch")
TICK_SECONDS = 0.2


@dataclass
class Heard:
    """What the agent's events say of the run."""

    started: bool = False
    nodes: int = 0
    best: str | None = None
    ended: str | None = None

    def note(self, stored: StoredEvent) -> None:
        """Take in an event; called in the gateway's thread."""
        event = stored.event
        self.started = True
        if isinstance(event, contract.NodeEvent):
            self.nodes += 1
        elif isinstance(event, contract.BestEvent):
            self.best = event.node
        elif isinstance(event, contract.EndEvent):
            self.ended = f"{event.reason}: {event.message}"


def serve(settings: Settings, options: BenchOptions, into: Path, say: Say, stop: StopFlag) -> Heard:
    """Serve one run into an empty folder until the agent ends, which `stop` asks for; return what was heard."""
    from harness.gateway.budget import Budget
    from harness.gateway.server import Gateway
    from harness.runs.ground import Ground
    from harness.runs.resolving import Resolver

    if into.exists() and any(into.iterdir()):
        raise UserError(f"{into} is not empty; name a new folder with --into")
    resolver = Resolver(settings, options, say, Ground())
    plan = _plan(resolver)
    into.mkdir(parents=True, exist_ok=True)
    prompts = plan.prompts.lay_out(into / "prompts")
    packages = into / "packages.json"
    packages.write_text(json.dumps(installed(), indent=2), encoding="utf-8")
    heard = Heard()
    with open_door(plan.request()) as door:
        gateway = Gateway(
            door=door,
            run_folder=into,
            provider=resolver.provider(plan.models, plan.seed),
            budget=Budget(usd=plan.budget_usd),
            checker=lambda path: _checked(plan, path),
            deadline_seconds=plan.request().deadline_seconds,
            on_event=heard.note,
        )
        with gateway:
            say("The agent, which runs as you and unprotected, is started in another terminal by:")
            say(_line(plan, door, prompts, packages, into))
            while heard.ended is None and not (stop.at_once() or (stop.in_order() and not heard.started)):
                if gateway.failure is not None:
                    raise gateway.failure
                if stop.in_order():
                    gateway.request_stop()
                time.sleep(TICK_SECONDS)
    return heard


def installed() -> dict[str, str]:
    """Return the science packages of this interpreter: outside a container candidates have its, not the image's."""
    found = {one.metadata["Name"].lower(): one.version for one in distributions()}
    return {name: found[name] for name in SCIENCE if name in found}


def _plan(resolver: Resolver) -> RunPlan:
    from harness.machine.images import ImageRef
    from harness.runs.plan import RunPlan
    from harness.runs.presets import preset
    from harness.specs import catalogue, descriptions

    options, settings = resolver.options, resolver.settings
    options.check()
    chosen = preset(options.agent, options.search)
    item = catalogue.of(settings).load(options.competitions[0])
    prompts = resolver.prompt_set(chosen)
    resolver.refuse_model()
    data, limits = resolver.prepare(item), options.limits(chosen)
    return RunPlan(
        group="by-hand",
        competition=item.at(data.manifest.edition),
        prepared=data,
        preset=chosen,
        model=options.model,
        model_options=options.models,
        seed=options.seeds[0],
        steps=options.steps or chosen.search.steps,
        wall_seconds=limits.wall_seconds,
        candidate_timeout_seconds=options.candidate_timeout_seconds or chosen.candidate_timeout_seconds,
        limits=limits,
        gpus=None,
        gpus_text="",
        prompts=prompts,
        image=ImageRef("cpu", "none", "none", {}),
        budget_usd=options.budget,
        workers=options.workers,
        description=descriptions.choose(options.description, item, data, settings.home),
    )


def _checked(plan: RunPlan, path: Path) -> contract.CheckReply:
    from harness.grading import submission

    try:
        submission.check(plan.competition, plan.prepared, path)
    except InvalidSubmission as error:
        return contract.CheckReply(valid=False, reason=str(error))
    return contract.CheckReply(valid=True)


def _line(plan: RunPlan, door: Path, prompts: Path, packages: Path, into: Path) -> str:
    """Return the command that starts the agent."""
    places = {
        "--request": door / contract.REQUEST_NAME,
        "--data": plan.prepared.public,
        "--socket": door / contract.SOCKET_NAME,
        "--prompts": prompts,
        "--packages": packages,
        "--workspace": into / "workspace",
    }
    words = [sys.executable, "-m", "agent", "--unsafe-no-sandbox"]
    return shlex.join([*words, *(str(word) for pair in places.items() for word in pair)])
