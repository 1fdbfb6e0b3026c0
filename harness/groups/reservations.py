"""Which waiting runs may start on a machine, and on what of it: CPUs by number, memory, disk, GPUs by UUID. Pure.

What runs hold never adds up to more than there is. A CPU is one run's own, but for runs that ask for less than a whole
one, or where all who have a part of it said that CPUs are shared; a GPU is one run's own unless sharing was asked for.
Runs are taken in the order in which they wait. One that doesn't fit yet may be overtaken by smaller ones, but only by
those beside which it would still fit: so it starts as soon as the runs that were there before it have ended, and nobody
waits for ever. What other commands hold of the machine, and who of them waits longer, counts like one's own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

GIB = 1 << 30
WHOLE = 1000  # a CPU is counted in thousandths, so that sums are exact
ALL = -1  # GPUs


@dataclass(frozen=True)
class Gpu:
    """One GPU of a machine; `memory_bytes` is 0 where it is not known."""

    uuid: str
    name: str = ""
    memory_bytes: int = 0


@dataclass(frozen=True)
class Inventory:
    """What a machine has. `runs_per_cpu` and `runs_per_gpu` say how often each may be lent; 1 is exclusively."""

    cpus: tuple[int, ...]
    memory_bytes: int
    disk_bytes: int
    gpus: tuple[Gpu, ...] = ()
    runs_per_cpu: int = 1
    runs_per_gpu: int = 1
    disk: str = ""  # which file system has so many bytes


@dataclass(frozen=True)
class Demand:
    """What a run asks for. GPUs: how many, or `ALL`, or which, by UUID or place."""

    run_id: str
    cpus: float
    memory_bytes: int
    disk_bytes: int
    gpus: int = 0
    gpu_ids: tuple[str, ...] = ()

    @property
    def wish(self) -> tuple[object, ...]:
        """What is asked for, by whomever."""
        return self.cpus, self.memory_bytes, self.disk_bytes, self.gpus, self.gpu_ids


@dataclass(frozen=True)
class Reservation:
    """What a run was given, until it is released. `shares` are thousandths of CPUs, by number.

    `runs_per_cpu` and `runs_per_gpu` are what its command said: nobody shares with one that did not say so.
    """

    run_id: str
    shares: Mapping[int, int]
    memory_bytes: int
    disk_bytes: int
    gpus: tuple[str, ...] = ()
    overtook: bool = False  # another one waits that was there before
    runs_per_cpu: int = 1
    runs_per_gpu: int = 1
    disk: str = ""

    @property
    def cpus(self) -> tuple[int, ...]:
        """The numbers of its CPUs."""
        return tuple(sorted(self.shares))


@dataclass(frozen=True)
class Waiting:
    """What waits, and the machine as its command sees it."""

    machine: Inventory
    demand: Demand


def admit(
    machine: Inventory,
    held: Sequence[Reservation],
    waiting: Iterable[Demand],
    most: int,
    earlier: Waiting | None = None,
) -> list[Reservation]:
    """Choose which of the waiting start now, in their order; with those that are held at most so many.

    `earlier` is another command's, which has waited longer than any of these.
    """
    given: list[Reservation] = []
    passed = [earlier] if earlier else []  # and the first of these that has to wait: room must be left for them
    own_passed = False
    in_vain: set[tuple[object, ...]] = set()  # a queue of thousands asks for few different things
    for demand in waiting:
        if len(held) + len(given) >= most:
            break
        if demand.wish in in_vain:
            continue
        found = place(machine, [*held, *given], demand)
        if found is not None and passed:
            found = _beside([*held, *given], found, passed)
        if found is not None:
            given.append(found)
            continue
        in_vain.add(demand.wish)
        if not own_passed:
            passed, own_passed = [*passed, Waiting(machine, demand)], True
    return given


def place(machine: Inventory, held: Sequence[Reservation], demand: Demand) -> Reservation | None:
    """Give a run its place beside what is held; None where there is none."""
    memory = machine.memory_bytes - sum(one.memory_bytes for one in held)
    disk = machine.disk_bytes - sum(one.disk_bytes for one in held if one.disk == machine.disk)
    if demand.memory_bytes > memory or demand.disk_bytes > disk:
        return None
    shares = cpu_shares(machine, held, demand.cpus)
    gpus = gpus_of(machine, held, demand)
    if shares is None or gpus is None:
        return None
    return Reservation(
        demand.run_id,
        shares,
        demand.memory_bytes,
        demand.disk_bytes,
        gpus,
        runs_per_cpu=machine.runs_per_cpu,
        runs_per_gpu=machine.runs_per_gpu,
        disk=machine.disk,
    )


def too_much(machine: Inventory, demand: Demand) -> list[tuple[str, str, str]]:
    """Why a run can never fit, as what, how much is asked for, and how much there is; nothing where it can."""
    found = []
    if demand.cpus > len(machine.cpus):
        found.append(("CPUs", f"{demand.cpus:g}", str(len(machine.cpus))))
    if demand.memory_bytes > machine.memory_bytes:
        found.append(("memory", f"{demand.memory_bytes / GIB:.1f} GiB", f"{machine.memory_bytes / GIB:.1f} GiB"))
    if demand.disk_bytes > machine.disk_bytes:
        found.append(("disk", f"{demand.disk_bytes / GIB:.1f} GiB", f"{machine.disk_bytes / GIB:.1f} GiB free"))
    if gpus_of(machine, (), demand) is None:
        asked = ",".join(demand.gpu_ids) or ("all" if demand.gpus == ALL else str(demand.gpus))
        found.append(("GPUs", asked, ", ".join(gpu.uuid for gpu in machine.gpus) or "none"))
    return found


def _beside(held: Sequence[Reservation], found: Reservation, passed: Sequence[Waiting]) -> Reservation | None:
    """Let a run overtake if each that has to wait fits beside all that overtook, once the others have ended."""
    overtaking = replace(found, overtook=True)
    staying = [*(one for one in held if one.overtook), overtaking]
    fits = all(place(one.machine, staying, one.demand) is not None for one in passed)
    return overtaking if fits else None


def cpu_shares(machine: Inventory, held: Sequence[Reservation], cpus: float) -> dict[int, int] | None:
    """Whole CPUs where nobody is if that can be, and what is less than one where somebody has left room."""
    used = Counter[int]()
    often = dict.fromkeys(machine.cpus, machine.runs_per_cpu)
    for one in held:
        used.update(one.shares)
        often |= {cpu: min(often[cpu], one.runs_per_cpu) for cpu in one.shares if cpu in often}
    room = {cpu: WHOLE * often[cpu] - used[cpu] for cpu in machine.cpus}
    whole, part = divmod(max(1, math.ceil(round(cpus * WHOLE, 6))), WHOLE)
    shares: dict[int, int] = {}
    empty_first = sorted((cpu for cpu in room if room[cpu] >= WHOLE), key=lambda cpu: -room[cpu])
    if len(empty_first) < whole:
        return None
    shares |= dict.fromkeys(empty_first[:whole], WHOLE)
    if part:
        fullest_first = sorted(
            (cpu for cpu in room if cpu not in shares and room[cpu] >= part), key=lambda cpu: room[cpu]
        )
        if not fullest_first:
            return None
        shares[fullest_first[0]] = part
    return shares


def gpus_of(machine: Inventory, held: Sequence[Reservation], demand: Demand) -> tuple[str, ...] | None:
    """The GPUs that are named, or those that were lent the least."""
    used = Counter(uuid for one in held for uuid in one.gpus)
    often = {gpu.uuid: machine.runs_per_gpu for gpu in machine.gpus}
    for one in held:
        often |= {uuid: min(often[uuid], one.runs_per_gpu) for uuid in one.gpus if uuid in often}
    free = [uuid for uuid in often if used[uuid] < often[uuid]]
    if demand.gpu_ids:
        named = tuple(_named(machine, demand.gpu_ids))
        return named if set(named) <= set(free) and len(set(named)) == len(named) else None
    count = len(machine.gpus) if demand.gpus == ALL else demand.gpus
    if count > len(free) or (demand.gpus == ALL and not machine.gpus):
        return None
    return tuple(sorted(free, key=lambda uuid: used[uuid])[:count])


def _named(machine: Inventory, ids: Sequence[str]) -> Iterator[str]:
    """The UUIDs of GPUs that are named by UUID, its beginning, or place; one that isn't there is named as it was."""
    for id in ids:
        if id.isdecimal():
            yield machine.gpus[int(id)].uuid if int(id) < len(machine.gpus) else id
        else:
            yield next((gpu.uuid for gpu in machine.gpus if gpu.uuid.startswith(id)), id)
