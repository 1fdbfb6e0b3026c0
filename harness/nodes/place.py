"""What of a node a run gets: CPUs by number, memory, GPUs by UUID, from the ledger of all podium commands there.

A cluster places by count, and knows nothing of commands beside it; so a run has its place from it first, and then takes
its part of the machine as any run does that a command on that machine starts. Who finds none free waits in turn: also
where a node was stated to have more than it has, runs share no CPU. What a run held is lent again when its process is
gone, however that ended, and what it left running is removed; so an attempt that is lost keeps nothing from the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import InfrastructureError, UserError
from harness.groups.executor import Place
from harness.groups.lender import Together
from harness.groups.machine import refuse_what_never_fits
from harness.groups.reservations import Demand, Inventory

if TYPE_CHECKING:
    from harness.groups.lending import Ledger
    from harness.runs.plan import RunPlan

ASK_SECONDS = 1.0


@contextmanager
def placed(
    plan: RunPlan,
    machine: Inventory,
    open_ledger: Callable[[], Ledger],
    clear: Callable[[], None],
    say: Callable[[str], None],
    check: Callable[[], None],
) -> Iterator[Place]:
    """Hold the run's part of the machine, and say which it is; `check` is called while it waits, and may raise.

    `InfrastructureError` where the machine can never give it. The disk is not reserved: nobody has to state it.
    """
    # GPUs that the driver's tool does not list are the cluster's word alone.
    gpus = plan.gpus.ids if plan.gpus is not None and machine.gpus else ()
    demand = Demand(plan.run_id, plan.limits.cpus, plan.limits.memory_bytes, 0, gpu_ids=gpus)
    try:
        refuse_what_never_fits(machine, [demand])
    except UserError as error:
        raise InfrastructureError(str(error)) from error
    lender, began = Together(machine, open_ledger, clear, say), time.monotonic()
    try:
        while not (given := lender.lend([demand], 1)):
            check()
            time.sleep(ASK_SECONDS)
        waited = round(time.monotonic() - began, 3)
        own = plan.gpus.ids if plan.gpus is not None else ()
        yield Place(cpus=given[0].cpus, gpus=own, waited_seconds=waited)
    finally:
        lender.close()
