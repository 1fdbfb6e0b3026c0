"""A choice that was not made becomes the preset's or the host's; one that can't be meant is refused."""

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from harness.errors import UserError
from harness.runs.models import ModelOptions
from harness.runs.presets import Gates, preset
from harness.verbs import choices
from harness.verbs.choices import BenchOptions, parse_seeds, select

ONE = ("spaceship-titanic",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"group": "../x"}, "can't name a group"),
        ({"raw": Path("/none/such")}, "no such folder"),
        ({"raw": Path("/"), "stand_in": True}, "exclude each other"),
        ({"raw": Path("/"), "competitions": ("a", "b")}, "2 were named"),
        ({"gpus": "first"}, "nvidia-smi -L"),
    ],
)
def test_what_can_not_be_meant_is_refused(changes, words):
    with pytest.raises(UserError, match=words):
        BenchOptions(**{"competitions": ONE, **changes}).check()


@pytest.mark.parametrize(
    ("changes", "budget"),
    [
        ({}, None),
        ({"model": "openai/gpt-5"}, 5.0),
        ({"model": "compatible/x"}, 5.0),
        ({"model": "openai/gpt-5", "budget_usd": 0.0}, 0.0),
        ({"model": "openai/gpt-5", "replay": Path("llm.jsonl")}, None),
    ],
)
def test_a_paid_run_has_a_budget_whether_stated_or_not(changes, budget):
    assert BenchOptions(ONE, **changes).budget == budget


def test_runs_at_a_time_share_the_host(monkeypatch):
    monkeypatch.setattr(choices.os, "sched_getaffinity", lambda pid: set(range(8)))
    whole, shared = (BenchOptions(ONE, jobs=jobs).limits(preset("aide")) for jobs in (1, 4))
    assert (whole.cpus, shared.cpus) == (8.0, 2.0)
    assert shared.memory_bytes == whole.memory_bytes // 4
    assert BenchOptions(ONE, jobs=4, cpus=3.0).limits(preset("aide")).cpus == 3.0


def test_seeds_are_counted_from_the_first():
    assert parse_seeds(3, 2) == (3, 4)
    with pytest.raises(UserError, match="at least one"):
        parse_seeds(0, 0)


def test_a_competition_is_run_once_however_often_it_is_named():
    assert select(["a", "b", "a"], "suite", lambda name: ["b", "c"]) == ("a", "b", "c")
    with pytest.raises(UserError, match="podium list"):
        select([], None, lambda name: [])


def test_a_runs_arguments_are_read_back_as_the_choices_that_they_were():
    chosen = BenchOptions(
        competitions=("digits-8x8",), agent="best", model="openai/gpt-5", seeds=(3,), steps=7, raw=Path("/raw.zip"),
        prompts="./mine", budget_usd=2.5, time_limit_seconds=90.0, memory_bytes=20123456789, cpus=1.5, workers=2,
        stand_in=True, description="obfuscated", models=ModelOptions(review="openai/gpt-5-mini", temperature=0.3),
        gates=Gates(sample_first=True, leakage_review=False, reuse_outcomes=True, patience=4),
    )  # fmt: skip
    assert BenchOptions.of_arguments(chosen.arguments("digits-8x8", 3)) == chosen
    assert BenchOptions.of_arguments(BenchOptions(()).arguments("a", 0)) == BenchOptions(("a",))


def test_every_switch_of_the_command_line_is_known_as_one():
    hints = {
        **{
            name: hint
            for name, hint in get_type_hints(BenchOptions).items()
            if name not in ("graded", "audited", "resume", "anew")
        },
        **{f"gates.{name}": hint for name, hint in get_type_hints(Gates).items()},
        **{f"models.{name}": hint for name, hint in get_type_hints(ModelOptions).items()},
    }
    assert {name for name, hint in hints.items() if bool in (hint, *get_args(hint))} == set(choices.SWITCHES)


@pytest.mark.parametrize("rest", [["--gone", "1"], ["--steps"], ["--steps", "many"]])
def test_arguments_of_another_version_are_refused_as_such(rest):
    with pytest.raises(UserError, match="can't be read: a --seed 0"):
        BenchOptions.of_arguments(["a", "--seed", "0", *rest])
