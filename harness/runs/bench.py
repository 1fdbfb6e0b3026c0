"""The whole path for some competitions and seeds: engine, data, image, runs, grades, summary, report.

Resolves and checks every choice before the first container starts, so that a typing error costs nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.agents import choose
from harness.config import Settings
from harness.errors import InfrastructureError, Interrupted, PodiumError, UserError
from harness.files import write_atomically
from harness.groups import declared, leases
from harness.groups.declared import Declared
from harness.groups.matrix import Arm, Matrix, named
from harness.results.layout import GroupFolder, HostRecord, Results
from harness.results.record import CodeRecord
from harness.runs import before_runs, prompt_check, promptset, recorded_order
from harness.runs.plan import RunPlan
from harness.runs.presets import Preset, preset
from harness.runs.stopping import StopFlag
from harness.sandbox.base import Gpus, Limits
from harness.verbs.choices import BenchOptions
from harness.verbs.progress import Progress, Say
from harness.watch.events import GroupEnded, GroupStarted, Nobody, RunBroke, RunSettled, Watcher
from harness.watch.watching import WatchOptions, watching

if TYPE_CHECKING:
    from harness.agents.spec import OtherAgent
    from harness.data.manifest import Prepared
    from harness.data.search_view import SearchView
    from harness.egress.cache import CacheView
    from harness.egress.choice import Egress
    from harness.gateway.providers.base import Provider
    from harness.groups.coordinator import Finished
    from harness.groups.elsewhere import MakeExecutor
    from harness.groups.reserved import Reserved
    from harness.machine.gpus import Inventory
    from harness.machine.images import ImageRef
    from harness.rates.aggregate import Summary
    from harness.runs.run import RunTools
    from harness.sandbox.base import Limits
    from harness.sandbox.placing import Boxes
    from harness.specs.competition import Competition
    from harness.specs.descriptions import Description
    from harness.watch.gpus import GpuWatch


@dataclass(frozen=True)
class Checked:
    """What the choices come to, as far as it can be known without engine and data."""

    other: OtherAgent | None
    preset: Preset
    competitions: Sequence[Competition]
    prompts: promptset.PromptSet
    limits: Limits
    gpus: Gpus | None


@dataclass
class Bench:
    """What the pieces of one command share."""

    settings: Settings
    options: BenchOptions
    say: Say
    stop: StopFlag = field(default_factory=StopFlag)
    client: Any = None
    boxes: Boxes | None = None
    host: HostRecord | None = None
    code: CodeRecord | None = None
    watch: WatchOptions | None = None  # None: as the environment has it
    watcher: Watcher = field(default_factory=Nobody)
    gpus: Inventory | None = None
    matrix: Matrix | None = None  # where it is more than the options say: several agents, models, prompt sets
    only: frozenset[str] | None = None  # of its runs; None: all
    again: frozenset[str] = frozenset()  # runs that are run again, though they have an outcome
    redeclare: bool = False  # may the group's runs be made otherwise than those that it has?
    data: dict[str, Prepared] = field(default_factory=dict)
    reached: tuple[Egress, CacheView | None] | None = None

    def run(self) -> Summary:
        """Run what is missing, grade it unless only runs were asked for; the summary is also on disk."""
        wanted = self.watch or WatchOptions.of(self.settings.environ)
        with watching(wanted, self.say) as (self.watcher, self.say):
            return self._run(show=False if wanted.instead_of_words else None)

    def _run(self, *, show: bool | None) -> Summary:
        from harness.groups.coordinator import run_group
        from harness.rates.aggregate import aggregate
        from harness.report import html, markdown
        from harness.runs.interrupt import orderly_interrupts
        from harness.specs.suites import suites_now
        from harness.watch.gpus import GpuWatch

        matrix, there = self._declared()
        plans = self._plans_of(matrix)
        if not self.options.resume and not self.redeclare:
            before_runs.refuse_other_inputs(plans, self.group(), self.again)
        group = self.group()
        for prompts in {plan.prompts.sha256: plan.prompts for plan in plans}.values():
            prompts.keep(group.prompts)
        self._keep_packages(group)
        if not self.options.resume and self.only is None:
            declared.keep(group, matrix, there)
        before_runs.point_out_earlier(plans, group, self.say, resume=self.options.resume)
        progress = Progress(self.say, several=self.options.jobs > 1, show=show)
        admission = self._admission(plans, group, progress.say)
        self.watcher.note(GroupStarted(None, group.name, len(plans)))
        try:
            with (
                contextlib.closing(admission),
                progress,
                GpuWatch(self.settings.environ, self._gpus_of(plans)) as gpu_watch,
                self._executor(plans, progress) as executor,
                orderly_interrupts(self.stop, progress.say),
            ):
                run_group(
                    plans,
                    group,
                    self.tools(progress, gpu_watch),
                    jobs=self.options.jobs,
                    admission=admission,
                    graded=self.options.graded,
                    resume=self.options.resume,
                    again=self.again,
                    say=progress.say,
                    executor=executor,
                    on_start=progress.started,
                    on_end=self._told(progress.ended),
                    on_broken=self._told_broken(progress.broken),
                )
        except Interrupted as stopped:
            see = f"podium aggregate {group.name}"
            raise Interrupted(f"{stopped}; finished nodes and runs are kept. See: {see}") from stopped
        try:
            self._audit(group)
        finally:  # what ran is added up, whatever comes of that
            summary = aggregate(group, suites_now(self.settings))
            self.watcher.note(GroupEnded(None, group.name, summary.missing, summary.cost_usd))
            markdown.write(summary, group.report)
            html.write(group, summary)
        return summary

    def _audit(self, group: GroupFolder) -> None:
        """Look the group's runs over for cheating, by the rules; what is the same as at the last time is left alone."""
        from harness.cheating.audit import audit
        from harness.cheating.tasks import Tasks
        from harness.specs.lookup import with_data

        if not (self.options.audited and self.options.graded):  # the rules look at grades, too
            return
        try:
            audit(list(group.runs()), Tasks(partial(with_data, self.settings)))
        except PodiumError as error:
            self.say(f"the runs were not audited: {error}. Later: podium audit {group.name}")

    def _told(self, shown: Callable[[RunPlan, Finished], None]) -> Callable[[RunPlan, Finished], None]:
        def ended(plan: RunPlan, finished: Finished) -> None:
            shown(plan, finished)
            status, reused = finished.record.status, finished.reused
            self.watcher.note(RunSettled(None, plan.group, plan.run_id, status, reused))

        return ended

    def _told_broken(self, shown: Callable[[RunPlan, BaseException], None]) -> Callable[[RunPlan, BaseException], None]:
        def broken(plan: RunPlan, error: BaseException) -> None:
            shown(plan, error)
            self.watcher.note(RunBroke(None, plan.group, plan.run_id, f"{type(error).__name__}: {error}"))

        return broken

    def _admission(self, plans: Sequence[RunPlan], group: GroupFolder, say: Say) -> Reserved:
        """What of this machine and of the group's budget runs reserve; raise `UserError` where one never can."""
        from harness.groups import budget, machine
        from harness.groups.estimate import Estimates
        from harness.groups.lender import Together
        from harness.groups.reserved import Reserved

        options = self.options
        ceiling = budget.Ceiling(options.group_budget_usd, options.group_tokens)
        for plan in plans:
            budget.refuse_open_ends(ceiling, plan)
        lender, demands = None, {}
        if options.where.is_here:  # elsewhere, whoever carries runs out places them
            environ = self.settings.environ
            there = machine.inventory_of(self.client, self.settings.workspaces, self.gpus, environ)
            there = machine.lent_as_asked(there, options, plans)
            demands = {plan.run_id: machine.demand_of(plan, there, options) for plan in plans}
            machine.refuse_what_never_fits(there, list(demands.values()))
            machine.point_out_crowding(there, list(demands.values()), options, say)
            lender = Together(
                there, partial(machine.ledger_of, self.client, group.name, environ), partial(self._clear, say), say
            )
        return Reserved(
            lender=lender,
            jobs=options.jobs,
            group=group,
            budget=budget.budget_of(group, ceiling),
            demand_of=lambda plan: demands.get(plan.run_id) or machine.no_demand(plan),
            expected=Estimates(self.settings.results).seconds,
            is_done=lambda plan: self._is_done(plan, group),
            say=say,
            goes_on=options.resume,
        )

    def _clear(self, say: Say) -> None:
        """Remove what commands that are gone left running: it uses what they held."""
        try:
            before_runs.clear(self.client, self.settings, say)
        except InfrastructureError as error:
            say(f"what a killed command left may still run: {error}. See: podium clean")

    def _is_done(self, plan: RunPlan, group: GroupFolder) -> bool:
        """Is the run's outcome there, so that it takes nothing of the machine?"""
        from harness.groups.coordinator import outcome

        anew = self.options.resume or plan.run_id in self.again
        return not anew and outcome(plan, group.run(plan.run_id)) is not None

    def _gpus_of(self, plans: Sequence[RunPlan]) -> Inventory:
        """The machine's GPUs where a run has any, else none: then there is nothing to look at."""
        from harness.machine.gpus import Inventory

        return (self.gpus if any(plan.gpus for plan in plans) else None) or Inventory()

    def _executor(self, plans: Sequence[RunPlan], progress: Progress) -> AbstractContextManager[MakeExecutor]:
        """Who carries the runs out, here or on other machines."""
        from harness.gateway.pace import RateLimits
        from harness.groups.elsewhere import executor_of

        options = self.options
        return executor_of(
            options.where,
            plans,
            self.settings,
            prices=options.prices,
            pace=RateLimits(options.requests_per_minute, options.tokens_per_minute),
            say=progress.say,
            on_event=progress.event,
            recorded=self._recorded,
        )

    def group(self) -> GroupFolder:
        """The group's folder: named by the user, or by time and competition."""
        if self.options.group is None:
            self.options = replace(self.options, group=self._new_group())
        assert self.options.group is not None
        return Results(self.settings.results).group(self.options.group)

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

    def _declared(self) -> tuple[Matrix, Declared | None]:
        """What is to be run, with the names and sizes that the group gives it, and what the group was before."""
        options = self.options
        options.check()
        arm = Arm(options.agent, options.model, options.prompts, options.configuration or None)
        matrix = self.matrix or Matrix(options.competitions, (arm,), options.seeds, options)
        if options.group is None:
            return replace(matrix, arms=named(matrix.arms, ())), None
        group = self.group()
        leases.refuse_busy(group)
        there = declared.read(group)
        if options.resume:
            return matrix, there
        matrix, gained = declared.merged(matrix, there, has_outcomes=group.has_outcomes, redeclare=self.redeclare)
        if gained:
            self.say(f"{group.name} grows: {', '.join(gained[:6])}{' …' if len(gained) > 6 else ''}")
        return matrix, there

    def _plans_of(self, matrix: Matrix) -> list[RunPlan]:
        """The plans of every arm; all that can be checked is, before an engine is asked for anything."""
        arms = [replace(self, options=matrix.of_arm(arm)) for arm in matrix.arms]
        checked = [bench.check() for bench in arms]
        self._engine()
        before_runs.clear(self.client, self.settings, self.say)
        self.reached = self._reach()
        made = []
        for bench, one in zip(arms, checked, strict=True):
            bench.options = replace(bench.options, group=self.group().name) if self.options.group else bench.options
            bench.client, bench.host, bench.code, bench.gpus = self.client, self.host, self.code, self.gpus
            bench.reached, bench.boxes = self.reached, self.boxes
            made += bench.resolve(one)
            self.host = bench.host  # by now it is known which machine that is
            self.options = replace(self.options, group=bench.options.group)
        return [plan for plan in made if self.only is None or plan.run_id in self.only]

    def plans(self) -> list[RunPlan]:
        """Check everything that can be checked, then engine, data and image; one plan a competition and seed."""
        checked = self.check()
        self._engine()
        return self.resolve(checked)

    def check(self) -> Checked:
        """Check everything that needs neither engine nor data; raise `UserError`."""
        from harness.specs import catalogue

        options, settings = self.options, self.settings
        options.check()
        if options.reuse is not None:
            Results(settings.results).existing_group(options.reuse)
        other = choose.other(options, settings)
        if other is not None:
            self.options = options = choose.with_limits(options, other)
            if other.spec.answers:
                self.say(f"{other.name} is SHOWN THE ANSWERS: a test, whose runs are marked and in no rate")
        chosen = choose.as_preset(other) if other else self._preset()
        known = catalogue.of(settings)
        loaded = [known.load(name) for name in options.competitions]
        prompts = promptset.NONE if other else self.prompt_set(chosen)
        limits, gpus = options.limits(chosen), Gpus.parse(options.gpus)
        self.refuse_model()
        if options.validation == "hidden-split":
            self._refuse_hidden_split(loaded, other)
        before_runs.refuse_results_folder(settings.results)
        if options.replay is not None:
            recorded_order.refuse_other_workers(options.replay, options.workers)
        return Checked(other, chosen, loaded, prompts, limits, gpus)

    def resolve(self, checked: Checked) -> list[RunPlan]:
        """Have data and image, prepared and built where that is still to do."""
        options, settings, limits = self.options, self.settings, checked.limits
        prepared = [
            (item, data, self.view(item, data)) for item in checked.competitions for data in (self._data(item),)
        ]
        image = self.image(checked.gpus, checked.other)
        limits, cpus = self._fitting(image, limits)
        reach, cache = self.reached or self._reach()
        if options.where.is_here:
            most = min(options.jobs, len(options.seeds) * len(prepared)) * limits.workspace_bytes
            before_runs.point_out_disk(settings.workspaces, most, self.say)
        return [
            RunPlan(
                group=self.group().name,
                competition=item.at(data.manifest.edition),
                prepared=data,
                preset=checked.preset,
                model=options.model,
                model_options=options.models,
                seed=seed,
                steps=options.steps or checked.preset.search.steps,
                wall_seconds=limits.wall_seconds,
                candidate_timeout_seconds=options.candidate_timeout_seconds or checked.preset.candidate_timeout_seconds,
                limits=limits,
                gpus=checked.gpus,
                gpus_text=options.gpus,
                prompts=checked.prompts,
                image=image,
                other=checked.other,
                budget_usd=options.budget,
                budget_tokens=options.budget_tokens,
                clock=options.clock,
                workers=options.workers,
                replay=options.replay,
                description=self._description(item, data),
                arguments=options.arguments(item.id, seed),
                configuration=options.configuration,
                view=view,
                egress=reach,
                cache=cache,
                runtime=options.runtime,
                host_cpus=cpus,
            )
            for item, data, view in prepared
            for seed in options.seeds
        ]

    def _data(self, item: Competition) -> Prepared:
        """The same for every arm."""
        if item.id not in self.data:
            self.data[item.id] = self.prepare(item)
        return self.data[item.id]

    def _reach(self) -> tuple[Egress, CacheView | None]:
        """What runs may fetch, and what lies ready for those that may fetch nothing."""
        from harness.egress.cache import Cache
        from harness.egress.choice import parse

        egress = parse(self.options.egress)
        if egress.mode == "open":
            self.say(
                "--egress open: the box has the engine's NETWORK. What this machine can reach, a model's scripts can: "
                "other machines, a cloud's metadata, published answers. Every table marks such runs"
            )
        elif egress.mode == "allowlist":
            hosts = ", ".join(map(str, egress.rules))
            self.say(f"hosts that scripts may fetch from: {hosts}. Every table marks such runs")
        cache = Cache(self.settings.cache).view() if self.options.cache and egress.mode == "none" else None
        if cache is not None:
            self.say(
                f"{len(cache.told)} packages and models lie ready: podium cache list; not for this run: --no-cache"
            )
        return egress, cache

    def _preset(self) -> Preset:
        """Our own agent's configuration with what the command says of it."""
        options = self.options
        return options.gates.on(preset(options.agent, options.search).blending(options.ensemble))

    def prompt_set(self, chosen: Preset) -> promptset.PromptSet:
        """Read the prompt set; one of the user's own is checked first, since a mistake would show in the box only."""
        name_or_folder = self.options.prompts or chosen.prompt_set
        found = promptset.find(name_or_folder, self.settings.prompts)
        if "/" in name_or_folder:
            prompt_check.usable(promptset.folder_of(name_or_folder, self.settings.prompts), self.settings.root)
        if chosen.search.leakage_review and "leakage.md" not in found.files:
            raise UserError(
                f"the prompt set {name_or_folder} has no leakage.md, by which suspect scores are looked at again. Take "
                "one of a set that ships (agent/prompts/aide/leakage.md), or leave that out: --no-leakage-review"
            )
        return found

    def _description(self, item: Competition, prepared: Prepared) -> Description:
        from harness.specs import descriptions

        chosen = descriptions.choose(self.options.description, item, prepared, self.settings.home)
        return chosen if self.options.validation == "self" else replace(chosen, note=descriptions.HELD_BACK_NOTE)

    def _refuse_hidden_split(self, competitions: Sequence[Competition], other: OtherAgent | None) -> None:
        """Held-back rows guide our own agent's search, where a competition's split allows it."""
        from harness.data import prepare_search

        if other is not None:
            raise UserError(
                f"--validation hidden-split is for Podium's own agent: of {other.name} no script is known that could "
                "be run once more on all training data. Leave the option out"
            )
        for item in competitions:
            prepare_search.refuse(item, self.options.edition)

    def refuse_model(self) -> None:
        """An unknown model, a missing key or an unknown price ends here."""
        from harness.gateway.prices import refuse_unpriced

        traits = self.provider(self.options.all_models, self.options.seeds[0]).traits
        if self.options.budget is not None:
            refuse_unpriced(traits.prices, traits.models)

    def _engine(self) -> None:
        from harness.machine import hardware, provenance
        from harness.machine.engine import connect, ensure_engine
        from harness.machine.gpus import inventory
        from harness.sandbox.placing import Boxes

        engine = ensure_engine(self.settings, self.say)
        self.client = connect(self.settings.environ)
        self.gpus = inventory(self.settings.environ)
        self.host = hardware.host(f"{engine.version} at {engine.host}", self.settings.environ, self.gpus)
        self.code = provenance.code(self.settings.root, self.settings.environ)
        if self.options.where.is_here:
            before_runs.refuse_cpus(self.client, self.options.cpus)
            before_runs.refuse_runtime(self.client, self.options.runtime)
            before_runs.refuse_memory(self.client, self.options.memory_bytes)
        self.boxes = Boxes(
            self.client,
            workspace_folder=self.settings.workspaces,
            environ=self.settings.environ,
            relay=self.settings.root / "agent" / "relay.py",
        )

    def _fitting(self, image: ImageRef, limits: Limits) -> tuple[Limits, tuple[int, ...] | None]:
        """Limits and CPU numbers of the engine's machine where that is not this one; and what is to be known of it."""
        from harness.machine import hardware

        assert self.boxes is not None
        options = self.options
        if not options.where.is_here:
            return limits, None  # each node has an engine of its own
        traits = self.boxes.traits(image.digest)
        if not self.boxes.told:
            self.boxes.told = True
            before_runs.point_out_engine(traits, self.say)
            self.host = self.host and hardware.on(self.host, traits)
        if traits.sees_host:
            return limits, None
        memory = options.memory_bytes or traits.memory_bytes * 3 // 4 // max(1, options.jobs)
        cpus = options.cpus or float(max(1, traits.cpus // max(1, options.jobs)))
        return replace(limits, memory_bytes=memory, cpus=cpus), tuple(range(traits.cpus))

    def _keep_packages(self, group: GroupFolder) -> None:
        """The packages beside Podium, as the records name them."""
        from harness.machine import provenance

        listed = provenance.packages()
        write_atomically(group.environments / f"{provenance.digest(listed)}.txt", listed.encode())

    def image(self, gpus: Gpus | None, other: OtherAgent | None = None) -> ImageRef:
        """The agent's image, made ready once; GPUs are tried before, on the small base: theirs has several GB."""
        from harness.agents.image import ensure
        from harness.machine.gpu_request import refuse_what_cannot_be
        from harness.machine.gpus import Inventory
        from harness.machine.images import ensure_base, ensure_image

        if gpus and self.options.where.is_here:
            here, environ = self.gpus or Inventory(), self.settings.environ
            base = partial(ensure_base, self.settings, self.say)
            refuse_what_cannot_be(self.client, base, gpus, here, environ, self.say)
        if other is not None:
            return ensure(other, self.settings, self.say)
        return ensure_image("gpu" if gpus else "cpu", self.settings, self.say)

    def prepare(self, item: Competition) -> Prepared:
        """The competition's data, prepared where that is still to do."""
        from harness.data.prepare import prepare

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
            if not self.options.stand_in:
                self.say(
                    f"{item.id}: for real data give what you have (--raw FOLDER_OR_ZIP; make: RAW=…), "
                    "or Kaggle credentials: podium doctor says where"
                )
        return prepared

    def view(self, item: Competition, prepared: Prepared) -> SearchView | None:
        """What the search sees where training rows are held back to guide it."""
        if self.options.validation == "self":
            return None
        from harness.data.prepare_search import prepare_search

        return prepare_search(
            item, prepared, data_home=self.settings.data, environ=self.settings.environ, progress=self.say
        )

    def provider(self, models: Sequence[str], seed: int) -> Provider:
        """Who answers model calls: a recorded transcript where one is given, else each model's provider."""
        from harness.gateway.providers import PRICES_VARIABLE, provider_for, replay_of

        if self.options.replay:
            return replay_of(self.options.replay)
        stated = {PRICES_VARIABLE: str(self.options.prices)} if self.options.prices else {}
        return provider_for(models, {**self.settings.environ, **stated}, seed=seed)

    def _recorded(self, plan: RunPlan) -> list[Path]:
        """The transcripts of the same competition and seed in the group whose answers are to be used again."""
        if self.options.reuse is None:
            return []
        group = Results(self.settings.results).existing_group(self.options.reuse)
        same = group.runs_of(plan.competition.id, plan.seed)
        return [transcript for folder in same for transcript in folder.transcripts()]

    def tools(self, progress: Progress, gpu_watch: GpuWatch) -> RunTools:
        """The real sandbox, provider and budget."""
        from harness.gateway.budget import Budget
        from harness.gateway.pace import RateLimits
        from harness.gateway.pacing import PACE_FOLDER, Paces
        from harness.gateway.providers import reusing
        from harness.machine.gpu_request import given
        from harness.runs.run import RunTools
        from harness.setup.host_network import authorities

        settings, options = self.settings, self.options
        assert self.boxes is not None  # plans() comes first

        return RunTools(
            make_sandbox=self.boxes.make,
            make_provider=lambda plan: reusing(self._recorded(plan), self.provider(plan.models, plan.seed)),
            make_budget=lambda plan: Budget(usd=plan.budget_usd, tokens=plan.budget_tokens),
            authorities=partial(authorities, settings.environ, home=Path.home(), prefix=Path(sys.prefix)),
            on_event=progress.event,
            should_stop=self.stop.in_order,
            should_end=self.stop.at_once,
            host=self.host,
            code=self.code,
            watch=self.watcher,
            look_at_gpus=lambda plan: gpu_watch.of(given(plan.given_gpus, gpu_watch.inventory)),
            paces=Paces(
                RateLimits(options.requests_per_minute, options.tokens_per_minute), settings.home / PACE_FOLDER
            ),
        )
