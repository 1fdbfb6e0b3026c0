"""The whole path for some competitions and seeds: engine, data, image, runs, grades, summary, report.

`resolving.py` makes plans of what a command says; here they become a group, whose missing runs are run.
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
from typing import TYPE_CHECKING

from harness.config import Settings
from harness.errors import InfrastructureError, Interrupted, PodiumError
from harness.files import write_atomically
from harness.groups import declared, leases
from harness.groups.declared import Declared
from harness.groups.matrix import Arm, Matrix, named
from harness.results.layout import GroupFolder, Results
from harness.runs import before_runs
from harness.runs.ground import Ground
from harness.runs.plan import RunPlan
from harness.runs.resolving import Resolver
from harness.runs.stopping import StopFlag
from harness.verbs.choices import BenchOptions
from harness.verbs.progress import Progress, Say
from harness.watch.events import GroupEnded, GroupStarted, Nobody, RunBroke, RunSettled, Watcher
from harness.watch.watching import WatchOptions, watching

if TYPE_CHECKING:
    from harness.groups.coordinator import Finished
    from harness.groups.elsewhere import MakeExecutor
    from harness.groups.reserved import Reserved
    from harness.machine.gpus import Inventory
    from harness.rates.aggregate import Summary
    from harness.runs.run import RunTools
    from harness.watch.gpus import GpuWatch


@dataclass
class Bench:
    """What the pieces of one command share."""

    settings: Settings
    options: BenchOptions
    say: Say
    stop: StopFlag = field(default_factory=StopFlag)
    ground: Ground = field(default_factory=Ground)
    watch: WatchOptions | None = None  # None: as the environment has it
    watcher: Watcher = field(default_factory=Nobody)
    matrix: Matrix | None = None  # where it is more than the options say: several agents, models, prompt sets
    only: frozenset[str] | None = None  # of its runs; None: all
    again: frozenset[str] = frozenset()  # runs that are run again, though they have an outcome
    redeclare: bool = False  # may the group's runs be made otherwise than those that it has?

    def run(self) -> Summary:
        """Run what is missing, grade it unless only runs were asked for; the summary is also on disk."""
        wanted = self.watch or WatchOptions.of(self.settings.environ)
        with watching(wanted, self.say) as (self.watcher, self.say):
            return self._run(show=False if wanted.instead_of_words else None)

    def _run(self, *, show: bool | None) -> Summary:
        from harness.groups.coordinator import run_group
        from harness.rates.aggregate import aggregate
        from harness.report import html, markdown
        from harness.runs.going_on import GoingOn
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
        elif there is not None:
            declared.keep_together(group, matrix.options, there)
        going_on = GoingOn(group, anew=self.options.anew)
        earlier = [plan for plan in plans if plan.run_id not in self.again]
        before_runs.point_out_earlier(earlier, going_on, self.say, resume=self.options.resume)

        def goes_on(plan: RunPlan) -> bool:
            return self.options.resume or (plan.run_id not in self.again and going_on(plan))

        progress = Progress(self.say, several=self.options.jobs > 1, show=show)
        admission = self._admission(plans, group, goes_on, progress.say)
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
                    goes_on=goes_on,
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

    def _admission(
        self, plans: Sequence[RunPlan], group: GroupFolder, goes_on: Callable[[RunPlan], bool], say: Say
    ) -> Reserved:
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
            there = machine.inventory_of(self.ground.client, self.settings.workspaces, self.ground.gpus, environ)
            there = machine.lent_as_asked(there, options, plans)
            demands = {plan.run_id: machine.demand_of(plan, there, options) for plan in plans}
            machine.refuse_what_never_fits(there, list(demands.values()))
            machine.point_out_crowding(there, list(demands.values()), options, say)
            lender = Together(
                there,
                partial(machine.ledger_of, self.ground.client, group.name, environ),
                partial(self._clear, say),
                say,
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
            goes_on=goes_on,
        )

    def _clear(self, say: Say) -> None:
        """Remove what commands that are gone left running: it uses what they held."""
        try:
            before_runs.clear(self.ground.client, self.settings, say)
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

        return (self.ground.gpus if any(plan.gpus for plan in plans) else None) or Inventory()

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
        chosen, changed = declared.together(matrix.options, there)
        matrix = replace(matrix, options=chosen)
        self.options, _ = declared.together(options, there)
        self.options.check()
        if changed:
            self.say(f"{group.name}: {'; '.join(changed)}. It holds for later commands too")
        if options.resume:
            return matrix, there
        matrix, gained = declared.merged(matrix, there, has_outcomes=group.has_outcomes, redeclare=self.redeclare)
        if gained:
            self.say(f"{group.name} grows: {', '.join(gained[:6])}{' …' if len(gained) > 6 else ''}")
        return matrix, there

    def _plans_of(self, matrix: Matrix) -> list[RunPlan]:
        """The plans of every arm; all that can be checked is, before an engine is asked for anything."""
        arms = [self._resolver(matrix.of_arm(arm)) for arm in matrix.arms]
        checked = [arm.check() for arm in arms]
        self.ground.connect(self.settings, self.options, self.say)
        before_runs.clear(self.ground.client, self.settings, self.say)
        self.ground.reach(self.settings, self.options, self.say)
        made = [plan for arm, one in zip(arms, checked, strict=True) for plan in arm.resolve(one, self._name)]
        return [plan for plan in made if self.only is None or plan.run_id in self.only]

    def plans(self) -> list[RunPlan]:
        """Check everything that can be checked, then engine, data and image; one plan a competition and seed."""
        only = self._resolver(self.options)
        checked = only.check()
        self.ground.connect(self.settings, self.options, self.say)
        return only.resolve(checked, self._name)

    def _resolver(self, options: BenchOptions) -> Resolver:
        return Resolver(self.settings, options, self.say, self.ground)

    def _name(self) -> str:
        return self.group().name

    def _keep_packages(self, group: GroupFolder) -> None:
        """The packages beside Podium, as the records name them."""
        from harness.machine import provenance

        listed = provenance.packages()
        write_atomically(group.environments / f"{provenance.digest(listed)}.txt", listed.encode())

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
        resolver = self._resolver(options)
        assert self.ground.boxes is not None  # plans() comes first

        return RunTools(
            make_sandbox=self.ground.boxes.make,
            make_provider=lambda plan: reusing(self._recorded(plan), resolver.provider(plan.models, plan.seed)),
            make_budget=lambda plan: Budget(usd=plan.budget_usd, tokens=plan.budget_tokens),
            authorities=partial(authorities, settings.environ, home=Path.home(), prefix=Path(sys.prefix)),
            on_event=progress.event,
            should_stop=self.stop.in_order,
            should_end=self.stop.at_once,
            host=self.ground.host,
            code=self.ground.code,
            watch=self.watcher,
            look_at_gpus=lambda plan: gpu_watch.of(given(plan.given_gpus, gpu_watch.inventory)),
            paces=Paces(
                RateLimits(options.requests_per_minute, options.tokens_per_minute), settings.home / PACE_FOLDER
            ),
        )
