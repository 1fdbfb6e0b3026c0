"""Several commands at one results folder, and an image that somebody removes under a group."""

import shlex

import pytest

from harness.results.layout import RunStatus
from tests.drills.conftest import COMPETITION, take, tells

pytestmark = pytest.mark.engine


def test_two_groups_on_one_results_folder_do_not_mix(drill, engine):
    drill.model._otherwise = obedient
    first = drill.start("--seeds", "3")
    one, drill.name = drill.name, f"{drill.name}-b"
    second = drill.start("--seeds", "3")
    for process in (first, second):
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    drill.balance(3)
    drill.refuse_leftovers(engine)
    drill.name = one
    drill.balance(3)
    drill.refuse_leftovers(engine)


def test_the_same_group_twice_at_once_runs_nothing_twice(drill, engine):
    drill.model._otherwise = obedient
    several = [drill.start("--seeds", "3") for _ in range(2)]
    ended = {process: process.communicate(timeout=120)[1] for process in several}
    codes = sorted(process.returncode for process in several)
    assert codes[0] == 0, ended
    assert all("another podium is at work" in said for process, said in ended.items() if process.returncode), ended
    drill.bench("--seeds", "3")
    drill.balance(3)
    assert all(folder.read().attempt == 1 for folder in drill.group().runs())
    drill.refuse_leftovers(engine)


def test_an_image_that_is_removed_under_a_group_costs_no_run_that_had_ended(drill, other, drill_image):
    drill.model._otherwise = obedient
    listed = other.client().images.get(drill_image.tag)
    remove = ["docker", "--host", other.host, "image", "rm", "--force", *listed.tags]
    struck = drill.struck("grading", shlex.join(remove), "--seeds", "3")
    assert struck.returncode == 3, struck.stderr
    first, *rest = (folder.read() for folder in drill.group().runs())
    assert first.status is RunStatus.COMPLETED
    for record in rest:
        assert record.status is RunStatus.INFRA_FAILED and "image" in record.reason and "podium image" in record.reason
    take(other, drill_image)
    drill.bench("--seeds", "3")
    drill.balance(3)
    kept = drill.group().run(f"{COMPETITION}--agent--s0").read()
    assert kept == first
    drill.refuse_leftovers(other.client())


def obedient(received):
    """Tell each agent that begins to submit, and one that did that it is done."""
    (step,) = tells("submit" if received.body["messages"][0]["content"] == "begin" else "done")
    return step
