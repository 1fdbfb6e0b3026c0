"""`podium compare` and `power` as a person starts them: what they print, keep, and end with."""

import json

import pytest

from harness.results.layout import Results
from tests.harness import records


@pytest.fixture
def groups(settings):
    """Two groups of eight competitions and four seeds: `gold` wins every medal, `none` no one."""
    for medal in ("gold", "none"):
        group = records.group_at(settings.results / medal)
        for place in range(32):
            name, seed = f"c{place // 4}", place % 4
            record = records.record(medal, name, seed, model="openai/some")
            score = {"gold": 0.95, "none": 0.65}[medal]
            records.write(group, record, records.grade(name, medal, score=score, percentile=100 * score))
    return Results(settings.results)


def test_a_regression_is_told_and_fails_the_gate_with_5(podium, groups):
    done = podium("compare", "gold", "none", "--fail-on", "worse", expect=5)
    assert "B against A: worse" in done.stdout and "−100.0 pp" in done.stdout
    assert "the prompts are the same" in done.stdout
    assert "gate failed: any_medal is worse" in done.stderr
    assert json.loads(groups.group("none").comparison.read_text())["verdict"] == "worse"


def test_json_is_all_that_standard_output_holds(podium, groups):
    made = json.loads(podium("compare", "none", "gold", "--json", "--fail-on", "worse").stdout)
    assert made["verdict"] == "better" and len(made["competitions"]) == 8


def test_a_gate_that_there_is_not_is_the_users_error(podium, groups):
    assert "cannot-rule-out-worse:2pp" in podium("compare", "gold", "none", "--fail-on", "bad", expect=2).stderr


def test_power_is_printed_by_seeds(podium, groups):
    done = podium("power", "none", "--metric", "valid_submission", "--difference", "20")
    assert "seeds a side: finds 20 pp" in done.stdout
    assert json.loads(podium("power", "gold", "--difference", "30", "--json").stdout)["rate"] == 100.0
