"""Raw data of the stand-in: notebooks whose texts name the step that the next code cell does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd


def write(folder: Path, rng: np.random.Generator, notebooks: int = 60) -> None:
    """Write train/<id>.json with the texts shuffled to the end, the right orders, and who forked whom."""
    (folder / "train").mkdir(parents=True)
    ids = [rng.bytes(7).hex() for _ in range(notebooks)]
    orders = [_notebook(folder / "train" / f"{id}.json", rng) for id in ids]
    families = [f"{family:08x}" for family in np.sort(rng.integers(0, max(notebooks * 3 // 4, 1), notebooks))]
    pd.DataFrame({"id": ids, "cell_order": orders}).to_csv(folder / "train_orders.csv", index=False)
    parents = [id if rng.random() < 0.2 else None for id in rng.permutation(ids)]
    ancestors = pd.DataFrame({"id": ids, "ancestor_id": families, "parent_id": parents})
    ancestors.to_csv(folder / "train_ancestors.csv", index=False)


def _notebook(path: Path, rng: np.random.Generator) -> str:
    """Write one notebook; return its order."""
    steps = int(rng.integers(1, 7))
    code = [rng.bytes(4).hex() for _ in range(steps)]
    texts = [rng.bytes(4).hex() for _ in range(steps)]
    given = [*code, *rng.permutation(texts)]
    source = {cell: f"step_{number}()" for number, cell in enumerate(code)}
    source |= {cell: f"# Now step {number}" for number, cell in enumerate(texts)}
    kinds = {cell: "code" if cell in code else "markdown" for cell in given}
    notebook = {"cell_type": kinds, "source": {cell: source[cell] for cell in given}}
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    return " ".join(cell for pair in zip(texts, code, strict=True) for cell in pair)
