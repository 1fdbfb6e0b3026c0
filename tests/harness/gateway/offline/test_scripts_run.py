"""Generated scripts really run: every metric, feature step, layout, and family of scikit-learn, on small data."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.features import STEPS, in_order
from harness.gateway.providers.offline.features.reasons import always
from harness.gateway.providers.offline.metrics import METRICS
from harness.gateway.providers.offline.preview import DataFacts, TableFacts, read_preview
from harness.gateway.providers.offline.recipe import Member, Recipe
from harness.gateway.providers.offline.render import render

NAMES = DataFacts({"train": TableFacts("train.csv"), "test": TableFacts("test.csv")})
TOGETHER = ("ranked", "lists")  # what is handed in for these has a layout of its own: test_layouts.py
LEAN = ("split_parts", "amount_totals")


def recipe(family: str, metric: str, **parts: Any) -> Recipe:
    task = METRICS[metric].task
    params = tuple(FAMILIES[family].start(task, 200).items())
    return Recipe(task, metric, (Member(family, params),), **({"folds": 3, "features": LEAN} | parts))


# Podium itself runs on scikit-learn; the gradient boosting libraries are in the agent's image alone: test_in_image.py.
FAMILIES_HERE = [name for name, family in FAMILIES.items() if family.library == "sklearn"]


NUMBERS_HERE = [name for name in FAMILIES_HERE if FAMILIES[name].fits is always]


@pytest.mark.parametrize("family", NUMBERS_HERE)
def test_family_classifies_better_than_chance(family: str, make_data: Any, run_script: Any) -> None:
    data = make_data({"Transported": "flag"})
    ran = run_script(render(recipe(family, "accuracy"), NAMES), data.folder)
    assert ran.score > 0.6
    assert list(ran.submission.columns) == ["Id", "Transported"]
    assert ran.submission["Transported"].dtype == bool


@pytest.mark.parametrize("family", NUMBERS_HERE)
def test_family_predicts_values_better_than_their_mean(family: str, make_data: Any, run_script: Any) -> None:
    data = make_data({"price": "value"})
    assert run_script(render(recipe(family, "r2"), NAMES), data.folder).score > 0.1


@pytest.mark.parametrize("family", NUMBERS_HERE)
def test_family_tells_three_classes_apart(family: str, make_data: Any, run_script: Any) -> None:
    data = make_data({"level": "words"})
    ran = run_script(render(recipe(family, "accuracy"), NAMES), data.folder)
    assert ran.score > 0.4 and set(ran.submission["level"]) <= {"low", "mid", "top"}


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if metric.wants not in TOGETHER])
def test_metric_is_computed_and_the_submission_fits(metric: str, make_data: Any, run_script: Any) -> None:
    wants = METRICS[metric].wants
    data = make_data({"y": "positive" if wants == "value" else "binary"})
    ran = run_script(render(recipe("linear", metric), NAMES), data.folder)
    assert len(ran.submission) == data.test_rows and ran.submission["y"].notna().all()
    if wants == "probability":
        assert ran.submission["y"].between(0, 1).all() and ran.submission["y"].nunique() > 2
    if wants == "labels":
        assert set(ran.submission["y"]) <= {0, 1}


@pytest.mark.parametrize("step", STEPS)
def test_feature_step_adds_to_the_script_and_runs(step: str, make_data: Any, run_script: Any) -> None:
    data = make_data({"y": "binary"})
    code = render(recipe("hist_boosting", "accuracy", features=(step,)), NAMES)
    assert f"def {step}(table):" in code
    assert run_script(code, data.folder).score > 0.5


@pytest.mark.parametrize("family", ["hist_boosting", "linear"])
def test_all_steps_together_run(family: str, make_data: Any, run_script: Any) -> None:
    data = make_data({"y": "value"})
    code = render(recipe(family, "rmse", features=in_order(tuple(STEPS))), NAMES)
    assert run_script(code, data.folder).score < 2


def test_submission_has_the_samples_rows_in_its_order(make_data: Any, run_script: Any) -> None:
    import pandas as pd

    data = make_data({"y": "binary"})
    ran = run_script(render(recipe("linear", "roc_auc"), NAMES), data.folder)
    sample = pd.read_csv(data.folder / "input" / "sample_submission.csv")
    assert ran.submission["Id"].tolist() == sample["Id"].tolist()


def test_prediction_belongs_to_its_row(tmp_path: Path, run_script: Any) -> None:
    import pandas as pd

    inputs = tmp_path / "input"
    inputs.mkdir()
    train = pd.DataFrame({"id": range(100), "x": range(100)}).assign(y=lambda t: (t["x"] >= 50).astype(int))
    test = pd.DataFrame({"id": range(100, 120), "x": [5, 95] * 10})
    train.to_csv(inputs / "train.csv", index=False)
    test.to_csv(inputs / "test.csv", index=False)
    test[["id"]].sort_values("id", ascending=False).assign(y=0).to_csv(inputs / "sample_submission.csv", index=False)
    ran = run_script(render(recipe("linear", "accuracy", features=()), NAMES), tmp_path)
    assert ran.submission.set_index("id")["y"].sort_index().tolist() == [0, 1] * 10


def test_several_targets_are_predicted_side_by_side(make_data: Any, run_script: Any) -> None:
    data = make_data({"toxic": "binary", "rude": "binary"})
    ran = run_script(render(recipe("linear", "roc_auc"), NAMES), data.folder)
    assert list(ran.submission.columns) == ["Id", "toxic", "rude"]
    assert ran.output.count("fold of") == 2 * 3


def test_probabilities_of_classes_fill_the_samples_columns(make_data: Any, run_script: Any) -> None:
    data = make_data({"level": "words"}, classes=("top", "low", "mid"))
    ran = run_script(render(recipe("linear", "log_loss", layout="classes"), NAMES), data.folder)
    assert list(ran.submission.columns) == ["Id", "top", "low", "mid"]
    assert ran.submission[["top", "low", "mid"]].sum(axis=1).round(6).eq(1).all()
    assert ran.score < 1.05


@pytest.mark.parametrize(
    "parts",
    [
        {"seeds": (0, 1)},
        {"tuned_cutoff": True},
        {"balanced": True},
        {"max_rows": 80},
        {"skip": ("Name", "no such column")},
        {"stratified": False},
        {"members": (Member("linear", (("C", 0.1),)), Member("neighbours"), Member("hist_boosting"))},
    ],
)
def test_option_runs(parts: dict[str, Any], make_data: Any, run_script: Any) -> None:
    data = make_data({"y": "binary"})
    code = render(replace(recipe("linear", "f1"), **parts), NAMES)
    assert code != render(recipe("linear", "f1"), NAMES)
    assert run_script(code, data.folder).score > 0.5


@pytest.mark.parametrize("encoding", ["columns", "means"])
@pytest.mark.parametrize(("metric", "kind"), [("roc_auc", "binary"), ("accuracy", "words"), ("r2", "value")])
def test_encoding_of_categories_runs(encoding: str, metric: str, kind: str, make_data: Any, run_script: Any) -> None:
    data = make_data({"y": kind})
    made = recipe("hist_boosting", metric, encoding=encoding)
    made = replace(made, members=(*made.members, Member("linear")))
    assert run_script(render(made, NAMES), data.folder).score > 0.1


def test_mean_targets_need_a_category(tmp_path: Path, run_script: Any) -> None:
    import pandas as pd

    inputs = tmp_path / "input"
    inputs.mkdir()
    train = pd.DataFrame({"id": range(60), "x": range(60)}).assign(y=lambda t: (t["x"] >= 30).astype(int))
    train.to_csv(inputs / "train.csv", index=False)
    train.drop(columns="y").to_csv(inputs / "test.csv", index=False)
    train[["id", "y"]].to_csv(inputs / "sample_submission.csv", index=False)
    assert run_script(render(recipe("linear", "accuracy", encoding="means"), NAMES), tmp_path).score > 0.9


def test_mean_targets_do_not_leak_into_the_score(tmp_path: Path, run_script: Any) -> None:
    import numpy as np
    import pandas as pd

    inputs = tmp_path / "input"
    inputs.mkdir()
    rng = np.random.default_rng(0)
    codes = [f"c{k}" for k in rng.integers(0, 300, 600)]  # two rows a category, and a target that knows nothing
    train = pd.DataFrame({"id": range(600), "code": codes, "y": rng.integers(0, 2, 600)})
    train.to_csv(inputs / "train.csv", index=False)
    train.drop(columns="y").to_csv(inputs / "test.csv", index=False)
    train[["id", "y"]].to_csv(inputs / "sample_submission.csv", index=False)
    made = recipe("hist_boosting", "accuracy", encoding="means", features=())
    assert run_script(render(made, NAMES), tmp_path).score < 0.58


def test_target_on_a_log_scale_runs_and_stays_on_its_own_scale(make_data: Any, run_script: Any) -> None:
    data = make_data({"y": "positive"})
    ran = run_script(render(recipe("linear", "rmsle", log_target=True), NAMES), data.folder)
    assert ran.score < 0.6 and ran.submission["y"].mean() > 1


def test_same_script_gives_the_same_submission(make_data: Any, run_script: Any) -> None:
    data = make_data({"y": "value"})
    code = render(recipe("extra_trees", "rmse"), NAMES)
    first, second = run_script(code, data.folder), run_script(code, data.folder)
    assert first.score == second.score and first.submission.equals(second.submission)


def test_class_too_rare_for_every_fold_is_borne(make_data: Any, run_script: Any) -> None:
    import pandas as pd

    data = make_data({"level": "words"})
    path = data.folder / "input" / "train.csv"
    table = pd.read_csv(path)
    table.loc[0, "level"] = "once"
    table.to_csv(path, index=False)
    assert run_script(render(recipe("linear", "accuracy"), NAMES), data.folder).score > 0.4


def test_table_without_a_usable_column_gets_the_most_frequent_answer(tmp_path: Path, run_script: Any) -> None:
    import pandas as pd

    inputs = tmp_path / "input"
    inputs.mkdir()
    pd.DataFrame({"id": range(30), "y": [0, 1, 1] * 10}).to_csv(inputs / "train.csv", index=False)
    pd.DataFrame({"id": range(30, 40), "y": 0}).to_csv(inputs / "sample_submission.csv", index=False)
    data = read_preview("train.csv: 30 rows, 2 columns\n\nsample_submission.csv: 10 rows, 2 columns")
    for family in ("hist_boosting", "linear"):
        ran = run_script(render(recipe(family, "accuracy"), data), tmp_path)
        assert ran.submission["y"].tolist() == [1] * 10 and ran.score == pytest.approx(2 / 3)


def test_plain_python_runs_a_script_that_finds_its_files(make_data: Any) -> None:
    data = make_data({"y": "binary"})
    (data.folder / "solution.py").write_text(render(recipe("hist_boosting", "accuracy"), DataFacts()))
    command = [sys.executable, "solution.py"]
    ended = subprocess.run(command, cwd=data.folder, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1].startswith("validation score: ")
    assert (data.folder / "working" / "submission.csv").exists()


def test_file_name_can_not_break_out_of_its_quotes(make_script: Callable[[str], str]) -> None:
    name = 'a"+print(1)+"train.csv'
    assert "print(1)" not in make_script(name).replace('\\"+print(1)+\\"', "")


@pytest.fixture
def make_script() -> Callable[[str], str]:
    def make(name: str) -> str:
        return render(recipe("linear", "rmse"), DataFacts({"train": TableFacts(name)}))

    return make


def test_script_is_of_readable_length(preview_text: str) -> None:
    data = read_preview(preview_text)
    for family in FAMILIES:
        lines = render(recipe(family, "accuracy", features=("split_parts", "group_sizes")), data).splitlines()
        longest = 290 if FAMILIES[family].library == "torch" else 220  # a network is written out
        assert 60 <= len(lines) <= longest and max(map(len, lines)) <= 120
