from __future__ import annotations

from agent.supervisor.capture import Capture


def test_short_output_is_kept_as_it_came() -> None:
    capture = Capture(100)
    capture.add(b"one\n")
    capture.add(b"two\n")
    assert capture.text() == b"one\ntwo\n"
    assert capture.dropped == 0


def test_output_of_exactly_the_kept_size_loses_nothing() -> None:
    capture = Capture(7)
    capture.add(b"abcdefg")
    assert capture.text() == b"abcdefg"


def test_the_middle_is_dropped_and_counted() -> None:
    capture = Capture(8)
    for letter in b"abcdefghijkl":
        capture.add(bytes([letter]))
    assert capture.text() == b"abcd\n[... 4 bytes cut ...]\nijkl"
    assert capture.dropped == 4


def test_memory_stays_bounded_while_output_goes_on() -> None:
    capture = Capture(1000)
    for _ in range(2000):
        capture.add(b"x" * 65536)
    assert capture.total == 2000 * 65536
    assert len(capture._head) + len(capture._tail) < 300_000
    assert capture.flooded


def test_a_note_is_a_line_of_its_own() -> None:
    capture = Capture(100)
    capture.add(b"no newline")
    assert capture.text("ended") == b"no newline\n[ended]\n"
    assert Capture(100).text("ended") == b"[ended]\n"
