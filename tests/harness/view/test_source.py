"""Code is shown as it is, whatever it is, and changes are the changes."""

from hypothesis import given
from hypothesis import strategies as st

from harness.view.source import COLOURED_CHARACTERS, COMPARED_LINES, coloured, compared
from harness.view.text import readable


def whole(lines):
    return "\n".join("".join(piece.text for piece in line) for line in lines)


@given(st.text(max_size=400))
def test_coloured_code_is_the_code(code):
    assert whole(coloured(code)) == readable(code)


def test_words_of_the_language_are_told_apart():
    kinds = {
        piece.text.strip(): piece.kind
        for line in coloured("def f(x):  # why\n    return 'a' + len(1.5)")
        for piece in line
    }
    assert kinds["def"] == "k" and kinds["f"] == "f" and kinds["# why"] == "c"
    assert kinds["'a'"] == "s" and kinds["1.5"] == "n" and kinds["len"] == "b"


def test_code_too_long_to_be_coloured_is_shown_plainly():
    code = "x = 1\n" * (COLOURED_CHARACTERS // 6 + 1)
    assert whole(coloured(code)) == code
    assert {piece.kind for line in coloured(code) for piece in line} == {""}


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_a_change_counts_what_came_and_went(old, new):
    diff = compared("\n".join(old), "\n".join(new))
    assert diff.lines is not None
    kept = [line.text for line in diff.lines if line.kind in ("same", "new")]
    gone = [line.text for line in diff.lines if line.kind in ("same", "old")]
    assert diff.added - diff.removed == max(len(new), 1) - max(len(old), 1)
    assert len(kept) - len(gone) == diff.added - diff.removed


def test_unchanged_lines_far_from_a_change_are_counted_not_shown():
    lines = [f"line {number}" for number in range(50)]
    diff = compared("\n".join(lines), "\n".join([*lines[:25], "new", *lines[25:]]))
    assert [line.text for line in diff.lines if line.kind == "gap"] == ["22 unchanged lines", "22 unchanged lines"]
    assert [(line.old, line.new) for line in diff.lines if line.kind == "same"][:1] == [(23, 23)]


def test_codes_too_long_to_be_compared_are_not():
    assert compared("x\n" * COMPARED_LINES, "y").lines is None
