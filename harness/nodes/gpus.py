"""The GPUs of a node: by which names runs can ask for them, and which of them a run has that the cluster placed.

A cluster counts GPUs and knows them by their place, or by what `CUDA_VISIBLE_DEVICES` says where the node was started;
a place may be another one after a restart, so a run's box and record have UUIDs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import InfrastructureError, UserError
from harness.sandbox.base import Gpus

if TYPE_CHECKING:
    from harness.machine.gpus import Inventory
    from harness.runs.plan import RunPlan


def listed() -> list[str]:
    """The UUIDs that can be asked for here; run on the node."""
    from harness.machine.gpus import inventory

    return list(inventory(os.environ).ids)


def given(plan: RunPlan, ids: Sequence[str], there: Inventory) -> Gpus | None:
    """The run's GPUs by UUID: those that the cluster gave it, or of them those that it asked for by name."""
    asked = plan.gpus
    if asked is None:
        return None
    if not ids or (asked.count not in (None, -1) and len(ids) != asked.count):
        raise InfrastructureError(
            f"the run asked for GPUs ({plan.gpus_text}), and the cluster gave it {','.join(ids) or 'none'}"
        )
    try:
        # Without the driver's tool nobody can tell UUIDs; the engine knows GPUs by their place too.
        whole = there.resolve(Gpus(ids=tuple(ids))) if there.gpus else tuple(ids)
        named = there.resolve(asked) if asked.ids and there.gpus else asked.ids
    except UserError as error:
        raise InfrastructureError(str(error)) from error
    if not set(named) <= set(whole):
        raise InfrastructureError(
            f"the run asked for {plan.gpus_text}, and the cluster gave it {','.join(whole)}: others have the rest"
        )
    return Gpus(ids=named or whole)
