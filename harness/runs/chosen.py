"""Which node of a run was handed in: the harness's own choice where it made one, else the agent's last best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.results.record import RunRecord


def chosen_node(record: RunRecord, events: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the node; None where none worked."""
    if record.final is not None:
        return record.final.node
    best = [event["node"] for event in events if event["type"] == "best"]
    return best[-1] if best else None
