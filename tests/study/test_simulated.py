"""The simulated part: runs repeat, workers too; landscapes are what they say; rules of choosing do what they say."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from study import outcome
from study.landscape import FAMILIES, Ambitious, Buggy, Deceptive, Rugged, Smooth, State, states_in, with_error
from study.outcome import Outcome
from study.simulated import simulate
from study.strategies import AIDE, PARALLEL, STRATEGIES

FOUR = [strategy for strategy in PARALLEL if strategy.workers == 4]


def run(tmp_path: Path, strategy=AIDE, seed: int = 0, steps: int = 25, noise: float = 0.02, family=FAMILIES[0]):
    return simulate(family, noise, strategy.with_steps(steps), strategy.workers, seed, tmp_path)


@pytest.mark.parametrize("strategy", [*STRATEGIES, *FOUR], ids=lambda strategy: strategy.name)
def test_a_run_repeats_and_has_as_many_nodes_as_steps(tmp_path: Path, strategy) -> None:
    first = run(tmp_path, strategy)
    assert first == run(tmp_path, strategy) and first != run(tmp_path, strategy, seed=1)
    assert [one.step for one in first] == list(range(1, 26))


def test_the_policies_are_the_agents_own(tmp_path: Path) -> None:
    actions = {strategy.name: {one.action for one in run(tmp_path, strategy)} for strategy in STRATEGIES}
    assert actions["best of n"] <= {"draft", "debug"}
    assert "merge" in actions["evolution, deep debug"] and "merge" not in actions["greedy (aide)"]
    assert [one.action for one in run(tmp_path)][:5] == ["draft"] * 5


def test_with_several_workers_a_proposal_does_not_know_the_last_ones(tmp_path: Path) -> None:
    """With four at a time, node 6 is proposed when node 2 has ended and nodes 3 to 5 have not."""
    for seed in range(8):
        nodes = run(tmp_path, FOUR[0], seed=seed)
        for one in nodes:
            assert all(int(parent.lstrip("n")) <= max(0, one.step - 4) for parent in one.parents)


def test_strategies_share_their_luck_where_they_do_the_same(tmp_path: Path) -> None:
    drafts = [run(tmp_path, strategy)[:3] for strategy in (STRATEGIES[0], STRATEGIES[5], STRATEGIES[-1])]
    assert drafts[0] == drafts[1] == drafts[2]


def test_without_noise_validation_is_the_test_score_and_with_it_is_not(tmp_path: Path) -> None:
    exact = [one for one in run(tmp_path, noise=0.0) if one.test is not None]
    assert all(abs((one.validation or 0) - (one.test or 0)) < 1e-6 for one in exact)
    noisy = [(one.validation or 0) - (one.test or 0) for one in run(tmp_path, noise=0.05) if one.test is not None]
    assert max(map(abs, noisy)) > 0.01


def sample(make, count: int = 4000):
    return [make(random.Random(number)) for number in range(count)]


def share(values) -> float:
    return sum(values) / len(values)


def test_families_have_the_difficulty_that_they_state() -> None:
    start = State(0.5, 0.9)
    assert share([state.buggy for state in sample(Smooth().draft)]) == pytest.approx(0.2, abs=0.03)
    assert share([state.buggy for state in sample(Buggy().draft)]) == pytest.approx(0.6, abs=0.03)
    better = [state.quality > 0.5 for state in sample(lambda rng: Smooth().improve(start, rng))]
    assert share(better) == pytest.approx(0.6, abs=0.03)
    leaps = [state.quality > 0.55 for state in sample(lambda rng: Rugged().improve(start, rng))]
    assert share(leaps) == pytest.approx(0.1, abs=0.02)
    quick = [state for state in sample(Deceptive().draft) if state.quality > 0.52]
    assert share([state.cap < 0.8 for state in quick]) > 0.95
    large = [state for state in sample(lambda rng: Ambitious().improve(start, rng)) if state.quality > 0.55]
    assert share([state.buggy for state in large]) == pytest.approx(0.7, abs=0.03)


def test_what_is_hopeless_is_never_mended_and_a_mended_script_keeps_its_quality() -> None:
    lost = State(0.7, 0.9, buggy=True, hopeless=True)
    assert all(state.buggy for state in sample(lambda rng: Smooth().debug(lost, rng), 200))
    tried = sample(lambda rng: Smooth().debug(State(0.7, 0.9, buggy=True), rng))
    assert {state.quality for state in tried if not state.buggy} == {0.7}


def test_a_child_shares_most_of_its_parents_luck() -> None:
    parent = State(0.5, 0.9, error=0.1)
    errors = [with_error(parent, parent, 0.02, random.Random(number)).error for number in range(2000)]
    assert share(errors) == pytest.approx(0.07, abs=0.005)


def test_a_script_says_its_state_and_nothing_else_is_read_as_one() -> None:
    states = [State(0.5, 0.9, number=1), State(0.25, 0.5, buggy=True)]
    assert states_in("Traceback\n" + "plan\n".join(state.code() for state in states) + "# stat") == states


def made(*scores: tuple[float | None, float | None]) -> list[Outcome]:
    return [Outcome(step, "draft", (), *pair) for step, pair in enumerate(scores, 1)]


def test_rules_of_choosing_are_what_they_say() -> None:
    run = made((0.5, 0.4), (None, None), (0.9, 0.3), (0.8, 0.7), (0.9, 0.1))
    assert outcome.chosen(run) == 0.3  # of equal ones the earliest
    assert outcome.chosen(run, steps=2) == 0.4 and outcome.chosen(made((None, None))) == 0.0
    assert outcome.rescored(run, 3, 0.0, 0) == 0.7 and outcome.rescored(run, 1, 0.0, 0) == 0.3
    assert outcome.oracle(run) == 0.7 and outcome.oracle([]) == 0.0
