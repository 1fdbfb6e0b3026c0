"""What a command says of its runs reaches them, whichever verb it is said to."""

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.runs import bench, by_hand, solving
from harness.verbs.choices import BenchOptions


class Heard(Exception):
    """The options that a verb came to; nothing is run."""


MODELS = (
    *("--model", "openai/gpt-5", "--review-model", "offline", "--fallback-model", "compatible/x"),
    *("--temperature", "0.5", "--max-output-tokens", "99", "--reasoning-effort", "low", "--api", "chat"),
)
SEARCH = ("--agent", "best", "--steps", "7", "--budget", "2.5", "--prices", "/prices.yaml")
BOX = ("--memory", "2", "--cpus", "1.5", "--disk", "3", "--runtime", "runsc")
TIMES = ("--time-limit", "2", "--script-timeout", "0.5", "--search", "mcts", "--seed", "3", "--prompts", "best")
VERBS = {
    "bench": ("digits-8x8", *MODELS, *SEARCH, *BOX, *TIMES, "--workers", "2", "--gpus", "1", "--jobs", "2"),
    "regress": ("aide", "best", "digits-8x8", *MODELS, *SEARCH, *BOX, "--jobs", "2", "--seeds", "2"),
    "solve": ("/data", *MODELS, *SEARCH, *BOX, *TIMES, "--workers", "2", "--gpus", "1", "--group", "mine"),
    "gateway": ("digits-8x8", *MODELS, *SEARCH, *TIMES, "--stand-in"),
}
NOT_OF_ONE_RUN = ("--jobs", "--group", "--seeds", "--seed")


@pytest.fixture
def heard(monkeypatch):
    def caught(*arguments, **_):
        raise Heard(next(one for one in arguments if isinstance(one, BenchOptions)))

    monkeypatch.setattr(bench, "Bench", caught)
    monkeypatch.setattr(by_hand, "serve", caught)
    monkeypatch.setattr(solving, "solve", caught)

    def heard(verb):
        raised = CliRunner().invoke(app, [verb, *VERBS[verb]]).exception
        assert isinstance(raised, Heard), raised
        return raised.args[0]

    return heard


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_said_to_a_verb_is_what_its_runs_are_made_again_by(verb, heard):
    options = heard(verb)
    words = options.arguments("digits-8x8", 0)
    said = list(VERBS[verb])
    for flag in (word for word in said if word.startswith("--") and word not in NOT_OF_ONE_RUN):
        assert flag in words, f"{verb} {flag} is lost"
        value = said[said.index(flag) + 1 :][:1]
        if value and not value[0].startswith("--"):
            assert words[words.index(flag) + 1] == value[0]


def test_seeds_group_and_jobs_reach_the_group(heard):
    assert (heard("bench").seeds, heard("bench").jobs) == ((3,), 2)
    assert (heard("regress").seeds, heard("regress").jobs) == ((0, 1), 2)
    assert (heard("solve").seeds, heard("solve").group) == ((3,), "mine")
    assert heard("gateway").seeds == (3,)
