"""One run: request → container → artefacts → status. Grading is a stage of its own and comes after.

The order matters: the record is written before anything starts, the gateway outlives the container, the submission is
taken from the stopped container, and container and workspace are removed whatever happened.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness import contract
from harness.agents.box import with_answers
from harness.data.search_view import by_id
from harness.egress.addresses import PublicReach
from harness.errors import InfrastructureError, Interrupted, InvalidSubmission, PodiumError, UserError
from harness.files import DISK_TROUBLE, sha256_of, write_atomically
from harness.results import layout as results
from harness.results.layout import HostRecord, RunFolder, RunRecord, RunStatus, ServedRecord, UsageRecord
from harness.results.record import CodeRecord, EgressRecord, TrespassRecord
from harness.results.rows import tree_of
from harness.runs import lost, recorded_order, resume
from harness.runs.door import open_door
from harness.runs.final_run import Final, keep_test_rows
from harness.runs.first_record import first_record
from harness.runs.plan import RunPlan, sandbox_spec
from harness.runs.verdict import Heard, Known, judge
from harness.sandbox.archive import Disguised
from harness.sandbox.base import Sandbox, SandboxSpec
from harness.untrusted import one_line
from harness.watch.box import WatchedBox
from harness.watch.events import Nobody, Watcher, Within
from harness.watch.run_watch import RunWatch
from harness.watch.samples import GpuSample

if TYPE_CHECKING:
    from harness.egress.addresses import Reach
    from harness.egress.proxy import Proxy
    from harness.gateway.budget import Budget
    from harness.gateway.journal import StoredEvent
    from harness.gateway.pacing import Paces
    from harness.gateway.providers.base import Provider
    from harness.gateway.scores import Scoring
    from harness.gateway.server import Gateway

LONGEST_REASON = 1000
Write = Callable[[RunRecord], None]


def publish_at_once(record: RunRecord, write: Write) -> RunRecord:
    """Write the final record, where nobody has to be asked."""
    write(record)
    return record


@dataclass(frozen=True)
class RunTools:
    """What a run stands on: made once a group, or by a test."""

    make_sandbox: Callable[[SandboxSpec], Sandbox]
    make_provider: Callable[[RunPlan], Provider]
    make_budget: Callable[[RunPlan], Budget]
    on_event: Callable[[RunPlan, StoredEvent], None]
    should_stop: Callable[[], bool]  # in order: the agent finishes its node
    should_end: Callable[[], bool] = lambda: False  # now
    host: HostRecord | None = None
    code: CodeRecord | None = None
    publish: Callable[[RunRecord, Write], RunRecord] = publish_at_once  # writes what may be written of the final record
    watch: Watcher = Nobody()  # noqa: RUF009 - has no state
    look_at_gpus: Callable[[RunPlan], Sequence[GpuSample]] = lambda plan: ()
    make_reach: Callable[[], Reach] = PublicReach  # which addresses an allowlist's names may lead to
    authorities: Callable[[], str] = lambda: ""  # certificates of whom this machine trusts, for boxes with a network
    paces: Paces | None = None  # of the providers' accounts, shared by all runs


def run_one(plan: RunPlan, folder: RunFolder, tools: RunTools, *, goes_on: bool = False) -> RunRecord:
    """Run it; return the final record, which is also in `run.json`. Only our own bugs and the user's errors raise.

    With `goes_on` it goes on from the attempt that is there.
    """
    attempt = begin(plan, folder, goes_on=goes_on)
    return run_attempt(plan, folder, tools, enter(plan, folder, tools, attempt=attempt, goes_on=goes_on))


def begin(plan: RunPlan, folder: RunFolder, *, goes_on: bool = False) -> int:
    """Make the folder ready for an attempt, with what was there set aside; return the attempt's number."""
    if goes_on:
        _refuse_what_differs(plan, folder)
    close_earlier(folder)
    return folder.set_aside()


def enter(
    plan: RunPlan, folder: RunFolder, tools: RunTools, *, attempt: int, token: int | None = None, goes_on: bool = False
) -> RunRecord:
    """Write that the attempt is under way, before anything starts; `token` is of the lease that it has."""
    record = first_record(plan, RunStatus.RUNNING, attempt=attempt, host=tools.host, code=tools.code)
    resumed_from = attempt - 1 if goes_on else None
    record = record.model_copy(update={"lease_token": token, "resumed_from": resumed_from})
    folder.write(record)
    return record


def run_attempt(plan: RunPlan, folder: RunFolder, tools: RunTools, record: RunRecord) -> RunRecord:
    """Carry out the attempt that was entered with this record, as `run_one`."""
    started = time.monotonic()
    running = _Running(plan, folder, tools, record)
    running.watch.started()
    try:
        if record.resumed_from is not None:
            running.go_on_from(resume.carry_over(folder, record.resumed_from))
        running.go()
    except InfrastructureError as error:
        running.note(status=RunStatus.INFRA_FAILED, reason=str(error))
    except (KeyboardInterrupt, Interrupted):
        running.note(status=RunStatus.STOPPED, reason="interrupted")
        raise
    except PodiumError as error:  # the user's, found out late: the agent is not to blame, and neither is this code
        running.note(status=RunStatus.INFRA_FAILED, reason=str(error))
        raise
    except OSError as error:
        if error.errno not in DISK_TROUBLE:
            running.note(status=RunStatus.HARNESS_FAILED, reason=f"{type(error).__name__}: {error}")
            raise
        running.note(status=RunStatus.INFRA_FAILED, reason=f"{error}. Make room or mend the disk: podium doctor")
    except BaseException as error:
        running.note(status=RunStatus.HARNESS_FAILED, reason=f"{type(error).__name__}: {error}")
        raise
    finally:
        running.note(ended_at=results.now(), **running.times(time.monotonic() - started))
        try:
            running.close()
        finally:
            running.watch.ended(running.record)
    return running.record


def _refuse_what_differs(plan: RunPlan, folder: RunFolder) -> None:
    record = folder.read()
    if record is None:
        raise UserError(f"{folder.path} holds no run that could be resumed")
    resume.refuse_other(record, plan)
    resume.refuse_used_up(folder, record, plan.request().deadline_seconds)


def close_earlier(folder: RunFolder) -> None:
    """Say of what an earlier command left here what became of it, before it is set aside."""
    earlier = folder.read()
    if earlier is None:
        return
    if earlier.status is RunStatus.QUEUED:  # no attempt: nothing of it ever started
        folder.record_file.unlink()
    elif earlier.status is RunStatus.RUNNING:
        folder.write(earlier.model_copy(update={"status": RunStatus.LOST, "reason": lost.BECAUSE}))


def _ready_checks() -> None:
    """Import what format checks stand on while the agent starts, or the first one waits a second for it."""
    for name in ("harness.grading.submission", "numpy", "pyarrow.compute", "pyarrow.csv"):
        importlib.import_module(name)


class _Running:
    """One attempt while it lasts; `record` is what is known of it so far, whatever ends it."""

    def __init__(self, plan: RunPlan, folder: RunFolder, tools: RunTools, record: RunRecord) -> None:
        self.record = record
        self._plan = plan
        self._folder = folder
        self._tools = tools
        self._heard = Heard()
        self._left_behind = ""
        self._earlier: resume.Earlier | None = None
        self.watch = RunWatch(tools.watch, plan, record.attempt)
        self._proxy: Proxy | None = None
        self._waited_seconds = 0.0  # for the model's provider, and nothing else went on meanwhile

    def note(self, **known: object) -> None:
        """Add to the record."""
        self.record = self.record.model_copy(update=known)

    def times(self, seconds: float) -> dict[str, float]:
        """The whole run's time, on both clocks, when this attempt took so many seconds."""
        worked = max(0.0, seconds - self._waited_seconds)
        return {
            "wall_seconds": round(self.record.earlier_seconds + seconds, 3),
            "working_seconds": round(self.record.earlier_working_seconds + worked, 3),
        }

    def go_on_from(self, earlier: resume.Earlier) -> None:
        """Begin with what an interrupted attempt left."""
        self._earlier = earlier
        self._heard.best = earlier.best
        self.note(
            resumed_from=earlier.attempt,
            earlier_seconds=round(earlier.seconds, 3),
            earlier_working_seconds=round(earlier.working_seconds, 3),
            usage=UsageRecord(**asdict(earlier.usage)),
        )
        self._folder.write(self.record)

    def go(self) -> None:
        """From the door's opening to the box's removal; where training rows were held back, with a second box."""
        self._search()
        if self._plan.view is not None and self.record.status.is_outcome:
            self._finish()

    def _search(self) -> None:
        with open_door(self.record.request) as door:
            prompts = self._plan.prompts.lay_out(door.parent / "prompts")
            description = self._plan.description.lay_out(door.parent / "description.md")
            trusted = self._authorities(door.parent / "authorities.pem")
            spec = self._within_time(sandbox_spec(self._plan, door, prompts, description, trusted))
            if self._earlier is not None:
                minimize = self.record.request.competition.direction == "minimize"
                resume.lay_out(self._earlier, self._folder, door, minimize=minimize)
            if self._plan.replay is not None:
                recorded_order.lay_out(self._plan.replay, door)
            if self._plan.shows_answers:
                spec = with_answers(spec, self._plan, door.parent / "answers")
            gateway = self._gateway(door)
            try:
                with gateway, self._reach(door):
                    self._in_a_box(spec, gateway)
            finally:
                # After the gateway's end: what was in flight then is settled.
                served = tuple(ServedRecord(**asdict(one)) for one in gateway.served())
                self._waited_seconds = gateway.waited_seconds()
                tried = tuple(TrespassRecord(**asdict(one)) for one in gateway.trespasses.all())
                self.note(usage=UsageRecord(**asdict(gateway.usage())), served=served, trespasses=tried)

    def _authorities(self, path: Path) -> Path | None:
        """Whom to trust, for a box that may fetch: an index may have a certificate of the company's own authority."""
        text = self._tools.authorities() if self._plan.egress.mode != "none" else ""
        if not text:
            return None
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return path

    @contextlib.contextmanager
    def _reach(self, door: Path) -> Iterator[None]:
        """Have ready what may be fetched: the proxy beside the gateway, the cache as it was planned with."""
        plan = self._plan
        with contextlib.ExitStack() as held:
            if plan.cache is not None:
                held.enter_context(plan.cache.in_use())
            if plan.egress.mode != "allowlist":
                yield
                return
            from harness.egress.proxy import Proxy

            self._proxy = Proxy(
                door=door, run_folder=self._folder.path, egress=plan.egress, reach=self._tools.make_reach()
            )
            try:
                with self._proxy:
                    yield
            finally:
                known = {"mode": plan.egress.mode, "hosts_sha256": plan.egress.sha256}
                self.note(egress=EgressRecord(**known, **asdict(self._proxy.totals)))

    def _finish(self) -> None:
        """Have the final node chosen and run once more on all training data; what was searched on is told apart."""
        self._folder.write(self.record)  # what the search came to is known, whatever happens now
        final = Final(self._plan, self._folder, self._once_more).finish()
        if final is not None:
            handed_in = "rerun" if final.handed_in == "rerun" else "journal"
            self.note(final=final, submission_from=handed_in, submission_problem=None)

    def _once_more(self, plan: RunPlan, folder: RunFolder) -> RunRecord:
        """Run a plan that needs no model: every call to one is refused."""
        from harness.gateway.budget import Budget
        from harness.gateway.providers import provider_for

        tools = replace(
            self._tools,
            make_provider=lambda plan: provider_for("offline", {}),
            make_budget=lambda plan: Budget(calls=0),
            on_event=lambda plan, stored: None,
            publish=publish_at_once,  # it is a part of the run, which asks
            watch=Within(self._tools.watch, folder.path.name),
        )
        return run_one(plan, folder, tools)

    def close(self) -> None:
        """Write the final record; a full disk must not hide what ended the run, nor that the record is not there."""
        with contextlib.suppress(OSError):
            self._keep_best()
            direction = self.record.request.competition.direction
            self.note(tree=tree_of(self._folder.events(), direction))
            if self._folder.submission.is_file():
                self.note(submission_sha256=sha256_of(self._folder.submission))
        self.note(reason=one_line(f"{self.record.reason}{self._left_behind}", LONGEST_REASON))
        try:
            self.record = self._tools.publish(self.record, self._folder.write)
        except OSError as error:
            words = f"{self._folder.record_file} can't be written: {error}. The run ended as {self.record.status}"
            raise InfrastructureError(f"{words}. Make room, then run the same command again") from error

    def _within_time(self, spec: SandboxSpec) -> SandboxSpec:
        """What an earlier attempt used of the run's time is gone."""
        left = max(1.0, spec.limits.wall_seconds - self._earlier_seconds())
        return replace(spec, limits=replace(spec.limits, wall_seconds=left))

    def _earlier_seconds(self) -> float:
        """What earlier attempts took, by the clock that the limit goes by."""
        record = self.record
        return record.earlier_seconds if self._plan.clock == "wall" else record.earlier_working_seconds

    def _gateway(self, door: Path) -> Gateway:
        from harness.gateway.server import Gateway, Used
        from harness.watch.provider import WatchedProvider

        return Gateway(
            door=door,
            run_folder=self._folder.path,
            provider=WatchedProvider(self._tools.make_provider(self._plan), self.watch.attempted),
            budget=self._tools.make_budget(self._plan),
            checker=self._check,
            deadline_seconds=self.record.request.deadline_seconds,
            scoring=self._scoring(),
            on_event=self._see,
            used=Used(self._earlier.usage, self._earlier_seconds()) if self._earlier else Used(),
            on_call=self.watch.called,
            paces=self._tools.paces,
            workers=self._plan.workers,
            clock=self._plan.clock,
        )

    def _scoring(self) -> Scoring | None:
        """Who scores nodes on held-back rows: one score a step, so that nobody learns labels by asking on."""
        if self._plan.view is None:
            return None
        from harness.gateway.scores import Scoring
        from harness.grading.scorer import Scorer

        return Scoring(Scorer(self._plan.competition, self._plan.view).score, most=self._plan.steps)

    def _check(self, path: Path) -> contract.CheckReply:
        from harness.grading import submission

        plan = self._plan
        try:
            if plan.view is None:
                submission.check(plan.competition, plan.prepared, path)
            else:
                submission.read_as(by_id(plan.competition.submission), plan.view.sample, path)
        except InvalidSubmission as error:
            return contract.CheckReply(valid=False, reason=str(error))
        return contract.CheckReply(valid=True)

    def _see(self, stored: StoredEvent) -> None:
        self._heard.note(stored)
        self._tools.on_event(self._plan, stored)
        self.watch.event(stored)

    def _in_a_box(self, spec: SandboxSpec, gateway: Gateway) -> None:
        plan, tools = self._plan, self._tools
        box = WatchedBox(tools.make_sandbox(spec), self.watch, self._folder.resources, lambda: tools.look_at_gpus(plan))
        try:
            box.start()
            threading.Thread(target=_ready_checks, daemon=True).start()
            self.note(started_at=results.now(), sandbox=box.effective())
            self._folder.write(self.record)
            ending = box.wait(lambda: self._tick(gateway))
            self._tick(gateway)
            self._folder.sandbox_log.write_text(ending.log_tail, encoding="utf-8")
            self._take_submission(box, gateway)
            deadline = self.record.request.deadline_seconds
            known = Known(
                self._tools.should_stop(),
                gateway.provider_failed,
                deadline,
                by_exit_code=self._plan.other is not None,
                over_budget=gateway.over_budget,
            )
            status, reason = judge(ending, self._heard, known)
            self.note(status=status, reason=reason, exit_code=ending.exit_code, oom_kills=ending.oom_kills)
        finally:
            self.note(first_candidate_seconds=self._heard.first_candidate_seconds, resources=box.used())
            self._remove(box)

    def _remove(self, box: Sandbox) -> None:
        try:
            box.remove()
        except InfrastructureError as error:
            # What the agent did stands, and so does whatever is being raised.
            self._left_behind = f"; the sandbox was not removed whole ({error}). Later: podium clean"

    def _tick(self, gateway: Gateway) -> float:
        if gateway.failure is not None:
            raise gateway.failure
        if self._proxy is not None and self._proxy.failure is not None:
            raise self._proxy.failure
        # Another agent knows of no nodes that it could end after.
        if self._tools.should_end() or (self._plan.other is not None and self._tools.should_stop()):
            raise Interrupted("stopped")
        if self._tools.should_stop():
            gateway.request_stop()
        return gateway.uncounted_seconds()

    def _take_submission(self, box: Sandbox, gateway: Gateway) -> None:
        try:
            if box.fetch(contract.SUBMISSION, self._folder.submission):
                if self._plan.view is not None:
                    keep_test_rows(self._plan, self._folder.submission, self._folder.submission)
                self.note(submission_from="container")
        except InvalidSubmission as error:
            self._folder.submission.unlink(missing_ok=True)
            self.note(submission_problem=one_line(str(error)))
            if isinstance(error, Disguised):
                gateway.trespasses.note("submission", str(error))
        except InfrastructureError:
            self._keep_best()
            if self.record.submission_from == "none":
                raise

    def _keep_best(self) -> None:
        """Where nothing could be taken from the box, take the copy that the gateway kept of the best node."""
        best, record = self._heard.best, self.record
        if record.submission_from != "none" or record.submission_problem is not None or best is None:
            return
        kept = self._folder.node_submission(best)
        if not kept.is_file():
            return
        if self._plan.view is None:
            write_atomically(self._folder.submission, kept.read_bytes())
        else:
            with contextlib.suppress(InvalidSubmission):
                keep_test_rows(self._plan, kept, self._folder.submission)
        if self._folder.submission.is_file():
            self.note(submission_from="journal")
