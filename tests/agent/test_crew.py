"""Work side by side: each piece comes back once, with what it raised."""

from __future__ import annotations

import threading
import time

from agent.crew import Crew


def test_pieces_of_work_go_on_at_the_same_time() -> None:
    crew: Crew[str] = Crew()
    meeting = threading.Barrier(3, timeout=30)
    for name in "abc":
        crew.start(lambda _: meeting.wait() and None, name)
    assert crew.busy == 3
    assert {done.item for _ in range(3) if (done := crew.next(30))} == {"a", "b", "c"}
    assert crew.busy == 0


def test_what_work_raises_comes_back_with_it() -> None:
    def broken(item: str) -> None:
        raise ZeroDivisionError(item)

    crew: Crew[str] = Crew()
    crew.start(broken, "a")
    done = crew.next(30)
    assert done is not None and done.item == "a" and isinstance(done.error, ZeroDivisionError)


def test_waiting_ends_at_its_time_and_when_woken() -> None:
    crew: Crew[str] = Crew()
    assert crew.next(0.01) is None
    threading.Timer(0.05, crew.wake).start()
    started = time.monotonic()
    assert crew.next(30) is None
    assert time.monotonic() - started < 10
