"""A failed script comes back mended: the cause goes, the approach stays as far as it can."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from harness.gateway.providers.offline import OfflineCoder
from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.flaws import FLAWS, Flaw, flawed
from harness.gateway.providers.offline.preview import DataFacts
from harness.gateway.providers.offline.recipe import Member, Recipe, from_code
from harness.gateway.providers.offline.render import render

Ask = Callable[..., list[dict[str, Any]]]
TakenApart = Callable[[str], Any]


def member(family: str, **params: Any) -> Member:
    started = FAMILIES[family].start("classification", 8000)
    return Member(family, tuple((started | params).items()))


BASE = Recipe(
    "classification", "accuracy", (member("lightgbm"),), features=("split_parts", "group_sizes", "log_amounts")
)


@pytest.fixture
def mended(ask: Ask, taken_apart: TakenApart) -> Callable[..., Any]:
    """Have a script mended; gives plan and code."""

    def debug(code: str, output: str, problem: str = "outcome: failed", data: str = "") -> Any:
        messages = ask("debug", code=code, output=output, problem=problem, data=data)
        return taken_apart(OfflineCoder().answer(messages, [], 0).text)

    return debug


def crash(error: str, function: str = "<module>") -> str:
    return f'Traceback (most recent call last):\n  File "solution.py", line 9, in {function}\n{error}\n'


def mended_recipe(mended: Callable[..., Any], recipe: Recipe, output: str, problem: str = "") -> Recipe:
    answer = mended(render(recipe, DataFacts()), output, problem)
    found = from_code(answer.code)
    assert found is not None
    return found


def test_missing_library_leaves_the_blend(mended: Callable[..., Any]) -> None:
    recipe = replace(BASE, members=(member("lightgbm"), member("linear")))
    after = mended_recipe(mended, recipe, crash("ModuleNotFoundError: No module named 'lightgbm'"))
    assert after == replace(recipe, members=recipe.members[1:])


def test_only_library_missing_is_replaced(mended: Callable[..., Any]) -> None:
    after = mended_recipe(mended, BASE, crash("ModuleNotFoundError: No module named 'lightgbm.sklearn'"))
    assert len(after.members) == 1 and after.families != ("lightgbm",) and after.features == BASE.features


def test_failing_feature_step_goes_with_those_that_need_it(mended: Callable[..., Any]) -> None:
    after = mended_recipe(mended, BASE, crash("KeyError: 'Cabin'", function="split_parts"))
    assert after == replace(BASE, features=("log_amounts",))


def test_innermost_feature_step_is_the_one_that_failed(mended: Callable[..., Any]) -> None:
    output = 'Traceback (most recent call last):\n  File "solution.py", line 3, in <module>\n'
    output += '  File "solution.py", line 2, in group_sizes\nTypeError: no\n'
    assert mended_recipe(mended, BASE, output).features == ("split_parts", "log_amounts")


def test_timeout_is_answered_with_ever_less_work(mended: Callable[..., Any]) -> None:
    recipe = replace(BASE, seeds=(0, 1, 2), members=(member("lightgbm"), member("catboost")))
    for _ in range(6):
        after = mended_recipe(mended, recipe, "", "outcome: timed_out")
        assert cost(after) < cost(recipe)
        recipe = after
    assert recipe.families == ("linear",) and recipe.max_rows is not None


def cost(recipe: Recipe) -> float:
    trees = {name: value for m in recipe.members for name, value in m.params if isinstance(value, int)}
    each = sum(10 if m.family != "linear" else 1 for m in recipe.members) + sum(trees.values())
    return len(recipe.seeds) * each * (recipe.max_rows or 1_000_000)


@pytest.mark.parametrize("output", ["MemoryError", "numpy: Unable to allocate 9 GiB", ""])
def test_lack_of_memory_is_answered_with_fewer_rows(mended: Callable[..., Any], output: str) -> None:
    after = mended_recipe(mended, BASE, output, "outcome: out_of_memory")
    assert after.max_rows is not None and after.features == () and after.families == BASE.families


@pytest.mark.parametrize(
    "error",
    [
        "ValueError: The least populated class in y has only 1 member, which is too few.",
        "ValueError: n_splits=5 cannot be greater than the number of members in each class.",
    ],
)
def test_rare_class_ends_stratification(mended: Callable[..., Any], error: str) -> None:
    assert mended_recipe(mended, BASE, crash(error)) == replace(BASE, stratified=False)


def test_xgboost_that_misses_a_class_is_left_out(mended: Callable[..., Any]) -> None:
    recipe = replace(BASE, members=(member("xgboost"), member("linear")))
    error = crash("ValueError: Invalid classes inferred from unique values of `y`.  Expected: [0 1], got [0 2]")
    assert mended_recipe(mended, recipe, error).families == ("linear",)


def test_setting_that_the_library_does_not_know_is_left_out(mended: Callable[..., Any]) -> None:
    error = crash("TypeError: LGBMClassifier.__init__() got an unexpected keyword argument 'subsample_freq'")
    (after,) = mended_recipe(mended, BASE, error).members
    assert set(dict(BASE.members[0].params)) - set(dict(after.params)) == {"subsample_freq"}


def test_models_that_refuse_gaps_make_way(mended: Callable[..., Any]) -> None:
    recipe = replace(BASE, members=(member("linear"), member("lightgbm")))
    error = crash("ValueError: Input X contains NaN.\nLogisticRegression does not accept missing values")
    assert mended_recipe(mended, recipe, error).families == ("lightgbm",)


def test_wrong_columns_take_the_other_layout(mended: Callable[..., Any]) -> None:
    recipe = replace(BASE, metric="log_loss")
    problem = "submission: column 'EAP' is missing; expected the columns id, EAP, HPL, MWS"
    assert mended_recipe(mended, recipe, "validation score: 0.5", problem).layout == "classes"


def test_endless_debugging_always_gives_another_script(mended: Callable[..., Any]) -> None:
    code, seen = render(BASE, DataFacts()), set()
    for _ in range(6):
        seen.add(code)
        after = mended(code, crash("ZeroDivisionError: mystery")).code
        assert after != code
        code = after
    assert len(seen) >= 3


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name)
def test_planted_mistake_breaks_a_script_and_is_mended(
    flaw: Flaw, make_data: Any, run_script: Any, mended: Callable[..., Any]
) -> None:
    family = "linear" if "wide" in flaw.sound else "hist_boosting"
    data = make_data({"y": "binary"})
    sound = render(replace(BASE, members=(member(family),), features=(), folds=3), DataFacts())
    broken = sound.replace(flaw.sound, flaw.flawed, 1)
    assert broken != sound
    output, problem = failure_of(broken, data, run_script)
    after = mended(broken, output, problem).code
    ran = run_script(after, data.folder)
    assert ran.score > 0.5 and list(ran.submission.columns) == ["Id", "y"]
    found, meant = from_code(after), from_code(sound)
    assert found is not None and meant is not None and found.families == meant.families


def failure_of(code: str, data: Any, run_script: Any) -> tuple[str, str]:
    """Output and problem as the agent would word them; asserts that the script does not count."""
    try:
        ran = run_script(code, data.folder)
    except AssertionError:
        return "", "score: the output holds no line `validation score: <number>`"
    except FileNotFoundError as error:
        if str(error.filename).endswith("working/submission.csv"):
            return "validation score: 0.7", "submission: the script wrote none"
        return traceback.format_exc(), "outcome: failed"
    except Exception:
        return traceback.format_exc(), "outcome: failed"
    assert list(ran.submission.columns) != ["Id", "y"]
    return ran.output, "submission: column 'Unnamed: 0' is not expected; expected the columns Id, y"


def test_flaw_is_drawn_among_those_that_fit() -> None:
    code = render(BASE, DataFacts())
    drawn = {flawed(code, Random(seed)) for seed in range(40)}
    assert code not in drawn and len(drawn) >= 6
    assert flawed("print(1)", Random(0)) == "print(1)"


@pytest.mark.parametrize(
    ("code", "error", "there"),
    [
        ("e = OneHotEncoder(sparse=False)\n", "got an unexpected keyword argument 'sparse'", "sparse_output=False"),
        ("s = mean_squared_error(y, p, squared=False)\n", "unexpected keyword argument 'squared'", "(y, p) ** 0.5"),
        (
            "df.to_csv('./working/submission.csv')\n",
            "OSError: Cannot save file into a non-existent directory: 'working'",
            'os.makedirs("working", exist_ok=True)',
        ),
        ("X = pd.get_dummies(X)\n", "could not convert string to float: 'a'", "dtype=float"),
    ],
)
def test_usual_mistake_in_a_foreign_script_is_patched(
    mended: Callable[..., Any], code: str, error: str, there: str
) -> None:
    answer = mended(code, crash(error))
    assert there in answer.code and from_code(answer.code) is None


def test_foreign_script_beyond_help_is_replaced(mended: Callable[..., Any]) -> None:
    answer = mended("import numpy as np\nprint(np.nope)\n", crash("AttributeError: nope"))
    assert from_code(answer.code) is not None
