"""A group is declared by flags or by a file that says the same, and its complaints name file, line and field."""

from dataclasses import replace

import pytest

from harness.errors import InvalidSpec, UserError
from harness.groups.matrix import Arm, GroupFile, Matrix, crossed, is_file, named, read, split
from harness.results.layout import is_name
from harness.verbs import run_verbs
from harness.verbs.choices import FLAGS, GROUP_FLAGS, BenchOptions

SUITES = {"mle-bench/low": ["a", "b"]}
FULL = """\
group: nightly
suites: [mle-bench/low]
competitions: [c, a]
agents: [aide, best]
models: [offline, openai/gpt-5]
prompts: [aide]
seeds: [0, 3]
jobs: 4
options:
  steps: 20
  time-limit: 90
  memory: 1.5
  budget: 2
  temperature: 0.5
  no-such-gate: true
"""


@pytest.fixture
def write(tmp_path):
    def make(text, name="mine.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return make


def in_suite(name):
    return SUITES[name]


def test_a_file_says_what_flags_say(write):
    matrix = read(write(FULL.replace("  no-such-gate: true\n", "  leakage-review: false\n")), in_suite)
    assert matrix.competitions == ("c", "a", "b")
    assert [arm.what for arm in matrix.arms] == [
        ("aide", "offline", "aide"),
        ("aide", "openai/gpt-5", "aide"),
        ("best", "offline", "aide"),
        ("best", "openai/gpt-5", "aide"),
    ]
    assert matrix.seeds == (0, 3) and matrix.runs == 24
    options = matrix.options
    assert (options.group, options.jobs, options.steps, options.budget_usd) == ("nightly", 4, 20, 2.0)
    assert (options.time_limit_seconds, options.memory_bytes) == (5400.0, 3 << 29)
    assert options.models.temperature == 0.5 and options.gates.leakage_review is False


def test_a_file_says_what_holds_for_all_runs_together_beside_them(write):
    text = "competitions: a\ngroup-budget: 50\ngroup-tokens: 2000000\nrequests-per-minute: 30\nruns-per-cpu: 2\n"
    options = read(write(text + "options: {clock: working, budget: 2}\n"), in_suite).options
    assert (options.group_budget_usd, options.group_tokens, options.requests_per_minute) == (50.0, 2_000_000, 30.0)
    assert (options.runs_per_cpu, options.runs_per_gpu, options.tokens_per_minute) == (2, 1, None)
    assert (options.clock, options.budget_usd) == ("working", 2.0)


def test_a_flag_beside_a_file_wins_over_it(write, settings):
    file = write("competitions: digits-8x8\njobs: 2\ngroup-budget: 50\nruns-per-cpu: 2\ntokens-per-minute: 9\n")
    flags = BenchOptions(("-",), group_budget_usd=20.0)
    matrix = run_verbs._read(settings, file, flags, {"group_budget_usd": 20.0, "runs_per_cpu": 1}, several=False)
    options = matrix.options
    assert (options.group_budget_usd, options.runs_per_cpu, options.tokens_per_minute) == (20.0, 1, 9.0)
    assert options.jobs == 2
    with pytest.raises(UserError, match=r"leave --steps out.*may be given: --jobs, --group, --group-budget"):
        run_verbs._read(settings, file, BenchOptions(("-",), steps=3), {}, several=False)


def test_every_flag_for_all_runs_together_is_a_field_of_the_file():
    there = {field.alias for field in GroupFile.model_fields.values() if field.alias}
    assert there == {flag.removeprefix("--") for flag in GROUP_FLAGS.values()}


def test_a_small_file_is_enough_and_the_group_is_called_by_it(write):
    matrix = read(write("competitions: a\nseeds: 3\n"), in_suite)
    assert (matrix.options.group, matrix.competitions, matrix.seeds) == ("mine", ("a",), (0, 1, 2))
    assert matrix.arms == (Arm("aide"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FULL, r"mine\.yaml:15: options\.no-such-gate: .*not permitted"),
        (FULL.replace("steps: 20", "steps: many"), r"mine\.yaml:10: options\.steps: .*integer.*found 'many'"),
        (FULL.replace("seeds: [0, 3]", "seeds: 0"), r"mine\.yaml:7: seeds: .*at least one seed"),
        (FULL.replace("seeds: [0, 3]", "seeds: [1, 1]"), r"mine\.yaml:7: seeds: .*twice"),
        (FULL.replace("agents: [aide, best]", "agents: []"), r"mine\.yaml:4: agents: .*at least one"),
        (FULL.replace("jobs: 4", "jobs: 0"), r"mine\.yaml:8: jobs: "),
        (FULL.replace("jobs: 4", "group-budget: -1"), r"mine\.yaml:8: group-budget: "),
        (FULL.replace("steps: 20", "group-budget: 9"), r"mine\.yaml:10: options\.group-budget: .*not permitted"),
        (FULL.replace("group: nightly", "group: ../up"), r"mine\.yaml:1: group: .*can't name a group"),
        (FULL.replace("agents:", "agent:"), r"mine\.yaml:4: agent: .*not permitted"),
        ("- a\n", r"mine\.yaml:1: expected a mapping"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_line_and_field(write, text, told):
    with pytest.raises(InvalidSpec, match=told):
        read(write(text), in_suite)


def test_a_file_without_a_competition_is_refused(write):
    with pytest.raises(UserError, match="podium list"):
        read(write("seeds: 2\n"), in_suite)


def test_every_flag_that_all_runs_share_can_be_said_in_a_file(write):
    from harness.groups.matrix import AXES, Options

    there = {field.alias for field in Options.model_fields.values()}
    assert there == {flag.removeprefix("--") for name, (flag, _) in FLAGS.items() if name not in AXES}


def test_the_first_arm_of_an_agent_is_called_by_it_and_later_ones_by_what_differs():
    arms = named(crossed(["aide", "best"], ["offline", "openai/gpt-5"], [None, "./my prompts"]), ())
    names = [arm.name for arm in arms]
    assert names[:4] == ["aide", "aide.my-prompts", "aide.gpt-5", "aide.gpt-5.my-prompts"]
    assert names[4] == "best" and len(set(names)) == 8
    assert all(is_name(name) for name in names)


def test_names_stay_when_a_group_grows_and_never_meet():
    first = named([Arm("aide", "openai/x"), Arm("aide", "other/x")], ())
    assert [arm.name for arm in first] == ["aide", "aide.x"]
    grown = named([Arm("aide", "third/x"), *[replace(arm, name=None) for arm in first]], first)
    assert [arm.name for arm in grown] == ["aide.x-2", "aide", "aide.x"]


def test_an_agent_given_as_a_folder_is_called_by_its_last_part():
    assert named([Arm("./agents/mine")], ())[0].name == "mine"


def test_the_choices_of_an_arm_are_the_groups_with_its_own():
    options = BenchOptions(("a",), steps=7)
    matrix = Matrix(("a", "b"), named(crossed(["aide", "best"], ["offline"], [None]), ()), (0, 1), options)
    chosen = matrix.of_arm(matrix.arms[1])
    assert (chosen.agent, chosen.competitions, chosen.seeds, chosen.steps) == ("best", ("a", "b"), (0, 1), 7)
    assert chosen.configuration == "best"


def test_words_with_commas_are_several_and_a_yaml_is_a_file():
    assert split("a, b,a,,") == ["a", "b"] and split(None) == []
    assert is_file(["x/group.yaml"]) and not is_file(["a"]) and not is_file(["a.yaml", "b"])
