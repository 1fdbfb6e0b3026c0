"""Search/replace blocks: how they are read, where they fit, and what a model is told when they don't."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.operators.edits import Edit, apply_edits, find_edits
from agent.operators.reply import parse

CODE = """import os

def fit(x):
    if x:
        return 1
    return 2


def predict(x):
    if x:
        return 3
    return 4
"""


def block(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"


def edited(*blocks: tuple[str, str]) -> str:
    found = find_edits("".join(block(*one) for one in blocks))
    done = apply_edits(CODE, found.edits)
    assert done.problem is None
    return done.code


def problem(*blocks: tuple[str, str], code: str = CODE) -> str:
    done = apply_edits(code, find_edits("".join(block(*one) for one in blocks)).edits)
    assert done.problem is not None
    return done.problem


class TestReading:
    def test_blocks_and_the_plan_around_them(self) -> None:
        found = find_edits(f"A plan.\n\n```python\n{block('a', 'b')}```\nand\n{block('c', '')}")
        assert found.edits == (Edit(("a",), ("b",)), Edit(("c",), ("",)))
        assert found.prose == "A plan.\n\nand" and found.problem is None

    @pytest.mark.parametrize(
        "form", ["<<<<< SEARCH\na\n=====\nb\n>>>>> REPLACE", "<<<<<<<SEARCH\na\n=======\nb\n>>>>>>>REPLACE"]
    )
    def test_other_numbers_of_signs_are_read_too(self, form: str) -> None:
        assert find_edits(form).edits == (Edit(("a",), ("b",)),)

    def test_no_block_is_no_problem(self) -> None:
        assert find_edits("```python\nx = 1 << 7\n```") == find_edits("```python\nx = 1 << 7\n```")
        assert find_edits("```python\nx = 1\n```").edits == ()

    @pytest.mark.parametrize(("text", "lacking"), [
        ("<<<<<<< SEARCH\na\n", "no line `=======`"),
        ("<<<<<<< SEARCH\na\n=======\nb\n", "no line `>>>>>>> REPLACE`"),
    ])  # fmt: skip
    def test_a_block_that_breaks_off_is_told(self, text: str, lacking: str) -> None:
        assert lacking in (find_edits(text).problem or "")


class TestPlacing:
    def test_an_exact_text_is_replaced(self) -> None:
        assert edited(("        return 3", "        return 30")) == CODE.replace("return 3\n", "return 30\n")

    def test_blocks_are_applied_one_after_the_other(self) -> None:
        assert "return 99" in edited(
            ("        return 3", "        return 30"), ("        return 30", "        return 99")
        )

    def test_an_empty_replacement_deletes(self) -> None:
        assert edited(("import os", "")).startswith("\n")

    def test_blanks_at_line_ends_do_not_matter(self) -> None:
        assert "return 30" in edited(("        return 3   ", "        return 30"))

    def test_blank_lines_around_the_search_text_do_not_matter(self) -> None:
        assert "return 30" in edited(("\n        return 3\n", "        return 30"))

    def test_a_wrong_indentation_is_mended_in_the_replacement_too(self) -> None:
        shifted = "  def predict(x):\n      if x:\n          return 3"
        assert "\ndef predict(y):\n    return 5\n    return 4\n" in edited(
            (shifted, "  def predict(y):\n      return 5")
        )
        assert edited(("return 3", "y = 3\nreturn y")) == CODE.replace(
            "        return 3\n", "        y = 3\n        return y\n"
        )

    def test_blank_lines_that_were_left_out_do_not_matter(self) -> None:
        assert "    return 5\n    return 4\n" in edited(
            ("    return 2\ndef predict(x):\n    if x:\n        return 3", "    return 5")
        )

    def test_of_two_places_one_that_fits_exactly_wins(self) -> None:
        code = "x = 1\nif a:\n    x = 1\n"
        done = apply_edits(code, (Edit(("    x = 1",), ("    x = 2",)),))
        assert done.code == "x = 1\nif a:\n    x = 2\n"

    def test_a_text_that_fits_several_places_is_refused_with_their_lines(self) -> None:
        told = problem(("    if x:", "    if not x:"))
        assert "block 1 of 1 fits 2 places (lines 4, 10)" in told and "more of the lines around it" in told

    def test_a_text_that_fits_nowhere_is_quoted_with_the_nearest_line(self) -> None:
        told = problem(("        return 3", "        return 0"), ("    return four()", "x"))
        assert "block 2 of 2 fits nowhere" in told and "`return four()`" in told and "`return 4`" in told

    def test_nothing_to_search_for_is_refused(self) -> None:
        assert "empty search part" in problem(("", "x = 1"))

    def test_blocks_that_change_nothing_are_refused(self) -> None:
        assert problem(("import os", "import os")) == "the search/replace blocks change nothing"

    @given(st.data())
    def test_any_unique_line_can_be_replaced(self, data: st.DataObject) -> None:
        lines = [f"line{n} = {n}" for n in range(data.draw(st.integers(1, 30)))]
        at = data.draw(st.integers(0, len(lines) - 1))
        done = apply_edits("\n".join(lines) + "\n", (Edit((lines[at],), ("changed",)),))
        assert done.code.split("\n")[at] == "changed" and done.code.count("\n") == len(lines)


class TestReplies:
    def test_a_reply_of_blocks_becomes_the_whole_script(self) -> None:
        parsed = parse(f"Return more.\n\n{block('        return 3', '        return 30')}", CODE)
        assert (parsed.plan, parsed.problem) == ("Return more.", None) and "return 30" in parsed.code

    def test_a_whole_script_is_taken_as_before(self) -> None:
        assert parse("Plan.\n```python\nprint(1)\n```", CODE).code == "print(1)\n"

    def test_blocks_without_a_script_to_change_are_no_program(self) -> None:
        assert parse(block("a", "b")).problem is not None

    def test_an_edit_that_breaks_the_syntax_is_told(self) -> None:
        parsed = parse(block("    return 2", "    return ("), CODE)
        assert "the edited script does not compile" in (parsed.problem or "") and "return (" in parsed.code

    def test_where_a_block_does_not_fit_the_script_stays_as_it_was(self) -> None:
        parsed = parse(block("nowhere", "x"), CODE)
        assert parsed.code == CODE and "fits nowhere" in (parsed.problem or "")
