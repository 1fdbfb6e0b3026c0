"""What is looked at before the first run of a command, so that what can't work, or would hurt, is said at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.results.record import RunStatus
from harness.runs import lost
from harness.sandbox.base import GIB

if TYPE_CHECKING:
    from harness.results.layout import GroupFolder
    from harness.runs.plan import RunPlan
    from harness.verbs.progress import Say


def refuse_results_folder(folder: Path) -> None:
    """Raise `UserError` where no records could be written."""
    existing = _existing(folder)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise UserError(f"results can't be written to {folder}. Name another folder: PODIUM_RESULTS=~/results")


def refuse_cpus(client: Any, cpus: float | None) -> None:
    """Raise `UserError` where more CPUs are asked for than the engine's machine has."""
    from harness.sandbox.failure import engine_errors

    if cpus is None:
        return
    with engine_errors():
        there: int = client.info()["NCPU"]
    if cpus > there:
        raise UserError(f"--cpus {cpus:g}: the engine's machine has {there}. Try: --cpus {there}")


def point_out_disk(workspaces: Path, most_bytes: int, say: Say) -> None:
    """Say when runs that fill their workspaces would fill this machine's disk too."""
    existing = _existing(workspaces)
    free = shutil.disk_usage(existing).free
    if most_bytes > free:
        say(
            f"{free / GIB:.0f} GiB are free at {existing}, and runs may fill {most_bytes / GIB:.0f} GiB of workspaces. "
            "To be safe: --disk GIB, or PODIUM_HOME=FOLDER"
        )


def point_out_earlier(plans: Sequence[RunPlan], group: GroupFolder, say: Say, *, resume: bool) -> None:
    """Say what is gone on from; or, where a run starts anew, that it could be gone on with."""
    for plan in plans:
        folder = group.run(plan.run_id)
        record = folder.read()
        if record is None or record.status.is_outcome or record.status is RunStatus.QUEUED:
            continue
        nodes = sum(event["type"] == "node" for event in folder.events())
        if resume:
            say(f"{plan.run_id}: goes on after {nodes} nodes")
        elif nodes and record.candidate_isolation == "uid":
            say(
                f"{plan.run_id}: starts anew; {nodes} nodes of an attempt that was {lost.as_it_stands(record).status} "
                f"are set aside. To go on from such an attempt instead: podium run --resume {group.name}/{plan.run_id}"
            )


def clear(client: Any, plans: Sequence[RunPlan], say: Say) -> None:
    """Remove what killed commands left of these very runs: it holds their memory. Say how much is left of others."""
    from harness.sandbox import reap

    mine = {(plan.group, plan.run_id) for plan in plans}
    left = reap.find(client)
    ours = [orphan for orphan in left if (orphan.labels.get("podium.group"), orphan.labels.get("podium.run")) in mine]
    for orphan in ours:
        say(f"removing {orphan.kind} {orphan.name} of a run that was killed")
        reap.remove(client, orphan)
    if len(left) > len(ours):
        say(f"{len(left) - len(ours)} containers and workspaces of killed runs are left. See: podium clean")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
