"""Looks after one run on another machine: has it placed, sent, watched, fetched; the thread that does so is here.

What a run has written so far is kept beside its record as it grows, so a node that is lost takes no finished node of
the search along. What it came to is taken as a whole, and checked, before anybody sees it. A node that can't carry runs
(no engine, other code, other data) is passed over from then on, and said aloud.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import InfrastructureError, Interrupted, UserError
from harness.gateway.held import NAME as HELD_NAME
from harness.gateway.journal import StoredEvent
from harness.gateway.pace import RateLimits
from harness.groups import granted, publishing
from harness.groups.cluster import Cluster
from harness.groups.executor import Task, WorkerGone
from harness.groups.fetching import PIECE_BYTES, beside, fetched
from harness.groups.line import POLL_SECONDS, Line
from harness.groups.rates import Rates, Refusal
from harness.nodes import addresses
from harness.nodes.job import Job
from harness.nodes.keeper import MIRRORED
from harness.nodes.luggage import packed
from harness.nodes.news import refusals_line, share_line
from harness.nodes.parcel import ParcelRefused
from harness.results.layout import RunFolder, now
from harness.results.record import RunStatus, UsageRecord
from harness.runs.plan import RunPlan
from harness.runs.resume import usage_in
from harness.runs.stopping import StopFlag
from harness.setup.steps import Say
from harness.untrusted import one_line

PLACE_SECONDS = 60.0  # so long a run waits for a node that could carry it to join
MOST_MIRRORED_BYTES = 2 << 30  # a run's log, as a node may send it
LONGEST_WHY = 300
LONGEST_REASON = 1000
ALL = ""  # competitions


@dataclass(frozen=True)
class Shared:
    """What the errands of one command share."""

    cluster: Cluster
    plans: Mapping[str, RunPlan]  # by run
    make_job: Callable[[RunPlan], Job]
    say: Say
    on_event: Callable[[RunPlan, StoredEvent], None]
    rates: Rates = field(default_factory=Rates)
    recorded: Callable[[RunPlan], Sequence[Path]] = lambda plan: ()  # transcripts whose answers a run uses again
    unfit: dict[tuple[str, str], str] = field(default_factory=dict)  # a node and a competition, or all; and why
    lock: threading.Lock = field(default_factory=threading.Lock)

    def carry_out(self, task: Task, flag: StopFlag) -> Path:
        """Be the worker of a task, from here."""
        return Errand(self, task, flag).run()

    def unfit_for(self, competition: str) -> dict[str, str]:
        """The nodes that can't carry runs on a competition, and why."""
        with self.lock:
            return {node: why for (node, of), why in self.unfit.items() if of in (ALL, competition)}

    def pass_over(self, node: str, competition: str, why: str) -> None:
        """Send no more such runs to a node."""
        with self.lock:
            self.unfit[node, competition] = why


class NodeUnfit(InfrastructureError):
    """This node can't carry runs, on one competition or at all; another one may."""

    def __init__(self, message: str, hostname: str, competition: str) -> None:
        super().__init__(message)
        self.hostname = hostname
        self.competition = competition


class Errand:
    """One task's."""

    def __init__(self, shared: Shared, task: Task, flag: StopFlag) -> None:
        self._shared = shared
        self._task = task
        self._flag = flag
        self._plan = shared.plans[task.run_id]
        self._folder = RunFolder(task.folder)
        self._told: set[str] = set()
        self._share = RateLimits()  # as its node was told
        self._newest = 0  # of the refusals that its node was told of
        self._is_cut_off = False  # is a log too long to be kept here?

    def run(self) -> Path:
        """Have it carried out; return the folder with what it came to."""
        try:
            job = self._made_job()
        except UserError as error:
            self._close(RunStatus.INFRA_FAILED, one_line(str(error), LONGEST_REASON))
            raise
        while True:
            try:
                return self._on_some_node(job)
            except NodeUnfit as error:
                what = f"runs on {error.competition}" if error.competition else "runs"
                self._shared.say(f"{error.hostname} can't carry {what}, and gets no more of them: {error}")
            except ParcelRefused as error:
                return self._failed(str(error))

    def _made_job(self) -> Job:
        """The job with all that goes with it; `UserError` where something of it can't leave this machine."""
        recorded = self._shared.recorded(self._plan)
        goes_on, attempt = self._task.goes_on, self._task.attempt
        luggage = packed(self._plan, recorded, self._folder, attempt, goes_on=goes_on)
        return replace(self._shared.make_job(self._plan), luggage=luggage)

    def _on_some_node(self, job: Job) -> Path:
        unfit = self._shared.unfit_for(self._plan.competition.id)
        try:
            keeper = self._placed(unfit)
        except InfrastructureError as error:
            if not unfit:
                raise
            return self._failed(f"{error}. Passed over: {'; '.join(unfit.values())}")
        cluster = self._shared.cluster
        line = Line(cluster, keeper, self._refuse_to_go_on)
        try:
            return self._carried_out(line, job)
        except cluster.ray.exceptions.RayError as error:
            where = f"on {line.hostname}" if line.hostname else "before it was placed"
            raise WorkerGone(f"lost {where}: {one_line(str(error), LONGEST_WHY)}") from error
        finally:
            line.hang_up()

    def _placed(self, unfit: Mapping[str, str]) -> Any:
        """Have a keeper placed, where a node that could carry the run is there or joins soon."""
        until = time.monotonic() + (0 if unfit else PLACE_SECONDS)
        while True:
            self._refuse_to_go_on()
            self._refuse_when_stopped()
            try:
                return self._shared.cluster.keeper(self._task.needs, unfit)
            except InfrastructureError:
                if time.monotonic() > until:
                    raise
            time.sleep(POLL_SECONDS)

    def _carried_out(self, line: Line, job: Job) -> Path:
        hello = line.greet(self._refuse_when_stopped)
        node, *gpus = line.call("where")
        rates = self._shared.rates
        rates.join(self._task.token, node)
        try:
            self._refuse_other(hello, job, line.hostname)
            self._note(node=line.hostname)
            granted.grant(self._folder.path, self._plan)
            self._share = rates.share(node)
            job = replace(job, shipping=replace(job.shipping, pace=self._share))
            line.call("start", pickle.dumps(job), self._plan.group, self._plan.run_id, ",".join(gpus))
            state = self._follow(line, node)
            self._settle(line)
            self._judge(state, line)
            came_to = fetched(line, self._task, self._plan)
            granted.settle(self._folder.path)  # its record says what it used, however long its logs are
            return came_to
        except NodeUnfit as error:
            self._shared.pass_over(node, error.competition, f"{line.hostname}: {error}")
            raise
        finally:
            rates.leave(self._task.token)

    def _refuse_other(self, hello: Mapping[str, Any], job: Job, hostname: str) -> None:
        """A node has the same code, and no public address."""
        if hello["code_sha256"] != job.code_sha256:
            same = "its Podium is another one. Bring it to the same commit, with the same edits"
            raise NodeUnfit(same, hostname, ALL)
        try:
            addresses.refuse_public(hello["addresses"], hostname)
        except UserError as error:
            raise NodeUnfit(str(error), hostname, ALL) from error

    def _follow(self, line: Line, node: str) -> Mapping[str, Any]:
        """Until it is over: keep what it writes, pass wishes on. Return how it stood then."""
        sizes = dict.fromkeys(MIRRORED, 0)
        rest = b""
        while True:
            self._pass_on(line)
            self._tell_of_accounts(line, node)
            state: dict[str, Any] = json.loads(line.call("poll"))
            self._shared.rates.hear(node, {name: Refusal(*ages) for name, ages in state.get("refused", {}).items()})
            for said in state["said"]:
                self._shared.say(f"{line.hostname}: {one_line(str(said))}")
            for name in MIRRORED:
                for piece in self._news(line, name, sizes, int(state["sizes"].get(name, 0))):
                    with (self._folder.path / name).open("ab") as log:
                        log.write(piece)
                    if name == self._folder.journal.name:
                        rest = self._show(rest + piece)
            if state["over"]:
                return state
            time.sleep(POLL_SECONDS)

    def _settle(self, line: Line) -> None:
        """Its process is over, and its transcript is here: what it can have spent is known, be it graded or not."""
        if self._is_cut_off:
            return
        if in_flight := line.call("read", HELD_NAME, 0, PIECE_BYTES):
            (self._folder.path / HELD_NAME).write_bytes(in_flight)
        granted.settle(self._folder.path)

    def _news(self, line: Line, name: str, sizes: dict[str, int], there: int) -> Iterator[bytes]:
        """What was added to a log since the last time."""
        self._is_cut_off = self._is_cut_off or there > MOST_MIRRORED_BYTES
        while sizes[name] < min(there, MOST_MIRRORED_BYTES):
            piece = line.call("read", name, sizes[name], PIECE_BYTES)
            if not piece:
                return
            sizes[name] += len(piece)
            yield piece

    def _show(self, lines: bytes) -> bytes:
        """Tell of the whole lines of the journal; return what is not one yet."""
        *whole, rest = lines.split(b"\n")
        for line in whole:
            with contextlib.suppress(ValidationError):
                self._shared.on_event(self._plan, StoredEvent.model_validate_json(line))
        return rest

    def _judge(self, state: Mapping[str, Any], line: Line) -> None:
        """What became of the run's process, where that was not the run's own end."""
        kind, reason = state.get("failed"), str(state.get("reason", ""))
        if kind is None:
            return
        if self._flag.at_once():
            self._keep_stopped(line, has_record=bool(state["record"]))
            raise Interrupted("stopped")
        if kind == "user":
            raise UserError(f"on {line.hostname}: {reason}")
        if kind == "bug":
            raise RuntimeError(f"on {line.hostname}: {reason}\n{state.get('trace', '')}")
        if kind == "infrastructure" and not state.get("started"):
            raise NodeUnfit(reason, line.hostname, self._plan.competition.id)
        # Its process was killed, or ended because nobody here asked after it for long.
        raise WorkerGone(f"lost on {line.hostname}: {one_line(reason, LONGEST_WHY)}")

    def _keep_stopped(self, line: Line, *, has_record: bool) -> None:
        """What an interrupted run came to lies in its own folder, as that of one on this machine does."""
        if has_record:
            handed_in = RunFolder(fetched(line, self._task, self._plan))
            record = handed_in.read()
            assert record is not None  # else it would have been refused
            publishing.move(handed_in, self._folder, record)
        self._close(RunStatus.STOPPED, "interrupted")

    def _failed(self, reason: str) -> Path:
        """Hand in a run of which there are no results, as the infrastructure's failure."""
        record = self._folder.read()
        assert record is not None  # the coordinator wrote it
        folder = RunFolder(beside(self._task))
        known = {"status": RunStatus.INFRA_FAILED, "reason": one_line(reason, LONGEST_REASON), "ended_at": now()}
        folder.write(record.model_copy(update={**known, "usage": self._usage()}))
        return folder.path

    def _pass_on(self, line: Line) -> None:
        """Tell the node once what the user wishes."""
        for wish, asked in (("end", self._flag.at_once()), ("stop", self._flag.in_order())):
            if asked and wish not in self._told:
                self._told.add(wish)
                line.call(wish)

    def _tell_of_accounts(self, line: Line, node: str) -> None:
        """Tell the node what its share is now, and what others were refused, where that is new."""
        rates = self._shared.rates
        if (share := rates.share(node)) != self._share:
            line.call("heed", share_line(share))
            self._share = share
        refusals, newest = rates.news(node, self._newest)
        if refusals:
            line.call("heed", refusals_line(refusals))
        self._newest = newest

    def _refuse_to_go_on(self) -> None:
        """Raise where nothing is to be waited for any more."""
        cluster = self._shared.cluster
        if cluster.head_is_gone:
            self._close(RunStatus.LOST, "the cluster's head is gone")
            raise InfrastructureError(
                f"the head of the Ray cluster at {cluster.address} is gone. What was finished is kept; with a cluster "
                "again, the same command does the rest"
            )

    def _refuse_when_stopped(self) -> None:
        """A run that has no place yet is not begun once the user wants an end."""
        if self._flag.in_order():
            self._close(RunStatus.STOPPED, "stopped before it was placed")
            raise Interrupted("stopped")

    def _close(self, status: RunStatus, reason: str) -> None:
        """Say in the record what became of a run of which no node says it any more."""
        self._note(status=status, reason=reason, ended_at=now(), usage=self._usage())

    def _usage(self) -> UsageRecord:
        """What the run used, as far as its transcript here tells."""
        return UsageRecord(**asdict(usage_in(self._folder.path)))

    def _note(self, **known: object) -> None:
        """Add to the record while the run is under way; its final one is the node's."""
        record = self._folder.read()
        if record is not None and record.status is RunStatus.RUNNING:
            self._folder.write(record.model_copy(update=known))
