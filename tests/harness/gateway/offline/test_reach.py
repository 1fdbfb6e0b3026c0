"""From a prompt alone: tables by name, data to be found, or a baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.gateway.providers.offline import OfflineCoder
from harness.gateway.providers.offline.baselines import baseline_in
from harness.gateway.providers.offline.preview import read_preview
from harness.gateway.providers.offline.reach import only_a_baseline, source_of
from harness.gateway.providers.offline.recipe import from_code

Ask = Callable[..., list[dict[str, Any]]]
TakenApart = Callable[[str], Any]

PICTURES = """Files in ./input/ :
- labels.csv (2 kB)
- sample_submission.csv (1 kB)
- test/: 12 .jpg files (9.7 kB), the first is 0.jpg
- train/*/: 43 .jpg files (29.9 kB) in 9 folders, the first is train/a/1.jpg

labels.csv: 43 rows, 2 columns
- `id`: text, 43 values, such as "a", "b"
- `y`: integer, 2 values: "0", "1"

sample_submission.csv: 12 rows, 2 columns
- `id`: text, 12 values, such as "c", "d"
- `y`: number, 1 value: "0.5"
"""
MASKS = PICTURES.replace("`y`: integer, 2 values", "`y`: text, 40 values").replace('"0.5"', '"1 1"')
PACKED = "Files in ./input/ :\n- sample.csv.7z (325 bytes)\n- train.json.7z (45.5 kB)\n"


def test_plain_tables_are_read_by_name(preview_text: str) -> None:
    data = read_preview(preview_text)
    assert source_of(data) == "named" and not only_a_baseline("accuracy", True, data)


@pytest.mark.parametrize("preview", [PICTURES, PACKED])
def test_pictures_and_packed_data_are_looked_for(preview: str) -> None:
    assert source_of(read_preview(preview)) == "found"


@pytest.mark.parametrize("metric", ["mean_dice", "mean_levenshtein", "coco_map", "kendall_tau_of_orders"])
def test_masks_boxes_and_sentences_get_a_baseline(metric: str) -> None:
    assert only_a_baseline(metric, None, read_preview(MASKS))


@pytest.mark.parametrize("metric", ["map_at_k", "f1_of_lists", "roc_auc", "rmse"])
def test_rankings_and_lists_are_classes_to_models(metric: str) -> None:
    assert not only_a_baseline(metric, None, read_preview(PICTURES))


def test_first_draft_follows_the_preview(ask: Ask, taken_apart: TakenApart) -> None:
    pictures = taken_apart(OfflineCoder().answer(ask("draft", data=PICTURES, metric="roc_auc"), [], 0).text)
    recipe = from_code(pictures.code)
    assert recipe is not None and recipe.source == "found" and "files hold" in pictures.plan
    masks = taken_apart(OfflineCoder().answer(ask("draft", data=MASKS, metric="mean_dice"), [], 0).text)
    assert baseline_in(masks.code) is not None and masks.plan.startswith("Approach: a baseline")


def test_search_without_answers_ends_at_a_baseline(ask: Ask, taken_apart: TakenApart) -> None:
    """A script that found nothing to learn from is not written again: a baseline takes its place."""
    code = taken_apart(OfflineCoder().answer(ask("draft", data=PICTURES, metric="roc_auc"), [], 0).text).code
    squeezed = code.replace("\n\n\n", "\n\n")  # as prompts show it
    error = "Traceback (most recent call last):\nValueError: no training answers were found"
    messages = ask("debug", data=PICTURES, metric="roc_auc", code=squeezed, output=error, problem="outcome: failed")
    assert baseline_in(taken_apart(OfflineCoder().answer(messages, [], 0).text).code) is not None


def test_improving_a_baseline_guesses_otherwise_and_then_tries_a_model(ask: Ask, taken_apart: TakenApart) -> None:
    asked = {"data": MASKS.replace("1 1", "some words"), "metric": "word_jaccard"}
    answer = taken_apart(OfflineCoder().answer(ask("draft", **asked), [], 0).text)
    memory, guesses = "", set()
    for _ in range(3):
        made = baseline_in(answer.code)
        assert made is not None
        guesses.add(made.guess)
        memory += f"Plan: {' '.join(answer.plan.split())}\nValidation score: 0.1\n\n"
        answer = taken_apart(
            OfflineCoder().answer(ask("improve", code=answer.code, memory=memory, **asked), [], 0).text
        )
    assert guesses == {"constant", "category", "copy"} and from_code(answer.code) is not None


def test_network_is_drafted_only_where_torch_and_enough_pictures_are(ask: Ask, taken_apart: TakenApart) -> None:
    many = PICTURES.replace("43 .jpg", "430 .jpg")

    def families(data: str, packages: str) -> set[str]:
        answers = [OfflineCoder().answer(ask("draft", data=data, packages=packages), [], seed) for seed in range(30)]
        recipes = [from_code(taken_apart(answer.text).code) for answer in answers]
        return {name for recipe in recipes if recipe is not None for name in recipe.families}

    usual = "numpy 2.4, pandas 3.0, scikit-learn 1.8"
    assert "small_network" in families(many, f"{usual}, torch 2.15")
    assert "small_network" not in families(many, usual)
    assert "small_network" not in families(PICTURES, f"{usual}, torch 2.15")


def test_script_with_a_network_defines_all_that_it_uses(ask: Ask, taken_apart: TakenApart) -> None:
    many = PICTURES.replace("43 .jpg", "430 .jpg")
    packages = "numpy 2.4, pandas 3.0, torch 2.15"
    code = taken_apart(OfflineCoder().answer(ask("draft", data=many, packages=packages), [], 0).text).code
    assert code.count("class SmallNetwork:") == 1 and "def to_pixels(" in code and "import torch\n" in code
    recipe = from_code(code)
    assert recipe is not None and recipe.families == ("small_network",)
