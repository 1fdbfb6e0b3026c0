"""The coder understands the prompts that the agent really sends, and a short search with them gets somewhere."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from agent.contract import CompetitionBrief, SearchSettings
from agent.journal import Journal, Node, Pending
from agent.llm.base import Message
from agent.operators import OPERATORS, base_of
from agent.operators.base import Limits, Situation, Task
from agent.operators.reply import parse
from agent.operators.review import SUBMIT_REVIEW, Review, review_messages
from agent.preview import preview
from agent.promptset import SHIPPED, PromptSet
from agent.search import policy_for
from agent.search.base import Progress
from agent.verdict import judge
from harness.gateway.providers.offline import OfflineCoder
from harness.gateway.providers.offline.reading import read_situation
from harness.gateway.providers.offline.recipe import from_code

PACKAGES = {"numpy": "2.4", "pandas": "3.0", "scikit-learn": "1.8"}
TOOL = {"type": "function", "function": {"name": SUBMIT_REVIEW.name, "parameters": SUBMIT_REVIEW.parameters}}
STEPS = 8


def chat(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": message.text} for message in messages]


@pytest.fixture(params=sorted(path.name for path in SHIPPED.iterdir() if path.is_dir()))
def prompts(request: pytest.FixtureRequest) -> PromptSet:
    return PromptSet.load(SHIPPED / request.param)


def situation(task: Task, journal: Journal, parents: tuple[Node, ...], step: int) -> Situation:
    return Situation(task, journal, parents, Limits(STEPS - step + 1, STEPS, 3000, 3600, 600))


def task_on(folder: Path) -> Task:
    brief = CompetitionBrief("made-up", "Made up", "accuracy", "maximize")
    return Task(brief, "# Made up\n\n# Data\n\nSay who is who.", preview(folder / "input"), PACKAGES, 5)


def node(code: str, **parts: Any) -> Node:
    given = {"id": "n0001", "step": 1, "action": "draft", "parents": (), "plan": "Plan of it.", "outcome": "ok"}
    given |= {"output": "", "score": 0.5, "buggy": False, "why_buggy": None, "analysis": ""}
    return Node(code=code, **(given | parts))


def test_every_fact_of_a_real_prompt_is_read(prompts: PromptSet, make_data: Any) -> None:
    task = task_on(make_data({"y": "flag"}).folder)
    journal = Journal("maximize")
    parent = node("print('# Output')\n", buggy=True, score=None, why_buggy="outcome: failed", output="KeyError: 'z'")
    other = node("print('other')\n", id="n0002", step=2)
    journal.append(parent)
    for action in OPERATORS:
        parents = {"draft": (), "merge": (parent, other), "ensemble": (parent, other)}.get(action, (parent,))
        read = read_situation(chat(OPERATORS[action](situation(task, journal, parents, 3), prompts)), [])
        assert read.operator == action
        assert (read.metric, read.higher_is_better, read.steps_left, read.timeout_seconds) == (
            "accuracy",
            True,
            STEPS - 2,
            600,
        )
        assert read.packages is not None and "sklearn" in read.packages
        assert read.data.train_rows == 160 and [target.name for target in read.data.targets] == ["y"]
        assert (read.code == parent.code) == (action not in ("draft", "ensemble"))
        assert read.folds == 5
        assert read.other_code == (other.code if action == "merge" else None)
        if action == "debug":
            assert "KeyError: 'z'" in read.complaint and "outcome: failed" in read.complaint


@pytest.mark.parametrize("flaws", [0.0, 0.7])
def test_search_ends_with_a_good_script_and_repeats_none(
    prompts: PromptSet, make_data: Any, run_script: Any, flaws: float
) -> None:
    data = make_data({"y": "flag"}, rows=240)
    task, journal, coder = task_on(data.folder), Journal("maximize"), OfflineCoder(flaws=flaws)
    policy = policy_for(SearchSettings("greedy", STEPS, 3, 1.0, 3, 3))
    for step in range(1, STEPS + 1):
        decision = policy.choose(journal, Progress(step, STEPS, 0.0, 0.0), random.Random(step))
        pending = Pending(f"n{step:04d}", step, decision.action, tuple(parent.id for parent in decision.parents))
        journal.propose(pending)
        asked = chat(OPERATORS[decision.action](situation(task, journal, decision.parents, step), prompts))
        base = base_of(decision.action, decision.parents, prompts.settings)
        reply = parse(coder.answer(asked, [], 1).text, base)
        assert reply.problem is None
        journal.append(executed(pending, reply.plan, reply.code, task, prompts, coder, run_script, data.folder))
    scores = [finished.score for finished in journal if finished.score is not None]
    assert journal.best is not None and journal.best.score is not None and journal.best.score > 0.7
    assert any(finished.buggy for finished in journal) == (flaws > 0)
    assert len(scores) >= STEPS / 2
    working = [from_code(finished.code) for finished in journal if not finished.buggy]
    assert len(set(working)) == len(working), "no working recipe is proposed twice"


def executed(
    pending: Pending,
    plan: str,
    code: str,
    task: Task,
    prompts: PromptSet,
    coder: OfflineCoder,
    run_script: Any,
    folder: Path,
) -> Node:
    """Run and judge a proposal as the agent does, without a container."""
    (folder / "working" / "submission.csv").unlink(missing_ok=True)
    outcome, output = "ok", ""
    try:
        output = run_script(code, folder).output
    except AssertionError:
        output = "cv score: 0.7"
    except Exception as error:
        outcome, output = "failed", f"Traceback (most recent call last):\n{type(error).__name__}: {error}"
    reviewed = coder.answer(chat(review_messages(task, prompts, code, outcome, output)), [TOOL], 1)  # type: ignore[arg-type]
    assert reviewed.tool_arguments is not None
    written = (folder / "working" / "submission.csv").exists()
    verdict = judge(outcome, output, "accuracy", Review(**reviewed.tool_arguments), None if written else "none")  # type: ignore[arg-type]
    return node(
        code,
        id=pending.id,
        step=pending.step,
        action=pending.action,
        parents=pending.parents,
        plan=plan,
        outcome=outcome,
        output=output,
        score=verdict.score,
        buggy=verdict.buggy,
        why_buggy=verdict.why_buggy,
    )
