"""In the agent's image, with the libraries that scripts are written for, every family really trains and predicts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.metrics import METRICS
from harness.gateway.providers.offline.preview import DataFacts
from harness.gateway.providers.offline.recipe import Member, Recipe
from harness.gateway.providers.offline.render import render

pytestmark = pytest.mark.engine

HERE = {name: family for name, family in FAMILIES.items() if family.library != "torch"}  # that is the GPU image's
KINDS = {"roc_auc": "binary", "accuracy": "words", "rmse": "value"}
BLEND = ("lightgbm", "catboost", "xgboost", "hist_boosting")

# Runs each script in a fork of one process that has the slow imports behind it; one line of JSON tells how each ended.
DRIVER = """
import json, os, pathlib, runpy, shutil, subprocess, sys, traceback
import catboost, lightgbm, pandas, sklearn.ensemble, sklearn.linear_model, xgboost

ended = {}
for case in sorted(pathlib.Path("/cases").iterdir()):
    place = pathlib.Path("/tmp", case.name)
    (place / "working").mkdir(parents=True)
    (place / "input").symlink_to(case / "input")
    child = os.fork()
    if child == 0:
        os.chdir(place)
        out = os.open("output", os.O_CREAT | os.O_WRONLY)
        os.dup2(out, 1), os.dup2(out, 2)
        try:
            runpy.run_path(str(case / "solution.py"), run_name="__main__")
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    output = (place / "output").read_text()
    written = (place / "working" / "submission.csv").exists()
    ended[case.name] = {"status": status, "output": output[-2000:], "submission": written}
print(json.dumps(ended))
"""


def recipe(metric: str, *families: str, **parts: Any) -> Recipe:
    task = METRICS[metric].task
    members = tuple(Member(name, tuple(FAMILIES[name].start(task, 200).items())) for name in families)
    return Recipe(task, metric, members, ("split_parts", "amount_totals"), folds=3, **parts)


@pytest.fixture
def cases(make_data: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a script, each with its data."""
    folder = tmp_path_factory.mktemp("cases")
    targets = {metric: f"target_{kind}" for metric, kind in KINDS.items()}
    data = make_data({targets[metric]: kind for metric, kind in KINDS.items()})
    for metric, target in targets.items():
        able = [name for name, family in HERE.items() if METRICS[metric].task in family.build]
        recipes = {name: recipe(metric, name) for name in able} | {"blend": recipe(metric, *BLEND, seeds=(0, 1))}
        if metric == "roc_auc":
            recipes["balanced"] = recipe(metric, *BLEND, balanced=True, encoding="means")
        for name, made in recipes.items():
            case = folder / f"{name}-{metric}"
            shutil.copytree(data.folder / "input", case / "input")
            ask_for_only(target, case / "input")
            (case / "solution.py").write_text(render(made, DataFacts()), encoding="utf-8")
    folder.chmod(0o755)
    return folder


def ask_for_only(target: str, inputs: Path) -> None:
    import pandas as pd

    for name in ("train.csv", "sample_submission.csv"):
        table = pd.read_csv(inputs / name)
        others = [column for column in table.columns if column.startswith("target_") and column != target]
        table.drop(columns=others).to_csv(inputs / name, index=False)


def test_every_family_runs_with_the_images_libraries(cases: Path, engine: Any, image: Any) -> None:
    container = engine.containers.create(
        image.tag,
        entrypoint=["/opt/candidate/bin/python", "-I", "-c", DRIVER],
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        tmpfs={"/tmp": "mode=1777"},
        environment={"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
        volumes={str(cases): {"bind": "/cases", "mode": "ro"}},
        labels={"podium": "test"},
    )
    try:
        container.start()
        status = container.wait(timeout=300)["StatusCode"]
        output = container.logs(stdout=True, stderr=False).decode()
        errors = container.logs(stdout=False, stderr=True).decode()
    finally:
        container.remove(force=True)
    assert status == 0, errors
    ended = json.loads(output.splitlines()[-1])
    able = sum(METRICS[metric].task in family.build for metric in KINDS for family in HERE.values())
    assert len(ended) == able + len(KINDS) + 1
    failed = {case: end["output"] for case, end in ended.items() if end["status"] != 0 or not end["submission"]}
    assert not failed, failed
    assert all("validation score: " in end["output"].splitlines()[-1] for end in ended.values())
