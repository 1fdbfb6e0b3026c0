"""Text of agents, made fit for a person to read: nothing hides, nothing turns around, nothing is endless.

Making it harmless in a page is the template's: it escapes everything. This is about what a reader would be led astray
by: colour codes, progress bars that overwrite themselves, characters that turn the direction of what follows.
"""

from __future__ import annotations

import re

HEAD, TAIL = 150_000, 100_000  # characters of a text that a page shows
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)


def readable(text: str) -> str:
    """The text with lines as lines, without colours, and with what would be invisible made visible."""
    text = _COLOURS.sub("", text.replace("\r\n", "\n")).replace("\r", "\n")
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def shortened(text: str) -> str:
    """A long text's beginning and end, and between them how much is left out."""
    if len(text) <= HEAD + TAIL:
        return text
    left_out = len(text) - HEAD - TAIL
    return f"{text[:HEAD]}\n\n… {left_out:,} characters are left out here …\n\n{text[-TAIL:]}"
