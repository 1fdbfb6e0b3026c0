"""An improvement changes one thing, and one that was not tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from harness.gateway.providers.offline.approaches import problem_of, start
from harness.gateway.providers.offline.changes import changes, choose
from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.preview import DataFacts
from harness.gateway.providers.offline.reading import Tried, read_situation
from harness.gateway.providers.offline.recipe import Member, Recipe, from_code, to_config
from harness.gateway.providers.offline.render import render
from harness.gateway.providers.offline.wording import improve_plan

Ask = Callable[..., list[dict[str, Any]]]


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """Places at which two configs differ; an entry of a dict that comes or goes is one place."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        return [
            place
            for key in keys
            for place in (
                differences(before[key], after[key], f"{path}/{key}")
                if key in before and key in after
                else [f"{path}/{key}"]
            )
        ]
    return [] if before == after else [path]


@pytest.fixture
def problem(ask: Ask) -> Callable[..., Any]:
    return lambda **parts: problem_of(read_situation(ask("improve", **parts), []))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "rmse", "rmsle"])
def test_every_change_is_one_change(problem: Callable[..., Any], family: str, metric: str) -> None:
    made = problem(metric=metric)
    base = start(FAMILIES[family], ("split_parts", "frequencies"), made)
    found = changes(base, made)
    assert len(found) >= 8
    for change in found:
        assert len(differences(to_config(base), to_config(change.recipe))) == 1, change.label


def test_labels_tell_changes_apart(problem: Callable[..., Any]) -> None:
    base = start(FAMILIES["lightgbm"], (), problem())
    labels = [change.label for change in changes(base, problem())]
    assert len(set(labels)) == len(labels)


def test_changed_recipe_survives_its_script(problem: Callable[..., Any]) -> None:
    base = start(FAMILIES["catboost"], ("split_parts",), problem())
    for change in changes(base, problem()):
        assert from_code(render(change.recipe, DataFacts())) == change.recipe


@pytest.mark.parametrize("cut", [None, 60])
def test_what_memory_holds_is_not_tried_again(problem: Callable[..., Any], cut: int | None) -> None:
    base = start(FAMILIES["linear"], (), problem())
    memory: list[Tried] = []
    seen: set[Recipe] = set()
    while (change := choose(base, problem(), memory, Random(len(memory)))) is not None:
        assert change.recipe not in seen
        seen.add(change.recipe)
        plan = improve_plan(change.label, change.reason)
        memory.append(Tried(plan if cut is None else plan[:cut].rstrip() + "…", 0.8))
    assert len(seen) > 8


def test_partner_that_did_well_is_hoped_for_most(problem: Callable[..., Any]) -> None:
    base = start(FAMILIES["lightgbm"], (), problem())
    memory = [Tried("Approach: CatBoost on the columns.", 0.81), Tried("Approach: XGBoost on the columns.", 0.79)]
    weights = {change.label: change.weight for change in changes(base, problem(), memory) if "blend" in change.label}
    best = max(weights, key=lambda label: weights[label])
    assert best == "blend with CatBoost (LightGBM)"


def test_lower_scores_rank_first_where_lower_is_better(problem: Callable[..., Any]) -> None:
    made = problem(metric="rmse", better="lower")
    memory = [Tried("Approach: CatBoost on the columns.", 3.0), Tried("Approach: XGBoost on the columns.", 2.0)]
    found = changes(start(FAMILIES["lightgbm"], (), made), made, memory)
    weights = {change.label: change.weight for change in found if "blend" in change.label}
    assert max(weights, key=lambda label: weights[label]) == "blend with XGBoost (LightGBM)"


def test_cut_between_classes_is_only_moved_for_two_classes(problem: Callable[..., Any]) -> None:
    digits = "train.csv: 9 rows, 2 columns\n- `x`: number, 9 values\n- `digit`: integer, 10 values from 0 to 9\n\n"
    digits += "sample_submission.csv: 3 rows, 2 columns\n- `id`: integer\n- `digit`: integer"
    for data, expected in ((digits, False), ("", True)):
        made = problem(data=data, metric="balanced_accuracy")
        labels = [change.label for change in changes(start(FAMILIES["linear"], (), made), made)]
        assert any("cut between the classes" in label for label in labels) is expected


def test_metrics_of_rare_classes_are_cut_from_the_start_and_relative_errors_learnt_on_a_log_scale(
    problem: Callable[..., Any],
) -> None:
    begun = {name: start(FAMILIES["linear"], (), problem(metric=name)) for name in ("f1", "qwk", "accuracy", "rmsle")}
    assert [name for name, recipe in begun.items() if recipe.tuned_cutoff] == ["f1", "qwk"]
    assert [name for name, recipe in begun.items() if recipe.log_target] == ["rmsle"]


def test_blend_may_be_weighed_by_what_each_model_adds(problem: Callable[..., Any]) -> None:
    alone = start(FAMILIES["linear"], (), problem())
    blend = replace(alone, members=(*alone.members, Member("forest")))
    labels = {recipe: [change.label for change in changes(recipe, problem())] for recipe in (alone, blend)}
    assert not any("weigh the models" in label for label in labels[alone])
    assert any("weigh the models" in label for label in labels[blend])
