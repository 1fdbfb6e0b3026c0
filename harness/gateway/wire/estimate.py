"""The most input tokens that a request can be, without a tokenizer.

Byte-level tokenizers never make more tokens than there are bytes, so the JSON's length bounds the text. Pictures and
files are bounded by their encoded size too, which is far above what any provider counts for a picture; so a picture
counts at most `PICTURE_TOKENS`, above every published formula.
"""

from __future__ import annotations

import orjson

from harness.gateway.prices import TokenUsage
from harness.gateway.wire.base import Json

PICTURE_TOKENS = 8_000
HIDDEN_TOOL_TOKENS = 1_000  # the instructions that a provider adds of its own when a call has tools
_LONG_DATA = 16_000


def most_usage(api: str, body_bytes: int, body: Json, output: int) -> TokenUsage:
    """The most that a call can use. Anthropic charges up to twice for input that is to be kept in its cache."""
    most = most_input_tokens(body_bytes, body)
    written = most if api == "messages" and b'"cache_control"' in orjson.dumps(body) else 0
    return TokenUsage(input=most, output=output, cache_write_1h=written)


def most_input_tokens(body_bytes: int, body: Json) -> int:
    """An upper bound for the input tokens of a request of `body_bytes` bytes of JSON."""
    saved = sum(size - PICTURE_TOKENS for size in _picture_sizes(body)) if body_bytes > _LONG_DATA else 0
    hidden = HIDDEN_TOOL_TOKENS if body.get("tools") else 0
    return max(1, body_bytes - saved + hidden)


def _picture_sizes(value: object) -> list[int]:
    """Sizes of inline pictures larger than what a picture counts for."""
    if isinstance(value, dict):
        kind = value.get("type")
        if kind in ("image_url", "input_image", "image"):
            size = max((len(text) for text in _texts(value)), default=0)
            return [size] if size > PICTURE_TOKENS else []
        return [size for child in value.values() for size in _picture_sizes(child)]
    if isinstance(value, list):
        return [size for child in value for size in _picture_sizes(child)]
    return []


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for child in value.values() for text in _texts(child)]
    return []
