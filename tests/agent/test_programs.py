"""No program is run twice: known by how it parses, waited for where it is being run."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from agent.contract import NodeEvent
from agent.programs import Programs, copied, key_of


def event(number: int, code: str, **changes: Any) -> NodeEvent:
    made = NodeEvent(
        node=f"n{number:04d}", step=number, action="draft", parents=(), plan=f"Plan {number}.", code=code, outcome="ok",
        exit_code=0, output="validation score: 0.5\n", score=0.5, buggy=False, why_buggy=None, analysis="Fine.",
        reviewed_by="score_line", submission_valid=True, warm_start=False, seconds={"model": float(number)},
        tokens={"input": number, "output": 0},
    )  # fmt: skip
    return replace(made, **changes)


@pytest.mark.parametrize(
    "other",
    ["x  =  1\nprint( x )", "x = 1  # one\n\n\nprint(x)\n", "x = (1)\nprint(\n    x,\n)", "x = 0x1\nprint(x)"],
)
def test_layout_and_comments_make_no_other_program(other: str) -> None:
    assert key_of(other) == key_of("x = 1\nprint(x)\n")


@pytest.mark.parametrize("other", ["x = 2\nprint(x)", "y = 1\nprint(y)", "x = 1.0\nprint(x)", "print(x)\nx = 1", "x ="])
def test_what_does_something_else_is_another_program(other: str) -> None:
    assert key_of(other) != key_of("x = 1\nprint(x)\n")


def test_code_that_no_parser_takes_is_known_by_its_text() -> None:
    assert key_of("x = (") == key_of("x = (") != key_of("x = ( ")
    assert key_of("(" * 100_000) != key_of("")


def test_the_first_is_run_and_the_next_gets_its_outcome() -> None:
    programs = Programs()
    assert programs.claim("print(1)", "n0001") is None
    programs.record(event(1, "print(1)"))
    found = programs.claim("print( 1 )", "n0002")
    assert found is not None and (found.node, found.score) == ("n0001", 0.5)


def test_who_comes_while_it_runs_waits_for_the_outcome() -> None:
    programs, asking = Programs(), threading.Event()
    programs.claim("print(1)", "n0001")

    def other() -> NodeEvent | None:
        asking.set()
        return programs.claim("print(1)", "n0002")

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(other)
        assert asking.wait(30) and not waiting.done()
        programs.record(event(1, "print(1)"))
        found = waiting.result(30)
    assert found is not None and found.node == "n0001"


@pytest.mark.parametrize("outcome", ["killed", "not_run"])
def test_an_outcome_of_the_moment_is_not_passed_on(outcome: Any) -> None:
    programs = Programs([event(1, "print(1)", outcome=outcome)])
    assert programs.claim("print(1)", "n0002") is None


def test_a_program_that_was_given_up_is_run_by_who_waits() -> None:
    programs = Programs()
    programs.claim("print(1)", "n0001")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(programs.claim, "print(1)", "n0002")
        programs.give_up("print(1)", "n0001")
        assert waiting.result(30) is None


def test_what_is_known_is_asked_as_of_a_moment() -> None:
    programs = Programs([event(1, "print(1)")])
    before = programs.count
    programs.record(event(2, "print(2)"))
    assert programs.known("print(1)", before) is not None
    assert programs.known("print(2)", before) is None
    assert programs.known("print(2)", programs.count) is not None


def test_a_recorded_run_is_repeated_whoever_comes_first() -> None:
    """Then n0002 ran and n0001 took its outcome; now n0001 is faster."""
    programs = Programs(expected={"n0001": "n0002", "n0002": None})
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(programs.claim, "print(1)", "n0001")
        assert programs.claim("print(1)", "n0002") is None
        programs.record(event(2, "print(1)"))
        found = waiting.result(30)
    assert found is not None and found.node == "n0002"


def test_a_recorded_run_that_goes_otherwise_does_not_hang() -> None:
    programs = Programs(expected={"n0001": "n0002", "n0002": None})
    programs.claim("print(1)", "n0002")
    programs.record(event(2, "print(1)", outcome="killed"))
    assert programs.claim("print(1)", "n0001") is None


def test_a_copy_has_the_outcome_of_the_one_and_the_place_and_cost_of_the_other() -> None:
    made = copied(event(2, "print( 1 )", outcome="not_run", score=None, buggy=True), event(1, "print(1)"))
    assert (made.node, made.step, made.plan, made.code, made.tokens) == (
        "n0002", 2, "Plan 2.", "print( 1 )", {"input": 2, "output": 0},
    )  # fmt: skip
    assert (made.outcome, made.score, made.buggy, made.duplicate_of) == ("ok", 0.5, False, "n0001")
