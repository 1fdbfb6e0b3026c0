"""Answers of other forms than a value a row: rankings, lists, ordered classes, weighed blends; and honest folds."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.metrics import METRICS
from harness.gateway.providers.offline.preview import DataFacts, TableFacts
from harness.gateway.providers.offline.recipe import Member, Recipe
from harness.gateway.providers.offline.render import render

NAMES = DataFacts({"train": TableFacts("train.csv"), "test": TableFacts("test.csv")})


def recipe(metric: str, *families: str, **parts: Any) -> Recipe:
    task = METRICS[metric].task
    members = tuple(Member(name, tuple(FAMILIES[name].start(task, 200).items())) for name in families or ("linear",))
    return Recipe(task, metric, members, **({"folds": 3} | parts))


def write(folder: Path, train: dict[str, Any], test: dict[str, Any], sample: dict[str, Any]) -> Path:
    import pandas as pd

    (folder / "input").mkdir()
    for name, columns in (("train", train), ("test", test), ("sample_submission", sample)):
        pd.DataFrame(columns).to_csv(folder / "input" / f"{name}.csv", index=False)
    return folder


def numbers(count: int, seed: int = 0) -> list[float]:
    rng = random.Random(seed)
    return [round(rng.gauss(0, 1), 3) for _ in range(count)]


def test_ranking_puts_the_likeliest_labels_first_as_many_as_the_sample_shows(tmp_path: Path, run_script: Any) -> None:
    x, asked = numbers(150), [-1.5, 0.0, 1.5]
    labels = ["low" if value < -0.5 else "top" if value > 0.5 else "mid" for value in x]
    train = {"id": range(150), "x": x, "label": labels}
    folder = write(
        tmp_path,
        train,
        {"id": [900, 901, 902], "x": asked},
        {"id": [900, 901, 902], "label": ["low mid"] * 3},
    )
    ran = run_script(render(recipe("map_at_k", "forest", layout="ranked"), NAMES), folder)
    assert [text.split()[0] for text in ran.submission["label"]] == ["low", "mid", "top"]
    assert all(len(text.split()) == 2 for text in ran.submission["label"])
    assert 0.8 < ran.score <= 1


def test_lists_hold_every_label_above_a_cut_and_never_none(tmp_path: Path, run_script: Any) -> None:
    x, z = numbers(150), numbers(150, 1)
    lists = [
        " ".join((["warm"] if a > 0 else ["cold"]) + (["wet"] if b > 0 else [])) for a, b in zip(x, z, strict=True)
    ]
    folder = write(
        tmp_path,
        {"id": range(150), "x": x, "z": z, "labels": lists},
        {"id": [900, 901], "x": [2.0, -2.0], "z": [2.0, -2.0]},
        {"id": [900, 901], "labels": ["cold wet"] * 2},
    )
    ran = run_script(render(recipe("f1_of_lists", layout="lists"), NAMES), folder)
    assert [set(text.split()) for text in ran.submission["labels"]] == [{"warm", "wet"}, {"cold"}]
    assert ran.score > 0.9


def test_cuts_between_ordered_classes_raise_weighted_kappa(make_data: Any, run_script: Any) -> None:
    data = make_data({"grade": "ordinal"}, rows=240)
    plain = run_script(render(recipe("qwk"), NAMES), data.folder).score
    cut = run_script(render(recipe("qwk", tuned_cutoff=True), NAMES), data.folder)
    assert cut.score > plain - 0.05 and set(cut.submission["grade"]) <= {0, 1, 2}


@pytest.mark.parametrize(("metric", "kind"), [("accuracy", "flag"), ("rmse", "value")])
def test_weighed_blend_is_not_worse_than_the_mean(metric: str, kind: str, make_data: Any, run_script: Any) -> None:
    data = make_data({"y": kind}, rows=240)
    made = recipe(metric, "linear", "neighbours", blend="weighted")
    weighed = run_script(render(made, NAMES), data.folder)
    mean = run_script(render(recipe(metric, "linear", "neighbours"), NAMES), data.folder)
    sign = 1 if METRICS[metric].higher else -1
    assert "weights:" in weighed.output and sign * (weighed.score - mean.score) > -0.05


def test_rows_of_a_group_are_held_out_together(tmp_path: Path, run_script: Any) -> None:
    """Each patient has a number of its own that says nothing of others: leaky folds would score nearly 1."""
    rng = random.Random(3)
    answers = {patient: rng.randrange(2) for patient in range(60)}
    rows = [(patient, answers[patient]) for patient in range(40) for _ in range(6)]
    folder = write(
        tmp_path,
        {"id": range(240), "patient": [p for p, _ in rows], "x": numbers(240), "y": [y for _, y in rows]},
        {"id": range(900, 960), "patient": [40 + i // 3 for i in range(60)], "x": numbers(60, 5)},
        {"id": range(900, 960), "y": [0] * 60},
    )
    ran = run_script(render(recipe("accuracy", "forest"), NAMES), folder)
    assert "rows with the same patient are held out together" in ran.output
    assert ran.score < 0.75


def test_model_on_words_reads_texts(tmp_path: Path, run_script: Any) -> None:
    rng = random.Random(1)
    texts = {0: "the sea was calm and grey", 1: "a ghost came up the old stairs"}
    rows = [(kind, " ".join(rng.sample(texts[kind].split(), 5))) for kind in (0, 1) for _ in range(40)]
    folder = write(
        tmp_path,
        {"id": range(80), "text": [text for _, text in rows], "author": [("Ann", "Bo")[kind] for kind, _ in rows]},
        {"id": [900, 901], "text": ["calm grey sea and the", "ghost up old stairs came"]},
        {"id": [900, 901], "Ann": [0.5, 0.5], "Bo": [0.5, 0.5]},
    )
    for family in ("words", "word_counts", "hashed_words"):
        ran = run_script(render(recipe("log_loss", family, layout="classes"), NAMES), folder)
        assert ran.submission["Ann"].iloc[0] > 0.5 > ran.submission["Ann"].iloc[1] and ran.score < 0.6
