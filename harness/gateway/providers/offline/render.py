"""Writes a recipe out as a script: self-contained, readable, only the parts that this recipe uses.

The script keeps the candidate's contract (`./input` is read, `./working/submission.csv` is written, the last score line
is `validation score: <float>`) and runs as a plain `python solution.py`. Everything that it needs to know of the data
it looks up itself; the preview only supplies file names, so a preview that was cut or wrong costs nothing.
"""

from __future__ import annotations

from string import Template

from harness.gateway.providers.offline.families import FAMILIES, Construction, Table
from harness.gateway.providers.offline.families.networks import PIXELS
from harness.gateway.providers.offline.features import HELPERS, STEPS, in_order
from harness.gateway.providers.offline.literals import literal, merged_imports
from harness.gateway.providers.offline.media import DESCRIBE, KINDS
from harness.gateway.providers.offline.metrics import METRICS, ScriptMetric
from harness.gateway.providers.offline.preview import DataFacts, Role
from harness.gateway.providers.offline.recipe import Member, Recipe, to_config
from harness.gateway.providers.offline.snippets import predicting, tables, validating
from harness.gateway.providers.offline.sources import (
    ALL_FILES,
    FIND_LABELS,
    FIND_SAMPLE,
    LABELS_OF_FILES,
    READ_TABLE,
    READING,
    ROWS_TO_ANSWER,
    SEVENZIP,
)
from harness.gateway.providers.offline.wording import headline

_LABELLED: tuple[Role, ...] = ("train", "sample")
_STANDARD_LIBRARY = ("import os", "from pathlib import Path")
_ALWAYS_IMPORTED = ("import numpy as np", "import pandas as pd")
_TOGETHER = {"ranked": predicting.PREDICT_RANKED, "lists": predicting.PREDICT_LISTS}
IN_ORDER = ("qwk",)  # metrics of classes that have an order


def render(recipe: Recipe, data: DataFacts) -> str:
    """The script of a recipe. The same recipe and file names give the same text."""
    metric = METRICS[recipe.metric]
    steps = in_order(recipe.features)
    parts = [
        f'"""{headline(recipe)}"""\n\n' + _imports(recipe, metric, steps) + "\n\n" + _settings(recipe),
        _feature_functions(recipe, steps, data),
        _models(recipe),
        Template(validating.SCORE).substitute(body=metric.body),
        _validation(recipe),
        _main(recipe, steps, metric, data),
    ]
    return "\n\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def _imports(recipe: Recipe, metric: ScriptMetric, steps: tuple[str, ...]) -> str:
    lines = set(_ALWAYS_IMPORTED) | set(metric.imports)
    for member in recipe.members:
        lines.update(_construction(recipe, member).imports)
    for step in steps:
        lines.update(STEPS[step].imports)
    lines.add(f"from sklearn.model_selection import {', '.join({'KFold', _splitter(recipe)})}")
    lines.update(("from joblib import Parallel, delayed", "from threadpoolctl import ThreadpoolController"))
    if recipe.encoding == "means":
        lines.add("from sklearn.preprocessing import TargetEncoder")
    kinds = _tables(recipe)
    if "wide" in kinds:
        lines.add("from sklearn.impute import SimpleImputer")
    if kinds & {"sparse", "hashed"}:
        lines.add("from scipy import sparse")
    if "sparse" in kinds:
        lines.add("from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer")
    if "hashed" in kinds:
        lines.add("from sklearn.feature_extraction.text import HashingVectorizer")
    standard, optional = list(_STANDARD_LIBRARY), ""
    if recipe.source == "found":
        standard += ["import json", "import tarfile", "import zipfile"]
        needed = {line for kind in KINDS for line in kind.imports}
        standard += sorted(line for line in needed if line.startswith("import "))
        lines |= {line for line in needed if line.startswith("from ")}
        optional = "\n\n" + SEVENZIP
    plain = sorted(line for line in standard if line.startswith("import "))
    named = sorted(line for line in standard if line.startswith("from "))
    return "\n".join([*plain, *named]) + "\n\n" + "\n".join(merged_imports(lines)) + optional


def _settings(recipe: Recipe) -> str:
    rows = [f'    "{key}": {literal(value, 4)},' for key, value in to_config(recipe).items()]
    return "\n".join(["CONFIG = {", *rows, "}"]) + "\n" + tables.PLACES


def _reading(recipe: Recipe, data: DataFacts) -> str:
    """Reading of the three tables, and from them what is asked for."""
    if recipe.source == "found":
        rows = tables.FEWER_ROWS if recipe.max_rows is not None else ""
        joined = tables.FOUND_JOINED + (tables.SKIP if recipe.skip else "")
        return READING + tables.FOUND_TARGETS + rows + joined
    train, sample = (f"{role} = {_table_expression(role, data)}" for role in _LABELLED)
    if data.tables and "test" not in data.tables:  # images, say: their table is the sample submission
        test = "test = sample[[sample.columns[0]]].copy()"
    else:
        test = f"test = {_table_expression('test', data)}"
    return "\n".join((train, sample, test)) + "\n" + _columns(recipe)


def _named(role: Role, data: DataFacts) -> str | None:
    """The previewed file of a role, where it is one that the script can read by name."""
    table = data.tables.get(role)
    readable = table is not None and table.name.lower().endswith((".csv", ".csv.gz", ".csv.zip"))
    return table.name if table is not None and readable else None


def _table_expression(role: Role, data: DataFacts) -> str:
    name = _named(role, data)
    if name is not None:
        return f"pd.read_csv(INPUT / {literal(name)})"
    return 'find_table("sample", "submission")' if role == "sample" else f'find_table("{role}")'


def _columns(recipe: Recipe) -> str:
    lines = tables.TARGET_OF_CLASSES if recipe.layout == "classes" else tables.TARGETS
    if recipe.max_rows is not None:
        lines += tables.FEWER_ROWS
    return lines + tables.JOINED + (tables.SKIP if recipe.skip else "")


def _feature_functions(recipe: Recipe, steps: tuple[str, ...], data: DataFacts) -> str:
    finder = [tables.FIND_TABLE] if "find_table(" in _reading(recipe, data) else []
    helpers = dict.fromkeys(["text_columns", *(name for step in steps for name in STEPS[step].helpers)])
    kinds = _tables(recipe)
    shapes = [tables.CODES] * bool(kinds & {"codes", "filled"}) + [tables.WIDE] * ("wide" in kinds)
    shapes += [tables.SPARSE] * ("sparse" in kinds) + [tables.HASHED] * ("hashed" in kinds)
    shapes += [PIXELS] * ("pixels" in kinds)
    shapes += [tables.CATEGORIES] * (recipe.encoding == "means")
    finder += _finding() if recipe.source == "found" else []
    functions = (
        finder + [HELPERS[name] for name in helpers] + [tables.TIDY] + [STEPS[step].code for step in steps] + shapes
    )
    return "\n\n\n".join(function.strip("\n") for function in functions)


def _finding() -> list[str]:
    """Functions that look for tables and files, and that describe files."""
    suffixes = [f'    "{suffix}": {kind.name},' for kind in KINDS for suffix in kind.suffixes]
    describers = "\n".join(["DESCRIBERS = {", *suffixes, "}"])
    parts = [ALL_FILES, READ_TABLE, FIND_SAMPLE, FIND_LABELS, ROWS_TO_ANSWER, LABELS_OF_FILES]
    parts += [tables.SPREAD_LISTS, tables.ID_PARTS]
    return [*parts, *(kind.code for kind in KINDS), describers, DESCRIBE]


def _table_of(recipe: Recipe, member: Member) -> Table:
    table = FAMILIES[member.family].table
    return "wide" if recipe.encoding == "columns" and table in ("codes", "filled") else table


def _tables(recipe: Recipe) -> set[Table]:
    return {_table_of(recipe, member) for member in recipe.members}


def _construction(recipe: Recipe, member: Member) -> Construction:
    return FAMILIES[member.family].build[recipe.task]


def _models(recipe: Recipe) -> str:
    """One function a model, and a table of them with the input that each takes."""
    own = dict.fromkeys(code.strip("\n") for m in recipe.members if (code := _construction(recipe, m).code))
    functions = [*own, *(_model_function(recipe, member) for member in recipe.members)]
    rows = [f'    "{m.family}": (make_{m.family}, "{_table_of(recipe, m)}"),' for m in recipe.members]
    return "\n\n\n".join([*functions, "\n".join(["MODELS = {", *rows, "}"])])


def _model_function(recipe: Recipe, member: Member) -> str:
    construction = _construction(recipe, member)
    balanced = f", {construction.balanced}" if recipe.balanced and construction.balanced else ""
    expression = construction.expression.replace("$balanced", balanced)
    return f"def make_{member.family}(seed, settings):\n    return {expression}"


def _splitter(recipe: Recipe) -> str:
    return "StratifiedKFold" if recipe.task == "classification" and recipe.stratified else "KFold"


def _validation(recipe: Recipe) -> str:
    classes, with_means = recipe.task == "classification", recipe.encoding == "means"
    code = Template(validating.VALIDATE_CLASSES if classes else validating.VALIDATE_VALUES).substitute(
        means="        means = target_means(y, fit, seed)\n" if with_means else "",
        table="with_means(INPUTS[table_name], means)" if with_means else "INPUTS[table_name]",
        forward="np.log1p(y[fit])" if recipe.log_target else "y[fit]",
        back="np.expm1" if recipe.log_target else "np.asarray",
        blend="held_out.mean(axis=0), predicted.mean(axis=0)"
        if recipe.blend == "mean"
        else "blended(y, held_out, predicted)",
    )
    means = Template(tables.MEANS).substitute(kind="auto" if classes else "continuous") if with_means else ""
    folds = Template(validating.FOLDS).substitute(choice=_choice(recipe))
    best = "argmax" if METRICS[recipe.metric].higher else "argmin"
    weighted = Template(validating.WEIGHTED).substitute(best=best) if recipe.blend == "weighted" else ""
    parts = (means, folds, weighted, code, _cutting(recipe), predicting.IN_SAMPLE_ORDER)
    return "\n\n\n".join(part.strip("\n") for part in parts if part)


def _choice(recipe: Recipe) -> str:
    """The splitter of a fold; without regard to class where the commonest is too rare for it."""
    if _splitter(recipe) == "KFold":
        return "splitter = KFold(folds, shuffle=True, random_state=seed)"
    return (
        "kind = StratifiedKFold if np.bincount(y).max() >= folds else KFold\n"
        "    splitter = kind(folds, shuffle=True, random_state=seed)"
    )


def _cutting(recipe: Recipe) -> str:
    if not recipe.tuned_cutoff:
        return ""
    return validating.ORDINAL if recipe.metric in IN_ORDER else validating.CUTOFF


def _main(recipe: Recipe, steps: tuple[str, ...], metric: ScriptMetric, data: DataFacts) -> str:
    applied = "".join(f"table = {step}(table)\n" for step in ("tidy", *steps))
    begin = _reading(recipe, data) + "\n" + applied + _inputs(recipe)
    return begin + predicting.BEGIN + _predicting(recipe, metric) + predicting.ENDING


def _inputs(recipe: Recipe) -> str:
    """The arrays that the models take, by the name under which `MODELS` asks for them."""
    kinds = _tables(recipe)
    lines = ["CATEGORIES = to_categories(table)"] if recipe.encoding == "means" else []
    lines += ["codes = to_codes(table)"] if kinds & {"codes", "filled"} else []
    values = {
        "codes": "codes",
        "filled": "np.nan_to_num(codes, nan=-1.0)",
        "wide": "to_wide(table)",
        "sparse": "to_sparse(table)",
        "hashed": "to_hashed(table)",
        "pixels": "to_pixels(train, test, files)",
    }
    entries = ", ".join(f'"{kind}": {values[kind]}' for kind in sorted(kinds))
    return "\n".join([*lines, f"INPUTS = {{{entries}}}", ""])


def _predicting(recipe: Recipe, metric: ScriptMetric) -> str:
    if recipe.layout == "classes":
        return predicting.PREDICT_CLASSES + predicting.NORMALISED
    if recipe.task == "regression":
        return predicting.PREDICT_VALUES
    if recipe.layout in _TOGETHER:
        return _TOGETHER[recipe.layout]
    if metric.wants == "probability":
        return predicting.PREDICT_PROBABILITY
    if recipe.tuned_cutoff:
        return predicting.PREDICT_LABELS_IN_ORDER if recipe.metric in IN_ORDER else predicting.PREDICT_LABELS_BY_CUTOFF
    return predicting.PREDICT_LABELS
