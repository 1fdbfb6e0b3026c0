"""Understands a script of ours in full: a recipe whose every name is known here."""

from __future__ import annotations

from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.features import STEPS
from harness.gateway.providers.offline.metrics import METRICS
from harness.gateway.providers.offline.recipe import Recipe, from_code


def readable(code: str | None) -> Recipe | None:
    """The recipe in a script; None when it has none, or names a model, step or metric that we can't write."""
    recipe = from_code(code) if code else None
    if recipe is None or recipe.metric not in METRICS or METRICS[recipe.metric].task != recipe.task:
        return None
    known = all(name in FAMILIES for name in recipe.families) and all(name in STEPS for name in recipe.features)
    return recipe if known else None
