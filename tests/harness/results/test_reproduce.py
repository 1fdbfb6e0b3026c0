"""A run's record says which commands repeat it, and what they can't repeat."""

import dataclasses
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.machine import provenance
from harness.results.layout import RunFolder
from harness.results.record import CodeRecord, HostRecord
from harness.results.reproduce import recipe
from harness.runs.models import ModelOptions
from harness.runs.presets import Gates
from harness.verbs.choices import FLAGS, NOT_OF_ONE_RUN, BenchOptions
from tests.harness import records

CODE = CodeRecord(commit="c" * 40, dirty=False, packages_sha256="p")
HOST = HostRecord(cpu_model="X", cpus=2, memory_bytes=2**30, kernel="6", engine="e")


def of(tmp_path, *, now=CODE, **changes):
    fields = {"arguments": ("a", "--seed", "3"), "code": CODE, "host": HOST} | changes
    return recipe(RunFolder(tmp_path / "g" / "run"), records.record("g", "a", **fields), code=now, host=HOST)


def test_every_choice_that_decides_a_run_has_its_flag():
    names = {field.name for field in dataclasses.fields(BenchOptions)} - {"models", "gates"}
    models = {f"models.{field.name}" for field in dataclasses.fields(ModelOptions)}
    gates = {f"gates.{field.name}" for field in dataclasses.fields(Gates)}
    assert names | models | gates == {*FLAGS, *NOT_OF_ONE_RUN}


def test_every_flag_is_one_of_the_command_line(podium):
    known = podium("bench", "--help").stdout
    assert not [flag for flag, _ in FLAGS.values() if flag not in known]


def test_the_arguments_are_the_choices_that_were_made():
    options = BenchOptions(("a", "b"), model="openai/m", steps=3, time_limit_seconds=90.0, stand_in=True, jobs=4)
    assert options.arguments("b", 7) == (
        *("b", "--seed", "7", "--model", "openai/m", "--steps", "3", "--stand-in", "--time-limit", "1.5"),
    )


def test_a_gate_that_was_closed_is_said_to_be():
    options = BenchOptions(("a",), gates=Gates(sample_first=True, leakage_review=False))
    assert options.arguments("a", 0)[3:] == ("--sample-first", "--no-leakage-review")


def test_the_same_command_is_printed_and_a_group_of_its_own(tmp_path):
    assert of(tmp_path).commands == ("podium bench a --seed 3 --group g-again",)


def test_another_commit_is_checked_out_first(tmp_path):
    found = of(tmp_path, now=CODE.model_copy(update={"commit": "d" * 40}))
    assert found.commands[0] == f"git checkout {'c' * 40} && make setup"


def test_a_models_answers_are_replayed_for_an_exact_repetition(tmp_path):
    arguments = ("a", "--seed", "0", "--model", "openai/m", "--budget", "2")
    folder = RunFolder(tmp_path / "g" / "run")
    folder.path.mkdir(parents=True)
    folder.transcript.write_text("")
    exact = of(tmp_path, model="openai/m", arguments=arguments)
    assert "--model" not in exact.commands[-1] and f"--replay {folder.transcript}" in exact.commands[-1]
    assert any("can't be seeded" in text for text in exact.differs)


def test_prompts_are_those_that_the_group_kept(tmp_path):
    kept = tmp_path / "g" / "prompts" / ("0" * 64)
    kept.mkdir(parents=True)
    found = of(tmp_path, arguments=("a", "--seed", "0", "--prompts", "./mine"))
    assert f"--prompts {kept}" in found.commands[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": None}, "commit is not known"),
        ({"code": CODE.model_copy(update={"dirty": True})}, "uncommitted changes"),
        ({"code": CODE.model_copy(update={"packages_sha256": "q"})}, "environments/q.txt"),
        ({"host": HOST.model_copy(update={"gpus": ("H100, 80 GiB",)})}, "1 GPUs: H100, 80 GiB"),
        ({"arguments": ("a", "--raw", "/gone.zip")}, "no longer there: /gone.zip"),
    ],
)
def test_what_can_not_be_repeated_exactly_is_said(tmp_path, changes, words):
    assert words in "\n".join(of(tmp_path, **changes).differs)


def test_a_record_without_arguments_says_where_to_look(tmp_path):
    with pytest.raises(UserError, match="`request` says what ran"):
        of(tmp_path, arguments=())


def test_the_verb_prints_commands_fit_to_be_copied(podium, settings):
    group = records.group_at(settings.results / "g")
    records.write(group, records.record("g", "a", arguments=("a", "--seed", "0"), code=CODE, host=HOST), None)
    lines = podium("reproduce", "g/a--aide--s0").stdout.splitlines()
    assert lines[0].startswith("git checkout") and all(line.startswith(("git", "podium", "#")) for line in lines)


def git(folder, *arguments):
    import subprocess

    options = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *options, "-C", str(folder), *arguments], check=True, capture_output=True)


def test_the_code_is_named_by_its_commit_and_whether_it_was_changed(tmp_path):
    environ = {"PATH": "/usr/bin:/bin"}
    assert provenance.code(tmp_path, environ).commit is None
    git(tmp_path, "init", "-q")
    (tmp_path / "f").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "m")
    clean = provenance.code(tmp_path, environ)
    assert clean.commit is not None and len(clean.commit) == 40 and clean.dirty is False
    (tmp_path / "f").write_text("2")
    assert provenance.code(tmp_path, environ).dirty is True
    inner = tmp_path / "inside"
    inner.mkdir()
    assert provenance.code(inner, environ).commit is None, "somebody's repository around a copy is not its history"


def test_without_git_the_commit_is_not_known(tmp_path):
    assert provenance.code(Path(__file__).parents[3], {"PATH": str(tmp_path)}).commit is None


def test_packages_are_listed_in_order_and_named_by_their_hash():
    lines = provenance.packages().splitlines()
    assert lines == sorted(lines) and any(line.startswith("pandas==") for line in lines)
    assert provenance.code(Path("/"), {}).packages_sha256 == provenance.digest(provenance.packages())
