"""Makes synthetic raw data of a competition from what its spec declares, so that everything runs without a download.

The files, columns, types and missing shares are the real ones' and the target can be learnt from the features; the
values mean nothing. Whatever is prepared from it says `stand_in: true`, earns no medal and no percentile, and is never
averaged with real results. The same recipe always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.specs.owncode import function_in
from harness.standin.media import StandInFile, World, write_file
from harness.standin.tables import StandInTable

__all__ = ["VERSION", "StandIn", "StandInTable", "write"]

VERSION = 1  # raise it when the same recipe would give other bytes


class StandInCode(BaseModel):
    """What YAML can't say: `write(folder: Path, rng: numpy.random.Generator, **options)` in a file beside the spec."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    file: str = "standin.py"
    function: str = "write"
    options: dict[str, Any] = {}


class StandIn(BaseModel):
    """The raw files of a competition's stand-in: declared one by one, written by the competition's code, or both.

    `files` goes from names, or patterns of names where one file goes with each row of a table, to what they hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    seed: int = 0
    sample_score: float | None = Field(default=None, description="what the sample submission scores on this data")
    files: dict[str, StandInFile] = {}
    code: StandInCode | None = None

    @model_validator(mode="after")
    def _writes_something(self) -> StandIn:
        if not self.files and self.code is None:
            raise ValueError("name at least one file, or code that writes them")
        return self

    def lacks(self, raw: Iterable[str]) -> list[str]:
        """Return the raw files, and folders with a trailing slash, that no declared file makes."""
        return sorted(
            name
            for name in raw
            if not any(file == name or (name.endswith("/") and file.startswith(name)) for file in self.files)
        )

    def depends_on(self, code: Path) -> str:
        """Return the text of the competition's own code, if any: the bytes depend on it."""
        return "" if self.code is None else (code / self.code.file).read_text(encoding="utf-8")


def write(recipe: StandIn, folder: Path, code: Path) -> None:
    """Write the stand-in's raw files into `folder`; `code` is the folder of the spec."""
    import numpy as np

    world = World(folder)
    for number, (name, file) in enumerate(recipe.files.items()):
        write_file(name, file, world, np.random.default_rng([recipe.seed, number]))
    if recipe.code is not None:
        rng = np.random.default_rng([recipe.seed, len(recipe.files)])
        function_in(code / recipe.code.file, recipe.code.function)(folder, rng, **recipe.code.options)
