"""Stand-in tokens in Cyrillic letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.standin.sentences import write_token_files


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the zips of train, test and sample."""
    write_token_files(folder, rng, language="ru", script="cyrillic")
