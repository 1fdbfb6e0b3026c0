"""Rows that no table holds: the raw files themselves, whose names and folders say what is in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from harness.splits.placing import names_in_zip

if TYPE_CHECKING:
    import pandas as pd


class FileList(BaseModel):
    """A row for each raw file that a pattern fits, sorted by folder and name; its columns are what the pattern names.

    `train/{species}/{name}.png` has two columns, of text. `train.zip::train/{name}.png` lists a zip.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    files: str = Field(pattern=r"\{\w+\}")

    def read(self, raw: Path) -> pd.DataFrame:
        """Return the table; ValueError when no file fits."""
        import pandas as pd

        archive, inside, pattern = self.files.rpartition("::")
        parts = re.split(r"\{(\w+)\}", pattern)
        named = "".join(f"(?P<{part}>[^/]+)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
        names = names_in_zip(raw / archive) if inside else _names_below(raw, parts[0].rpartition("/")[0])
        fitting = (re.fullmatch(named, name) for name in sorted(names, key=lambda name: name.split("/")))
        rows = [found.groupdict() for found in fitting if found]
        if not rows:
            raise ValueError(f"the raw data hold no file like {self.files}")
        return pd.DataFrame(rows)


def _names_below(raw: Path, folder: str) -> list[str]:
    return [path.relative_to(raw).as_posix() for path in (raw / folder).rglob("*") if path.is_file()]
