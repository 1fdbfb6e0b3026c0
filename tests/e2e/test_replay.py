"""A recorded transcript answers in the model's place: exact, offline, free; a miss is an error that names it."""

import pytest

from harness.gateway.journal import read_journal
from tests.e2e.conftest import says_code, says_review

pytestmark = pytest.mark.engine
SCRIPT = """
import pandas as pd
sample = pd.read_csv("input/sample_submission.csv")
sample.to_csv("working/submission.csv", index=False)
print("validation score: 0.{digit}")
"""


def record(podium, model, steps=3):
    for digit in range(1, steps + 1):
        model.script(says_code(SCRIPT.format(digit=digit)), says_review(summary=f"Number {digit}."))
    podium.bench("breast-cancer-wisconsin", "--model", "compatible/fake", "--steps", str(steps), group="recorded")
    return podium.only_run("recorded").transcript


def tree(podium, group):
    events = [stored.event for stored in read_journal(podium.only_run(group).journal)]
    return [
        (node.node, node.action, node.parents, node.plan, node.code, node.score, node.analysis)
        for node in events
        if node.type == "node"
    ]


def replay(podium, transcript, *arguments, group="replayed", expect=0):
    return podium.bench(
        "breast-cancer-wisconsin",
        *("--model", "compatible/fake", "--replay", str(transcript), *arguments),
        group=group,
        expect=expect,
    )


def test_a_replay_grows_the_same_tree_without_a_call(podium, model):
    transcript = record(podium, model)
    calls = len(model.received)
    replay(podium, transcript, "--steps", "3")
    assert tree(podium, "replayed") == tree(podium, "recorded")
    assert len(model.received) == calls
    usage = podium.only_run("replayed").read().usage
    assert usage.cost_usd == 0 and usage.calls == podium.only_run("recorded").read().usage.calls


def test_a_miss_names_the_first_difference_and_calls_nobody(podium, model):
    transcript = record(podium, model)
    calls = len(model.received)
    replay(podium, transcript, "--steps", "3", "--seed", "1", expect=3)
    run = podium.only_run("replayed").read()
    assert run.status == "infra_failed"
    assert "differ" in run.reason, run.reason
    assert len(model.received) == calls
