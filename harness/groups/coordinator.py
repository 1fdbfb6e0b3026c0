"""A group of runs: which still have to run, those that may at a time, each graded as it ends.

A run that already has an outcome for the same inputs is left alone, so the same command again does only what is
missing; what has yet to start says so in a record of its own, so that a group that was broken off knows what it lacks.
Who carries runs out is the executor's matter, what may run at a time the admission's; results are made only here.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from harness.data.data_in_use import in_use
from harness.errors import InfrastructureError
from harness.grading.grade_nodes import grade_nodes_soon
from harness.grading.grade_run import can_grade, grade_run
from harness.groups import publishing
from harness.groups.admission import Admission, Slots
from harness.groups.claim import claimed
from harness.groups.executor import Alive, Event, Executor, HandedIn, Needs, Place, Raised, Task, Vanished, Work
from harness.groups.leases import Leases, Superseded, coordinating
from harness.groups.local import LocalExecutor
from harness.results.layout import GroupFolder, RunFolder, RunRecord, RunStatus
from harness.runs.first_record import first_record
from harness.runs.plan import RunPlan
from harness.runs.run import RunTools, begin, enter, run_attempt
from harness.runs.stopping import StopFlag

POLL_SECONDS = 0.5  # how late a wish to stop is heard, which is no event
TAKING_POLL_SECONDS = 0.05  # the same while results that came from elsewhere are taken in
MOST_PLACINGS = 3  # a run whose workers vanish so many times may be what ends them


@dataclass(frozen=True)
class Finished:
    """A run's final record, and whether it was there already."""

    record: RunRecord
    reused: bool


@dataclass
class _Going:
    """A run that somebody carries out."""

    plan: RunPlan
    task: Task
    claims: contextlib.ExitStack
    entered: RunRecord | None = None  # what was written of the attempt as it began; None: nothing is run any more
    taking: Future[None] | None = None  # what this process still does for its results
    reused: bool = False
    heard_at: float = field(default_factory=time.monotonic)
    stop: StopFlag = field(default_factory=StopFlag)  # what was passed on to its worker


def run_group(
    plans: Sequence[RunPlan],
    group: GroupFolder,
    tools: RunTools,
    *,
    jobs: int,
    graded: bool = True,
    resume: bool = False,
    goes_on: Callable[[RunPlan], bool] = lambda plan: False,
    again: Collection[str] = (),
    executor: Callable[[Work], Executor] = LocalExecutor,
    admission: Admission | None = None,
    on_start: Callable[[RunPlan], None],
    on_end: Callable[[RunPlan, Finished], None],
    on_broken: Callable[[RunPlan, BaseException], None] = lambda plan, error: None,
    say: Callable[[str], None] = lambda line: None,
) -> list[Finished]:
    """Run, and unless told otherwise grade, every plan that has no outcome yet; results come in the order of `plans`.

    With `resume` they go on from what was interrupted; one that can't raises `UserError`. Without it those go on of
    which `goes_on` says so. Runs named in `again` are run whatever there is of them, from the beginning.

    Plans that were not started when a stop was asked for are left out. When one raises, no other is started, those that
    run are let run to their end, and the error goes on.
    """
    with coordinating(group, jobs) as leases, ThreadPoolExecutor(jobs, thread_name_prefix="take-in") as pool:
        for plan in plans:
            _enqueue(plan, group.run(plan.run_id))
        heard = Heard(on_start, on_end, on_broken, say)
        admission = admission or Slots(jobs)
        shared = Shared(group, tools, leases, admission, heard, graded, resume, goes_on, frozenset(again))
        coordinator = Coordinator(plans, shared)
        return coordinator.run(executor(coordinator.carry_out), pool)


@dataclass(frozen=True)
class Heard:
    """Who is told what becomes of the runs."""

    on_start: Callable[[RunPlan], None]
    on_end: Callable[[RunPlan, Finished], None]
    on_broken: Callable[[RunPlan, BaseException], None]
    say: Callable[[str], None]


@dataclass(frozen=True)
class Shared:
    """What all runs of one command have."""

    group: GroupFolder
    tools: RunTools
    leases: Leases
    admission: Admission
    heard: Heard
    graded: bool
    resume: bool
    goes_on: Callable[[RunPlan], bool]
    again: frozenset[str]


class Coordinator:
    """One command's loop over its runs."""

    def __init__(self, plans: Sequence[RunPlan], shared: Shared) -> None:
        self._order = [plan.run_id for plan in plans]
        self._waiting = {plan.run_id: plan for plan in plans}
        self._shared = shared
        self._group = shared.group
        self._tools = shared.tools
        self._leases = shared.leases
        self._heard = shared.heard
        self._asked = StopFlag()  # by another command
        self._going: dict[int, _Going] = {}
        self._given_up: dict[int, Task] = {}  # lost, and maybe still at work somewhere
        self._done: dict[str, Finished] = {}
        self._lost: dict[str, int] = {}
        self._error: BaseException | None = None
        self._deaf = False

    def run(self, executor: Executor, pool: ThreadPoolExecutor) -> list[Finished]:
        """Start what may start and hear what comes, until nothing waits and nothing runs."""
        try:
            while True:
                self._listen_to_others()
                self._start_what_may(executor, pool)
                if not self._going and not self._waits_for_others():
                    break
                self._pass_on_the_stop(executor)
                taking = any(going.taking for going in self._going.values())
                event = executor.next_event(TAKING_POLL_SECONDS if taking else POLL_SECONDS)
                if event is not None:
                    self._hear(event, executor, pool)
                self._see_what_was_taken_in()
                self._give_up_the_silent(executor)
        finally:
            executor.close()
            for going in self._going.values():
                going.claims.close()
        if self._error is not None:
            raise self._error
        return [self._done[run_id] for run_id in self._order if run_id in self._done]

    def carry_out(self, task: Task, flag: StopFlag) -> Path:
        """Be the worker on this machine: run in the run's own folder, and grade."""
        plan, folder = self._going[task.token].plan, RunFolder(task.folder)
        tools = replace(
            self._tools,
            should_stop=lambda: self._stopping() or flag.in_order(),
            should_end=lambda: self._ending() or flag.at_once(),
            publish=partial(publishing.in_place, self._leases, task.token, folder),
        )
        entered = self._going[task.token].entered
        assert entered is not None  # it was submitted after that
        self._grade(plan, run_attempt(plan, folder, tools, entered))
        return task.folder

    def _stopping(self) -> bool:
        return self._tools.should_stop() or self._asked.in_order()

    def _ending(self) -> bool:
        return self._tools.should_end() or self._asked.at_once()

    def _waits_for_others(self) -> bool:
        """Is a run left that starts once other commands give back what they hold?"""
        wanted = bool(self._waiting) and self._error is None and not self._stopping()
        return wanted and self._shared.admission.waits

    def _listen_to_others(self) -> None:
        """Hear what other commands ask of this one; end at once where one of them has taken its place."""
        try:
            wish = self._leases.wish()
        except Superseded as error:
            self._error = self._error or error
            wish = "end"
        except InfrastructureError as error:  # a full disk is no reason to end what runs
            if not self._deaf:
                self._heard.say(f"podium status and podium stop may not reach this command: {error}")
            self._deaf = True
            return
        if wish == "stop" and not self._stopping():
            self._heard.say("stopping when the running nodes are done, as podium stop asked")
            self._asked.set()
        elif wish == "end" and not self._ending():
            self._heard.say("stopping now, as soon as the containers are removed, as another command asked")
            self._asked.set(at_once=True)

    def _start_what_may(self, executor: Executor, pool: ThreadPoolExecutor) -> None:
        """Start runs as long as there is room."""
        while self._waiting and self._error is None and not self._stopping():
            admitted = self._shared.admission.admit(list(self._waiting.values()))
            if not admitted:
                return
            for one in admitted:
                plan = replace(self._waiting.pop(one.plan.run_id), place=one.place)
                with contextlib.ExitStack() as claims:
                    claims.callback(self._shared.admission.release, plan)
                    try:
                        self._start(plan, one.place, claims, executor, pool)
                    except Exception as error:  # of this run; those that go on are let run to their end
                        self._break_off(plan, error)

    def _start(
        self, plan: RunPlan, place: Place, claims: contextlib.ExitStack, executor: Executor, pool: ThreadPoolExecutor
    ) -> None:
        """Start the run, or take what is there of it; what `claims` holds goes over to a run that goes on."""
        folder = self._group.run(plan.run_id)
        claims.enter_context(claimed(folder, self._leases.gone))
        claims.enter_context(in_use(plan.prepared))
        anew = self._shared.resume or plan.run_id in self._shared.again
        found = None if anew else outcome(plan, folder)
        if found is not None and (not self._shared.graded or folder.grade_file.is_file()):
            self._finish(plan, Finished(found, reused=True))
            return
        if found is not None:
            task = task_of(plan, place, folder, attempt=found.attempt, token=-len(self._going) - 1)
            taking = pool.submit(self._grade, plan, found)
            self._going[task.token] = _Going(plan, task, claims.pop_all(), taking=taking, reused=True)
            return
        self._heard.on_start(plan)
        goes_on = self._shared.resume or (not anew and self._shared.goes_on(plan))
        attempt = begin(plan, folder, goes_on=goes_on)
        token = self._leases.grant(plan.run_id, attempt)
        task = task_of(plan, place, folder, attempt=attempt, token=token, goes_on=goes_on)
        entered = enter(plan, folder, self._tools, attempt=attempt, token=token, goes_on=goes_on)
        self._going[token] = _Going(plan, task, contextlib.ExitStack(), entered)
        try:
            executor.submit(task)
        except BaseException as error:
            del self._going[token]
            self._leases.lose(token, f"no worker took it: {error}")
            raise
        self._going[token].claims = claims.pop_all()
        self._going[token].heard_at = time.monotonic()

    def _hear(self, event: Event, executor: Executor, pool: ThreadPoolExecutor) -> None:
        if event.token in self._given_up:
            self._hear_of_lost(event)
            return
        going = self._going[event.token]
        going.heard_at = time.monotonic()
        if isinstance(event, Raised):
            self._end(going)
            self._break_off(going.plan, event.error)
        elif isinstance(event, Vanished):
            self._place_again(going, event.reason)
        elif isinstance(event, HandedIn) and event.folder != going.task.folder:
            going.taking = pool.submit(self._take_in, going, event.folder)
        elif isinstance(event, HandedIn):
            self._end(going)
            self._finish(going.plan, Finished(_record_in(going.task.folder), reused=False))

    def _hear_of_lost(self, event: Event) -> None:
        """What comes of an attempt that was given up is kept beside it, and is no result."""
        if isinstance(event, Alive):
            return
        task = self._given_up.pop(event.token)
        if isinstance(event, HandedIn) and event.folder != task.folder:
            publishing.from_elsewhere(self._leases, task, RunFolder(event.folder))

    def _see_what_was_taken_in(self) -> None:
        for going in [going for going in self._going.values() if going.taking and going.taking.done()]:
            self._end(going)
            assert going.taking is not None
            error = going.taking.exception()
            if error is not None:
                self._break_off(going.plan, error)
            else:
                self._finish(going.plan, Finished(_record_in(going.task.folder), reused=going.reused))

    def _take_in(self, going: _Going, folder: Path) -> None:
        """Make the run's results of what a worker elsewhere handed in, and grade them."""
        record = publishing.from_elsewhere(self._leases, going.task, RunFolder(folder))
        if record.status is not RunStatus.LOST:
            self._grade(going.plan, record)

    def _give_up_the_silent(self, executor: Executor) -> None:
        most = executor.silence_seconds
        if most is None:
            return
        for going in [going for going in self._going.values() if going.taking is None]:
            silent = time.monotonic() - going.heard_at
            if silent > most:
                self._given_up[going.task.token] = going.task
                executor.cancel(going.task.token, at_once=True)
                self._place_again(going, f"nothing was heard of its worker for {silent:.0f} s")

    def _place_again(self, going: _Going, reason: str) -> None:
        """The worker is gone: keep what there is of the attempt as lost, and let the run wait again."""
        plan, folder = going.plan, RunFolder(going.task.folder)
        self._leases.lose(going.task.token, reason)
        record = _record_in(folder.path).model_copy(update={"status": RunStatus.LOST, "reason": reason})
        folder.write(record)
        times = self._lost[plan.run_id] = self._lost.get(plan.run_id, 0) + 1
        if times < MOST_PLACINGS:
            folder.write(first_record(plan, RunStatus.QUEUED, attempt=folder.set_aside()))
            self._waiting[plan.run_id] = replace(plan, place=Place())
            self._heard.say(f"{plan.run_id}: {reason}; it is placed again")
        else:
            self._finish(plan, Finished(record, reused=False))
        self._end(going)

    def _end(self, going: _Going) -> None:
        self._going.pop(going.task.token)
        going.claims.close()

    def _finish(self, plan: RunPlan, finished: Finished) -> None:
        self._done[plan.run_id] = finished
        self._heard.on_end(plan, finished)

    def _break_off(self, plan: RunPlan, error: BaseException) -> None:
        self._error = self._error or error
        self._heard.on_broken(plan, error)

    def _pass_on_the_stop(self, executor: Executor) -> None:
        """Tell the workers what the user wishes; those of this process ask by themselves, too."""
        in_order, at_once = self._stopping(), self._ending()
        for token, going in self._going.items():
            if at_once and not going.stop.at_once():
                going.stop.set(at_once=True)
                executor.cancel(token, at_once=True)
            elif in_order and not going.stop.in_order():
                going.stop.set()
                executor.cancel(token, at_once=False)

    def _grade(self, plan: RunPlan, record: RunRecord) -> None:
        folder = self._group.run(plan.run_id)
        if self._shared.graded and can_grade(record):
            grade_run(folder, record, plan.competition, plan.prepared)
            grade_nodes_soon(folder, record, plan.competition, plan.prepared)


def task_of(plan: RunPlan, place: Place, folder: RunFolder, *, attempt: int, token: int, goes_on: bool = False) -> Task:
    """What a worker has to know of an attempt of the plan."""
    needs = needs_of(plan)
    stated = ("--memory", needs.memory_bytes), ("--disk", needs.disk_bytes)
    limits = [word for flag, size in stated for word in (flag, f"{size / (1 << 30):.12g}")]
    return Task(
        group=plan.group,
        run_id=plan.run_id,
        configuration=plan.configuration,
        attempt=attempt,
        token=token,
        arguments=(*plan.arguments, *limits, "--cpus", f"{needs.cpus:.12g}"),
        plan_sha256=plan.sha256(),
        needs=needs,
        place=place,
        goes_on=goes_on,
        folder=folder.path,
    )


def needs_of(plan: RunPlan) -> Needs:
    """What the run takes of a machine."""
    limits = plan.limits
    return Needs(
        cpus=limits.cpus, memory_bytes=limits.memory_bytes, disk_bytes=limits.workspace_bytes, gpus=plan.gpus_text
    )


def outcome(plan: RunPlan, folder: RunFolder) -> RunRecord | None:
    """The record of a run that ended with an outcome on the same inputs."""
    record = folder.read()
    if record is not None and record.status.is_outcome and record.plan_sha256 == plan.sha256():
        return record
    return None


def _enqueue(plan: RunPlan, folder: RunFolder) -> None:
    if folder.read() is None:
        folder.write(first_record(plan, RunStatus.QUEUED, attempt=1))


def _record_in(folder: Path) -> RunRecord:
    record = RunFolder(folder).read()
    if record is None:
        raise InfrastructureError(f"{folder}/run.json is gone: who removed it? Run the same command again")
    return record
