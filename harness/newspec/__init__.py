"""Writes the folder of a new competition from a labelled CSV of the user's: `podium new`, and `podium solve`.

It looks at the columns, proposes what can be proposed, and writes files that a person goes on with; it splits and
grades nothing (`podium check` does, with what was written). Test rows are held out of the CSV, or `given`.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.metrics import Metric, get_metric, names
from harness.splits.placing import place

if TYPE_CHECKING:
    import pandas as pd

ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
MOST_CLASSES = 50
TRAIN_FILE = "train.csv"


@dataclass(frozen=True)
class Given:
    """Test rows that the user has, with or without their labels; `others` are further public files, by name.

    `sample_file` is one of `others` that is the sample submission.
    """

    test: Path
    labelled: bool
    others: Mapping[str, Path] = field(default_factory=dict)
    sample_file: str | None = None


@dataclass(frozen=True)
class Wish:
    """What the user said of the new competition; `goal` and `evaluation` are in their words."""

    id: str
    train: Path
    target: str
    id_column: str
    metric: str | None = None
    title: str | None = None
    group: str | None = None
    test: float = 0.1
    given: Given | None = None
    goal: str | None = None
    evaluation: str | None = None

    @property
    def train_file(self) -> str:
        """What the table is called in the new competition."""
        return self.train.name if self.given else TRAIN_FILE

    def raw_files(self) -> dict[str, Path]:
        """Return the raw data by name."""
        given = {self.given.test.name: self.given.test, **self.given.others} if self.given else {}
        return {self.train_file: self.train, **given}


def write(wish: Wish, into: Path) -> Path:
    """Write `<into>/<id>/` and return it; nothing is left there after an error."""
    if not re.fullmatch(ID_PATTERN, wish.id):
        raise UserError(f"{wish.id!r} can't be an id: letters, digits, '.', '_' and '-', as in my-competition")
    folder = into / wish.id
    if folder.exists():
        raise UserError(f"{folder} is there already; choose another id, or remove it")
    table = _read(wish)
    metric = _metric(wish, table[wish.target])
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".new-") as scratch:
        made = Path(scratch, wish.id)
        place([(path, made / "raw" / name) for name, path in wish.raw_files().items()])
        facts = _facts(wish, table, metric)
        for name in ("competition.yaml", "description.md"):
            (made / name).write_text(_rendered(name, facts), encoding="utf-8")
        made.rename(folder)
    return folder


def _read(wish: Wish) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(wish.train)
    except FileNotFoundError:
        raise UserError(f"--train {wish.train} does not exist") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"--train {wish.train} is no CSV that can be read: {error}") from error
    for option, name in (("--target", wish.target), ("--id", wish.id_column), ("--group", wish.group)):
        if name is not None and name not in table.columns:
            raise UserError(f"{option} {name}: {wish.train} has the columns {', '.join(map(str, table.columns[:20]))}")
    if wish.target == wish.id_column:
        raise UserError(f"--target and --id are both {wish.target!r}; they must differ")
    ids = (table if wish.given is None else pd.read_csv(wish.given.test, usecols=[wish.id_column]))[wish.id_column]
    if repeated := ids[ids.duplicated()].tolist():
        raise UserError(f"--id {wish.id_column}: {repeated[0]!r} appears more than once; each row needs its own id")
    if gaps := int(ids.isna().sum()) if wish.given else 0:
        raise UserError(f"{gaps} rows of {wish.given and wish.given.test} lack the id; leave them out first")
    if gaps := int(table[[wish.id_column, wish.target]].isna().any(axis=1).sum()):
        raise UserError(f"{gaps} rows of {wish.train} lack the id or {wish.target!r}; leave them out first")
    return table


def _metric(wish: Wish, values: pd.Series[Any]) -> Metric:
    """Return the metric that was asked for, or the usual one for such a target."""
    import pandas as pd

    classes = values.nunique() <= MOST_CLASSES and (not pd.api.types.is_float_dtype(values))
    if wish.metric is None:
        return get_metric("accuracy" if classes else "rmse")
    try:
        metric = get_metric(wish.metric)
    except ValueError as error:
        raise UserError(f"--metric {wish.metric}: {error}") from error
    numbers = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if metric.takes == "table":
        usual = [name for name in names() if get_metric(name).takes != "table"]
        raise UserError(
            f"--metric {metric.name} needs a spec written by hand; those for one column: {', '.join(usual)}"
        )
    if metric.takes == "numbers" and not numbers:
        raise UserError(f"--metric {metric.name} takes numbers, and {wish.target!r} holds {values.iloc[0]!r}")
    if metric.takes != "numbers" and not classes:
        raise UserError(
            f"--metric {metric.name} takes classes, and {wish.target!r} holds {values.nunique()} different values"
        )
    return metric


def _facts(wish: Wish, table: pd.DataFrame, metric: Metric) -> dict[str, Any]:
    import pandas as pd

    values = table[wish.target]
    if wish.given:
        ids = pd.read_csv(wish.given.test, usecols=[wish.id_column])[wish.id_column]
        train_rows, test_rows = len(table), len(ids)
    else:
        ids = table[wish.id_column]
        test_rows = round(len(table) * wish.test) if wish.test < 1 else int(wish.test)
        train_rows = len(table) - test_rows
    if min(test_rows, train_rows) <= 0:
        raise UserError(f"--test {wish.test:g} of {len(table)} rows leaves nothing on one side; try 0.1")
    sample = wish.given.sample_file if wish.given else None
    classes = values.nunique() <= MOST_CLASSES and not pd.api.types.is_float_dtype(values)
    common = classes and values.value_counts().min() >= 2 and min(test_rows, train_rows) >= values.nunique()
    return {
        "id": wish.id,
        "title": wish.title or wish.id.replace("-", " ").capitalize(),
        "raw": sorted({_raw_entry(name) for name in wish.raw_files()}),
        "raw_mb": max(0.1, round(sum(path.stat().st_size for path in wish.raw_files().values()) / 1e6, 1)),
        "train_file": wish.train_file,
        "test_file": wish.given.test.name if wish.given else "test.csv",
        "sample_file": (wish.given and wish.given.sample_file) or "sample_submission.csv",
        "others": sorted({name.split("/")[0] for name in (wish.given.others if wish.given else ())} - {sample}),
        "train_rows": train_rows,
        "test_rows": test_rows,
        "about": "" if wish.given else "about ",
        "unlabelled": wish.given is not None and not wish.given.labelled,
        "goal": wish.goal,
        "evaluation": wish.evaluation,
        "metric": metric.name,
        "metric_text": (metric.function.__doc__ or "").strip().splitlines()[0],
        "direction": metric.direction,
        "id_column": wish.id_column,
        "id_type": "integer" if pd.api.types.is_integer_dtype(ids) else "text",
        "target": wish.target,
        "target_column": _target_column(values, metric),
        "split": _split(wish, stratified=common),
        "columns": [(name, _text_of(table[name])) for name in table.columns],
    }


def _split(wish: Wish, *, stratified: bool) -> str:
    """Return how the rows are divided, as YAML on one line."""
    target, source = json.dumps(wish.target, ensure_ascii=False), json.dumps(wish.train_file, ensure_ascii=False)
    if wish.given:
        test = json.dumps(wish.given.test.name, ensure_ascii=False)
        if not wish.given.labelled:
            return f"{{recipe: as_given, test: {test}}}"
        write = f"{{{source}: {{copy_of: {source}}}, {test}: {{rows: test, drop: [{target}]}}}}"
        return f"{{recipe: rows, divide: {{by: given, test: {test}}}, write: {write}}}"
    rest = f"source: {source}, target: {target}, test: {wish.test:g}, seed: 0"
    if wish.group:
        return f"{{recipe: grouped_rows, group: {json.dumps(wish.group, ensure_ascii=False)}, {rest}}}"
    strata = f", stratify: {target}" if stratified else ""
    return f"{{recipe: random_rows, {rest}{strata}}}"


def _raw_entry(name: str) -> str:
    """Return how a spec names a raw file: by itself, or by the folder that holds it."""
    first, _, rest = name.partition("/")
    return f"{first}/" if rest else first


def _target_column(values: pd.Series[Any], metric: Metric) -> str:
    """Return the declaration of the predicted column, as YAML on one line."""
    import math

    import pandas as pd

    if metric.takes == "numbers":
        low, high = metric.domain
        limits = [f"minimum: {low!r}"] if math.isfinite(low) else []
        limits += [f"maximum: {high!r}"] if math.isfinite(high) else []
        middle = float(values.mean())
        return "{" + ", ".join(["type: number", *limits, f"sample: {middle:.6g}"]) + "}"
    if pd.api.types.is_bool_dtype(values):
        return "{type: boolean, sample: false}"
    labels = sorted(values.unique().tolist())
    return f"{{type: label, labels: {json.dumps(labels, ensure_ascii=False)}}}"


def _text_of(values: pd.Series[Any]) -> str:
    import pandas as pd

    missing = values.isna().mean()
    gaps = f", {missing:.1%} missing" if missing else ""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return f"number from {values.min():g} to {values.max():g}{gaps}"
    examples = ", ".join(str(value)[:30].replace("|", "/").replace("\n", " ") for value in values.dropna().unique()[:3])
    return f"{values.nunique()} values, such as {examples}{gaps}"


def _rendered(name: str, facts: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the output is YAML and Markdown
    )
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML one
    return environment.get_template(f"{name}.j2").render(facts)
