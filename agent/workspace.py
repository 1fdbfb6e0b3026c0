"""The agent's own files: a folder a node, and the one submission that is graded.

The submission is replaced by rename, so a run that is killed at any moment leaves a whole file of a finished node.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """Where nodes are kept, and where the best submission goes."""

    nodes: Path
    submission: Path

    def node_dir(self, node_id: str) -> Path:
        """Return a node's folder, which the interpreter fills."""
        return self.nodes / node_id

    def publish(self, submission: Path) -> None:
        """Make a node's submission the one that is graded."""
        self.submission.parent.mkdir(parents=True, exist_ok=True)
        half_made = self.submission.with_name(f".{self.submission.name}.new")
        shutil.copyfile(submission, half_made)
        with half_made.open("rb") as copied:
            os.fsync(copied.fileno())
        half_made.replace(self.submission)
