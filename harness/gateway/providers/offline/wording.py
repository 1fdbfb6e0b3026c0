"""The words of plans: what an approach and a change are called.

They matter beyond style: memory gives plans back as text, and what was tried is recognised by these very words. So a
title is a function of the recipe alone.
"""

from __future__ import annotations

from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.features import STEPS
from harness.gateway.providers.offline.recipe import Recipe


def models_title(recipe: Recipe) -> str:
    """`LightGBM`, or `LightGBM + CatBoost` for a blend."""
    return " + ".join(FAMILIES[name].title for name in recipe.families)


def features_title(recipe: Recipe) -> str:
    """What is added to the columns, as a list."""
    titles = [STEPS[name].title for name in recipe.features if name in STEPS]
    columns = "the columns and what each row's files hold" if recipe.source == "found" else "the columns"
    if titles:
        return f"{columns} plus {', '.join(titles)}"
    return f"{columns} as they are" if recipe.source == "named" else columns


def headline(recipe: Recipe) -> str:
    """The first line of a script."""
    title = models_title(recipe)
    return f"{title[0].upper()}{title[1:]}, validated by {recipe.folds}-fold {recipe.metric}."


def draft_plan(recipe: Recipe) -> str:
    """Plan of a first version."""
    return (
        f"Approach: {models_title(recipe)} on {features_title(recipe)}. "
        f"The sample submission says what is to be predicted. {_validation(recipe)} "
        "Test rows get the mean of the fold models."
    )


def improve_plan(label: str, reason: str) -> str:
    """Plan of one change."""
    return f"Change: {label}. {reason} All else stays as it was."


def merge_plan(recipe: Recipe) -> str:
    """Plan of a solution made of two."""
    return (
        f"Merge: {models_title(recipe)} on {features_title(recipe)}, from both solutions. "
        f"Their predictions are averaged. {_validation(recipe)}"
    )


def debug_plan(words: str, recipe: Recipe | None) -> str:
    """Plan of a mend."""
    kept = f"The approach stays: {models_title(recipe)}." if recipe else "The approach stays."
    return f"Fix: {words} {kept} Score line and submission are written as before."


def _validation(recipe: Recipe) -> str:
    repeats = f", {len(recipe.seeds)} times" if len(recipe.seeds) > 1 else ""
    return f"Validation is {recipe.folds}-fold {recipe.metric}{repeats}."
