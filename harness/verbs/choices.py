"""What a user may choose for `podium bench` and `podium run`, and what a choice that was not made becomes.

Only reads and checks; `bench.py` acts on it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from harness.contract import VALIDATIONS, Validation
from harness.egress import choice as egress
from harness.errors import UserError
from harness.gateway.waits import CLOCKS, Clock
from harness.groups.elsewhere import Where
from harness.results.layout import check_name
from harness.runs.models import ModelOptions
from harness.runs.presets import Gates, Preset
from harness.sandbox.base import GIB, Gpus, Limits
from harness.specs.descriptions import Kind

DEFAULT_BUDGET_USD = 5.0


# How the command line says each choice, and its unit there. What names, orders or paces runs decides nothing of one.
FLAGS = {
    "agent": ("--agent", 0),
    "model": ("--model", 0),
    "steps": ("--steps", 0),
    "raw": ("--raw", 0),
    "stand_in": ("--stand-in", 0),
    "edition": ("--edition", 0),
    "gpus": ("--gpus", 0),
    "prompts": ("--prompts", 0),
    "budget_usd": ("--budget", 0),
    "budget_tokens": ("--budget-tokens", 0),
    "time_limit_seconds": ("--time-limit", 60),
    "clock": ("--clock", 0),
    "candidate_timeout_seconds": ("--script-timeout", 60),
    "memory_bytes": ("--memory", GIB),
    "cpus": ("--cpus", 0),
    "disk_bytes": ("--disk", GIB),
    "replay": ("--replay", 0),
    "reuse": ("--reuse", 0),
    "prices": ("--prices", 0),
    "description": ("--description", 0),
    "search": ("--search", 0),
    "ensemble": ("--ensemble", 0),
    "workers": ("--workers", 0),
    "show_answers": ("--show-answers", 0),
    "validation": ("--validation", 0),
    "egress": ("--egress", 0),
    "runtime": ("--runtime", 0),
    "cache": ("--cache", 0),
    "models.review": ("--review-model", 0),
    "models.fallback": ("--fallback-model", 0),
    "models.temperature": ("--temperature", 0),
    "models.max_output_tokens": ("--max-output-tokens", 0),
    "models.reasoning_effort": ("--reasoning-effort", 0),
    "models.answers": ("--answers", 0),
    "models.api": ("--api", 0),
    "gates.sample_first": ("--sample-first", 0),
    "gates.leakage_review": ("--leakage-review", 0),
    "gates.reuse_outcomes": ("--reuse-outcomes", 0),
    "gates.patience": ("--patience", 0),
}
# What holds for all runs of a group together; the first four stay with the group, the others are this machine's matter.
GROUP_FLAGS = {
    "group_budget_usd": "--group-budget",
    "group_tokens": "--group-tokens",
    "requests_per_minute": "--requests-per-minute",
    "tokens_per_minute": "--tokens-per-minute",
    "runs_per_cpu": "--runs-per-cpu",
    "runs_per_gpu": "--runs-per-gpu",
}
KEPT_GROUP_FLAGS = tuple(GROUP_FLAGS)[:4]
SWITCHES = (
    *("stand_in", "show_answers", "cache"),
    *("gates.sample_first", "gates.leakage_review", "gates.reuse_outcomes"),
)
NOT_OF_ONE_RUN = (
    *("competitions", "seeds", "group", "jobs", "graded", "audited", "resume", "anew"),
    *("configuration", "pinned", "where"),
    *GROUP_FLAGS,
)


@dataclass(frozen=True)
class Pinned:
    """The sizes of a box that nobody chose; they hang on machine and --jobs, so a group keeps the first it had."""

    memory_bytes: int
    cpus: float


@dataclass(frozen=True)
class BenchOptions:
    """The choices of `podium bench` and `podium run`; None means: the preset's or the host's."""

    competitions: tuple[str, ...]
    agent: str = "aide"
    model: str = "offline"
    seeds: tuple[int, ...] = (0,)
    steps: int | None = None
    raw: Path | None = None
    stand_in: bool = False
    edition: str | None = None
    gpus: str = ""
    prompts: str | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    time_limit_seconds: float | None = None
    clock: Clock = "wall"
    candidate_timeout_seconds: float | None = None
    memory_bytes: int | None = None
    cpus: float | None = None
    disk_bytes: int | None = None
    group: str | None = None
    group_budget_usd: float | None = None
    group_tokens: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    jobs: int = 1
    runs_per_cpu: int = 1
    runs_per_gpu: int = 1
    workers: int = 1
    graded: bool = True
    audited: bool = True  # by the rules, at the end
    replay: Path | None = None
    reuse: str | None = None
    prices: Path | None = None
    description: Kind = "own"
    search: str | None = None
    ensemble: float | None = None
    show_answers: bool = False
    resume: bool = False
    anew: bool = False  # interrupted runs don't go on from what is kept of them
    configuration: str = ""  # what tells its runs from those of other agents, models and prompt sets of the group
    pinned: Pinned | None = None  # sizes that the group's runs have had so far
    validation: Validation = "self"
    egress: str = "none"  # as the command line has it, its file's path whole
    cache: bool = True
    runtime: str | None = None
    models: ModelOptions = ModelOptions()  # noqa: RUF009 - frozen
    gates: Gates = Gates()  # noqa: RUF009 - frozen
    where: Where = Where()  # noqa: RUF009 - frozen

    def arguments(self, competition: str, seed: int) -> tuple[str, ...]:
        """What follows `podium bench` so that one run of these is made again, into a group of its own."""
        default = BenchOptions(())
        found = [competition, "--seed", str(seed)]
        for name, (flag, unit) in FLAGS.items():
            value = attrgetter(name)(self)
            if value == attrgetter(name)(default):
                continue
            if isinstance(value, bool):
                found.append(flag if value else flag.replace("--", "--no-", 1))
            else:
                found += [flag, f"{value / unit:.12g}" if unit else str(value)]
        return tuple(found)

    @classmethod
    def of_arguments(cls, arguments: Sequence[str]) -> BenchOptions:
        """Read what `arguments` wrote; raise `UserError` where another version wrote it."""
        from pydantic import TypeAdapter, ValidationError

        competition, _, seed, *rest = arguments
        given: dict[str, Any] = {"competitions": (competition,), "seeds": (seed,)}
        named = {flag: (name, unit) for name, (flag, unit) in FLAGS.items()}
        words = iter(rest)
        try:
            for word in words:
                said_no = word.startswith("--no-")
                name, unit = named[word.replace("--no-", "--", 1) if said_no else word]
                value: Any = not said_no if name in SWITCHES else next(words)
                if unit:
                    value = float(value) * unit
                    value = round(value) if name.endswith("_bytes") else value
                outer, _, inner = name.rpartition(".")
                (given.setdefault(outer, {}) if outer else given)[inner] = value
            return TypeAdapter(cls).validate_python(given)
        except (KeyError, StopIteration, ValidationError) as error:
            raise UserError(f"the arguments in the run's record can't be read: {' '.join(arguments)}") from error

    def check(self) -> None:
        """Refuse what can't be meant; raise `UserError`."""
        if self.group is not None:
            check_name(self.group, "group")
        if self.raw is not None and len(self.competitions) > 1:
            raise UserError(f"--raw {self.raw} is one competition's data, and {len(self.competitions)} were named")
        if self.raw is not None and self.stand_in:
            raise UserError(f"--raw {self.raw} and --stand-in exclude each other: leave one of them out")
        if self.raw is not None and not self.raw.exists():
            raise UserError(f"--raw {self.raw}: there is no such folder or file")
        if self.replay is not None and self.reuse is not None:
            raise UserError(
                "--replay answers everything from a recording, and --reuse some of it: leave one of them out"
            )
        if self.resume and self.anew:
            raise UserError("--resume goes on with a run, and --anew begins it from the start: leave one of them out")
        Gpus.parse(self.gpus)
        egress.parse(self.egress)
        self.models.check(self.model)
        self.where.check(self)

    @property
    def all_models(self) -> tuple[str, ...]:
        """Every model that a run may call."""
        return self.models.names(self.model)

    @property
    def budget(self) -> float | None:
        """A paid run has a budget, stated or not; an offline or replayed one costs nothing."""
        if self.budget_usd is not None or self.all_models == ("offline",) or self.replay:
            return self.budget_usd
        return DEFAULT_BUDGET_USD

    def limits(self, chosen: Preset) -> Limits:
        """The box's limits: the user's, else the jobs share three quarters of the host's memory and all of its CPUs."""
        usual = self.sizes()
        return Limits(
            wall_seconds=self.time_limit_seconds or chosen.wall_seconds,
            memory_bytes=self.memory_bytes or usual.memory_bytes,
            cpus=self.cpus or usual.cpus,
            workspace_bytes=self.disk_bytes or 20 * GIB,
        )

    def sizes(self) -> Pinned:
        """The sizes of a box for which nobody chose any."""
        if self.pinned is not None:
            return self.pinned
        host_memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return Pinned(
            memory_bytes=host_memory * 3 // 4 // max(1, self.jobs),
            cpus=float(max(1, len(os.sched_getaffinity(0)) // max(1, self.jobs))),
        )


def _absolute(path: Path | None) -> Path | None:
    return path and path.expanduser().absolute()


def parse_validation(text: str) -> Validation:
    """`--validation`: self, or hidden-split."""
    if text not in VALIDATIONS:
        raise UserError(f"--validation {text!r}: choose one of {', '.join(VALIDATIONS)}")
    return text


def parse_clock(text: str) -> Clock:
    """`--clock`: wall, or working."""
    if text not in CLOCKS:
        raise UserError(f"--clock {text!r}: choose one of {', '.join(CLOCKS)}")
    return text


def parse_seeds(seed: int, seeds: int) -> tuple[int, ...]:
    """`--seed 3 --seeds 2` is 3 and 4."""
    if seeds < 1:
        raise UserError(f"--seeds {seeds}: at least one")
    return tuple(range(seed, seed + seeds))


def select(names: Sequence[str], suite: str | None, load_suite: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    """The competitions that were named, and those of a suite."""
    chosen = tuple(dict.fromkeys([*names, *(load_suite(suite) if suite else ())]))
    if not chosen:
        raise UserError("name a competition or --suite. See: podium list")
    return chosen
