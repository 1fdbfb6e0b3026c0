"""The hash by which a request is found again in a recorded transcript.

Two runs that ask the same differ in what no seed can hold: the time that is left (marked in the prompts), durations,
clock times, temporary paths and memory addresses in a script's output. These are replaced before hashing.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import orjson

_MARKED = re.compile(r"<!-- volatile -->.*?<!-- /volatile -->", re.DOTALL)
_VARYING = re.compile(
    r"(?P<path>/tmp/[\w./-]+|/var/tmp/[\w./-]+)"
    r"|(?P<address>\b0x[0-9a-fA-F]{6,16}\b)"
    r"|(?P<date>\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)"
    r"|(?P<clock>\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b)"
    r"|(?P<rate>\b\d+(?:\.\d+)? ?(?:it/s|s/it))"
    r"|(?P<duration>\b\d+(?:\.\d+)?(?:e-?\d+)? ?(?:ns|µs|us|ms|s|sec|secs|seconds?|min|mins|minutes?|hours?)\b)"
)


def steady_text(text: str) -> str:
    """The text with everything that varies between two like runs replaced by a word for it."""
    if "<!-- volatile -->" in text:
        text = _MARKED.sub("<volatile>", text)
    return _VARYING.sub(lambda found: f"<{found.lastgroup}>", text)


def steady(value: Any) -> Any:
    """A JSON value with every text in it made steady."""
    if isinstance(value, str):
        return steady_text(value)
    if isinstance(value, dict):
        return {name: steady(child) for name, child in value.items()}
    if isinstance(value, list):
        return [steady(child) for child in value]
    return value


def fingerprint(path: str, body: dict[str, Any]) -> str:
    """SHA-256 over the endpoint and the steady request, independent of the order of its fields."""
    canonical = orjson.dumps([path, steady(body)], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()
