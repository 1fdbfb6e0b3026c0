"""A small soak: random failures from a seed, and then the books balance. `make soak` is the large one."""

import pytest

from perf.soak.__main__ import soak

pytestmark = pytest.mark.engine


def test_after_random_failures_the_books_balance():
    said = []
    assert not soak(runs=16, seed=7, say=said.append), said
    assert sum(line.startswith("final states (16)") for line in said) == 1
