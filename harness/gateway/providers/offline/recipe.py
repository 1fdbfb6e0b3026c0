"""A solution as data: what a script is made of, so that one part of it can be changed and everything else kept.

A recipe is written at the top of each script as a `CONFIG` dict of plain literals and read back from there, because
the parent's code in the prompt is all that the next answer has. Reading never executes anything: a CONFIG that is not
a literal, or not of our shape, is somebody else's script and gives None.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

Param = str | int | float | bool | None
Task = Literal["classification", "regression"]
# One column a target, one probability column a class, the likeliest labels in order, or all labels that apply.
Layout = Literal["columns", "classes", "ranked", "lists"]
Source = Literal["named", "found"]  # tables whose names the preview gives, or what the script finds, media among it
Blend = Literal["mean", "weighted"]
# How categories reach the models: as each family likes them, a column each for all, or with their mean target added.
Encoding = Literal["usual", "columns", "means"]

_TASKS = ("classification", "regression")
_LAYOUTS = ("columns", "classes", "ranked", "lists")
_SOURCES = ("named", "found")
_BLENDS = ("mean", "weighted")
_ENCODINGS = ("usual", "columns", "means")


@dataclass(frozen=True)
class Member:
    """One model of a blend (or the only one): its family and the settings that are passed to its constructor."""

    family: str
    params: tuple[tuple[str, Param], ...] = ()

    def having(self, name: str, value: Param) -> Member:
        """The same model with one setting changed, its place in the order kept."""
        settings = dict(self.params) | {name: value}
        return replace(self, params=tuple(settings.items()))


@dataclass(frozen=True)
class Recipe:
    """Everything that distinguishes one of our scripts from another. Fields at their default are not written out."""

    task: Task
    metric: str
    members: tuple[Member, ...]
    features: tuple[str, ...] = ()
    folds: int = 5
    seeds: tuple[int, ...] = (0,)
    source: Source = "named"
    layout: Layout = "columns"
    blend: Blend = "mean"
    encoding: Encoding = "usual"
    balanced: bool = False
    log_target: bool = False
    tuned_cutoff: bool = False
    max_rows: int | None = None  # most training rows used; None is all of them
    skip: tuple[str, ...] = ()  # columns left out
    stratified: bool = True

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(member.family for member in self.members)


_ALWAYS = ("task", "metric", "models", "features", "folds", "seeds")


def to_config(recipe: Recipe) -> dict[str, Any]:
    """The recipe as the dict of literals that stands at the top of its script."""
    config: dict[str, Any] = {
        "task": recipe.task,
        "metric": recipe.metric,
        "models": {member.family: dict(member.params) for member in recipe.members},
        "features": list(recipe.features),
        "folds": recipe.folds,
        "seeds": list(recipe.seeds),
    }
    for field in fields(Recipe):
        value = getattr(recipe, field.name)
        if field.name not in (*_ALWAYS, "members") and value != field.default:
            config[field.name] = list(value) if isinstance(value, tuple) else value
    return config


def from_code(code: str) -> Recipe | None:
    """The recipe that a script carries in its `CONFIG`, or None when it carries none that we wrote."""
    return from_config(config_in(code))


def config_in(code: str) -> Any:
    """The literal that a script assigns to `CONFIG`; None when there is none that is a literal."""
    try:
        tree = ast.parse(code)
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and _names_config(statement):
                return ast.literal_eval(statement.value)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None
    return None


def from_config(config: Any) -> Recipe | None:
    """Check a CONFIG's shape strictly: a stranger's dict of the same name must not pass for ours."""
    if not isinstance(config, dict) or any(key not in config for key in _ALWAYS):
        return None
    optional = {field.name for field in fields(Recipe)} - {"members"} - set(_ALWAYS)
    if set(config) - set(_ALWAYS) - optional:
        return None
    values = dict(config)
    members = _members(values.pop("models"))
    if members is None or not _sound(values):
        return None
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return Recipe(members=members, **plain)


def _names_config(statement: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "CONFIG" for target in statement.targets)


def _members(models: Any) -> tuple[Member, ...] | None:
    if not isinstance(models, Mapping) or not models:
        return None
    members = []
    for family, params in models.items():
        if not isinstance(family, str) or not isinstance(params, dict):
            return None
        if not all(isinstance(k, str) and isinstance(v, str | int | float | None) for k, v in params.items()):
            return None
        members.append(Member(family, tuple(params.items())))
    return tuple(members)


def _list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(type(item) is kind for item in value)


def _sound(values: Mapping[str, Any]) -> bool:
    return (
        values["task"] in _TASKS
        and isinstance(values["metric"], str)
        and _list_of(values["features"], str)
        and type(values["folds"]) is int
        and 2 <= values["folds"] <= 50
        and _list_of(values["seeds"], int)
        and 1 <= len(values["seeds"]) <= 50
        and values.get("source", "named") in _SOURCES
        and values.get("layout", "columns") in _LAYOUTS
        and values.get("blend", "mean") in _BLENDS
        and values.get("encoding", "usual") in _ENCODINGS
        and all(type(values.get(key, True)) is bool for key in ("balanced", "log_target", "tuned_cutoff", "stratified"))
        and (values.get("max_rows") is None or type(values["max_rows"]) is int)
        and _list_of(values.get("skip", []), str)
    )
