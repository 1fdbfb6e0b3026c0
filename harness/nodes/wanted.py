"""Which data a run needs on a node, told so that a node can find and verify them: the public half, never the private.

With labels held back (hidden-split) also the search view, whose labels are of training rows: the gateway scores nodes
with them, and it runs where the container runs. The manifest travels whole, so hashes of private files do too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.data import search_view
from harness.data.describing import describe_prepared
from harness.data.manifest import SAMPLE_NAME, Prepared
from harness.data.search_view import SearchView
from harness.files import sha256_of
from harness.specs.competition import Checksums, Competition

PUBLIC = "public"
assert SAMPLE_NAME == search_view.SAMPLE_NAME  # both kinds have it at the same place


@dataclass(frozen=True)
class Wanted:
    """One folder of data by its content: `parts` in it, a plain sample submission, and a manifest."""

    name: str  # where it lies below a data home
    fingerprint: str
    parts: tuple[str, ...]
    contents: dict[str, str]  # sha256 of each file that is told by itself, and of each folder as a whole
    sample_sha256: str
    manifest: str  # the text of its manifest.json
    stated: Checksums | None = None  # the files below folders that are told by themselves

    @property
    def object_name(self) -> str:
        """What its archive is called in an object store: by content, so that other data are another object."""
        return f"{self.name.replace('/', '-')}-{self.fingerprint[:32]}.tar"

    def differs(self, folder: Path) -> str | None:
        """Read the data that lie there, all of them; None where they are these, else what is not."""
        for part in self.parts:
            if not (folder / part).is_dir():
                return f"{folder / part} is missing"
        sample = folder / SAMPLE_NAME
        if not sample.is_file() or sha256_of(sample) != self.sample_sha256:
            return f"{sample} is missing or another one"
        files, folders = describe_prepared(folder, self.stated, sides=self.parts)
        found = {name: one.sha256 for part in (files, folders) for name, one in part.items()}
        wrong = sorted(name for name in {*found, *self.contents} if found.get(name) != self.contents.get(name))
        return f"{folder / wrong[0]} is missing, another one, or one too many" if wrong else None


def of_data(competition: Competition, prepared: Prepared) -> Wanted:
    """The public data of a competition."""
    known = prepared.manifest
    told = {name: one.sha256 for part in (known.files, known.folders) for name, one in part.items()}
    return Wanted(
        name=prepared.folder.name,
        fingerprint=known.fingerprint,
        parts=(PUBLIC,),
        contents={name: sha256 for name, sha256 in told.items() if name.startswith(f"{PUBLIC}/")},
        sample_sha256=sha256_of(prepared.sample),
        manifest=known.model_dump_json(indent=2),
        stated=None if known.stand_in else competition.edition(known.edition)[1].checksums,
    )


def of_view(view: SearchView) -> Wanted:
    """What a search sees where training rows are held back, and the labels of these."""
    return Wanted(
        name=f"{view.folder.parent.name}/{search_view.SEARCH}",
        fingerprint=view.manifest.fingerprint,
        parts=(PUBLIC, search_view.HELD_BACK),
        contents=dict(view.manifest.contents),
        sample_sha256=sha256_of(view.sample),
        manifest=view.manifest.model_dump_json(indent=2),
    )
