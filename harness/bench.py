"""The whole path for some competitions and seeds: engine, image, data, runs, grades, summary, report.

Resolves and checks every choice before the first container starts, so that a typing error costs nothing.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import promptset
from harness.config import Settings
from harness.errors import UserError
from harness.plan import RunPlan
from harness.presets import Preset, preset
from harness.progress import Progress, Say
from harness.results import GroupFolder, Results, check_name
from harness.sandbox.base import GIB, Gpus, Limits

if TYPE_CHECKING:
    from harness.aggregate import Summary
    from harness.competition import Competition
    from harness.gateway.providers.base import Provider
    from harness.images import ImageRef
    from harness.manifest import Prepared
    from harness.run import RunTools
    from harness.schedule import StopFlag

DEFAULT_BUDGET_USD = 5.0


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
    time_limit_seconds: float | None = None
    candidate_timeout_seconds: float | None = None
    memory_bytes: int | None = None
    cpus: float | None = None
    disk_bytes: int | None = None
    group: str | None = None
    jobs: int = 1
    graded: bool = True
    replay: Path | None = None
    prices: Path | None = None


@dataclass
class Bench:
    """What the pieces of one command share."""

    settings: Settings
    options: BenchOptions
    say: Say
    stop: StopFlag
    client: Any = field(default=None)

    def run(self) -> Summary:
        """Run what is missing, grade it unless only runs were asked for; the summary is also on disk."""
        from harness.aggregate import aggregate
        from harness.report import markdown
        from harness.schedule import run_group

        plans = self.plans()
        group = self.group()
        progress = Progress(self.say)
        run_group(
            plans,
            group,
            self.tools(progress),
            jobs=self.options.jobs,
            graded=self.options.graded,
            on_start=progress.started,
            on_end=progress.ended,
        )
        summary = aggregate(group)
        markdown.write(summary, group.report)
        return summary

    def group(self) -> GroupFolder:
        """The group's folder: named by the user, or by time and competition."""
        return Results(self.settings.results).group(self._group_name())

    def _group_name(self) -> str:
        if self.options.group is None:
            self.options = replace(self.options, group=self._new_group())
        assert self.options.group is not None
        return check_name(self.options.group, "group")

    def _new_group(self) -> str:
        """Claim a name by time and competition; two commands of the same second get two groups."""
        first, *others = self.options.competitions
        more = f"-and-{len(others)}-more" if others else ""
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{first}{more}"
        for number in itertools.count(1):
            claimed = name if number == 1 else f"{name}-{number}"
            try:
                (self.settings.results / claimed).mkdir(parents=True)
            except FileExistsError:
                continue
            return claimed
        raise AssertionError("count() does not end")

    def plans(self) -> list[RunPlan]:
        """Check everything that can be checked, then engine, image and data; one plan a competition and seed."""
        from harness import competition as competitions
        from harness.gateway.prices import refuse_unpriced

        options, settings = self.options, self.settings
        if options.group is not None:
            check_name(options.group, "group")
        chosen = preset(options.agent)
        loaded = [competitions.load(name, settings.competitions) for name in options.competitions]
        prompts = promptset.find(options.prompts or chosen.prompt_set, settings.prompts)
        gpus = Gpus.parse(options.gpus)
        limits = self.limits(chosen)
        traits = self.provider(options.model, options.seeds[0]).traits  # an unknown model or a missing key ends here
        if self.budget_usd() is not None:
            refuse_unpriced(traits.prices, traits.models)
        image = self.image(gpus)
        return [
            RunPlan(
                group=self._group_name(),
                competition=item,
                prepared=prepared,
                preset=chosen,
                model=options.model,
                seed=seed,
                steps=options.steps or chosen.search.steps,
                wall_seconds=limits.wall_seconds,
                candidate_timeout_seconds=options.candidate_timeout_seconds or chosen.candidate_timeout_seconds,
                limits=limits,
                gpus=gpus,
                gpus_text=options.gpus,
                prompts=prompts,
                image=image,
                budget_usd=self.budget_usd(),
            )
            for item, prepared in [(item, self.prepare(item)) for item in loaded]
            for seed in options.seeds
        ]

    def budget_usd(self) -> float | None:
        """A paid run has a budget, stated or not; an offline or replayed one costs nothing."""
        if self.options.budget_usd is not None or self.options.model == "offline" or self.options.replay:
            return self.options.budget_usd
        return DEFAULT_BUDGET_USD

    def limits(self, chosen: Preset) -> Limits:
        """The box's limits: the user's, else three quarters of the host's memory and all of its CPUs."""
        options = self.options
        host_memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return Limits(
            wall_seconds=options.time_limit_seconds or chosen.wall_seconds,
            memory_bytes=options.memory_bytes or host_memory * 3 // 4 // max(1, options.jobs),
            cpus=options.cpus or float(max(1, len(os.sched_getaffinity(0)) // max(1, options.jobs))),
            workspace_bytes=options.disk_bytes or 20 * GIB,
        )

    def image(self, gpus: Gpus | None) -> ImageRef:
        """Engine and image, made ready once; GPUs are tried before anything else starts."""
        from harness.engine import connect, ensure_engine
        from harness.images import ensure_image
        from harness.sandbox.gpu import check_gpus

        ensure_engine(self.settings, self.say)
        self.client = connect(self.settings.environ)
        image = ensure_image("gpu" if gpus else "cpu", self.settings, self.say)
        if gpus:
            check_gpus(self.client, image.digest, gpus)
        return image

    def prepare(self, item: Competition) -> Prepared:
        """The competition's data, prepared where that is still to do."""
        from harness.prepare import prepare

        prepared = prepare(
            item,
            data_home=self.settings.data,
            raw=self.options.raw,
            stand_in=self.options.stand_in,
            edition=self.options.edition,
            environ=self.settings.environ,
            progress=self.say,
        )
        if prepared.manifest.stand_in:
            self.say(f"{item.id}: STAND-IN data (synthetic). Scores say nothing about the real competition.")
        return prepared

    def provider(self, model: str, seed: int) -> Provider:
        """Who answers model calls: a recorded transcript where one is given, else the model's provider."""
        from harness.gateway.providers import PRICES_VARIABLE, provider_for, replay_of

        if self.options.replay:
            return replay_of(self.options.replay)
        stated = {PRICES_VARIABLE: str(self.options.prices)} if self.options.prices else {}
        return provider_for(model, {**self.settings.environ, **stated}, seed=seed)

    def tools(self, progress: Progress) -> RunTools:
        """The real sandbox, provider and budget."""
        from harness.gateway.budget import Budget
        from harness.run import RunTools
        from harness.sandbox.docker import DockerSandbox

        settings = self.settings
        if self.client is None:
            raise UserError("no engine yet: call plans() first")

        return RunTools(
            make_sandbox=lambda spec: DockerSandbox(
                self.client, spec, workspace_folder=settings.workspaces, environ=settings.environ
            ),
            make_provider=lambda plan: self.provider(plan.model, plan.seed),
            make_budget=lambda plan: Budget(usd=plan.budget_usd),
            on_event=progress.event,
            should_stop=self.stop,
        )


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
