"""The only loop: choose → propose → execute → review → append, for several proposals at a time, until the run's end.

The loop acts and decides nothing: the policy chooses, an operator words the question, a worker carries the proposal
out, the verdict judges. Only the loop changes the journal, and every event goes out as it happens, so whatever is
killed, all finished nodes are known outside. The journal may start with the nodes of an earlier attempt; each step
draws from a random stream of its own, so nothing else need be restored.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.attempt import Attempt
from agent.blends import Blends, Kept, forget_others, kept
from agent.contract import BestEvent, EndEvent, EndReason, ProposalEvent, RunRequest
from agent.crew import Crew, Done
from agent.deadline import Deadline
from agent.ends import EndOfRun, ModelUnavailable, StopRequested
from agent.excerpt import excerpt
from agent.gateway import Gateway, GatewayError
from agent.interpreter import Interpreter
from agent.journal import Journal, Node, Pending
from agent.llm.base import LLM
from agent.llm.turns import Sharing, Turns
from agent.operators import OPERATORS, base_of
from agent.operators.base import Limits, Situation, Task
from agent.operators.summarize import Chronicle
from agent.order import AsItComes, Order
from agent.programs import Programs
from agent.promptset import PromptSet
from agent.search.base import Decision, Ensemble, Progress, SearchPolicy
from agent.slots import Slots
from agent.stop import StopSwitch
from agent.stopwatch import Stopwatch
from agent.trials import Trials
from agent.worker import Worker
from agent.workspace import Workspace

MAX_REFUSALS_IN_A_ROW = 5
STOP_SECONDS = 2.0  # for those at work when SIGTERM comes; the supervisor kills after eight
OVERTIME_SECONDS = 5.0  # for those at work at the deadline, whose scripts end before it
CLOSING_SECONDS = 2.0


@dataclass
class Agent:
    """One run. Everything that it acts through is handed in; `run` is called once.

    There are as many workers as the request says, but no more than interpreters that work.
    """

    request: RunRequest
    task: Task
    policy: SearchPolicy
    prompts: PromptSet
    coder: LLM
    reviewer: LLM
    interpreters: Sequence[Interpreter]
    gateway: Gateway
    workspace: Workspace
    journal: Journal
    programs: Programs | None = None  # None: a program is run as often as it comes
    trials: Trials | None = None  # None: no script is tried on a sample first
    fallback: LLM | None = None
    order: Order = field(default_factory=AsItComes)
    stop: StopSwitch = field(default_factory=StopSwitch)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        candidate = self.request.candidate
        self._deadline = Deadline(self.clock, self.request.deadline_seconds, candidate.timeout_seconds)
        self._slots = Slots(self.interpreters, candidate.cpus)
        self._crew: Crew[Attempt] = Crew()
        self._free_since = [self.clock()] * self._slots.count
        self._flying: dict[str, Attempt] = {}
        self._landed: list[Done[Attempt]] = []  # done, but their turn has not come
        self._refusals = 0
        self._published = self.journal.best
        self._chronicle = Chronicle()
        self._end: BaseException | None = None
        self._wait_until: float | None = None
        self._hurried = False
        turns = Turns()
        self._worker = Worker(
            task=self.task,
            prompts=self.prompts,
            coder=Sharing(self.coder, turns),
            reviewer=Sharing(self.reviewer, turns),
            fallback=self.fallback and Sharing(self.fallback, turns),
            slots=self._slots,
            limits=candidate,
            gateway=self.gateway,
            workspace=self.workspace,
            deadline=self._deadline,
            programs=self.programs,
            trials=self.trials,
            leakage_review=self.request.search.leakage_review,
            held_back=self.request.validation == "hidden-split",
        )

    def run(self) -> EndEvent:
        """Search until the end; report and return how it ended. A bug is reported too, and raised."""
        reason: EndReason = "error"
        message = "the agent broke off"
        self.stop.tell(self._crew.wake)
        try:
            self._search()
            reason, message = "steps", f"all {self.request.search.steps} steps are done"
        except EndOfRun as end:
            reason, message = end.reason, excerpt(str(end))
        except BaseException as error:
            message = excerpt(f"{type(error).__name__}: {error}")
            raise
        finally:
            self._close()
            best = self.journal.best
            ended = EndEvent(reason, message, best.id if best else None)
            self.gateway.report(ended)
        return ended

    def _search(self) -> None:
        """Keep the workers busy; once something ends the run, let those at work finish what was paid for."""
        known = {node.step for node in self.journal}
        steps = [step for step in range(1, self.request.search.steps + 1) if step not in known]
        while True:
            while self._end is None and steps and len(self._flying) < self._workers:
                step = self.order.next_step(steps, self._flying)
                if step is None:
                    break
                steps.remove(step)
                self._endable(lambda: self._start(step, len(steps)))  # noqa: B023 - called at once
            if not self._flying:
                break
            done = self._next_done()
            if done is None:
                break
            self._endable(lambda: self._take(done))  # noqa: B023 - called at once
        if self._end is not None:
            raise self._end

    @property
    def _workers(self) -> int:
        """How many may be at work: a slot that broke takes its worker along."""
        return max(1, min(self.request.workers, self._slots.count))

    def _endable(self, act: Callable[[], None]) -> None:
        """Do something that may turn out to end the run."""
        try:
            act()
        except EndOfRun as end:
            self._end_with(end)

    def _end_with(self, end: BaseException) -> None:
        """Note why no more is proposed, and until when those at work are waited for. A bug outweighs an orderly end."""
        if self._end is None or (isinstance(self._end, EndOfRun) and not isinstance(end, EndOfRun)):
            self._end = end
        seconds = max(0.0, self._deadline.left) + OVERTIME_SECONDS
        if self.stop.requested:
            seconds = min(seconds, STOP_SECONDS)
        until = time.monotonic() + seconds
        self._wait_until = until if self._wait_until is None else min(self._wait_until, until)

    def _next_done(self) -> Done[Attempt] | None:
        """Wait for a worker to finish whose turn it is; None when the run ends before one does."""
        while True:
            for number, done in enumerate(self._landed):
                if self._end is not None or self.order.may_come_in(done.item.pending.id, self._flying):
                    return self._landed.pop(number)
            if self.stop.requested and not self._hurried:
                self._hurried = True
                self._end_with(StopRequested("the agent was asked to end"))
            left = None if self._wait_until is None else self._wait_until - time.monotonic()
            landed = self._crew.next(left)
            if landed is not None:
                self._landed.append(landed)
                continue
            if left is not None and self._wait_until is not None and time.monotonic() >= self._wait_until:
                return None

    # One proposal

    def _start(self, step: int, others_left: int) -> None:
        """Choose what to try, announce it, and put a worker on it."""
        progress = self.order.progress(_node_id(step), self._look_around(step))
        decision = self.policy.choose(self.journal, progress, random.Random(f"{self.request.seed}/{step}"))  # noqa: S311
        pending = self._announce(decision, progress)
        limits = self._limits(others_left + 1, progress.spent_fraction)
        earlier = self._earlier(decision)
        situation = Situation(
            self.task, self.journal, decision.parents, limits, self._chronicle.memory(self.journal), earlier
        )
        messages = OPERATORS[decision.action](situation, self.prompts)
        watch = Stopwatch(self.clock, self._free_since.pop(0))
        base = base_of(decision.action, decision.parents, self.prompts.settings)
        attempt = Attempt(
            pending,
            messages,
            watch,
            self.request.seed,
            base,
            inputs={name: path for one in earlier for name, path in one.files.items()},
            known_programs=self.programs.count if self.programs is not None else 0,
            summary=self._chronicle.due(self.task, self.journal, self.prompts),
            held_back=self.request.validation == "hidden-split",
        )
        if self.request.search.leakage_review:
            attempt.earlier_scores = tuple(node.score for node in self.journal.good if node.score is not None)
        self._flying[pending.id] = attempt
        self._crew.start(self._worker.carry_out, attempt)

    def _earlier(self, decision: Decision) -> tuple[Kept, ...]:
        """Return the predictions that a script may read: of what it blends, or of what its parents blended."""
        if isinstance(decision, Ensemble):
            return tuple(kept(self.workspace, node) for node in decision.nodes)
        names = self.journal.view(Blends).of(parent.id for parent in decision.parents)
        return tuple(kept(self.workspace, self.journal[name]) for name in names)

    def _look_around(self, step: int) -> Progress:
        """Ask how much is left; raise the end of the run if it is not enough for another candidate."""
        self.stop.check()
        status = self.gateway.status()
        if status.stop:
            raise StopRequested("the harness asked the run to end")
        self._deadline.follow(status)
        self._deadline.check(f"{max(0.0, self._deadline.left):.0f} s are left of {status.deadline_seconds:.0f} s")
        return Progress(
            step=step,
            steps=self.request.search.steps,
            elapsed_fraction=round(status.elapsed_seconds / status.deadline_seconds, 6),
            spent_fraction=round(status.spent_fraction, 6),
            stalled=self.journal.stalled,
            repeats=self.journal.repeats,
        )

    def _announce(self, decision: Decision, progress: Progress) -> Pending:
        parents = tuple(parent.id for parent in decision.parents)
        pending = Pending(_node_id(progress.step), progress.step, decision.action, parents)
        self.journal.propose(pending)
        self.order.happened("proposal", pending.id)
        self.gateway.report(
            ProposalEvent(pending.id, pending.step, pending.action, pending.parents, progress.as_dict())
        )
        return pending

    def _limits(self, steps_left: int, spent_fraction: float) -> Limits:
        return Limits(
            steps_left=steps_left,
            steps=self.request.search.steps,
            time_left_seconds=self._deadline.left,
            deadline_seconds=self.request.deadline_seconds,
            script_timeout_seconds=self._deadline.for_a_script,
            spent_fraction=spent_fraction,
        )

    # What came of it

    def _take(self, done: Done[Attempt]) -> None:
        """Record what has an outcome, and note what ends the run: in this order, so that no node is lost."""
        attempt = done.item
        del self._flying[attempt.pending.id]
        if done.error is None and attempt.execution is not None:
            self._append(attempt)
        else:
            self._forget(attempt)
        if isinstance(done.error, GatewayError):
            raise done.error  # nothing can be recorded any more
        if done.error is not None:
            self._end_with(done.error)
        elif attempt.end is not None:
            raise attempt.end
        else:
            self._count_refusals(attempt)

    def _append(self, attempt: Attempt) -> None:
        event = attempt.event(self.task.brief.metric)
        self._free_since.append(self.clock())  # recording counts towards the next node: this one's event is written
        self.gateway.report(event)
        node = Node.from_event(event)
        self.journal.append(node)
        self.order.happened("node", node.id)
        being_read = {path for other in self._flying.values() for path in other.inputs.values()}
        forget_others(self.workspace, self.journal, node, being_read)
        if self.programs is not None and not attempt.inputs:
            self.programs.record(event)
        if attempt.summary is not None:
            self._chronicle.take(attempt.written)
        self._publish_best(attempt)

    def _forget(self, attempt: Attempt) -> None:
        """Let go of what has no outcome; whoever waits for it runs the program."""
        self._free_since.append(self.clock())
        if self.programs is not None:
            self.programs.give_up(attempt.proposal.code, attempt.pending.id)

    def _publish_best(self, attempt: Attempt) -> None:
        """Put a new best node's submission where it is graded, then say so."""
        best, execution = self.journal.best, attempt.execution
        if best is None or best is self._published or execution is None or execution.submission is None:
            return
        self.workspace.publish(execution.submission)
        self._published = best
        self.gateway.report(BestEvent(best.id, best.score))

    def _count_refusals(self, attempt: Attempt) -> None:
        self._refusals = self._refusals + 1 if attempt.proposal.refused else 0
        if self._refusals >= MAX_REFUSALS_IN_A_ROW:
            raise ModelUnavailable(f"the model refused {self._refusals} requests in a row: {attempt.proposal.problem}")

    def _close(self) -> None:
        """End what still runs, and give its workers a moment to clean up; what they find then is not recorded."""
        self._slots.close()
        until = time.monotonic() + CLOSING_SECONDS
        while self._crew.busy and (left := until - time.monotonic()) > 0:
            self._crew.next(left)


def _node_id(step: int) -> str:
    return f"n{step:04d}"
