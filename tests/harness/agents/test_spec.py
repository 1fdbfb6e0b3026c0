"""agent.yaml says how another agent is built and run; what it says wrong is told with line, field and value."""

import pytest

from harness.agents import find, shipped
from harness.errors import UserError

GOOD = "title: Mine\nimage: mine:1\ncommand: [python3, run.py]\n"


@pytest.fixture
def write(tmp_path):
    """Write an agent's folder; return how the command line would name it."""

    def make(text=GOOD, name="mine", **files):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "agent.yaml").write_text(text)
        for file, content in files.items():
            (folder / file).write_text(content)
        return str(folder)

    return make


def test_every_agent_that_ships_can_be_read(settings):
    found = {agent.name: agent for agent in shipped(settings.root / "dockerfiles")}
    assert {"nop", "sample-submission"} <= set(found)
    assert [name for name, agent in found.items() if agent.spec.answers] == [n for n in found if n == "oracle"]


def test_a_folder_of_ones_own_is_called_by_its_name(write, settings):
    agent = find(write(), settings.root / "dockerfiles")
    assert (agent.name, agent.spec.command, agent.spec.limits.steps) == ("mine", ("python3", "run.py"), 20)


def test_a_name_that_nobody_ships_is_none_and_a_folder_without_a_spec_is_told(settings, tmp_path):
    assert find("none-such", settings.root / "dockerfiles") is None
    with pytest.raises(UserError, match=r"holds no agent\.yaml"):
        find(str(tmp_path), settings.root / "dockerfiles")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: Mine\ncommand: [a]\n", "one of `image` and `dockerfile`"),
        (GOOD + "dockerfile: Dockerfile\n", "one of `image` and `dockerfile`"),
        (GOOD + "comand: [a]\n", "agent.yaml:4: comand"),
        (GOOD.replace("[python3, run.py]", "python3 run.py"), "agent.yaml:3: command"),
        (GOOD.replace("[python3, run.py]", "[]"), "agent.yaml:3: command"),
        (GOOD + "limits:\n  wall_minutes: -1\n", "agent.yaml:5: limits.wall_minutes"),
        (GOOD + "environment: {OPENAI_API_KEY: sk-1}\n", "no secret enters the box"),
        (GOOD + "environment: {'A B': c}\n", "can't name an environment variable"),
        (GOOD.replace("image: mine:1", "dockerfile: ../Dockerfile"), "must lie in this folder"),
        (GOOD.replace("image: mine:1", "dockerfile: Dockerfile"), "names the Dockerfile 'Dockerfile', which"),
        ("command: [", "not YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(write, settings, text, words):
    with pytest.raises(UserError) as caught:
        find(write(text), settings.root / "dockerfiles")
    assert words in str(caught.value)


def test_a_folder_whose_name_can_not_be_a_runs_is_told_how_to_be_renamed(write, settings):
    with pytest.raises(UserError, match="Rename it: mv"):
        find(write(name="My Agent"), settings.root / "dockerfiles")


def test_the_spec_and_hidden_files_are_in_no_image_and_what_may_be_run_stays_so(write, settings, tmp_path):
    agent = find(write(**{"run.sh": "#!/bin/sh\n", ".env": "KEY=1", "a.pyc": ""}), settings.root / "dockerfiles")
    (tmp_path / "mine" / "run.sh").chmod(0o755)
    assert set(agent.files()) == {"run.sh"} and agent.executables() == {"run.sh"}
