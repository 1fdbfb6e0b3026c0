"""`--agent` names a preset or another agent, with the options that such a one can have."""

import pytest

from harness.agents import choose
from harness.errors import UserError
from harness.runs.models import ModelOptions
from harness.runs.presets import Gates
from harness.sandbox.base import GIB
from harness.verbs.choices import BenchOptions

SPEC = "title: Asks\nimage: a:1\ncommand: [a]\nanswers: true\nlimits: {memory_gib: 2}\n"


def options(agent, **more):
    return BenchOptions(competitions=("x",), agent=agent, **more)


@pytest.fixture
def asking(tmp_path):
    """A folder with an agent that asks for the answers."""
    folder = tmp_path / "asks"
    folder.mkdir()
    (folder / "agent.yaml").write_text(SPEC)
    return str(folder)


def test_a_preset_is_no_other_agent(settings):
    assert choose.other(options("aide"), settings) is None


def test_answers_are_shown_only_when_both_sides_say_so(settings, asking):
    with pytest.raises(UserError, match="ANSWERS"):
        choose.other(options(asking), settings)
    for agent in ("nop", "aide"):
        with pytest.raises(UserError, match="--show-answers"):
            choose.other(options(agent, show_answers=True), settings)
    assert choose.other(options(asking, show_answers=True), settings).name == "asks"


@pytest.mark.parametrize(
    ("flag", "given"),
    [
        ("search", {"search": "mcts"}),
        ("prompts", {"prompts": "aide"}),
        ("workers", {"workers": 2}),
        ("ensemble", {"ensemble": 0.2}),
        ("review-model", {"models": ModelOptions(review="openai/x")}),
        ("sample-first", {"gates": Gates(sample_first=True)}),
    ],
)
def test_an_option_of_our_own_agent_is_refused_for_another(settings, flag, given):
    with pytest.raises(UserError, match=f"--{flag} is a matter of Podium's own agent"):
        choose.other(options("nop", **given), settings)


def test_a_folder_called_like_a_preset_is_refused(settings, asking, tmp_path):
    (tmp_path / "asks").rename(tmp_path / "aide")
    with pytest.raises(UserError, match="Rename the folder"):
        choose.other(options(str(tmp_path / "aide")), settings)


def test_the_agents_limits_hold_where_the_command_line_says_nothing(settings, asking):
    agent = choose.other(options(asking, show_answers=True), settings)
    assert choose.with_limits(options(asking), agent).memory_bytes == 2 * GIB
    assert choose.with_limits(options(asking, memory_bytes=GIB), agent).memory_bytes == GIB
