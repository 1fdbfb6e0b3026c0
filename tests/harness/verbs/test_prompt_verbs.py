"""`podium prompts`: a set is checked, shown and compared before any run."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.errors import UserError
from harness.runs import prompt_check
from harness.runs.bench import Bench
from harness.verbs.choices import BenchOptions

SHIPPED = Path(__file__).parents[3] / "agent" / "prompts"


@pytest.fixture
def mine(tmp_path):
    return Path(shutil.copytree(SHIPPED / "best", tmp_path / "mine"))


def podium(*arguments):
    return CliRunner().invoke(app, ["prompts", *map(str, arguments)])


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED.iterdir() if path.is_dir()))
def test_every_shipped_set_passes_without_a_note(name):
    ended = podium("check", name)
    assert (ended.exit_code, ended.stdout.count("\n")) == (0, 1) and f"{name} can be used" in ended.stdout


def test_everything_that_is_wrong_is_told_at_once_with_file_and_line(mine):
    (mine / "_memory.md").write_text("one\n{{ siblngs | demotd }}\n")
    (mine / "debug.md").write_text("one\ntwo\n{% if %}\n")
    (mine / "merge.md").unlink()
    (mine / "drfat.md").write_text("x")
    (mine / "improve.md").write_text("\n{% include '_nothing.md' %}\n")
    (mine / "set.toml").write_text('edits = "foo"\n')
    ended = podium("check", mine)
    assert ended.exit_code == 2
    for told in (
        f"{mine}/_memory.md:2: uses 'siblngs', which draft does not give (draft.md includes it): "
        "did you mean 'siblings'?",
        f"{mine}/_memory.md:2: uses the filter 'demotd'",
        f"{mine}/debug.md:3: is malformed",
        f"{mine}/merge.md: is missing",
        f"{mine}/drfat.md: is no operator's",
        f"{mine}/improve.md:2: includes '_nothing.md'",
        f"{mine}/set.toml: edits is 'foo'; it can be whole or blocks",
    ):
        assert told in ended.stdout


def test_what_fails_only_when_it_is_rendered_is_found_too(mine):
    (mine / "improve.md").write_text('one\n{{ "%.3f" | format(score) }}\n')
    found = prompt_check.examine(mine, SHIPPED.parents[1]).problems
    assert [(problem.file, problem.line) for problem in found] == [("improve.md", 2)], "a score may be missing"


def test_what_is_hardly_meant_is_noted_and_allowed(mine):
    (mine / "_rules.md").write_text("# Rules\n\nWrite something.\n")
    (mine / "_unused.md").write_text("x")
    ended = podium("check", mine)
    assert ended.exit_code == 0
    assert "note: draft.md never says `validation score: <number>`" in ended.stdout
    assert "note: _unused.md is included nowhere" in ended.stdout


def test_templates_cannot_reach_out_of_the_sandbox(mine, tmp_path):
    (mine / "draft.md").write_text("{{ operator.__class__.__mro__[1].__subclasses__() }}")
    ended = podium("check", mine)
    assert ended.exit_code == 2 and "unsafe" in ended.stdout


def test_a_run_with_a_folder_that_is_no_set_is_refused_before_anything_starts(settings, mine):
    (mine / "draft.md").write_text("{{ wisdom }}")
    options = BenchOptions(competitions=("digits-8x8",), prompts=str(mine))
    with pytest.raises(UserError, match=r"draft\.md:1: uses 'wisdom'"):
        Bench(settings, options, lambda text: None).plans()


def test_show_renders_every_operator_or_one(mine):
    text = podium("show", "best").stdout
    assert "━━━━ draft, system message" in text and "━━━━ review, user message" in text
    shown = json.loads(podium("show", mine, "--operator", "improve", "--json").stdout)
    (system, user) = shown["improve"]
    assert list(shown) == ["improve"] and system["role"] == "system" and "Operator: improve" in user["text"]
    assert user["text"][: user["stable_chars"]].count("\n# ") == 4, "what comes before the memory stays the same"


def test_show_of_an_unknown_operator_says_which_there_are():
    ended = podium("show", "aide", "--operator", "dream")
    assert isinstance(ended.exception, UserError) and "draft, improve" in str(ended.exception)


def test_diff_is_a_unified_diff_template_by_template(mine):
    assert "hold the same prompts" in podium("diff", "best", mine).stdout
    (mine / "set.toml").write_text('edits = "whole"\n')
    text = podium("diff", "best", mine).stdout
    assert "--- a/set.toml" in text and '+edits = "whole"' in text and "draft.md" not in text


def test_list_names_the_sets_with_their_settings():
    listed = {one["name"]: one for one in json.loads(podium("list", "--json").stdout)}
    assert {"aide", "best"} <= set(listed)
    assert listed["aide"]["settings"]["edits"] == "whole" and listed["best"]["settings"]["edits"] == "blocks"
