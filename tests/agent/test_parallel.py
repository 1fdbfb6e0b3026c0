"""The loop with several workers: side by side, one tree, and an end that loses nothing that was paid for."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.contract import EndEvent, NodeEvent, ProposalEvent, StatusReply
from agent.ends import BudgetExhausted
from agent.interpreter import Execution, InterpreterBroken
from agent.llm.base import Reply, Request
from agent.scripted import MemoryGateway
from tests.agent.conftest import Bench, BenchMaker, accept, answer, execution
from tests.agent.test_agent import end_of, kinds


def meeting(parties: int, then: Callable[[str], Execution]) -> Callable[[str], Execution]:
    """Let a script end only when as many run at once."""
    barrier = threading.Barrier(parties, timeout=30)

    def outcome_of(code: str) -> Execution:
        barrier.wait()
        return then(code)

    return outcome_of


def number_of(code: str) -> int:
    return int(code.removeprefix("print(").partition(")")[0])


@pytest.fixture
def good(tmp_path: Path) -> Callable[[str], Execution]:
    submission = tmp_path / "good.csv"
    submission.write_text("id,y\n1,0\n")
    return lambda code: execution(number_of(code) / 1000, submission=submission)


def test_as_many_candidates_run_at_once_as_there_are_workers(bench: BenchMaker, good) -> None:
    made = bench(meeting(3, good), workers=3, steps=6, num_drafts=6)
    assert end_of(made).reason == "steps"
    assert sorted(node.step for node in made.nodes) == [1, 2, 3, 4, 5, 6]
    assert kinds(made)[:4] == ["proposal", "proposal", "proposal", "node"]


def test_model_calls_go_out_at_the_same_time(bench: BenchMaker, good) -> None:
    barrier = threading.Barrier(2, timeout=30)
    numbers = itertools.count(1)

    def coder(request: Request) -> str:
        barrier.wait()
        return answer(next(numbers))

    assert end_of(bench(good, coder=coder, workers=2, steps=4, num_drafts=4)).reason == "steps"


def test_the_policy_sees_what_is_in_flight(bench: BenchMaker) -> None:
    """A broken leaf that a worker mends is no leaf to the other: with nothing else to do, that one drafts."""
    failing = execution(None, "failed")
    made = bench(meeting(2, lambda code: failing), workers=2, steps=8, num_drafts=2, debug_prob=1.0)
    made.agent.run()
    mended = [node.parents[0] for node in made.nodes if node.action == "debug"]
    assert mended and len(set(mended)) == len(mended)


def test_with_mcts_no_two_workers_are_below_the_same_draft(bench: BenchMaker, good) -> None:
    made = bench(good, workers=3, steps=30, num_drafts=4, policy="mcts")
    made.agent.run()
    branch: dict[str, str] = {}
    flying: set[str] = set()
    followed = 0
    for event in made.gateway.events:
        if isinstance(event, ProposalEvent):
            branch[event.node] = branch[event.parents[0]] if event.parents else event.node
            assert branch[event.node] not in {branch[other] for other in flying}
            followed += bool(event.parents)
            flying.add(event.node)
        elif isinstance(event, NodeEvent):
            flying.discard(event.node)
    assert followed > 10


def test_a_slow_candidate_holds_nobody_up(bench: BenchMaker, good) -> None:
    def outcome_of(code: str) -> Execution:
        until = time.monotonic() + 30
        while number_of(code) == 1 and len(made.nodes) < 4:
            assert time.monotonic() < until
            time.sleep(0.01)
        return good(code)

    made = bench(outcome_of, workers=2, steps=5, num_drafts=5)
    assert end_of(made).reason == "steps"
    assert made.nodes[-1].code == "print(1)\n"


def test_a_slot_that_breaks_ends_neither_the_run_nor_its_node(bench: BenchMaker, good) -> None:
    made = bench(good, workers=2, steps=6)
    first = made.agent.interpreters[0]

    class Breaking:
        def run(self, *arguments: object, **more: object) -> Execution:
            raise InterpreterBroken("the slot's keeper has ended for good")

        def close(self) -> None:
            """Nothing runs here."""

    made.agent.interpreters = [Breaking(), first]
    made.agent.__post_init__()
    assert end_of(made).reason == "steps"
    assert [node.outcome for node in made.nodes] == ["ok"] * 6


def test_without_a_slot_the_run_is_broken(bench: BenchMaker) -> None:
    def broken(code: str) -> Execution:
        raise InterpreterBroken("gone")

    with pytest.raises(InterpreterBroken):
        bench(broken, workers=2, steps=6).agent.run()


class TestEnds:
    def test_an_end_lets_the_others_finish(self, bench: BenchMaker, good) -> None:
        refused, numbers = threading.Event(), itertools.count(1)

        def coder(request: Request) -> str:
            number = next(numbers)
            if number == 2:
                refused.set()
                raise BudgetExhausted("5 USD are spent")
            return answer(number)

        def slow(code: str) -> Execution:
            assert refused.wait(30)
            time.sleep(0.1)
            return good(code)

        made = bench(slow, coder=coder, workers=2, steps=6)
        assert end_of(made).reason == "budget"
        assert len(made.nodes) == 1 and made.workspace.submission.exists()
        assert kinds(made) == ["proposal", "proposal", "node", "best", "end"]

    def test_nodes_of_several_workers_are_kept_when_their_reviews_are_refused(self, bench: BenchMaker, good) -> None:
        def reviewer(request: Request) -> Reply:
            raise BudgetExhausted("5 USD are spent")

        made = bench(meeting(2, good), reviewer=reviewer, workers=2, steps=6)
        assert end_of(made).reason == "budget"
        assert len(made.nodes) == 2

    def test_a_stop_of_the_harness_waits_for_everybody(self, bench: BenchMaker, good) -> None:
        class Stopping(MemoryGateway):
            def status(self) -> StatusReply:
                proposed = sum(event.type == "proposal" for event in self.events)
                return StatusReply(0.0, 0.0, 3600.0, stop=proposed >= 2)

        made = bench(meeting(2, good), gateway=Stopping(), workers=2, steps=6)
        assert end_of(made).reason == "stopped"
        assert len(made.nodes) == 2

    def test_a_signal_hurries_an_end_that_waits_for_everybody(
        self, bench: BenchMaker, good, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agent.agent.STOP_SECONDS", 0.1)

        class Stopping(MemoryGateway):
            def status(self) -> StatusReply:
                if sum(event.type == "node" for event in self.events):
                    threading.Timer(0.2, made.agent.stop.request).start()
                    return StatusReply(0.0, 0.0, 3600.0, stop=True)
                return super().status()

        def one_hangs(code: str) -> Execution:
            while number_of(code) == 1 and not made.interpreter.closed:
                time.sleep(0.01)
            return good(code)

        made = bench(one_hangs, gateway=Stopping(), workers=2, steps=6, num_drafts=6)
        started = time.monotonic()
        assert end_of(made).reason == "stopped"
        assert [node.code for node in made.nodes] == ["print(2)\n"] and time.monotonic() - started < 30

    def test_a_bug_in_one_worker_is_raised_when_the_others_are_done(self, bench: BenchMaker, good) -> None:
        def one_breaks(code: str) -> Execution:
            if number_of(code) == 1:
                raise ZeroDivisionError("oops")
            time.sleep(0.1)
            return good(code)

        made = bench(meeting(2, one_breaks), workers=2, steps=6)
        with pytest.raises(ZeroDivisionError):
            made.agent.run()
        assert len(made.nodes) == 1
        assert made.gateway.events[-1] == EndEvent("error", "ZeroDivisionError: oops", made.nodes[0].node)


def test_best_and_submission_follow_the_score_not_the_order(bench: BenchMaker, tmp_path: Path) -> None:
    def outcome_of(code: str) -> Execution:
        number = number_of(code)
        submission = tmp_path / f"{number}.csv"
        submission.write_text(f"id,y\n1,{number}\n")
        time.sleep(0.02 * (number % 3))
        return execution(number / 100, submission=submission)

    made = bench(outcome_of, workers=4, steps=12, num_drafts=12)
    made.agent.run()
    best = max(made.nodes, key=lambda node: node.score or 0.0)
    assert made.workspace.submission.read_text() == f"id,y\n1,{number_of(best.code)}\n"
    assert made.gateway.events[-1] == EndEvent("steps", "all 12 steps are done", best.node)


def tree(made: Bench) -> dict[str, tuple[str, tuple[str, ...], float | None]]:
    return {node.node: (node.action, node.parents, node.score) for node in made.nodes}


def test_every_node_is_one_of_the_proposals_and_parents_come_first(bench: BenchMaker, good) -> None:
    made = bench(good, workers=4, steps=40, num_drafts=3, reviewer=accept)
    made.agent.run()
    known: set[str] = set()
    for event in made.gateway.events:
        if isinstance(event, NodeEvent):
            assert set(event.parents) <= known
            known.add(event.node)
    assert len(known) == 40
