"""One results folder for all pages: an ordinary search, another one to compare it with, and a hostile group."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.results.layout import Results
from tests.harness import pages, records, searches
from tests.harness.view.served import Served, serving


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Read only: a test that changes something makes its own."""
    root: Path = tmp_path_factory.mktemp("results")
    pages.hostile_group(root)
    for name in ("before", "after"):
        group = records.group_at(root / name)
        for seed in range(3):
            searches.run_with_tree(group, 40 if seed == 0 else 6, seed=seed, workers=1 + seed % 2)
    return Results(root)


@pytest.fixture(scope="session")
def served(results: Results) -> Iterator[Served]:
    with serving(results.root) as running:
        yield running
