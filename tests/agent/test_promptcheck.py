"""What templates may use is documented, name by name, and checked without a run."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from agent import example
from agent.promptcheck import notes, problems
from agent.promptset import OPERATORS, OPTIONAL, SHIPPED, PromptError, PromptSet, SetSettings

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "prompt-sets.md").read_text()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED / "best", tmp_path / "mine"))


@pytest.mark.parametrize("operator", [*OPERATORS, *OPTIONAL])
def test_every_name_that_a_template_may_use_is_documented(operator: str) -> None:
    assert [name for name in sorted(example.variables(operator)) if f"`{name}`" not in DOCUMENTATION] == []


def test_every_name_that_is_documented_for_some_operators_is_given_to_them() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ([\w, ]+?)(?: \(.*?\))? \| ", DOCUMENTATION, flags=re.MULTILINE)
    assert len(rows) > 8
    for names, operators in rows:
        for operator in operators.split(", "):
            assert set(re.findall(r"`(\w+)`", names)) <= example.variables(operator), (names, operator)


def test_every_setting_is_documented() -> None:
    assert [field.name for field in fields(SetSettings) if f"| `{field.name}` |" not in DOCUMENTATION] == []


@pytest.mark.parametrize("text", ["edits = 1", "memory_tokens = -1", "memory_tokens = true", "other = 1", "edits ="])
def test_a_wrong_setting_is_refused_by_name(mine: Path, text: str) -> None:
    (mine / "set.toml").write_text(text)
    with pytest.raises(PromptError, match=r"set\.toml"):
        PromptSet.load(mine)
    assert [problem.file for problem in problems(mine)] == ["set.toml"]


def test_a_set_without_settings_has_aides(mine: Path) -> None:
    (mine / "set.toml").unlink()
    assert PromptSet.load(mine).settings == SetSettings() == PromptSet.load(SHIPPED / "aide").settings


def test_who_has_a_model_write_the_memory_needs_its_template(mine: Path) -> None:
    (mine / "summarize.md").unlink()
    assert problems(mine) == []
    (mine / "set.toml").write_text('memory_writer = "model"')
    assert [(one.file, one.line) for one in problems(mine)] == [("summarize.md", None)]


def test_names_that_a_template_makes_itself_are_no_problem(mine: Path) -> None:
    (mine / "_task.md").write_text(
        "{% set x = metric %}{% for row in earlier | default([]) %}{{ row }}{% endfor %}{{ x }}"
    )
    assert [one for one in problems(mine) if "'x'" in one.message or "'row'" in one.message] == []


def test_an_undocumented_beginning_is_no_problem_and_no_note(mine: Path) -> None:
    (mine / "_always.md").write_text((mine / "_always.md").read_text().replace("<!-- stable -->", ""))
    assert problems(mine) == [] and notes(mine) == []
