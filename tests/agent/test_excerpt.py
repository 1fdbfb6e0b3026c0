"""Text that others wrote, made short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.excerpt import cut, excerpt, shown


def test_a_short_output_stays_as_it_is() -> None:
    assert excerpt("x" * 10, head=5, tail=5) == "x" * 10


def test_a_long_output_keeps_its_ends_and_says_what_is_missing() -> None:
    assert excerpt("head" + "x" * 100 + "tail", head=4, tail=4) == "head\n… 100 characters left out …\ntail"


@pytest.mark.parametrize(
    ("text", "short"), [("a  b\n\nc", "a b c"), ("", ""), ("x" * 10, "x" * 10), ("x" * 11, "x" * 9 + "…")]
)
def test_text_is_cut_to_one_short_line(text: str, short: str) -> None:
    assert cut(text, 10) == short


@given(st.text(max_size=80), st.integers(1, 40))
def test_shown_text_is_printable_and_short(text: str, chars: int) -> None:
    result = shown(text, chars)
    assert result.isprintable() and "`" not in result
    assert len(result) <= 10 * chars, "an escape is at most ten characters long"
