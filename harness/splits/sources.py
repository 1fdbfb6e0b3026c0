"""Raw tables: CSV or TSV, plain or alone in a zip, read so that they can be written back with the same numbers."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    import pandas as pd

_TABLES = (".csv", ".tsv", ".txt")


class Source(BaseModel):
    """One raw table. A file name alone stands for it where nothing else needs saying."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    file: str
    member: str | None = None  # of a zip that holds several tables
    separator: str | None = None  # else a tab for .tsv, a comma for the others
    types: dict[str, Literal["text"]] = {}
    gaps: Literal["pandas", "empty"] = Field(default="pandas", description="empty: words such as NA are text")
    without: dict[str, tuple[str | int, ...]] = Field(default={}, description="rows with these values are left out")

    @model_validator(mode="before")
    @classmethod
    def _file_alone(cls, value: object) -> object:
        return {"file": value} if isinstance(value, str) else value

    def read(self, raw: Path) -> pd.DataFrame:
        """Return the table; pandas reads floats exactly, so that writing them gives the digits that were there."""
        table = self._read(raw)
        for column, values in self.without.items():
            table = table[~table[column].isin(values)]
        return table

    def _read(self, raw: Path) -> pd.DataFrame:
        import pandas as pd

        path = raw / self.file
        if not path.is_file():
            raise ValueError(f"the raw data lack {self.file}")
        options: dict[str, Any] = {"dtype": dict.fromkeys(self.types, str) or None}
        if self.gaps == "empty":
            options |= {"keep_default_na": False, "na_values": [""]}
        if path.suffix != ".zip":
            plain: pd.DataFrame = pd.read_csv(path, sep=self._separator(self.file), **options)
            return plain
        with zipfile.ZipFile(path) as archive:
            member = self.member or _only_table(archive, self.file)
            with archive.open(member) as stream:
                table: pd.DataFrame = pd.read_csv(stream, sep=self._separator(member), **options)
        return table

    def _separator(self, name: str) -> str:
        return self.separator or ("\t" if name.endswith(".tsv") else ",")


def _only_table(archive: zipfile.ZipFile, name: str) -> str:
    tables = [
        member for member in archive.namelist() if member.endswith(_TABLES) and not member.startswith("__MACOSX/")
    ]
    if len(tables) != 1:
        raise ValueError(f"{name} holds {len(tables)} tables ({', '.join(tables[:5])}); the spec must name the member")
    return tables[0]
