"""How pages word numbers, times and money."""

from __future__ import annotations

import datetime
from typing import Any

from harness.report.figures import NONE
from harness.report.html import clock, count, number

__all__ = ["bytes_", "clock", "count", "moment", "money", "number", "score", "seconds", "words_of"]


def score(value: float | None) -> str:
    """A score, with digits enough to tell it from another."""
    return number(value) if value is None or abs(value) < 1e6 else f"{value:.6g}"


def seconds(value: float | None) -> str:
    """A duration."""
    if value is None:
        return NONE
    return f"{value:.1f} s" if value < 60 else clock(value)


def money(value: float | None) -> str:
    """A price: model calls cost fractions of a cent, runs many dollars."""
    if value is None:
        return NONE
    return f"${value:,.2f}" if value == 0 or value >= 1 else f"${value:.4f}"


def moment(value: str | float | None) -> str:
    """A moment, to the second, in UTC."""
    if value is None:
        return NONE
    try:
        at = datetime.datetime.fromisoformat(value) if isinstance(value, str) else _of(value)
    except (ValueError, OverflowError, OSError):
        return NONE
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def bytes_(value: int) -> str:
    """A size."""
    return f"{value / 2**30:.1f} GiB" if value >= 2**30 else f"{value / 2**20:.1f} MiB"


def words_of(value: Any) -> str:
    """Any value of a record, as a person would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], {}, ()):
        return NONE
    if isinstance(value, dict):
        return ", ".join(f"{name} {words_of(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(words_of(one) for one in value)
    return str(value)


def _of(value: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(value, datetime.UTC)
