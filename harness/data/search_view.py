"""What a search sees in the mode hidden-split, as it lies on disk: `<data>/<id>/search/`, and how to find it.

    search/
      public/                 the data folder of the search's container: some training rows stand among the test rows
      sample_submission.csv   what a submission of the search has to predict
      held_back/              for the scorer alone: the labels of those rows, in two parts, and which rows are test rows
      manifest.json

All labels here come from the competition's *training* data. Nothing here knows where test labels lie: this module and
`scorer.py`, which reads `held_back/`, are kept from importing anything that does. `prepare_search.py` makes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.splits.base import PICK_TRUTH, SEARCH_TRUTH, VIEW_IDS

if TYPE_CHECKING:
    from harness.specs.competition import SubmissionSpec

SEARCH = "search"
HELD_BACK = "held_back"
MANIFEST_NAME, SAMPLE_NAME = "manifest.json", "sample_submission.csv"
VERSION = 1  # raise it whenever the rows that are held back, or what is written of them, change


class SearchManifest(BaseModel):
    """`manifest.json` of a search view. `data_sha256` is of the data that it was made beside."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    version: int
    competition: str
    edition: str
    data_sha256: str
    search_rows: int
    pick_rows: int
    test_rows: int
    contents: dict[str, str]  # sha256 of each file at the top of a folder, and of each folder there

    @property
    def fingerprint(self) -> str:
        """Hash over the contents: equal views, equal fingerprint."""
        lines = sorted(f"{name} {sha256}" for name, sha256 in self.contents.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class SearchView:
    """A search view on disk."""

    folder: Path
    manifest: SearchManifest

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def sample(self) -> Path:
        return self.folder / SAMPLE_NAME

    @property
    def search_truth(self) -> Path:
        return self.folder / HELD_BACK / SEARCH_TRUTH

    @property
    def pick_truth(self) -> Path:
        return self.folder / HELD_BACK / PICK_TRUTH

    @property
    def test_ids(self) -> Path:
        """The view's ids of the test rows, in the order of the ordinary sample submission."""
        return self.folder / HELD_BACK / VIEW_IDS


def find(data_folder: Path, data_sha256: str) -> SearchView | None:
    """Return the view beside prepared data of that fingerprint; None where there is none, or one of other data."""
    folder = data_folder / SEARCH
    try:
        manifest = SearchManifest.model_validate_json((folder / MANIFEST_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    current = (manifest.version, manifest.data_sha256) == (VERSION, data_sha256)
    return SearchView(folder, manifest) if current else None


def by_id(spec: SubmissionSpec) -> SubmissionSpec:
    """Return the rules of a submission where rows are always told by their ids: parts of it are looked at."""
    return spec.model_copy(update={"by_position": ()})


def as_public(spec: SubmissionSpec, view: SearchView, sample: Path, path: Path) -> Any:
    """Return the test rows of a search's submission as a table that can be graded, in the order of the public sample.

    Raises InvalidSubmission where the submission breaks a rule.
    """
    import pandas as pd

    from harness.grading import submission

    spec = by_id(spec)
    ids = submission.ids_of(view.test_ids.read_bytes(), spec)
    predictions = submission.read_as(spec, view.sample, path).at(ids)
    named = pd.read_csv(sample, dtype=str, keep_default_na=False, na_filter=False, usecols=list(spec.id))
    columns = {name: named[name].to_numpy() if name in spec.id else predictions.columns[name] for name in spec.columns}
    return pd.DataFrame(columns)
