"""The loop, with a scripted model, interpreter and gateway."""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.agent import MAX_REFUSALS_IN_A_ROW
from agent.contract import BestEvent, CheckReply, EndEvent, Event, NodeEvent, ProposalEvent, StatusReply
from agent.ends import BudgetExhausted, ModelUnavailable
from agent.gateway import CheckFailed, GatewayError
from agent.interpreter import Execution
from agent.journal import Node
from agent.llm.base import Reply, Request, RequestRefused, Usage
from agent.operators.coding import MAX_ASKS
from agent.programs import Programs
from agent.scripted import MemoryGateway
from tests.agent.conftest import Bench, BenchMaker, accept, answer, execution


def scores_of(folder: Path, *scores: float | None) -> Callable[[str], Execution]:
    """An interpreter's script: the n-th program gets the n-th score, None fails; each writes its own submission."""

    def outcome_of(code: str) -> Execution:
        number = int(re.search(r"\d+", code).group())  # type: ignore[union-attr]
        submission = folder / f"submission{number}.csv"
        submission.write_text(f"id,y\n1,{number}\n")
        score = scores[number - 1]
        return execution(score, "ok" if score is not None else "failed", submission)

    return outcome_of


def kinds(made: Bench) -> list[str]:
    return [event.type for event in made.gateway.events]


def end_of(made: Bench) -> EndEvent:
    """Run to the end; the end that is returned is the one that was reported, last."""
    ended = made.agent.run()
    assert made.gateway.events[-1] == ended
    return ended


class TestSteps:
    def test_each_step_is_announced_then_reported(self, bench: BenchMaker) -> None:
        made = bench(steps=3)
        made.agent.run()
        assert kinds(made) == ["proposal", "node", "best", "proposal", "node", "proposal", "node", "end"]

    def test_all_steps_done_is_an_end_in_order(self, bench: BenchMaker) -> None:
        assert end_of(bench(steps=3)) == EndEvent("steps", "all 3 steps are done", "n0001")

    def test_a_node_carries_what_happened(self, bench: BenchMaker, tmp_path: Path) -> None:
        made = bench(steps=1)
        made.agent.run()
        (node,) = made.nodes
        assert (node.node, node.step, node.action, node.parents) == ("n0001", 1, "draft", ())
        assert (node.plan, node.code, node.outcome, node.exit_code) == ("Plan number 1.", "print(1)\n", "ok", 0)
        assert (node.score, node.buggy, node.why_buggy) == (0.5, False, None)
        assert (node.analysis, node.reviewed_by, node.submission_valid) == ("It worked.", "score_line", True)
        assert node.tokens["input"] > 10 and node.tokens["output"] > 5

    def test_a_proposal_tells_the_progress_that_the_policy_saw(self, bench: BenchMaker) -> None:
        made = bench(steps=2, gateway=MemoryGateway(StatusReply(0.25, 360.0, 3600.0, stop=False)))
        made.agent.run()
        proposal = next(event for event in made.gateway.events if isinstance(event, ProposalEvent))
        assert proposal.progress == {
            "step": 1, "steps": 2, "elapsed_fraction": 0.1, "spent_fraction": 0.25, "stalled": 0, "repeats": 0,
        }  # fmt: skip

    def test_the_improve_prompt_holds_the_best_code_and_the_memory(self, bench: BenchMaker, tmp_path: Path) -> None:
        made = bench(scores_of(tmp_path, 0.5, 0.7, 0.6), steps=3, num_drafts=2, debug_prob=0.0)
        made.agent.run()
        (prompt,) = made.prompts("improve")
        assert "print(2)" in prompt and "its validation score is 0.7" in prompt and "Plan: Plan number 1." in prompt

    def test_the_debug_prompt_holds_the_broken_code_with_its_output(self, bench: BenchMaker, tmp_path: Path) -> None:
        failing = replace(execution(None, "failed"), output="Traceback: KeyError 'y'")
        made = bench(lambda code: failing, steps=2, num_drafts=1, debug_prob=1.0)
        made.agent.run()
        (prompt,) = made.prompts("debug")
        assert "print(1)" in prompt and "KeyError 'y'" in prompt and "How the run ended: failed." in prompt
        assert made.nodes[1].action == "debug" and made.nodes[1].parents == ("n0001",)

    def test_after_a_failed_improvement_the_next_prompt_is_another(self, bench: BenchMaker, tmp_path: Path) -> None:
        made = bench(scores_of(tmp_path, 0.5, None, None), steps=3, num_drafts=1, debug_prob=0.0)
        made.agent.run()
        first, second = (re.sub("<!-- volatile.*", "", text, flags=re.DOTALL) for text in made.prompts("improve"))
        assert first != second and "Plan number 2. [outcome: failed. It worked.]" in second

    def test_a_node_says_where_its_time_went(self, bench: BenchMaker) -> None:
        made = bench(steps=3)
        ticking = itertools.count()
        made.agent.clock = lambda: float(next(ticking))
        made.agent.__post_init__()
        made.agent.run()
        for node in made.nodes:
            assert node.seconds["execute"] == node.seconds["check"] == node.seconds["review"] == 1.0
            assert node.seconds["model"] >= 1.0 and node.seconds["overhead"] > 0.0


class TestSubmission:
    def test_the_best_nodes_file_is_the_one_that_is_graded(self, bench: BenchMaker, tmp_path: Path) -> None:
        made = bench(scores_of(tmp_path, 0.5, 0.9, 0.7, None), steps=4, num_drafts=4)
        made.agent.run()
        assert made.workspace.submission.read_text() == "id,y\n1,2\n"
        bests = [event for event in made.gateway.events if isinstance(event, BestEvent)]
        assert bests == [BestEvent("n0001", 0.5), BestEvent("n0002", 0.9)]

    def test_nothing_is_submitted_where_nothing_worked(self, bench: BenchMaker, tmp_path: Path) -> None:
        made = bench(scores_of(tmp_path, None, None), steps=2)
        assert end_of(made).best is None
        assert not made.workspace.submission.exists()

    def test_the_file_is_replaced_whole(self, bench: BenchMaker, tmp_path: Path) -> None:
        made = bench(scores_of(tmp_path, 0.5, 0.9), steps=2)
        made.agent.run()
        assert [path.name for path in made.workspace.submission.parent.iterdir()] == ["submission.csv"]

    def test_an_invalid_submission_makes_the_node_buggy_and_is_not_submitted(self, bench: BenchMaker) -> None:
        gateway = MemoryGateway(check_reply=CheckReply(False, "row 2: no id"))
        made = bench(steps=1, gateway=gateway)
        made.agent.run()
        assert made.nodes[0].submission_valid is False and made.nodes[0].why_buggy == "submission: row 2: no id"
        assert not made.workspace.submission.exists()

    def test_a_missing_submission_makes_the_node_buggy(self, bench: BenchMaker) -> None:
        made = bench(lambda code: execution(0.5), steps=1)
        made.agent.run()
        assert made.nodes[0].submission_valid is None and made.gateway.checked == []
        assert made.nodes[0].why_buggy == "submission: the script wrote no ./working/submission.csv"

    def test_a_check_that_broke_is_not_held_against_the_node(self, bench: BenchMaker) -> None:
        class Broken(MemoryGateway):
            def check(self, node_id: str, submission: Path) -> CheckReply:
                raise CheckFailed("the check itself failed")

        made = bench(steps=1, gateway=Broken())
        made.agent.run()
        assert not made.nodes[0].buggy and made.nodes[0].submission_valid is None
        assert made.workspace.submission.exists()


class TestUnusableReplies:
    def test_a_reply_without_code_is_a_node_that_was_not_run(self, bench: BenchMaker) -> None:
        made = bench(coder=["I can't."] * MAX_ASKS, steps=1)
        made.agent.run()
        (node,) = made.nodes
        assert (node.outcome, node.buggy, node.code, node.exit_code) == ("not_run", True, "", None)
        assert "holds no ```python block" in node.output
        assert made.interpreter.limits == [] and made.reviewer.requests == []

    def test_a_syntax_error_that_stays_is_kept_for_a_debug(self, bench: BenchMaker) -> None:
        broken = ["Plan.\n```python\nx = (\n```"] * MAX_ASKS
        made = bench(coder=[*broken, answer(1)], steps=2, num_drafts=1, debug_prob=1.0)
        made.agent.run()
        assert made.nodes[0].code == "x = (\n"
        (prompt,) = made.prompts("debug")
        assert "x = (" in prompt and "does not compile" in prompt

    def test_a_review_in_prose_is_kept_as_the_analysis(self, bench: BenchMaker) -> None:
        made = bench(reviewer=["Fine.", "It seems fine."], steps=1)
        made.agent.run()
        assert made.nodes[0].analysis == "It seems fine." and not made.nodes[0].buggy

    def test_a_model_that_refuses_again_and_again_ends_the_run(self, bench: BenchMaker) -> None:
        made = bench(coder=[RequestRefused("content policy")] * 20, steps=20)
        ended = end_of(made)
        assert ended.reason == "model_unavailable" and "content policy" in ended.message
        assert len(made.nodes) == MAX_REFUSALS_IN_A_ROW

    def test_a_refusal_now_and_then_does_not(self, bench: BenchMaker) -> None:
        coder = [RequestRefused("too long") if number % 2 else answer(number) for number in range(12)]
        assert end_of(bench(coder=coder, steps=12)).reason == "steps"


class TestRepeats:
    def test_a_program_that_was_tried_is_asked_to_be_another_and_not_run_again(self, bench: BenchMaker) -> None:
        coder = [answer(1), "Again.\n```python\nprint( 1 )\n```", answer(1), answer(2)]
        made = bench(coder=coder, steps=3, num_drafts=3, programs=Programs())
        assert end_of(made).reason == "steps"
        assert [node.duplicate_of for node in made.nodes] == [None, "n0001", None]
        copy = made.nodes[1]
        assert (copy.outcome, copy.score, copy.analysis, copy.plan) == ("ok", 0.5, "It worked.", "Plan number 1.")
        assert len(made.interpreter.limits) == 2 and len(made.reviewer.requests) == 2
        asked = made.coder.requests[2].messages
        assert "print( 1 )" in asked[-2].text and "validation score was 0.5" in asked[-1].text
        assert copy.tokens["input"] > made.nodes[2].tokens["input"], "both questions count"

    def test_a_second_reply_that_is_new_is_run(self, bench: BenchMaker) -> None:
        made = bench(coder=[answer(1), answer(1), answer(2)], steps=2, num_drafts=2, programs=Programs())
        made.agent.run()
        assert [(node.code, node.duplicate_of) for node in made.nodes] == [("print(1)\n", None), ("print(2)\n", None)]

    def test_a_copy_of_a_broken_program_is_told_why_it_is_broken(self, bench: BenchMaker, tmp_path: Path) -> None:
        made = bench(scores_of(tmp_path, None), [answer(1)] * 3, steps=2, num_drafts=2, programs=Programs())
        made.agent.run()
        assert made.nodes[1].buggy and made.nodes[1].why_buggy == "outcome: failed"
        assert "it did not work (outcome: failed)" in made.coder.requests[2].messages[-1].text

    def test_a_copy_is_never_the_best(self, bench: BenchMaker) -> None:
        made = bench(coder=[answer(1)] * 3, steps=2, num_drafts=2, programs=Programs())
        assert end_of(made).best == "n0001"
        assert kinds(made).count("best") == 1

    def test_two_workers_with_one_program_run_it_once(self, bench: BenchMaker) -> None:
        made = bench(coder=lambda request: answer(1), workers=2, steps=4, num_drafts=4, programs=Programs())
        assert end_of(made).reason == "steps"
        assert len(made.interpreter.limits) == 1
        assert sorted(node.duplicate_of or "" for node in made.nodes)[0] == ""
        assert [node.score for node in made.nodes] == [0.5] * 4

    def test_without_the_setting_a_program_is_run_as_often_as_it_comes(self, bench: BenchMaker) -> None:
        made = bench(coder=[answer(1)] * 3, steps=3, num_drafts=3)
        made.agent.run()
        assert len(made.interpreter.limits) == 3 and all(node.duplicate_of is None for node in made.nodes)

    def test_a_search_that_gets_nowhere_begins_anew_and_says_since_when(self, bench: BenchMaker) -> None:
        made = bench(steps=8, num_drafts=1, debug_prob=0.0, patience=3)
        made.agent.run()
        actions = [node.action for node in made.nodes]
        assert actions == ["draft", "improve", "improve", "improve", "draft", "improve", "improve", "improve"]
        proposals = [event for event in made.gateway.events if isinstance(event, ProposalEvent)]
        assert [proposal.progress["stalled"] for proposal in proposals][:5] == [0, 0, 1, 2, 3]


class TestEnds:
    @pytest.mark.parametrize(
        ("error", "reason"),
        [(BudgetExhausted("5 USD are spent"), "budget"), (ModelUnavailable("401"), "model_unavailable")],
    )
    def test_an_end_while_proposing_keeps_what_there_is(self, bench: BenchMaker, error: Exception, reason: str) -> None:
        made = bench(coder=[answer(1), error], steps=5)
        assert end_of(made) == EndEvent(reason, str(error), "n0001")  # type: ignore[arg-type]
        assert len(made.nodes) == 1 and made.workspace.submission.exists()

    def test_an_end_while_reviewing_still_records_the_node(self, bench: BenchMaker) -> None:
        made = bench(reviewer=[BudgetExhausted("5 USD are spent")], steps=5)
        assert end_of(made).reason == "budget"
        assert [node.score for node in made.nodes] == [0.5]
        assert kinds(made) == ["proposal", "node", "best", "end"]

    def test_the_harness_can_ask_for_an_end(self, bench: BenchMaker) -> None:
        made = bench(steps=5, gateway=MemoryGateway(StatusReply(0.0, 0.0, 3600.0, stop=True)))
        assert end_of(made).reason == "stopped"
        assert made.coder.requests == []

    def test_no_candidate_is_started_that_the_deadline_would_cut_off(self, bench: BenchMaker) -> None:
        made = bench(steps=5, gateway=MemoryGateway(StatusReply(0.0, 3599.0, 3600.0, stop=False)))
        assert end_of(made).reason == "deadline"
        assert made.coder.requests == []

    def test_a_script_gets_no_more_time_than_the_run_has_left(self, bench: BenchMaker) -> None:
        made = bench(steps=1, gateway=MemoryGateway(StatusReply(0.0, 3300.0, 3600.0, stop=False)))
        made.agent.run()
        assert 260.0 < made.interpreter.limits[0].timeout_seconds < 280.0

    def test_a_script_gets_its_own_limit_while_there_is_time(self, bench: BenchMaker) -> None:
        made = bench(steps=1)
        made.agent.run()
        assert made.interpreter.limits[0].timeout_seconds == 600.0

    def test_a_reply_that_took_all_the_time_is_not_run(self, bench: BenchMaker) -> None:
        made = bench(steps=5)
        now = [0.0]
        made.agent.clock = lambda: now[0]
        made.agent.__post_init__()

        def slow(request: Request) -> Reply | str:
            now[0] += 3599.0
            made.gateway.reply = StatusReply(0.0, now[0], 3600.0, stop=False)
            return answer(1)

        made.coder.answers = slow
        made.coder.__post_init__()
        assert end_of(made).reason == "deadline" and made.nodes == []

    def test_a_stop_while_a_candidate_runs_ends_in_order(
        self, bench: BenchMaker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agent.agent.STOP_SECONDS", 0.1)
        made = bench(steps=5)

        def goes_on(code: str) -> Execution:
            made.agent.stop.request()
            while not made.interpreter.closed:
                time.sleep(0.01)
            return execution(0.5)

        made.interpreter.outcome_of = goes_on
        assert end_of(made).reason == "stopped"
        assert kinds(made) == ["proposal", "end"]

    def test_a_candidate_that_is_done_soon_after_a_stop_is_recorded(self, bench: BenchMaker) -> None:
        made = bench(steps=5)

        def soon(code: str) -> Execution:
            made.agent.stop.request()
            return execution(0.5, submission=made.workspace.submission.parent / "../made.csv")

        made.interpreter.outcome_of = soon
        assert end_of(made).reason == "stopped"
        assert kinds(made) == ["proposal", "node", "best", "end"]

    def test_a_stop_while_a_node_is_recorded_waits_until_it_is(self, bench: BenchMaker) -> None:
        class Stopping(MemoryGateway):
            def report(self, event: Event) -> None:
                if isinstance(event, NodeEvent):
                    made.agent.stop.request()
                super().report(event)

        made = bench(steps=5, gateway=Stopping())
        assert end_of(made).reason == "stopped"
        assert kinds(made) == ["proposal", "node", "best", "end"]
        assert made.workspace.submission.exists()

    def test_a_bug_is_reported_as_an_error_and_raised(self, bench: BenchMaker) -> None:
        def broken(code: str) -> Execution:
            raise ZeroDivisionError("oops")

        made = bench(broken, steps=5)
        with pytest.raises(ZeroDivisionError):
            made.agent.run()
        assert made.gateway.events[-1] == EndEvent("error", "ZeroDivisionError: oops", None)

    def test_a_lost_gateway_is_no_end_in_order(self, bench: BenchMaker) -> None:
        class Gone(MemoryGateway):
            def report(self, event: Event) -> None:
                raise GatewayError("gone")

        with pytest.raises(GatewayError):
            bench(steps=5, gateway=Gone()).agent.run()


class TestDeterminism:
    def test_same_seed_and_transcript_give_the_same_tree(self, bench: BenchMaker, tmp_path: Path) -> None:
        assert _tree(bench, tmp_path, seed=3) == _tree(bench, tmp_path, seed=3)

    def test_another_seed_gives_another_tree(self, bench: BenchMaker, tmp_path: Path) -> None:
        assert _tree(bench, tmp_path, seed=3) != _tree(bench, tmp_path, seed=4)

    def test_the_same_prompts_are_sent(self, bench: BenchMaker, tmp_path: Path) -> None:
        assert _prompts(bench, tmp_path) == _prompts(bench, tmp_path)

    def test_the_seed_reaches_the_model(self, bench: BenchMaker) -> None:
        made = bench(steps=2, seed=11)
        made.agent.run()
        assert {request.seed for request in made.coder.requests + made.reviewer.requests} == {11}

    def test_a_journal_of_an_earlier_attempt_is_continued_as_if_never_broken_off(
        self, bench: BenchMaker, tmp_path: Path
    ) -> None:
        outcome_of = _mixed(tmp_path)
        whole = bench(outcome_of, steps=20, debug_prob=0.5, seed=3)
        whole.agent.run()
        second = bench(outcome_of, coder=(answer(n) for n in itertools.count(9)), steps=20, debug_prob=0.5, seed=3)
        for event in whole.nodes[:8]:
            second.agent.journal.append(Node.from_event(event))
        second.agent.__post_init__()
        second.agent.run()
        assert _shape(second.nodes) == _shape(whole.nodes[8:])


def _mixed(folder: Path) -> Callable[[str], Execution]:
    rng = random.Random(5)
    return scores_of(folder, *(None if rng.random() < 0.4 else rng.random() for _ in range(100)))


def _shape(nodes: list[NodeEvent]) -> list[tuple[str, str, tuple[str, ...], float | None]]:
    return [(node.node, node.action, node.parents, node.score) for node in nodes]


def _tree(bench: BenchMaker, folder: Path, seed: int) -> list[tuple[str, str, tuple[str, ...], float | None]]:
    made = bench(_mixed(folder), steps=40, num_drafts=3, debug_prob=0.5, seed=seed)
    made.agent.run()
    return _shape(made.nodes)


def _prompts(bench: BenchMaker, folder: Path) -> list[tuple[str, ...]]:
    made = bench(_mixed(folder), steps=20, seed=1)
    made.agent.run()
    texts = ([message.text for message in request.messages] for request in made.coder.requests)
    return [tuple(re.sub("<!-- volatile.*", "", text, flags=re.DOTALL) for text in one) for one in texts]


def test_prompts_stay_bounded_over_500_steps(bench: BenchMaker, tmp_path: Path) -> None:
    """Against the same run's step 20: no more than half as much again."""
    rng = random.Random(1)
    outcome_of = scores_of(tmp_path, *(None if rng.random() < 0.3 else rng.random() for _ in range(500)))
    made = bench(outcome_of, coder=_wordy(), reviewer=_wordy_review, steps=500, debug_prob=0.5)
    made.agent.run()
    sizes = [sum(len(message.text) for message in request.messages) for request in made.coder.requests]
    assert len(sizes) == 500
    assert max(sizes[480:]) <= 1.5 * max(sizes[:20])


def _wordy() -> Iterator[str]:
    for number in itertools.count(1):
        yield f"Plan number {number}. " + "It does this and then that. " * 12 + f"\n```python\nprint({number})\n```\n"


def _wordy_review(request: Request) -> Reply:
    found = {**(accept(request).tool_arguments or {}), "summary": "The folds agree and the loss falls. " * 8}
    return Reply("", Usage(10, 5), "scripted", found)
