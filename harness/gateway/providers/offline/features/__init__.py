"""The feature steps, in the order in which a script applies them.

The order is the meaning: gaps are counted before anything fills them, totals are made before logarithms are taken.
"""

from __future__ import annotations

from harness.gateway.providers.offline.features import codes, numbers, text
from harness.gateway.providers.offline.features.base import HELPERS, Step

_ORDER = (
    numbers.MISSING_COUNT,
    codes.SPLIT_PARTS,
    codes.FILL_FROM_MATES,
    numbers.ZERO_RULES,
    codes.GROUP_SIZES,
    numbers.DATE_PARTS,
    codes.NAME_WORDS,
    numbers.ROW_STATISTICS,
    numbers.PRINCIPAL_COMPONENTS,
    numbers.AMOUNT_TOTALS,
    text.TEXT_STYLE,
    text.TEXT_TOPICS,
    codes.FREQUENCIES,
    codes.MATES_MEANS,
    numbers.LOG_AMOUNTS,
    numbers.NUMBER_PRODUCTS,
    codes.CATEGORY_PAIRS,
)
STEPS: dict[str, Step] = {step.name: step for step in _ORDER}

__all__ = ["HELPERS", "STEPS", "Step", "in_order"]


def in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Known steps among these with everything that they need, in the order of application."""
    wanted = set(names)
    for name in names:
        wanted.update(STEPS[name].needs if name in STEPS else ())
    return tuple(name for name in STEPS if name in wanted)
