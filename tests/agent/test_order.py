"""A replay keeps the order of the recorded run, and never waits for what won't happen."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

from agent.contract import NodeEvent, ProposalEvent
from agent.interpreter import Execution
from agent.llm.base import Request
from agent.order import Entry, Recorded
from agent.programs import Programs
from agent.search.base import Progress
from tests.agent.conftest import Bench, BenchMaker, answer, execution
from tests.agent.test_agent import end_of

PROGRESS = Progress(1, 5, 0.5, 0.5)


def proposal(step: int, elapsed: float = 0.0) -> Entry:
    return Entry("proposal", f"n{step:04d}", step, elapsed)


def node(step: int) -> Entry:
    return Entry("node", f"n{step:04d}", step)


def test_proposals_and_nodes_wait_for_their_turn() -> None:
    order = Recorded([proposal(1), proposal(2), node(2), proposal(3), node(1)])
    assert order.next_step([1, 2, 3], {}) == 1
    order.happened("proposal", "n0001")
    order.happened("proposal", "n0002")
    assert order.next_step([3], {"n0001", "n0002"}) is None
    assert not order.may_come_in("n0001", {"n0001", "n0002"}) and order.may_come_in("n0002", {"n0001", "n0002"})
    order.happened("node", "n0002")
    assert order.next_step([3], {"n0001"}) == 3


def test_what_was_proposed_again_after_a_resume_has_the_place_of_its_node() -> None:
    order = Recorded([proposal(5), proposal(6), node(6), proposal(5), node(5)])
    for step in (5, 6):
        assert order.next_step([5, 6], {}) == step
        order.happened("proposal", f"n{step:04d}")
    order.happened("node", "n0006")
    assert order.may_come_in("n0005", {"n0005"})
    assert order.next_step([7], {"n0005"}) is None


def test_a_node_that_nobody_works_on_is_not_waited_for() -> None:
    order = Recorded([node(9), proposal(1)])
    assert order.next_step([1], set()) == 1


def test_beyond_the_recording_things_go_on_as_they_come() -> None:
    order = Recorded([])
    assert order.next_step([4, 5], {}) == 4 and order.may_come_in("n0004", {"n0004"})
    assert order.progress("n0004", PROGRESS) is PROGRESS


def test_the_policy_is_told_of_the_limits_what_it_was_told_then() -> None:
    told = Recorded([proposal(1, elapsed=0.25)]).progress("n0001", PROGRESS)
    assert (told.elapsed_fraction, told.spent_fraction, told.step) == (0.25, 0.0, 1)


class Recorder:
    """A model that answers new questions with new programs, and remembers what it answered whom."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: dict[tuple[str, str], list[str]] = {}

    def answer(self, request: Request) -> str:
        with self.lock:
            number = sum(map(len, self.known.values())) % 11
            said = answer(number)
            self.known.setdefault(self._key(request), []).append(said)
        time.sleep(random.random() / 50)
        return said

    def replay(self, request: Request) -> str:
        time.sleep(random.random() / 50)
        with self.lock:
            assert self.known.get(self._key(request)), f"asked what was not asked: {request.messages[-1].text}"
            return self.known[self._key(request)].pop(0)

    def _key(self, request: Request) -> tuple[str, str]:
        texts = (message.text.partition("<!-- volatile")[0] for message in request.messages)
        return request.label, "\n".join(texts)


def tree(made: Bench) -> list[object]:
    events = (event for event in made.gateway.events if isinstance(event, NodeEvent))
    return [(one.node, one.action, one.parents, one.code, one.score, one.duplicate_of) for one in events]


def test_a_replay_with_workers_grows_the_recorded_tree_whoever_is_faster(bench: BenchMaker, tmp_path: Path) -> None:
    submission = tmp_path / "made.csv"
    submission.write_text("id,y\n")

    def outcome_of(code: str) -> Execution:
        time.sleep(random.random() / 50)
        number = int(code.removeprefix("print(").partition(")")[0])
        return execution(number / 100 if number % 3 else None, "ok" if number % 3 else "failed", submission)

    def run(coder: object, entries: list[Entry]) -> Bench:
        programs = Programs((), {one.node: one.duplicate_of for one in entries if one.kind == "node"})
        made = bench(outcome_of, coder, workers=3, steps=30, num_drafts=4, patience=5, programs=programs, seed=1)
        made.agent.order = Recorded(entries)
        assert end_of(made).reason == "steps"
        return made

    recorder = Recorder()
    recorded = run(recorder.answer, [])
    entries = []
    for event in recorded.gateway.events:
        if isinstance(event, ProposalEvent):
            entries.append(Entry("proposal", event.node, event.step))
        elif isinstance(event, NodeEvent):
            entries.append(Entry("node", event.node, event.step, duplicate_of=event.duplicate_of))
    replayed = run(recorder.replay, entries)
    assert tree(replayed) == tree(recorded)
    assert any(one.duplicate_of for one in entries)
