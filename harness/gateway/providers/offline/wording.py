"""The words of plans: what an approach and a change are called.

They matter beyond style: memory gives plans back as text, and what was tried is recognised by these very words. So a
title is a function of the recipe alone.
"""

from __future__ import annotations

from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.features import STEPS
from harness.gateway.providers.offline.recipe import Recipe

_OUTPUT = "Test rows are predicted by the average of all fold models."


def joined(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def models_title(recipe: Recipe) -> str:
    """`gradient boosting with LightGBM`, or `a blend of … and …`."""
    titles = [FAMILIES[name].title for name in recipe.families]
    return titles[0] if len(titles) == 1 else f"a blend of {joined(titles)}"


def features_title(recipe: Recipe) -> str:
    """`the columns as they are`, or what is added to them."""
    titles = [STEPS[name].title for name in recipe.features if name in STEPS]
    return f"the columns plus {joined(titles)}" if titles else "the columns as they are"


def approach_title(recipe: Recipe) -> str:
    """What tells one draft from another."""
    return f"{models_title(recipe)} on {features_title(recipe)}"


def headline(recipe: Recipe) -> str:
    """The first line of a script."""
    title = models_title(recipe)
    return f"{title[0].upper()}{title[1:]}, validated by {recipe.folds}-fold {recipe.metric}."


def draft_plan(recipe: Recipe) -> str:
    """Plan of a first version."""
    return (
        f"Approach: {approach_title(recipe)}. The script finds out from the sample submission what is to be predicted, "
        f"and reads types and gaps from the tables themselves. {_validation(recipe)} {_OUTPUT}"
    )


def improve_plan(label: str, reason: str, recipe: Recipe) -> str:
    """Plan of one change."""
    return (
        f"Change: {label}. {reason} Everything else stays as it was, so the difference in score is this change's. "
        f"{_validation(recipe)} {_OUTPUT}"
    )


def debug_plan(words: str, recipe: Recipe | None) -> str:
    """Plan of a mend."""
    kept = f"The rest stays: {models_title(recipe)}." if recipe else "The rest of the script stays."
    return f"Fix: {words} {kept} The score line and the submission are written as before."


def _validation(recipe: Recipe) -> str:
    repeats = f", repeated with {len(recipe.seeds)} seeds" if len(recipe.seeds) > 1 else ""
    return f"It is validated by {recipe.folds}-fold cross-validation on {recipe.metric}{repeats}."
