"""Prompts hardly grow with the run: 500 nodes cost at most half as much again as 20, whatever they are like."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache

import pytest

from agent.blends import Kept
from agent.contract import Action
from agent.journal import Journal, Node
from agent.operators import OPERATORS
from agent.operators.base import Limits, Situation, Task
from agent.promptset import SHIPPED, PromptSet
from agent.tokens import tokens
from tests.agent.conftest import make_request

SETS = sorted(path.name for path in SHIPPED.iterdir() if path.is_dir())
WORDS = (
    "gradient",
    "boosting",
    "on",
    "coded",
    "cabins",
    "with",
    "target",
    "means",
    "and",
    "deeper",
    "network",
    "by",
    "group",
)
CODE = "import pandas as pd\n\n" + "".join(f"model_{n} = fit(train, depth={n}, rate=0.{n})\n" for n in range(40))
TASK = Task(
    make_request().competition,
    "Say which passengers were transported, from their records of the voyage. " * 25,
    "\n".join(f"- `column_{n}`: number, {n} values from 0 to {n}, {n} % missing" for n in range(1, 26)),
    {"pandas": "3.0", "scikit-learn": "1.8"},
    5,
)
TYPICAL, LONG = (60, 35), (900, 400)  # words of a plan, and of what the review found


def prose(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words)) + "."


def nodes(size: int, buggy_share: float, length: tuple[int, int]) -> Iterator[Node]:
    rng = random.Random(size)
    good: list[str] = []
    for number in range(1, size + 1):
        buggy = number > 5 and rng.random() < buggy_share
        parents = (rng.choice(good[-8:]),) if number > 5 else ()
        yield Node(
            id=f"n{number:04d}",
            step=number,
            action="improve" if parents else "draft",
            parents=parents,
            plan=prose(rng, length[0]),
            code=CODE.replace("rate=0.3", f"rate=0.{rng.randrange(1, 99)}"),
            outcome="failed" if buggy else "ok",
            output="Traceback\nKeyError: 'a'\n",
            score=None if buggy else round(rng.random(), 4),
            buggy=buggy,
            why_buggy="outcome: failed" if buggy else None,
            analysis=prose(rng, length[1]),
        )
        if not buggy:
            good.append(f"n{number:04d}")


@lru_cache
def grown(size: int, buggy_share: float = 0.3, length: tuple[int, int] = TYPICAL) -> Journal:
    journal = Journal("maximize")
    for node in nodes(size, buggy_share, length):
        journal.append(node)
    return journal


def size_of(prompts: PromptSet, action: Action, journal: Journal) -> int:
    """Tokens of the prompt that would be sent next; the limits that it tells are the same everywhere."""
    good, broken = journal.top(5), journal.recent_buggy(1)
    parents: dict[Action, tuple[Node, ...]] = {"draft": (), "improve": tuple(good[:1]), "debug": tuple(broken)}
    chosen = parents.get(action, tuple(good[:2]))
    limits = Limits(100, 500, 36_000.0, 86_400.0, 3_600.0, 0.5)
    earlier = tuple(Kept(node) for node in good) if action == "ensemble" else ()
    return sum(
        tokens(one.text) for one in OPERATORS[action](Situation(TASK, journal, chosen, limits, "", earlier), prompts)
    )


@pytest.fixture(params=SETS)
def prompts(request: pytest.FixtureRequest) -> PromptSet:
    return PromptSet.load(SHIPPED / request.param)


@pytest.mark.parametrize("length", [TYPICAL, LONG], ids=["typical", "long"])
@pytest.mark.parametrize("buggy_share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("action", OPERATORS)
def test_at_500_nodes_a_prompt_is_at_most_half_as_long_again_as_at_20(
    prompts: PromptSet, action: Action, buggy_share: float, length: tuple[int, int]
) -> None:
    at_20, at_500 = (size_of(prompts, action, grown(size, buggy_share, length)) for size in (20, 500))
    assert at_500 <= 1.5 * at_20


def test_the_prompts_of_500_steps_add_up_to_a_tenth_of_what_an_unbounded_memory_takes(prompts: PromptSet) -> None:
    """A memory of every good node, each with its plan and its result, takes this much at each step that follows."""
    journal = Journal("maximize")
    ours = unbounded = remembered = 0
    for node in nodes(500, 0.2, TYPICAL):
        if journal.top(1) and node.step % 10 == 0:  # every tenth step, for all ten
            ours += 10 * size_of(prompts, "improve", journal)
            unbounded += 10 * (tokens(TASK.description) + tokens(CODE) + remembered)
        journal.append(node)
        remembered += 0 if node.buggy else tokens(f"Design: {node.plan}\nResults: {node.analysis}\n-----\n")
    assert ours <= 0.12 * unbounded


def test_what_stays_the_same_is_a_third_of_a_prompt_at_least(prompts: PromptSet) -> None:
    journal = grown(100)
    situation = Situation(TASK, journal, tuple(journal.top(1)), Limits(9, 20, 9.0, 9.0, 9.0))
    _, user = OPERATORS["improve"](situation, prompts)
    assert user.stable_chars > len(user.text) / 3
