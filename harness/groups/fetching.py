"""Takes what a run on another machine came to: as a whole, checked, and only if it is of that very run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.errors import UserError
from harness.groups.executor import Task
from harness.groups.line import Line
from harness.nodes import parcel
from harness.nodes.parcel import ParcelRefused
from harness.results.layout import RunFolder, RunRecord
from harness.runs.plan import RunPlan
from harness.sandbox.owner import me
from harness.untrusted import one_line

PACK_SECONDS = 900.0
PIECE_BYTES = 4 << 20


def beside(task: Task) -> Path:
    """Where what comes back lies until it is handed in: hidden from whoever lists runs, on the same disk."""
    return task.folder.parent / f".{task.run_id}.{task.token}~"


def fetched(line: Line, task: Task, plan: RunPlan) -> Path:
    """The run's folder, which is gone from the node then; raise `ParcelRefused` where it is none."""
    size = line.call("pack", wait_seconds=PACK_SECONDS)
    target = beside(task)
    shutil.rmtree(target, ignore_errors=True)
    parcel.unpack(_pieces(line, size), target)
    try:
        _adopt(RunFolder(target), line.hostname, task, plan)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    line.call("discard", wait_seconds=PACK_SECONDS)
    return target


def _pieces(line: Line, size: int) -> Iterator[bytes]:
    at = 0
    while at < size:
        piece = line.call("piece", at, PIECE_BYTES)
        if not piece:
            raise ParcelRefused(f"what came from {line.hostname} broke off after {at:,} of {size:,} bytes")
        at += len(piece)
        yield piece


def _adopt(folder: RunFolder, hostname: str, task: Task, plan: RunPlan) -> None:
    """Make the record the coordinator's: what only is known here is written over."""
    record = _read(folder, hostname)
    found = (record.run_id, record.competition, record.agent, record.seed)
    if found != (plan.run_id, plan.competition.id, plan.preset.name, plan.seed):
        raise ParcelRefused(f"{hostname} sent the record of another run: {one_line(record.run_id)}")
    known = {
        "group": plan.group,
        "attempt": task.attempt,
        "lease_token": task.token,
        "plan_sha256": task.plan_sha256,
        "owner": me(),
        "node": hostname,
    }
    folder.write(record.model_copy(update=known))


def _read(folder: RunFolder, hostname: str) -> RunRecord:
    try:
        record = folder.read()
    except UserError as error:
        raise ParcelRefused(f"{hostname} sent a run.json that is none: {one_line(str(error))}") from error
    if record is None:
        raise ParcelRefused(f"{hostname} sent no run.json")
    return record
