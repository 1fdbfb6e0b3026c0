"""The hash by which a request is found again in a recorded transcript.

Two runs that ask the same differ in what no seed can hold: the time that is left (marked in the prompts), durations,
clock times, temporary paths and memory addresses in a script's output. These are replaced before hashing.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import orjson

# Each pattern begins with one literal or a plain set and never backtracks: 16 KB of prompt take a quarter of a
# millisecond; one pattern with all alternatives takes five.
_MARKED = re.compile(r"<!-- volatile -->.*?<!-- /volatile -->", re.DOTALL)
_PATH = re.compile(r"/(?:var/)?tmp/[\w./-]+")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,16}")
_TIME = re.compile(
    r"[0-9](?<![A-Za-z0-9_.][0-9])[0-9]*+(?:"
    r"(?:\.[0-9]++)?(?:e-?[0-9]++)? ?(?:[nµum]?s|s/it|it/s|sec(?:ond)?s?|min(?:ute)?s?|hours?)\b"  # 0.12 s, 3.1it/s
    r"|(?::[0-9]{2}){1,2}(?:[.,][0-9]++)?"  # 00:01, 12:30:01.5
    r"|-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]++)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
    r")"
)


def steady_text(text: str) -> str:
    """The text with everything that varies between two like runs replaced by a word for it."""
    if "<!-- volatile -->" in text:
        text = _MARKED.sub("<volatile>", text)
    return _TIME.sub("<time>", _ADDRESS.sub("<address>", _PATH.sub("<path>", text)))


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
