"""What a model family is: how to construct it in a script, and which of its settings are worth changing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from harness.gateway.providers.offline.features.reasons import always
from harness.gateway.providers.offline.preview import DataFacts
from harness.gateway.providers.offline.recipe import Param, Task

# "codes": categories as numbers, gaps kept; "filled": the same without gaps; "wide": a column a category, no gaps;
# "sparse": words and categories a column each, mostly zeros; "hashed": the same in a fixed number of columns; "pixels":
# bytes of a small picture.
Table = Literal["codes", "filled", "wide", "sparse", "hashed", "pixels"]
Settings = dict[str, Param]
Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Construction:
    """`expression` builds an unfitted model; in it `settings` and `seed` are variables of the script. Models use one
    thread each: folds are what runs side by side.

    `balanced` is the argument that weighs classes equally, put where the expression says `$balanced`; None where the
    model has no such argument.
    """

    expression: str
    imports: tuple[str, ...]
    balanced: str | None = None
    code: str = ""  # what the expression needs that no library has


@dataclass(frozen=True)
class Tuning:
    """One setting and the values that it is moved along, one place at a time from where it stands."""

    name: str
    values: tuple[Param, ...]
    title: str


@dataclass(frozen=True)
class Family:
    """A kind of model.

    `words` recognise it in somebody else's plans; `library` is what must be importable; `start` gives the settings to
    begin with for a task and a number of rows; `fewest_rows` and `most_rows` are the sizes that it is worth trying on.
    """

    name: str
    title: str
    library: str
    table: Table
    words: tuple[str, ...]
    build: Mapping[Task, Construction]
    start: Callable[[Task, int | None], Settings]
    tunings: tuple[Tuning, ...] = ()
    fewest_rows: int | None = None
    most_rows: int | None = None
    cost_by_class: bool = False  # as much work again for each further class or target
    fits: Callable[[DataFacts], bool] = always


def by_size(rows: int | None, small: Number, medium: Number, large: Number) -> Number:
    """A setting by the size of the table: small ones need few trees, on large ones each costs much."""
    if rows is not None and rows < 3_000:
        return small
    return medium if rows is None or rows < 100_000 else large
