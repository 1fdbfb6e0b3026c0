"""What an interrupted attempt left for this one: its nodes, and the submissions of the best of them.

The harness lays both out in the door's folder, where nothing can be changed. Without that folder a run begins at
nothing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from agent.contract import EARLIER_NODES_NAME, Ask, Direction, Leakage, NodeEvent, Trial
from agent.journal import Journal, Node
from agent.workspace import Workspace


def read(folder: Path) -> list[NodeEvent]:
    """Return the nodes of the earlier attempt, in their order; none where there was no such attempt."""
    path = folder / EARLIER_NODES_NAME
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as lines:
        return [_event(line) for line in lines]


def journal_of(events: Sequence[NodeEvent], direction: Direction) -> Journal:
    """Return a journal that goes on from these nodes."""
    journal = Journal(direction)
    for event in events:
        journal.append(Node.from_event(event))
    return journal


def restore(folder: Path, journal: Journal, workspace: Workspace) -> None:
    """Put the submissions back where they were, and the best one where it is graded: this run may be killed, too."""
    for kept in sorted(folder.glob("*.csv")):
        target = workspace.node_dir(kept.stem) / "submission.csv"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, target)
    best = journal.best
    if best is not None and (submission := workspace.node_dir(best.id) / "submission.csv").is_file():
        workspace.publish(submission)


def _event(line: str) -> NodeEvent:
    raw = json.loads(line)
    trial, leakage = raw.get("trial"), raw.get("leakage")
    inner = {
        "parents": tuple(raw["parents"]),
        "asks": tuple(Ask(**ask) for ask in raw.get("asks", ())),
        "trial": Trial(**trial) if trial else None,
        "leakage": Leakage(**leakage) if leakage else None,
    }
    return NodeEvent(**{**raw, **inner})
