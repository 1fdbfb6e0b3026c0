"""Typical mistakes that can be planted in a draft on purpose, so that debugging is exercised.

Off unless asked for: the baseline's scripts are honest best effort. Each mistake is one that models really make, and
leaves the script's CONFIG alone, so a mend can find out what was meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Flaw:
    """A mistake: the first occurrence of `sound` becomes `flawed`."""

    name: str
    sound: str
    flawed: str


FLAWS = (
    Flaw("missing library", "import numpy as np\n", "import category_encoders\nimport numpy as np\n"),
    Flaw("wrong column", "TARGETS = [", 'TARGETS = ["label"] or ['),
    Flaw("wrong file name", "sample = ", 'sample = pd.read_csv(INPUT / "submission_format.csv")  # '),
    Flaw("undefined name", "submission = sample.copy()", "submission = sample_submission.copy()"),
    Flaw("text in numbers", "codes = to_codes(table)", 'codes = table.assign(part="all").to_numpy()'),
    Flaw("text in scaled numbers", '"wide": to_wide(table)', '"wide": table.assign(part="all").to_numpy()'),
    Flaw("index written", '"submission.csv", index=False', '"submission.csv"'),
    Flaw("submission missing", 'submission.to_csv(WORKING / "submission.csv", index=False)\n', ""),
    Flaw("score not printed", 'print(f"validation score:', 'print(f"cv score:'),
)


def flawed(code: str, rng: Random) -> str:
    """The script with one mistake that fits it."""
    fitting = [flaw for flaw in FLAWS if flaw.sound in code]
    if not fitting:
        return code
    flaw = rng.choice(fitting)
    return code.replace(flaw.sound, flaw.flawed, 1)
