"""Files that go with rows, such as an image each: where the raw ones lie, and where each side's are put."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from harness.splits.base import Job
from harness.splits.sides import Sides


class Media(BaseModel):
    """One kind of file that goes with rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def place(self, job: Job, sides: Sides) -> None:
        """Put each row's file where the prepared data want it; ValueError when the raw data lack one."""
        raise NotImplementedError
