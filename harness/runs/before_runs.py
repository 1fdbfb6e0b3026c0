"""What is looked at before the first run of a command, so that what can't work, or would hurt, is said at once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InfrastructureError, UserError
from harness.sandbox.base import GIB

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.results.layout import GroupFolder
    from harness.runs.going_on import GoingOn
    from harness.runs.plan import RunPlan
    from harness.sandbox.placing import Traits
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


def refuse_runtime(client: Any, name: str | None) -> None:
    """Raise `UserError` where the engine does not know the OCI runtime that is asked for."""
    from harness.sandbox.failure import engine_errors

    if name is None:
        return
    with engine_errors():
        known = sorted(client.info().get("Runtimes") or {})
    if name not in known:
        setting = json.dumps({"runtimes": {name: {"path": f"/usr/bin/{name}"}}})
        raise UserError(
            f"--runtime {name}: the engine knows {', '.join(known) or 'none by name'}. "
            f"It learns of another by /etc/docker/daemon.json: {setting}, and a restart of the engine"
        )


def refuse_memory(client: Any, memory_bytes: int | None) -> None:
    """Raise `UserError` where a run asks for more memory than the engine's machine has."""
    from harness.sandbox.failure import engine_errors

    if memory_bytes is None:
        return
    with engine_errors():
        there: int = client.info()["MemTotal"]
    if memory_bytes > there:
        raise UserError(
            f"--memory {memory_bytes / GIB:g}: the engine's machine has {there / GIB:.1f} GiB. "
            f"Try: --memory {int(there / GIB)}"
        )


def point_out_engine(traits: Traits, say: Say) -> None:
    """Say what differs on an engine that is not this machine's own, and what it can't keep a box from."""
    if not traits.sees_host:
        say(
            f"The engine sees none of this machine's folders (kernel {traits.kernel}): data travel there for each run, "
            "and the door is carried through the engine. See: docs/engines.md"
        )
    if traits.not_limited:
        say(
            f"The engine can't limit {', '.join(traits.not_limited)}: what a model wrote may take ALL OF IT, and the "
            "record says so. A rootless engine needs cgroup v2 with these delegated: docs/engines.md"
        )


def point_out_disk(workspaces: Path, most_bytes: int, say: Say) -> None:
    """Say when runs that fill their workspaces would fill this machine's disk too."""
    existing = _existing(workspaces)
    free = shutil.disk_usage(existing).free
    if most_bytes > free:
        say(
            f"{free / GIB:.0f} GiB are free at {existing}, and runs may fill {most_bytes / GIB:.0f} GiB of workspaces. "
            "To be safe: --disk GIB, or PODIUM_HOME=FOLDER"
        )


def point_out_earlier(plans: Sequence[RunPlan], going_on: GoingOn, say: Say, *, resume: bool) -> None:
    """Say which interrupted runs go on from what is kept of them, and which begin anew and why."""
    for plan in plans:
        past = going_on.past(plan)
        if past is None:
            continue
        if resume:  # what keeps it from that is told as an error
            say(f"{plan.run_id}: goes on after {past.nodes} nodes")
        elif past.why_anew:
            say(
                f"{plan.run_id}: starts anew ({past.why_anew}); {past.nodes} nodes of an attempt that was "
                f"{past.status} are set aside"
            )
        else:
            say(f"{plan.run_id}: goes on after {past.nodes} nodes; to begin anew instead: --anew")


def refuse_other_inputs(plans: Sequence[RunPlan], group: GroupFolder, again: Collection[str]) -> None:
    """Raise `UserError` where finished runs would be run again because they were made from something else."""
    from harness.runs import resume

    differing = []
    for plan in plans:
        record = group.run(plan.run_id).read()
        if record is None or not record.status.is_outcome or plan.run_id in again:
            continue
        if record.plan_sha256 != plan.sha256():
            differing.append((record, resume.what_differs(record, plan) or ["the agent's files changed"]))
    if differing:
        record, words = differing[0]
        raise UserError(
            f"{len(differing)} finished runs of {group.name} were made from other inputs than this command's, such as "
            f"{record.run_id}: {'; '.join(words[:3])}. Bring that back, choose another --group, or --redeclare: they "
            "are then run again, and what they are now is kept as attempts"
        )


def clear(client: Any, settings: Settings, say: Say) -> None:
    """Remove what killed commands left: it holds memory and disk. What belongs to a living one is never touched."""
    from harness.machine import cleaning

    for leftover in cleaning.of_the_dead(client, settings):
        try:
            gone = leftover.remove()
        except InfrastructureError as error:
            say(f"{leftover.kind} {leftover.name} of a killed command could not be removed: {error}. See: podium clean")
            continue
        if gone:
            say(f"removed what a killed command left: {leftover.kind} {leftover.name}, {leftover.why}")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
