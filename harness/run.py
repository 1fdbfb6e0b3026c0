"""One run: request → container → artefacts → status. Grading is a stage of its own and comes after.

The order matters: the record is written before anything starts, the gateway outlives the container, the submission is
taken from the stopped container, and container and workspace are removed whatever happened.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harness
from harness import contract, results
from harness.contract import EndEvent
from harness.door import open_door
from harness.errors import InfrastructureError, InvalidSubmission
from harness.files import write_atomically
from harness.plan import RunPlan, sandbox_spec
from harness.results import DataRecord, RunFolder, RunRecord, RunStatus, UsageRecord
from harness.sandbox.base import Ending, Sandbox, SandboxSpec
from harness.sandbox.owner import me

if TYPE_CHECKING:
    from harness.gateway.budget import Budget
    from harness.gateway.journal import StoredEvent
    from harness.gateway.providers.base import Provider
    from harness.gateway.server import Gateway


@dataclass(frozen=True)
class RunTools:
    """What a run stands on: made once a group, or by a test."""

    make_sandbox: Callable[[SandboxSpec], Sandbox]
    make_provider: Callable[[RunPlan], Provider]
    make_budget: Callable[[RunPlan], Budget]
    on_event: Callable[[RunPlan, StoredEvent], None]
    should_stop: Callable[[], bool]


def run_one(plan: RunPlan, folder: RunFolder, tools: RunTools) -> RunRecord:
    """Run it; return the final record, which is also in `run.json`. Only our own bugs raise."""
    attempt = folder.set_aside()
    record = _first_record(plan, attempt)
    folder.write(record)
    started = time.monotonic()
    running = _Running(plan, folder, tools, record)
    try:
        running.go()
    except InfrastructureError as error:
        running.note(status=RunStatus.INFRA_FAILED, reason=str(error))
    except KeyboardInterrupt:
        running.note(status=RunStatus.STOPPED, reason="interrupted")
        raise
    except BaseException as error:
        running.note(status=RunStatus.HARNESS_FAILED, reason=f"{type(error).__name__}: {error}")
        raise
    finally:
        running.note(ended_at=results.now(), wall_seconds=round(time.monotonic() - started, 3))
        with contextlib.suppress(OSError):  # a full disk must not hide what ended the run
            running.keep_best()
            folder.write(running.record)
    return running.record


def _first_record(plan: RunPlan, attempt: int) -> RunRecord:
    manifest = plan.prepared.manifest
    return RunRecord(
        run_id=plan.run_id,
        group=plan.group,
        competition=plan.competition.id,
        agent=plan.preset.name,
        model=plan.model,
        seed=plan.seed,
        status=RunStatus.RUNNING,
        attempt=attempt,
        owner=me(),
        created_at=results.now(),
        podium_version=harness.__version__,
        plan_sha256=plan.sha256(),
        data=DataRecord(
            edition=manifest.edition,
            source=manifest.source,
            stand_in=manifest.stand_in,
            data_sha256=plan.prepared.manifest.fingerprint,
        ),
        request=plan.request(),
        prompt_set=plan.prompts.name,
        prompt_set_sha256=plan.prompts.sha256,
        image=plan.image.digest,
        image_tag=plan.image.tag,
        gpus=plan.gpus_text,
        budget_usd=plan.budget_usd,
    )


class _Running:
    """One attempt while it lasts; `record` is what is known of it so far, whatever ends it."""

    def __init__(self, plan: RunPlan, folder: RunFolder, tools: RunTools, record: RunRecord) -> None:
        self.record = record
        self._plan = plan
        self._folder = folder
        self._tools = tools
        self._watcher = _Watcher(plan, tools)

    def note(self, **known: object) -> None:
        """Add to the record."""
        self.record = self.record.model_copy(update=known)

    def go(self) -> None:
        """From the door's opening to the box's removal."""
        with open_door(self.record.request) as door:
            gateway = self._gateway(door)
            try:
                with gateway:
                    self._in_a_box(door, gateway)
            finally:
                # After the gateway's end: what was in flight then is settled.
                self.note(usage=UsageRecord(**asdict(gateway.usage())))

    def _gateway(self, door: Path) -> Gateway:
        from harness.gateway.server import Gateway

        return Gateway(
            door=door,
            run_folder=self._folder.path,
            provider=self._tools.make_provider(self._plan),
            budget=self._tools.make_budget(self._plan),
            checker=self._check,
            deadline_seconds=self.record.request.deadline_seconds,
            on_event=self._watcher.see,
        )

    def _check(self, path: Path) -> contract.CheckReply:
        from harness import submission

        try:
            submission.check(self._plan.competition, self._plan.prepared, path)
        except InvalidSubmission as error:
            return contract.CheckReply(valid=False, reason=str(error))
        return contract.CheckReply(valid=True)

    def _in_a_box(self, door: Path, gateway: Gateway) -> None:
        box = self._tools.make_sandbox(sandbox_spec(self._plan, door))
        try:
            box.start()
            self.note(started_at=results.now(), sandbox=box.effective())
            self._folder.write(self.record)
            ending = box.wait(lambda: self._tick(gateway))
            self._tick(gateway)
            self._folder.sandbox_log.write_text(ending.log_tail)
            self._take_submission(box)
            status, reason = judge(ending, self._watcher.end, stopped=self._tools.should_stop())
            self.note(status=status, reason=reason, exit_code=ending.exit_code, oom_kills=ending.oom_kills)
        finally:
            self.note(first_candidate_seconds=self._watcher.first_node_seconds)
            box.remove()

    def _tick(self, gateway: Gateway) -> None:
        if gateway.failure is not None:
            raise gateway.failure
        if self._tools.should_stop():
            gateway.request_stop()

    def _take_submission(self, box: Sandbox) -> None:
        try:
            if box.fetch(contract.SUBMISSION, self._folder.submission):
                self.note(submission_from="container")
        except InvalidSubmission as error:
            self._folder.submission.unlink(missing_ok=True)
            self.note(submission_problem=str(error))
        except InfrastructureError:
            self.keep_best()
            if self.record.submission_from == "none":
                raise

    def keep_best(self) -> None:
        """Where nothing could be taken from the box, take the copy that the gateway kept of the best node."""
        best, record = self._watcher.best, self.record
        if record.submission_from != "none" or record.submission_problem is not None or best is None:
            return
        kept = self._folder.node_submission(best)
        if kept.is_file():
            write_atomically(self._folder.submission, kept.read_bytes())
            self.note(submission_from="journal")


def judge(ending: Ending, end: EndEvent | None, *, stopped: bool) -> tuple[RunStatus, str]:
    """Whose end was it? The agent's own word counts only when the box agrees with it."""
    if ending.timed_out:
        return RunStatus.TIMED_OUT, "the wall-clock limit stopped the sandbox"
    if ending.over_disk:
        return RunStatus.AGENT_FAILED, "the workspace grew over its limit"
    if end is not None and ending.exit_code == 0:
        return ENDS[end.reason], end.message
    if stopped:
        return RunStatus.STOPPED, "stopped on request"
    memory = f"; the kernel killed {ending.oom_kills} processes for memory" if ending.oom_kills else ""
    last = ending.log_tail.strip().splitlines()[-1:] or ["no output"]
    return RunStatus.AGENT_FAILED, f"the sandbox exited with {ending.exit_code}{memory}: {last[0][:300]}"


ENDS: Mapping[str, RunStatus] = {
    "steps": RunStatus.COMPLETED,
    "deadline": RunStatus.TIMED_OUT,
    "budget": RunStatus.BUDGET_EXHAUSTED,
    "stopped": RunStatus.STOPPED,
    "model_unavailable": RunStatus.INFRA_FAILED,
    "error": RunStatus.AGENT_FAILED,
}


class _Watcher:
    """Sees the journal's events as they are stored: the agent's end, its best node, its first script."""

    def __init__(self, plan: RunPlan, tools: RunTools) -> None:
        self._plan = plan
        self._tools = tools
        self._began = time.monotonic()
        self.end: EndEvent | None = None
        self.best: str | None = None
        self.first_node_seconds: float | None = None

    def see(self, stored: StoredEvent) -> None:
        event: Any = stored.event
        if event.type == "node" and self.first_node_seconds is None:
            # When its script started: the event comes when it is done.
            ran = sum(event.seconds.get(phase, 0.0) for phase in ("execute", "check", "review"))
            self.first_node_seconds = round(time.monotonic() - self._began - ran, 3)
        elif event.type == "best":
            self.best = event.node
        elif event.type == "end":
            self.end = event
        self._tools.on_event(self._plan, stored)
