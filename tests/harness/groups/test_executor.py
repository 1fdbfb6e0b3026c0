"""What crosses the seam between coordinator and worker is plain data."""

from pathlib import Path

from harness.groups.coordinator import task_of
from harness.groups.executor import Place, Task
from harness.results.layout import RunFolder
from harness.verbs.choices import BenchOptions


def test_a_task_travels_as_json_and_says_which_plan_is_meant(plan):
    made = task_of(plan(seed=3), Place(lane=1), RunFolder(Path("/r/group/run")), attempt=2, token=9)
    assert Task.model_validate_json(made.model_dump_json()) == made
    assert made.plan_sha256 == plan(seed=3).sha256() != plan(seed=4).sha256()


def test_its_arguments_state_every_limit_since_defaults_depend_on_the_machine(plan):
    from dataclasses import replace

    options = BenchOptions(("breast-cancer-wisconsin",), cpus=1.5, steps=4)
    asked = replace(plan(), arguments=options.arguments("breast-cancer-wisconsin", 0))
    task = task_of(asked, Place(), RunFolder(Path("/r")), attempt=1, token=1)
    read = BenchOptions.of_arguments(task.arguments)
    assert (read.memory_bytes, read.disk_bytes) == (asked.limits.memory_bytes, asked.limits.workspace_bytes)
    assert (read.cpus, read.steps) == (asked.limits.cpus, 4)


def test_waiting_runs_start_in_order_on_the_lowest_free_lanes(plan):
    from harness.groups.admission import Slots

    plans = [plan(seed=seed) for seed in range(4)]
    slots = Slots(2)
    first = slots.admit(plans)
    assert [(one.plan.seed, one.place.lane) for one in first] == [(0, 0), (1, 1)]
    assert slots.admit(plans[2:]) == []
    slots.release(plans[1])
    assert [(one.plan.seed, one.place.lane) for one in slots.admit(plans[2:])] == [(2, 1)]
