"""The ways of making public and private data from raw data, each a recipe that a spec names with its parameters.

Families are files. A new recipe is a class in one of them and a member of `Split` here.
"""

from typing import Annotated

from pydantic import Field

from harness.splits.base import Job, SplitRecipe
from harness.splits.coco import CocoCategories
from harness.splits.code import OwnCode
from harness.splits.given import AsGiven
from harness.splits.rows import Rows
from harness.splits.tables import GroupedRows, RandomRows

__all__ = ["Job", "Split", "SplitRecipe"]

Split = Annotated[Rows | RandomRows | GroupedRows | CocoCategories | OwnCode | AsGiven, Field(discriminator="recipe")]
