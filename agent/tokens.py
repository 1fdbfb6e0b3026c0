"""About how many tokens a text is, without a tokenizer: a word is one a seven letters, a number one for three digits.

Every model counts in its own way; on prose and Python this comes out between a tenth under and a quarter over what
byte-level tokenizers count. Budgets of prompts are stated in it; what a call really used comes from the provider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_PIECE = re.compile(r"[^\W\d_]+|\d{1,3}|[^\w\s]+|_+|\n\s*|[ \t]{2,}")
_LETTERS_A_TOKEN = 7
_SIGNS_A_TOKEN = 2


def tokens(text: str) -> int:
    """Estimate the tokens of a text."""
    return sum(_of(match[0]) for match in _PIECE.finditer(text))


def within(items: Iterable[tuple[T, str]], budget: int) -> Iterator[tuple[T, str]]:
    """Yield items with their text while the texts fit a budget in tokens; the first that does not fit ends it."""
    for item, text in items:
        budget -= tokens(text) + 1
        if budget < 0:
            return
        yield item, text


def _of(piece: str) -> int:
    if piece[0].isalpha():
        return -(-len(piece) // _LETTERS_A_TOKEN)
    if piece[0].isspace() or piece[0].isalnum() or piece[0] == "_":
        return 1
    return -(-len(piece) // _SIGNS_A_TOKEN)
