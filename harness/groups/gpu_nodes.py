"""Which nodes of a cluster can give a run its GPUs, and how many of theirs it takes. Pure.

A cluster hands GPUs out by count and chooses which. So a run that asks for certain ones, by UUID, or for all of a
machine's takes every GPU of its node: then they are its own, and nobody else is given one of them meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.sandbox.base import Gpus

if TYPE_CHECKING:
    from harness.groups.cluster import Machine
    from harness.groups.executor import Needs

Ids = Callable[["Machine"], Sequence[str]]  # what can be asked for on a node, by UUID


def taken(needs: Needs, machine: Machine) -> float:
    """How many of a node's GPUs such a run takes."""
    asked = Gpus.parse(needs.gpus)
    if asked is None:
        return 0
    return machine.gpus if asked.ids or asked.count == -1 else asked.count or 0


def fitting(needs: Needs, machines: Sequence[Machine], ids: Ids) -> list[Machine]:
    """The nodes that have what is asked for; raise `UserError` where what was asked for depends on the node."""
    asked = Gpus.parse(needs.gpus)
    if asked is None:
        return list(machines)
    if asked.ids:
        refuse_places(needs.gpus)
        return [one for one in machines if one.gpus and all(_has(ids(one), id) for id in asked.ids)]
    if asked.count == -1:
        with_any = [one for one in machines if one.gpus]
        if len({one.gpus for one in with_any}) > 1:
            there = ", ".join(map(str, with_any))
            raise UserError(
                f"--gpus all: the machines differ ({there}), and a run must not depend on where it is placed. Ask for "
                "a number: --gpus 1"
            )
        return with_any
    return [one for one in machines if one.gpus >= (asked.count or 0)]


def refuse_places(text: str) -> None:
    """Raise `UserError` for GPUs that are named by their place: every machine has a first one."""
    asked = Gpus.parse(text)
    if asked is not None and any(id.isdecimal() for id in asked.ids):
        raise UserError(
            f"--gpus {text}: every machine has GPUs by these places. On several, ask for a number (--gpus 1), or by "
            "UUID: nvidia-smi -L"
        )


def _has(there: Sequence[str], id: str) -> bool:
    return any(one.startswith(id) for one in there)
