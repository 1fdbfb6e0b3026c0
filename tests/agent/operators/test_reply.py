"""Plan and code out of whatever a model writes."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.operators.reply import clean, parse, syntax_problem


def test_the_plan_is_the_prose_and_the_code_the_block() -> None:
    parsed = parse("I use a forest.\n\n```python\nimport os\nprint(1)\n```\n")
    assert (parsed.plan, parsed.code, parsed.problem) == ("I use a forest.", "import os\nprint(1)\n", None)


@pytest.mark.parametrize("opening", ["```python", "```py", "```Python", "``` python", "```python3", "~~~python", "```"])
def test_ways_to_open_a_fence(opening: str) -> None:
    assert parse(f"Plan.\n{opening}\nprint(1)\n{opening[:3]}\n").code == "print(1)\n"


def test_a_fence_that_is_never_closed_runs_to_the_end() -> None:
    assert parse("Plan.\n```python\nprint(1)\nprint(2)").code == "print(1)\nprint(2)\n"


def test_a_longer_fence_holds_a_shorter_one() -> None:
    parsed = parse('Plan.\n````python\ntext = """\n```\n"""\n````\n')
    assert parsed.code == 'text = """\n```\n"""\n'


def test_parts_of_a_script_are_joined_in_order() -> None:
    parsed = parse("First\n```python\nx = 1\n```\nthen\n```python\nprint(x)\n```")
    assert parsed.code == "x = 1\n\nprint(x)\n"
    assert parsed.plan == "First\nthen"


def test_a_whole_script_wins_over_a_snippet_before_it() -> None:
    snippet = "```python\nmodel = Forest(n=3)\n```"
    whole = "```python\nprint('validation score: 1')\nopen('working/submission.csv')\n```"
    assert parse(f"The change:\n{snippet}\nThe script:\n{whole}").code.startswith("print('validation")


def test_blocks_in_other_languages_are_no_code() -> None:
    parsed = parse("Run it:\n```bash\npip install x\n```\n```python\nprint(1)\n```")
    assert parsed.code == "print(1)\n"


def test_unlabelled_blocks_count_only_where_none_is_labelled_and_they_compile() -> None:
    assert parse("Output:\n```\nscore is good\n```\n```python\nprint(1)\n```").code == "print(1)\n"
    assert parse("```\nplain prose here\n```\n```\nprint(1)\n```").code == "print(1)\n"


def test_a_bare_script_is_code_without_a_plan() -> None:
    parsed = parse("import os\nprint(os)\n")
    assert (parsed.plan, parsed.code) == ("", "import os\nprint(os)\n")


@pytest.mark.parametrize("text", ["", "I can't do that.", "hello", "Let me import an idea.", "```bash\nls\n```"])
def test_prose_is_no_code(text: str) -> None:
    parsed = parse(text)
    assert parsed.code == "" and parsed.problem == "the reply holds no ```python block"


def test_thoughts_are_no_plan_and_their_code_is_no_code() -> None:
    parsed = parse("<think>maybe\n```python\nbad(\n```\n</think>Plan.\n```python\nprint(1)\n```")
    assert (parsed.plan, parsed.code) == ("Plan.", "print(1)\n")


def test_code_that_does_not_compile_is_returned_with_its_line() -> None:
    parsed = parse("Plan.\n```python\nx = 1\ny = (\n```")
    assert parsed.code == "x = 1\ny = (\n"
    assert parsed.problem is not None and "line 2: y = (" in parsed.problem


@pytest.mark.parametrize("code", ["(" * 5000, "x = 1\n" * 50_000, "-" * 200_000 + "1"], ids=["nested", "long", "unary"])
def test_code_that_a_compiler_chokes_on_is_a_problem_not_a_crash(code: str) -> None:
    assert syntax_problem(code)


def test_a_script_with_a_warning_compiles_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert syntax_problem("x = '\\d' is 1\n") is None


def test_windows_line_ends_are_plain() -> None:
    assert parse("Plan.\r\n```python\r\nprint(1)\r\n```\r\n").code == "print(1)\n"


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=300))
def test_any_text_is_read_and_what_comes_out_can_be_written_to_a_file(text: str) -> None:
    parsed = parse(text)
    for part in (parsed.plan, parsed.code, clean(text)):
        part.encode("utf-8")
        assert "\x00" not in part and "\r" not in part


@given(st.lists(st.sampled_from(["```", "```python", "~~~", "````", "x = 1", "prose", "(", ""]), max_size=12))
def test_any_mix_of_fences_is_read(lines: list[str]) -> None:
    parsed = parse("\n".join(lines))
    assert parsed.problem is not None or syntax_problem(parsed.code) is None
