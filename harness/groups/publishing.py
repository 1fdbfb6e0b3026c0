"""Making a run's results of what a worker did, while its lease is held; what comes too late is kept as an attempt."""

from __future__ import annotations

import shutil

from harness.errors import InfrastructureError
from harness.groups.executor import Task
from harness.groups.leases import Leases
from harness.results.layout import RunFolder, RunRecord, RunStatus
from harness.runs.run import Write

KEPT = "attempts"  # of the run itself; what a worker has by that name is no attempt of this folder
TOO_LATE = "its lease was lost before it ended as {status}"


def in_place(leases: Leases, token: int, folder: RunFolder, record: RunRecord, write: Write) -> RunRecord:
    """Write the final record of a run that was carried out in its own folder, as lost where the lease is.

    Where a later attempt has taken the folder over, nothing is written.
    """
    with leases.publishing(token) as held:
        if not held:
            record = _lost(record)
            there = folder.read()
            if there is None or there.lease_token != token:
                return record
        write(record)
    return record


def from_elsewhere(leases: Leases, task: Task, handed_in: RunFolder) -> RunRecord:
    """Make what was handed in the run's results, or keep it as the attempt it was; it is gone from where it lay."""
    record = handed_in.read()
    if record is None:
        raise InfrastructureError(f"{handed_in.path} was handed in without a run.json. Run the same command again")
    folder = RunFolder(task.folder)
    with leases.publishing(task.token) as held:
        if held:
            record = record.model_copy(update={"attempt": task.attempt, "lease_token": task.token})
            move(handed_in, folder, record)
    if not held:
        record = _lost(record).model_copy(update={"attempt": task.attempt, "lease_token": task.token})
        move(handed_in, folder.attempt(task.attempt), record)
    return record


def _lost(record: RunRecord) -> RunRecord:
    reason = TOO_LATE.format(status=record.status)
    return record.model_copy(update={"status": RunStatus.LOST, "reason": f"{reason}; {record.reason}".rstrip("; ")})


def move(handed_in: RunFolder, folder: RunFolder, record: RunRecord) -> None:
    """Move the files, the record last: until then the folder says that the run goes on, or is lost."""
    folder.path.mkdir(parents=True, exist_ok=True)
    for entry in handed_in.path.iterdir():
        if entry.name == KEPT or entry == handed_in.record_file:
            continue
        target = folder.path / entry.name
        if target.is_dir():
            shutil.rmtree(target)
        shutil.move(entry, target)
    folder.write(record)
    shutil.rmtree(handed_in.path)
