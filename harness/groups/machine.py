"""What this command's engine has to lend: CPUs, memory, disk, GPUs; and whether each run can fit there at all.

Only looks. On another machine's engine the disk is not known and counts as endless, and CPUs are numbered from 0.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.groups.lending_folder import is_here, ledger_path
from harness.groups.reservations import ALL, GIB, Demand, Gpu, Inventory, admit, too_much
from harness.sandbox.failure import engine_errors

if TYPE_CHECKING:
    from harness.groups.lending import Ledger
    from harness.machine.gpus import Inventory as Gpus
    from harness.runs.plan import RunPlan
    from harness.verbs.choices import BenchOptions
    from harness.verbs.progress import Say

UNKNOWN_GPUS = Gpu("")  # those that an engine gives which can't be listed here: lent as one
ENDLESS = 1 << 60
NEXT = {"CPUs": "--cpus {}", "memory": "--memory GIB", "disk": "--disk GIB, or PODIUM_HOME=FOLDER", "GPUs": "--gpus N"}


def inventory_of(client: Any, workspaces: Path, gpus: Gpus | None, environ: Mapping[str, str]) -> Inventory:
    """What the engine's machine has; GPUs as they can be asked for, so the instances of one that is cut up."""
    with engine_errors():
        info = client.info()
    here = is_here(info, environ)
    folder = next(path for path in (workspaces, *workspaces.parents) if path.exists())
    return Inventory(
        cpus=tuple(sorted(os.sched_getaffinity(0)) if here else range(info["NCPU"])),
        memory_bytes=info["MemTotal"],
        disk_bytes=shutil.disk_usage(folder).free if here else ENDLESS,
        gpus=tuple(Gpu(id) for id in gpus.ids) if gpus is not None and here else (),
        disk=str(folder.stat().st_dev) if here else "",
    )


def ledger_of(client: Any, group: str, environ: Mapping[str, str]) -> Ledger:
    """What this command shares with all others that use the engine's machine."""
    from harness.groups.lending import Ledger

    with engine_errors():
        info = client.info()
    return Ledger(ledger_path(environ, info, here=is_here(info, environ)), group)


def lent_as_asked(machine: Inventory, options: BenchOptions, plans: Sequence[RunPlan]) -> Inventory:
    """How often CPUs and GPUs are lent: as was said; and where only --jobs was, CPUs as often as that takes."""
    per_cpu = options.runs_per_cpu
    if options.cpus is None:
        width = max(plan.limits.cpus for plan in plans)
        per_cpu = max(per_cpu, -(-int(min(options.jobs, len(plans)) * width) // len(machine.cpus)))
    asked = [plan.gpus for plan in plans if plan.gpus]
    gpus = machine.gpus or ((UNKNOWN_GPUS,) if asked else ())
    return replace(machine, gpus=gpus, runs_per_cpu=per_cpu, runs_per_gpu=options.runs_per_gpu)


def demand_of(plan: RunPlan, machine: Inventory, options: BenchOptions) -> Demand:
    """What a run asks for. Memory and disk that nobody named are asked for as far as there is, shared by the jobs."""
    limits, jobs = plan.limits, max(1, options.jobs)
    memory, disk = limits.memory_bytes, limits.workspace_bytes
    if options.memory_bytes is None:
        memory = min(memory, machine.memory_bytes // jobs)
    if options.disk_bytes is None:
        disk = min(disk, machine.disk_bytes // jobs)
    count, ids = 0, tuple[str, ...]()
    if plan.gpus is not None:
        count, ids = plan.gpus.count or 0, plan.gpus.ids
        if machine.gpus == (UNKNOWN_GPUS,):
            count, ids = ALL, ()
    return Demand(plan.run_id, limits.cpus, memory, disk, count, ids)


def no_demand(plan: RunPlan) -> Demand:
    """Of a run that is placed by somebody else."""
    return Demand(plan.run_id, 0.0, 0, 0)


def refuse_what_never_fits(machine: Inventory, demands: Sequence[Demand]) -> None:
    """Raise `UserError` where a run asks for more than the whole machine has."""
    for demand in demands:
        problems = too_much(machine, demand)
        if problems:
            said = "; ".join(f"it asks for {asked} of {what}, and there is {there}" for what, asked, there in problems)
            hints = ", ".join(NEXT[what].format(len(machine.cpus)) for what, _, _ in problems)
            raise UserError(
                f"{demand.run_id} can never start on this machine: {said}. Ask for less: {hints}. See: podium doctor"
            )


def point_out_crowding(machine: Inventory, demands: Sequence[Demand], options: BenchOptions, say: Say) -> None:
    """Say where fewer runs go on at a time than --jobs asks for, or where they share CPUs without being told to."""
    wanted = min(options.jobs, len(demands))
    at_a_time = len(admit(machine, (), demands, wanted))
    if at_a_time < wanted:
        say(f"--jobs {options.jobs}: {at_a_time} at a time fit on this machine ({told(machine)}); the others wait")
    if machine.runs_per_cpu > options.runs_per_cpu:
        say(f"{wanted} runs share {len(machine.cpus)} CPUs; undisturbed ones: --jobs {len(machine.cpus)}, or --cpus N")


def told(machine: Inventory) -> str:
    """The machine in a line."""
    disk = "" if machine.disk_bytes >= ENDLESS else f", {machine.disk_bytes / GIB:.0f} GiB of disk"
    gpus = f", {len(machine.gpus)} GPUs" if machine.gpus else ""
    return f"{len(machine.cpus)} CPUs, {machine.memory_bytes / GIB:.1f} GiB of memory{disk}{gpus}"
