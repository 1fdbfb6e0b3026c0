"""A run that held-back training rows guide, in real containers: what was seen, what was chosen, what was handed in."""

import json

import pandas as pd
import pytest

from harness.results.layout import RunStatus
from tests.e2e.conftest import SMALL, left_behind, says_code, says_review

pytestmark = pytest.mark.engine

# Looks for labels that the search must not see, then predicts; the second box has them all, as training labels.
SPY = """\
import os, pathlib
import pandas as pd
found = []
for root in ("/home/data", "/home", "/run", "/mnt", "/opt/podium"):
    for folder, _, names in os.walk(root):
        for name in names:
            try:
                text = pathlib.Path(folder, name).read_text()
            except (OSError, UnicodeDecodeError):
                continue
            if "held_back" in text or "held_back" in folder:
                found.append(folder + "/" + name)
train, sample = pd.read_csv("input/train.csv"), pd.read_csv("input/sample_submission.csv")
sample.to_csv("working/submission.csv", index=False)
print("rows", len(train), len(sample), "found", found)
print("validation score: 0.99999")
"""


def test_a_run_is_guided_by_held_back_rows_and_ends_trained_on_all_data(podium, engine):
    before = left_behind(engine)
    done = podium.bench("breast-cancer-wisconsin", "--steps", "3", "--validation", "hidden-split")
    assert "validation: hidden-split" in done.stdout
    folder = podium.only_run()
    record, grade = folder.read(), json.loads(folder.grade_file.read_text())
    assert (record.status, record.submission_from, record.final.handed_in) == (RunStatus.COMPLETED, "rerun", "rerun")
    assert grade["valid"] and grade["score"] > 0.9
    second = folder.final.read()
    assert second.sandbox["network_mode"] == "none" and second.sandbox["capabilities_dropped"] == ["ALL"]
    assert {mount["target"] for mount in second.sandbox["mounts"]} == {m["target"] for m in record.sandbox["mounts"]}
    assert second.usage.calls == 0
    nodes = json.loads(folder.node_grades.read_text())
    assert nodes["validation"] == "hidden-split" and nodes["chosen"] == record.final.node
    assert nodes["handed_in_test_score"] == grade["score"]
    assert all(node["test_score"] is not None for node in nodes["nodes"] if not node["buggy"])
    assert "hidden\\-split" in podium.group().report.read_text() or "hidden-split" in podium.group().report.read_text()
    assert left_behind(engine) <= before


def test_a_script_sees_no_held_back_label_and_its_own_word_is_not_its_score(podium, model):
    model.script(says_code(SPY), says_review(metric=0.99999))
    common = ("--model", "compatible/fake", "--steps", "1", "--budget", "1")
    podium.bench("breast-cancer-wisconsin", *common, "--validation", "hidden-split")
    folder = podium.only_run()
    (first,) = [event for event in folder.events() if event["type"] == "node"]
    (second,) = [event for event in folder.final.events() if event["type"] == "node"]
    data = podium.home / "data" / "breast-cancer-wisconsin"
    seen, all_ = (len(pd.read_csv(path / "train.csv")) for path in (data / "search" / "public", data / "public"))
    assert first["output"].startswith(f"rows {seen} ") and second["output"].startswith(f"rows {all_} ")
    assert "found []" in first["output"] and "found []" in second["output"]
    assert (first["score"], first["printed_score"]) == (0.5, 0.99999)


def test_what_allows_no_held_back_rows_is_refused_before_anything_starts(podium):
    refused = podium("bench", *SMALL, "denoising-dirty-documents", "--validation", "hidden-split", expect=2)
    assert "can't be run with --validation hidden-split" in refused.stderr
    assert not (podium.home / "data" / "denoising-dirty-documents").exists()
