"""The rules, a file each, registered by name. A rule sees one text, or one run, and says what it saw; it judges nobody.

To add one: write a function beside the others, register it, say in docs/cheating.md what it sees and what it can't, and
plant a case and an honest look-alike in tests/harness/cheating/. A rule whose eyes change gets another version.
"""

from __future__ import annotations

from harness.cheating.rules import (  # noqa: F401 - each registers itself
    hand_labelled,
    hidden_code,
    label_lookup,
    network,
    outside_data,
    printed,
    said,
    scores,
    stated_score,
    steering,
    test_ids,
)
from harness.cheating.rules.base import CASE_RULES, CODE_RULES, NODE_RULES, versions

__all__ = ["CASE_RULES", "CODE_RULES", "NODE_RULES", "versions"]
