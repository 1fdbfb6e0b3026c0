"""Many files at once: in order, all of them, and no further than the first error."""

from __future__ import annotations

import threading
import time

import pytest

from harness.parallel import each


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_results_come_in_the_items_order(count: int) -> None:
    assert list(each(lambda number: number * 2, iter(range(count)), workers=3)) == [
        2 * number for number in range(count)
    ]


def test_several_are_worked_on_at_a_time() -> None:
    both = threading.Barrier(2, timeout=30)
    assert sorted(each(lambda _: both.wait(), [1, 2], workers=2)) == [0, 1]


def test_the_first_error_rises_and_what_has_not_begun_is_not_begun() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 3:
            raise ValueError("three")
        time.sleep(0.001)
        done.append(number)

    with pytest.raises(ValueError, match="three"):
        list(each(work, range(10_000), workers=2))
    assert len(done) < 1000
