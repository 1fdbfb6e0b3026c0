"""What every split recipe is: parameters from a spec, and `apply`, which turns raw files into prepared ones.

A recipe writes the public files, the answers and the sample submission; it decides nothing else: where raw data comes
from, atomicity and checksums are `prepare.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from harness.parallel import Track, untracked
from harness.splits.csv_bytes import write_csv

if TYPE_CHECKING:
    import pandas as pd


SEARCH_TRUTH, PICK_TRUTH = "search.csv", "pick.csv"
VIEW_IDS, PUBLIC_IDS = "view_ids.csv", "public_ids.csv"


@dataclass(frozen=True)
class Job:
    """What a recipe works on: folders to read and write, and what the spec says of the submission.

    `raw` holds the spec's raw files and folders under their own names, to be read only. `plain_sample` is where the
    sample submission goes once more when the public one is packed or missing; otherwise leave it alone.
    """

    raw: Path
    public: Path
    private: Path
    plain_sample: Path
    id_columns: tuple[str, ...]
    sample: Mapping[str, Any]  # constant of each predicted column in the sample submission
    sample_file: str
    answers_file: str
    code: Path  # the folder of the spec, where code of a competition's own lies
    say: Callable[[str], None] = lambda _: None
    track: Track = untracked  # a bar over a long loop: for name in job.track(names, "masks drawn")

    def write_sample(self, test: pd.DataFrame) -> None:
        """Write the sample submission: the test rows' ids, and the spec's constant in each predicted column."""
        sample = test[list(self.id_columns)].assign(**dict(self.sample))
        write_csv(sample, self.public / self.sample_file)


class SplitRecipe(BaseModel):
    """Parameters of one recipe; `apply` writes the files and raises ValueError when the raw data do not fit.

    `version` is part of what prepared data depend on: raise it whenever the bytes that the recipe writes change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: ClassVar[int]

    def apply(self, job: Job) -> None:
        raise NotImplementedError

    def why_no_search_view(self) -> str | None:
        """Say why no training rows can be held back to guide a search; None where they can."""
        raise NotImplementedError

    def apply_held_back(self, job: Job) -> None:
        """Write the public files as `apply` does, but with some training rows among the test rows.

        Into `job.private` go the truth of both parts held back, under the view's ids (`SEARCH_TRUTH`, `PICK_TRUTH`),
        and the ids of the test rows: in the view (`VIEW_IDS`), and in the same order those of `apply` (`PUBLIC_IDS`).
        No label of a test row is written. Raises ValueError where the data do not allow it.
        """
        raise ValueError(self.why_no_search_view())

    def depends_on(self, code: Path) -> str:
        """Return what else the bytes depend on: the text of the competition's own code, if the recipe runs any."""
        return ""
