"""A recipe survives being written into a script and read back; nobody else's script passes for one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gateway.providers.offline.preview import DataFacts
from harness.gateway.providers.offline.recipe import Member, Recipe, from_code, from_config, to_config
from harness.gateway.providers.offline.render import render
from harness.gateway.providers.offline.understanding import readable

PLAIN = Recipe("classification", "accuracy", (Member("linear", (("C", 0.1),)),))
RICH = replace(
    PLAIN,
    members=(Member("lightgbm", (("n_estimators", 40), ("learning_rate", 0.1))), Member("neighbours")),
    features=("split_parts", "frequencies"),
    seeds=(0, 1, 2),
    folds=3,
    balanced=True,
    tuned_cutoff=True,
    max_rows=500,
    skip=('a "quoted" column', "ünïcode\n"),
    stratified=False,
)


@pytest.mark.parametrize("recipe", [PLAIN, RICH])
def test_script_carries_its_recipe(recipe: Recipe) -> None:
    assert from_code(render(recipe, DataFacts())) == recipe


def test_defaults_are_not_written_out() -> None:
    assert list(to_config(PLAIN)) == ["task", "metric", "models", "features", "folds", "seeds"]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "print(1)",
        "CONFIG = 7",
        "CONFIG = {}",
        "CONFIG = {'lr': 0.1, 'epochs': 3}",
        "CONFIG = dict(task='classification')",
        "CONFIG = {'task': open('/etc/passwd').read()}",
        "def broken(:",
        "\0",
    ],
)
def test_foreign_script_has_no_recipe(code: str) -> None:
    assert from_code(code) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("task", "ranking"),
        ("folds", 1),
        ("folds", True),
        ("seeds", []),
        ("seeds", ["0"]),
        ("models", {}),
        ("models", {"linear": [1]}),
        ("models", {"linear": {"C": [1]}}),
        ("features", "split_parts"),
        ("layout", "rows"),
        ("balanced", 1),
        ("max_rows", "all"),
        ("surprise", 1),
    ],
)
def test_config_with_a_wrong_part_is_refused(key: str, value: object) -> None:
    assert from_config(to_config(PLAIN) | {key: value}) is None


def test_recipe_that_names_unknown_parts_is_not_readable() -> None:
    for unknown in (
        replace(PLAIN, members=(Member("transformer"),)),
        replace(PLAIN, features=("magic",)),
        replace(PLAIN, metric="rmse"),
    ):
        assert readable(f"CONFIG = {to_config(unknown)!r}") is None
    assert readable(f"CONFIG = {to_config(PLAIN)!r}") == PLAIN


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    from_code(text)
    from_code(f"CONFIG = {text}")
