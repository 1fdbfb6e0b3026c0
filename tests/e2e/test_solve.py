"""A folder of one's own data, solved in a real container, by the command and from Python."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from tests.e2e.conftest import SMALL

pytestmark = pytest.mark.engine


def test_a_folder_without_labels_gives_a_script_predictions_and_no_test_score(podium, tmp_path):
    data = tmp_path / "homes"
    data.mkdir()
    rows = pd.DataFrame({"Id": range(90), "size": [row % 13 for row in range(90)]})
    rows["price"] = rows["size"] * 3.5 + rows["Id"] % 2
    rows[:60].to_csv(data / "train.csv", index=False)
    rows[60:].drop(columns="price").to_csv(data / "test.csv", index=False)
    out = tmp_path / "out"
    asked = ("--goal", "Predict the price.", "--metric", "mean absolute error", "--steps", "2", "--out", str(out))
    done = podium("solve", str(data), *asked, *SMALL, "--group", "g")
    assert "no labels: validation only" in done.stdout and "mae, lower is better" in done.stdout
    solved = json.loads((out / "solve.json").read_text())
    assert solved["validation_score"] < 2 and solved["test_score"] is None
    predictions = pd.read_csv(out / "predictions.csv")
    assert predictions["Id"].tolist() == rows[60:]["Id"].tolist()
    header, _, code = (out / "solution.py").read_text().partition("\n\n")
    assert "no labels: validation only" in header and code == solved["code"]
    assert (out / "input" / "train.csv").read_bytes() == (data / "train.csv").read_bytes()
    again = podium("grade", f"g/{podium.only_run().path.name}", "--json")
    assert json.loads(again.stdout)["reason"] == "no labels: validation only"


def test_python_returns_code_and_scores(podium, tmp_path):
    table = pd.DataFrame({"x": [row % 7 for row in range(100)], "label": ["no", "yes", "no", "yes"] * 25})
    table.to_csv(tmp_path / "one.csv", index=False)
    script = f"""
import harness
best = harness.solve({str(tmp_path / "one.csv")!r}, steps=1, memory_bytes=2 << 30, disk_bytes=1 << 29, group="g")
print(best.validation_score is not None, best.test_score is not None, "validation score" in best.code)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**podium.environment(), "PYTHONPATH": str(__import__("harness").__path__[0] + "/..")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.split() == ["True", "True", "True"], done.stderr
