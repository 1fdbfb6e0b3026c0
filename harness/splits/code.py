"""A split that YAML can't say: the competition's own `prepare.py`, with the same contract as any recipe.

The file defines `prepare(job: harness.splits.Job, **options) -> None`. It is part of the competition, so it is trusted
as the harness is; it runs where the data are prepared, never in a container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from harness.specs.owncode import function_in
from harness.splits.base import Job, SplitRecipe

if TYPE_CHECKING:
    from pathlib import Path


class OwnCode(SplitRecipe):
    """Call a function of the competition's own file; `options` go to it as keyword arguments."""

    version: ClassVar[int] = 1
    recipe: Literal["code"]
    file: str = "prepare.py"
    function: str = "prepare"
    options: dict[str, Any] = Field(default_factory=dict)

    def why_no_search_view(self) -> str | None:
        return "its split is code of the competition's own"

    def apply(self, job: Job) -> None:
        function_in(job.code / self.file, self.function)(job, **self.options)

    def depends_on(self, code: Path) -> str:
        return (code / self.file).read_text(encoding="utf-8")
