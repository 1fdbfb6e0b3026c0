"""The study as a whole: finished cells are kept and used, intervals say what they can, the page is whole."""

from __future__ import annotations

import functools
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.specs import competition as competitions
from study import offline, offline_runs, page, simulation
from study.cells import ROOT, Cells, code_hash, run_all
from study.figures import averaged, difference, estimate
from study.outcome import Outcome
from study.strategies import AIDE, STRATEGIES, WITH_PROMPTS

RUN = [Outcome(1, "draft", (), 0.5, 0.4), Outcome(2, "improve", ("n0001",), None, None, 0.1)]


def job(marker: Path) -> list[tuple[tuple[str, int], list[Outcome]]]:
    with marker.open("a") as file:
        file.write("x")
    return [(("a", 1), RUN), (("a", 2), RUN[:1])]


def test_what_was_run_is_not_run_again_even_after_a_kill(tmp_path: Path) -> None:
    file, marker = tmp_path / "deep" / "cells.jsonl", tmp_path / "marker"
    wanted = [([("a", 1), ("a", 2)], functools.partial(job, marker))]
    run_all(Cells(file), wanted, lambda line: None)
    file.write_text(file.read_text() + '{"key": ["a", 3], "ru')
    again = Cells(file)
    assert again.runs == {("a", 1): RUN, ("a", 2): RUN[:1]}
    run_all(again, wanted, lambda line: None)
    assert marker.read_text() == "x"
    file.write_text(file.read_text().splitlines()[0] + "\n")
    run_all(Cells(file), wanted, lambda line: None)
    assert marker.read_text() == "xx"


def test_other_code_has_other_cells(tmp_path: Path) -> None:
    assert code_hash("study/landscape.py") != code_hash("study/simulated.py") == code_hash("study/simulated.py")
    assert all((ROOT / name).exists() for name in (*simulation.CODE, *offline_runs.CODE))


def test_an_interval_covers_the_mean_and_a_clear_difference_excludes_zero() -> None:
    assert difference({1: 0.5, 2: 0.6, 3: 0.7}, {1: 0.4, 2: 0.5, 3: 0.61, 9: 0}).excludes_zero
    unclear = difference({1: 0.5, 2: 0.6}, {1: 0.6, 2: 0.5})
    assert not unclear.excludes_zero and unclear.low <= unclear.mean <= unclear.high
    assert not estimate([0.3]).excludes_zero  # one seed says nothing
    assert averaged([{1: 0.2, 2: 0.4}, {1: 0.4, 3: 1.0}]) == {1: pytest.approx(0.3)}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> simulation.Found:
    plan = simulation.Plan(seeds=2, steps=(8,), workers_seeds=2)
    found = simulation.Found(Cells(tmp_path_factory.mktemp("cells") / "simulated.jsonl"), plan)
    for _, one in simulation.jobs(plan):  # in this process: starting others takes longer than the runs
        for key, run in one():
            found.cells.add(key, run)
    return found


def test_the_page_says_that_it_is_a_simulation_what_wins_and_has_its_picture(
    simulated: simulation.Found, tmp_path: Path
) -> None:
    page.Page(simulated, None).write(tmp_path)
    text = (tmp_path / page.NAME).read_text()
    assert "This is a simulation" in text and "against greedy (aide):" in text
    assert all(strategy.name in text for strategy in STRATEGIES)
    assert "nan" not in text
    root = ET.parse(tmp_path / page.SIMULATED_PICTURE).getroot()
    assert root.tag.endswith("svg") and len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) >= 20


@pytest.fixture(scope="module")
def offline_found(tmp_path_factory: pytest.TempPathFactory) -> offline_runs.Found:
    """Two seeds and three steps of every strategy on one bundled table: few real scripts, since they share them."""
    home, name = tmp_path_factory.mktemp("study"), "diabetes-progression"
    found = offline_runs.Found(Cells(home / "offline.jsonl"), offline_runs.Plan(seeds=2, steps=3), (name,), home)
    for seed in range(2):
        ground = offline.Ground.of(competitions.load(name, ROOT / "competitions"), seed, home / "data")
        for strategy in offline_runs.COMPARED:
            run = offline.run(ground, strategy, 3, seed, home / "scripts")
            found.cells.add(offline_runs.key(name, strategy, 3, seed), run)
    return found


def test_real_scripts_are_run_once_and_scored_on_both_parts_of_the_held_out_rows(
    offline_found: offline_runs.Found,
) -> None:
    runs = offline_found.cells.runs
    assert len(runs) == 2 * len(offline_runs.COMPARED)
    good = [one for run in runs.values() for one in run if one.validation is not None]
    assert good and all(one.test and one.other_test and one.test != one.other_test for one in good)
    assert all(-120 < (one.other_test or 0) < -30 for one in good)  # minus its rmse
    scripts = list((offline_found.home / "scripts").rglob("*.json"))
    assert 3 <= len(scripts) <= 12  # mostly the same three a seed, whatever the strategy


def test_the_page_has_the_offline_part_too(offline_found: offline_runs.Found, tmp_path: Path) -> None:
    page.Page(None, offline_found).write(tmp_path)
    text = (tmp_path / page.NAME).read_text()
    assert "diabetes-progression (2 seeds)" in text and "oracle" in text and (tmp_path / page.OFFLINE_PICTURE).exists()


def test_a_script_that_fails_is_a_failed_outcome_and_leaves_this_process_alone(tmp_path: Path) -> None:
    (tmp_path / "solution.py").write_text("print('here')\nraise SystemExit(3)\n")
    assert offline.forked(tmp_path) == "failed" and "here" in (tmp_path / "output.txt").read_text()
    (tmp_path / "solution.py").write_text("open('made', 'w').write(__name__)\n")
    assert offline.forked(tmp_path) == "ok" and (tmp_path / "made").read_text() == "__main__"


def test_the_compared_strategies_are_among_all() -> None:
    assert AIDE in offline_runs.COMPARED and set(offline_runs.NAMES) <= {one.name for one in STRATEGIES}
    assert len(offline_runs.COMPARED) == len(offline_runs.NAMES) + len(WITH_PROMPTS)
