"""The second look at a score that is too good: what it makes of a node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.contract import Leakage
from agent.ends import BudgetExhausted
from agent.llm.base import Message, Reply, Request, Usage
from agent.operators.leakage import SUBMIT_LEAKAGE, look_for_leaks
from agent.scripted import ScriptedLLM
from tests.agent.conftest import Bench, BenchMaker, accept, execution, make_request

MESSAGES = (Message("system", "Judge."), Message("user", "The program."))


def said(is_leak: Any, reason: Any = "Line 3 does.") -> Reply:
    return Reply("", Usage(3, 2), "m", {"is_leak": is_leak, "reason": reason})


@pytest.mark.parametrize(("is_leak", "verdict"), [(True, "leak"), ("false", "clear"), (0, "clear"), ("yes", "leak")])
def test_ways_to_say_whether_there_is_a_leak(is_leak: Any, verdict: str) -> None:
    found = look_for_leaks([ScriptedLLM([said(is_leak)])], MESSAGES, seed=0)
    assert found.record("odd") == Leakage("odd", verdict, "Line 3 does.")  # type: ignore[arg-type]


def test_a_json_object_in_the_text_is_an_answer() -> None:
    found = look_for_leaks([ScriptedLLM(['I see: {"is_leak": true, "reason": "Line 3."}'])], MESSAGES, seed=0)
    assert found.is_leak and found.reason == "Line 3."


def test_an_answer_that_says_neither_is_asked_for_once_more_and_then_unclear() -> None:
    llm = ScriptedLLM(["Hm.", "Hard to say."])
    found = look_for_leaks([llm], MESSAGES, seed=0)
    assert found.record("odd") == Leakage("odd", "unclear", "Hard to say.")
    assert len(llm.requests) == 2 and llm.requests[0].tool is SUBMIT_LEAKAGE


class Reviewer:
    """Reviews executions as usual, and answers the second look as told; an exception is raised."""

    def __init__(self, answer: Reply | Exception) -> None:
        self.prompts: list[str] = []
        self._answer = answer

    def __call__(self, request: Request) -> Reply:
        if request.tool is not SUBMIT_LEAKAGE:
            return accept(request)
        self.prompts.append(request.messages[-1].text)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class TestANode:
    def run(
        self, bench: BenchMaker, tmp_path: Path, reviewer: Reviewer, score: float = 1.0, *, on: bool = True
    ) -> Bench:
        submission = tmp_path / "s.csv"
        submission.write_text("id,y\n1,0\n")
        request = make_request(steps=1)
        request = replace(request, search=replace(request.search, leakage_review=on))
        made = bench(lambda code: execution(score, submission=submission), reviewer=reviewer, request=request)
        made.agent.run()
        return made

    def test_with_a_leak_is_buggy_and_never_the_best(self, bench: BenchMaker, tmp_path: Path) -> None:
        reviewer = Reviewer(said(True))
        made = self.run(bench, tmp_path, reviewer)
        (node,) = made.nodes
        assert node.buggy and node.score is None and node.why_buggy == "leakage: Line 3 does."
        assert node.leakage is not None and node.leakage.verdict == "leak"
        assert not made.workspace.submission.exists()
        assert "the best that accuracy can be" in reviewer.prompts[0] and "print(1)" in reviewer.prompts[0]

    def test_that_is_cleared_keeps_its_score_and_the_finding(self, bench: BenchMaker, tmp_path: Path) -> None:
        (node,) = self.run(bench, tmp_path, Reviewer(said(False, "Folds are apart."))).nodes
        assert (node.buggy, node.score) == (False, 1.0)
        assert node.leakage is not None and (node.leakage.verdict, node.leakage.reason) == ("clear", "Folds are apart.")

    def test_counts_the_tokens_and_the_question(self, bench: BenchMaker, tmp_path: Path) -> None:
        (node,) = self.run(bench, tmp_path, Reviewer(said(False))).nodes
        assert [ask.purpose for ask in node.asks] == ["code", "review", "leakage"]
        assert node.tokens["output"] > 5 + 2

    def test_that_nobody_could_judge_stands_and_says_so(self, bench: BenchMaker, tmp_path: Path) -> None:
        (node,) = self.run(bench, tmp_path, Reviewer(Reply("Hm.", Usage(), "m"))).nodes
        assert not node.buggy and node.leakage is not None and node.leakage.verdict == "unclear"

    def test_with_an_ordinary_score_is_not_looked_at(self, bench: BenchMaker, tmp_path: Path) -> None:
        reviewer = Reviewer(said(True))
        (node,) = self.run(bench, tmp_path, reviewer, score=0.9).nodes
        assert not node.buggy and node.leakage is None and not reviewer.prompts

    def test_is_not_looked_at_unless_the_run_asks_for_it(self, bench: BenchMaker, tmp_path: Path) -> None:
        reviewer = Reviewer(said(True))
        (node,) = self.run(bench, tmp_path, reviewer, on=False).nodes
        assert not node.buggy and not reviewer.prompts

    def test_is_recorded_also_when_the_budget_ends_with_the_second_look(
        self, bench: BenchMaker, tmp_path: Path
    ) -> None:
        made = self.run(bench, tmp_path, Reviewer(BudgetExhausted("spent")))
        (node,) = made.nodes
        assert node.score == 1.0 and node.leakage is None
