"""The longest run goes first: by earlier runs of the competition, else by its data and its limits."""

from types import SimpleNamespace

import pytest

from harness.groups.estimate import MODEL_SECONDS, Estimates
from harness.results.record import RunStatus, TreeRecord
from tests.harness import records


def tree(steps):
    return TreeRecord(steps=steps, good_nodes=1, validation_score=None, phase_seconds={})


def plan(competition="a", agent="aide", model="offline", steps=10, wall=100_000.0, public=0):
    manifest = SimpleNamespace(
        files={"public/train.csv": SimpleNamespace(bytes=public), "private/test.csv": SimpleNamespace(bytes=10**12)},
        folders={},
    )
    return SimpleNamespace(
        competition=SimpleNamespace(id=competition),
        preset=SimpleNamespace(name=agent),
        model=model,
        steps=steps,
        wall_seconds=wall,
        candidate_timeout_seconds=3600.0,
        prepared=SimpleNamespace(manifest=manifest),
    )


@pytest.fixture
def estimates(tmp_path):
    group = records.group_at(tmp_path / "g")
    for seed, seconds in enumerate((100.0, 300.0, 200.0)):
        records.write(group, records.record("g", "a", seed, working_seconds=seconds, tree=tree(10)), None)
    other = records.record("g", "a", 0, agent="best", model="m", wall_seconds=4000.0, tree=tree(10))
    records.write(group, other, None)
    lost = records.record("g", "a", 9, status=RunStatus.INFRA_FAILED, working_seconds=9e9, tree=tree(1))
    records.write(group, lost, None)
    (tmp_path / "g" / "a--old--s0").mkdir()
    (tmp_path / "g" / "a--old--s0" / "run.json").write_text("{}")
    return Estimates(tmp_path)


def test_the_median_of_a_steps_seconds_times_the_steps(estimates):
    assert estimates.seconds(plan(steps=5)) == 100.0


def test_runs_of_the_same_agent_and_model_come_first_then_of_the_agent_then_any(estimates):
    assert estimates.seconds(plan(agent="best", model="m", steps=1)) == 400.0
    assert estimates.seconds(plan(agent="aide", model="m", steps=1)) == 20.0
    assert estimates.seconds(plan(agent="new", model="m", steps=1)) == 25.0


def test_no_run_is_expected_to_take_longer_than_it_may(estimates):
    assert estimates.seconds(plan(steps=1000, wall=60.0)) == 60.0


def test_without_earlier_runs_more_public_data_take_longer_and_private_ones_count_nothing(estimates):
    small, large = (estimates.seconds(plan("new", steps=1, public=size)) for size in (0, 10**9))
    assert (small, large) == (MODEL_SECONDS, MODEL_SECONDS + 500.0)
