"""Which predictions a node builds on: those of the nodes that it blends; whatever is made of a blend needs them too.

Each node leaves files in its folder: its submission, and where its script writes them, its predictions before any
rounding for training rows (out of fold) and test rows. Only those of the best nodes are kept, since nobody blends
others, and the disk is the run's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from agent.journal import Journal, Node
from agent.supervisor.collect import SUBMISSION
from agent.supervisor.protocol import PREDICTIONS
from agent.workspace import Workspace

MOST_SOURCES = 10  # three files each; a script may be given 32
KEPT_NODES = 24


class Blends:
    """For each node the ids of the nodes whose predictions its script reads; kept up to date as nodes arrive."""

    def __init__(self) -> None:
        self.sources: dict[str, tuple[str, ...]] = {}
        self.blended: list[frozenset[str]] = []  # what was blended together

    def add(self, journal: Journal, node: Node) -> None:
        """Take in a node."""
        if node.action == "ensemble":
            self.blended.append(frozenset(node.parents))
        names = node.parents if node.action == "ensemble" else self.of(node.parents)
        if names:
            self.sources[node.id] = names[:MOST_SOURCES]

    def of(self, parents: Iterable[str]) -> tuple[str, ...]:
        """Return what a child of these parents, other than a blend of them, builds on."""
        found = (name for parent in parents for name in self.sources.get(parent, ()))
        return tuple(dict.fromkeys(found))[:MOST_SOURCES]


@dataclass(frozen=True)
class Kept:
    """What a node predicted: its files by the names under which a script finds them in `earlier/`."""

    node: Node
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def out_of_fold(self) -> bool:
        """Are there predictions for training rows, without which no weight can be chosen?"""
        return any(name.endswith("-oof.csv") for name in self.files)


def kept(workspace: Workspace, node: Node) -> Kept:
    """Return what is there of a node's predictions; after a resume in another container there may be nothing."""
    return Kept(node, files_of(workspace, node.id))


def files_of(workspace: Workspace, node_id: str) -> dict[str, Path]:
    """Return a node's predictions that are there, by the names under which a script finds them in `earlier/`."""
    folder = workspace.node_dir(node_id)
    named = {f"{node_id}.csv": SUBMISSION} | {f"{node_id}-{name}": name for name in PREDICTIONS}
    return {shown: folder / name for shown, name in named.items() if (folder / name).is_file()}


def forget_others(workspace: Workspace, journal: Journal, newest: Node, being_read: Collection[Path] = ()) -> None:
    """Remove the predictions that nobody will ask for, after a node came in; submissions stay."""
    ranked = journal.top(KEPT_NODES + 1)
    wanted = {node.id for node in ranked[:KEPT_NODES]}
    needed = {name for names in journal.view(Blends).sources.values() for name in names}
    for node in (newest, *ranked[KEPT_NODES:]):
        if node.id not in wanted and node.id not in needed:
            for name in PREDICTIONS:
                path = workspace.node_dir(node.id) / name
                if path not in being_read:
                    path.unlink(missing_ok=True)
