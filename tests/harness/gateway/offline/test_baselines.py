"""Baselines hand in what is valid, and claim no more than they measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.gateway.providers.offline.baselines import GUESSES, Baseline, answer_metric, baseline_in, render_baseline


def lay_out(folder: Path, **tables: dict[str, Any]) -> Path:
    import pandas as pd

    (folder / "input").mkdir()
    for name, columns in tables.items():
        pd.DataFrame(columns).to_csv(folder / "input" / f"{name}.csv", index=False)
    return folder


@pytest.mark.parametrize("guess", GUESSES)
def test_script_carries_its_baseline(guess: str) -> None:
    baseline = Baseline(guess, "mean_dice", True, 4)
    assert baseline_in(render_baseline(baseline)) == baseline
    assert baseline_in("CONFIG = {'baseline': 'other'}") is None


def test_number_is_the_one_that_the_metric_likes_best(tmp_path: Path, run_script: Any) -> None:
    answers = [1, 1, 1, 1, 1, 1, 1, 1, 1, 100] * 4
    lay_out(
        tmp_path,
        train={"id": range(40), "y": answers},
        test={"id": [90, 91]},
        sample_submission={"id": [90, 91], "y": 5},
    )
    middle = {
        metric: run_script(render_baseline(Baseline("constant", metric, False)), tmp_path).submission["y"].tolist()
        for metric in ("mae", "rmse")
    }
    assert middle == {"mae": [1, 1], "rmse": [11, 11]}


def test_category_that_tells_the_answer_is_used(tmp_path: Path, run_script: Any) -> None:
    kinds = ["a", "b"] * 30
    lay_out(
        tmp_path,
        train={"id": range(60), "kind": kinds, "y": [10.0 if kind == "a" else 20.0 for kind in kinds]},
        test={"id": [90, 91], "kind": ["b", "a"]},
        sample_submission={"id": [90, 91], "y": [0.5, 0.5]},
    )
    ran = run_script(render_baseline(Baseline("category", "rmse", False)), tmp_path)
    assert ran.submission["y"].tolist() == [20, 10] and ran.score == 0


def test_text_that_repeats_a_column_is_copied(tmp_path: Path, run_script: Any) -> None:
    words = [f"word{i} here" for i in range(40)]
    lay_out(
        tmp_path,
        train={"id": range(40), "text": words, "sort": ["x", "y"] * 20, "part": words},
        test={"id": [90, 91], "text": ["new words", "word3 here"], "sort": ["x", "y"]},
        sample_submission={"id": [90, 91], "part": ["", ""]},
    )
    ran = run_script(render_baseline(Baseline("copy", "word_jaccard", True)), tmp_path)
    assert ran.submission["part"].tolist() == ["new words", "word3 here"] and ran.score == 1


def test_masks_keep_to_the_sample_and_are_measured(tmp_path: Path, run_script: Any) -> None:
    lay_out(
        tmp_path,
        train={"image": range(10), "rle": ["1 1"] * 5 + ["5 10"] * 5},
        sample_submission={"image": [90], "rle": ["1 1"]},
    )
    ran = run_script(render_baseline(Baseline("constant", "mean_dice", True)), tmp_path)
    assert ran.submission["rle"].tolist() == ["1 1"] and ran.score == 0.5


def test_part_of_an_id_asks_for_a_column(tmp_path: Path, run_script: Any) -> None:
    lay_out(
        tmp_path,
        train={"study": range(40), "C1": [1.0] * 40, "C2": [0.0] * 40},
        sample_submission={"row_id": ["90_C2", "90_C1"], "fractured": [0.5, 0.5]},
    )
    ran = run_script(render_baseline(Baseline("category", "rmse", False)), tmp_path)
    assert ran.submission["fractured"].tolist() == [0, 1]


def test_without_training_answers_nothing_is_claimed(tmp_path: Path, run_script: Any) -> None:
    lay_out(tmp_path, sample_submission={"image": [90], "boxes": ["14 1 0 0 1 1"]})
    assert run_script(render_baseline(Baseline("constant", "coco_map", True)), tmp_path).score == 0
    with pytest.raises(SystemExit, match="nothing can be validated"):
        run_script(render_baseline(Baseline("constant", "mean_levenshtein", False)), tmp_path)


def test_unknown_metric_becomes_the_share_of_exact_answers_and_says_so(tmp_path: Path, run_script: Any) -> None:
    lay_out(tmp_path, train={"id": range(20), "y": ["a"] * 15 + ["b"] * 5}, sample_submission={"id": [90], "y": ["b"]})
    ran = run_script(render_baseline(Baseline("constant", "quux", True)), tmp_path)
    assert ran.score == 0.75 and "quux is not a metric that this script can compute" in ran.output
    assert answer_metric("quux", False).higher is False


def test_order_holds_each_rows_own_items(tmp_path: Path, run_script: Any) -> None:
    lay_out(
        tmp_path,
        train_orders={"id": range(10), "cell_order": ["b a", "a b"] * 5},
        sample_submission={"id": [90, 91], "cell_order": ["d c", "f e"]},
    )
    ran = run_script(render_baseline(Baseline("items", "kendall_tau_of_orders", True)), tmp_path)
    assert ran.submission["cell_order"].tolist() == ["c d", "e f"] and ran.score == 0
