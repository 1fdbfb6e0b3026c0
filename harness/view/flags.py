"""What an audit found, for the pages of a run and of its nodes. Reads findings and verdicts, judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.cheating.standing import Judged, Standing, standing
from harness.errors import UserError
from harness.view.text import readable


@dataclass(frozen=True)
class Flags:
    """`standing` is None where nobody audited the run; `problem` says why its findings can't be read."""

    standing: Standing | None
    problem: str | None = None

    @property
    def flagged(self) -> bool:
        return self.standing is not None and self.standing.flagged

    @property
    def judged(self) -> Sequence[Judged]:
        """Every finding of the run, the weightiest first."""
        return () if self.standing is None else self.standing.judged

    def of_node(self, node: str) -> Sequence[Judged]:
        """The findings in one node."""
        return [one for one in self.judged if one.finding.node == node]


def flags(run: Path) -> Flags:
    """A run's flags; files that can't be read are that page's problem and nobody else's."""
    try:
        return Flags(standing(run))
    except (UserError, OSError) as error:
        return Flags(None, readable(str(error)))
