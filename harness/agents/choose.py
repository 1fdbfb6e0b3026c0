"""From `--agent NAME | FOLDER` to what runs: one of our presets, or another agent with the options that it can have."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from harness.agents.spec import OtherAgent, find
from harness.errors import UserError
from harness.runs.presets import PRESETS, Preset
from harness.sandbox.base import GIB
from harness.verbs.choices import FLAGS

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.verbs.choices import BenchOptions

SHOW_ANSWERS = "--show-answers"
OUR_OWN = ("search", "prompts", "workers", "ensemble", "models", "gates")  # choices of how our own agent works


def other(options: BenchOptions, settings: Settings) -> OtherAgent | None:
    """The other agent that is named, None where it is one of ours; raise `UserError` for what can't be meant."""
    agent = None if options.agent in PRESETS else find(options.agent, settings.root / "dockerfiles")
    if agent is None:
        if options.show_answers:
            raise UserError(f"{SHOW_ANSWERS} is for test agents whose agent.yaml says `answers: true`, such as oracle")
        return None
    if agent.name in PRESETS:
        raise UserError(f"{agent.folder}: an agent of ours is called {agent.name!r}. Rename the folder")
    usual = type(options)(())
    ours = [name for name in FLAGS if name.split(".")[0] in OUR_OWN]
    if given := [FLAGS[name][0] for name in ours if attrgetter(name)(options) != attrgetter(name)(usual)]:
        raise UserError(f"{given[0]} is a matter of Podium's own agent, and {agent.name} is another. Leave it out")
    if agent.spec.answers and not options.show_answers:
        raise UserError(
            f"{agent.name} is given the ANSWERS: it tests this harness, its runs are marked and in no rate. "
            f"If that is meant: {SHOW_ANSWERS}"
        )
    if options.show_answers and not agent.spec.answers:
        raise UserError(f"{SHOW_ANSWERS}: {agent.name} asks for no answers, so none are shown. Leave it out")
    return agent


def as_preset(agent: OtherAgent) -> Preset:
    """What a run needs to know of an agent; of the search it is only told how many steps to take."""
    limits = agent.spec.limits
    return Preset(
        name=agent.name,
        search=PRESETS["aide"].search.model_copy(update={"steps": limits.steps}),
        candidate_timeout_seconds=limits.script_minutes * 60,
        wall_seconds=limits.wall_minutes * 60,
        prompt_set="none",
        code_temperature=None,
        review_temperature=None,
    )


def with_limits(options: BenchOptions, agent: OtherAgent) -> BenchOptions:
    """The options, and the agent's own limits where they say nothing."""
    own = agent.spec.limits
    return replace(
        options,
        memory_bytes=options.memory_bytes or _in_bytes(own.memory_gib),
        cpus=options.cpus or own.cpus,
        disk_bytes=options.disk_bytes or _in_bytes(own.disk_gib),
    )


def _in_bytes(gib: float | None) -> int | None:
    return None if gib is None else int(gib * GIB)
