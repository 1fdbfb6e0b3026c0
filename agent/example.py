"""A small run to try prompts on: two drafts, an improvement, failures; every value that a template may use is there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.blends import Kept
from agent.contract import Action, CompetitionBrief, Outcome
from agent.journal import Journal, Node
from agent.llm.base import Message
from agent.operators import OPERATORS
from agent.operators.base import Limits, Situation, Task
from agent.operators.leakage import leakage_messages
from agent.operators.review import review_messages
from agent.operators.summarize import summarize_messages
from agent.promptset import Renderer, SetSettings

_CODE = """import pandas as pd
from sklearn.{module} import {model}

train = pd.read_csv("input/train.csv")
model = {model}({settings})
print("validation score: {score}")
"""
_ERROR = "Traceback (most recent call last):\n  File \"solution.py\", line 5\nKeyError: 'age'\n"


NO_FILES: dict[str, Path] = {}


def task() -> Task:
    """Return a made-up competition."""
    return Task(
        brief=CompetitionBrief("example", "An example", "accuracy", "maximize"),
        description="# An example\n\nSay who of the passengers was in time.\n\n# Files\n\n`train.csv`, `test.csv`.",
        preview="train.csv: 800 rows, 2 columns\n- `age`: number, 12 missing\n- `in_time`: boolean",
        packages={"pandas": "2.2", "scikit-learn": "1.5"},
        k_fold=5,
    )


def journal() -> Journal:
    """Return the finished nodes."""
    made = Journal("maximize")
    for node in _nodes():
        made.append(node)
    return made


def situations(files: dict[str, Path] = NO_FILES) -> dict[Action, Situation]:
    """Return a situation for each coding operator; `files` are the predictions of the best node."""
    tree, limits = journal(), Limits(13, 20, 5_000.0, 7_200.0, 3_600.0, 0.25)
    parents: dict[Action, tuple[Node, ...]] = {
        "draft": (),
        "improve": (tree["n0001"],),
        "debug": (tree["n0006"],),
        "merge": (tree["n0003"], tree["n0002"]),
        "ensemble": (tree["n0003"], tree["n0002"]),
    }
    made = {action: Situation(task(), tree, parents[action], limits) for action in OPERATORS}
    blended = (Kept(tree["n0003"], files), Kept(tree["n0002"]))
    return {**made, "ensemble": replace(made["ensemble"], earlier=blended)}


def messages(operator: str, prompts: Renderer) -> tuple[Message, ...]:
    """Render one operator's messages on the example."""
    tree = journal()
    if operator == "review":
        failed = tree["n0006"]
        return review_messages(task(), prompts, failed.code, failed.outcome, failed.output)
    if operator == "leakage":
        good = tree["n0003"]
        return leakage_messages(task(), prompts, good.code, good.output, "the score 0.824 is a jump from 0.81")
    if operator == "summarize":
        return summarize_messages(task(), tree, "A forest beats a linear model.", list(tree)[2:], prompts)
    with tempfile.TemporaryDirectory() as folder:
        made = {f"n0003{name}.csv": Path(folder) / f"n0003{name}.csv" for name in ("", "-oof", "-test")}
        for name, path in made.items():
            path.write_text("id,in_time\n" + ("7,True\n8,False\n" if name == "n0003.csv" else "7,0.91\n8,0.23\n"))
        return _asked(operator, situations(made), prompts)


def bare_messages(operator: str, prompts: Renderer) -> tuple[Message, ...]:
    """Render one operator's messages where whatever may be missing is missing."""
    bare_task = replace(task(), description="", preview="", packages={}, k_fold=0)
    if operator == "review":
        return review_messages(bare_task, prompts, "", "not_run", "")
    if operator == "leakage":
        return leakage_messages(bare_task, prompts, "", "", "")
    if operator == "summarize":
        return summarize_messages(bare_task, Journal("minimize"), "", [], prompts)
    return _asked(operator, {action: _bare(one, bare_task) for action, one in situations().items()}, prompts)


def _bare(situation: Situation, bare_task: Task) -> Situation:
    """Leave of a situation only the nodes that it is about, without code, score or words."""
    parents = tuple(
        replace(parent, plan="", code="", output="", analysis="", score=None, why_buggy=None, parents=())
        for parent in situation.parents
    )
    return Situation(bare_task, Journal("minimize"), parents, Limits(1, 1, 0.0, 1.0, 1.0, 1.0))


def _asked(operator: str, given: Mapping[Action, Situation], prompts: Renderer) -> tuple[Message, ...]:
    (action,) = (action for action in OPERATORS if action == operator)
    return OPERATORS[action](given[action], prompts)


def variables(operator: str) -> frozenset[str]:
    """Return the names that an operator's template may use."""
    recorder = _Recorder()
    messages(operator, recorder)
    return frozenset(recorder.values) | {"operator"}


class _Recorder:
    """Stands in for a prompt set and keeps what it is given."""

    settings = SetSettings()

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def messages(self, operator: str, **values: Any) -> tuple[Message, ...]:
        """Keep the values."""
        self.values = values
        return ()


def _nodes() -> Iterator[Node]:
    forest = _CODE.format(module="ensemble", model="RandomForestClassifier", settings="max_depth=8", score=0.81)
    linear = _CODE.format(module="linear_model", model="LogisticRegression", settings="C=0.5", score=0.78)
    deeper = forest.replace("max_depth=8", "max_depth=12").replace("0.81", "0.824")
    yield _node(1, "draft", (), "A random forest on all columns.", forest, 0.81, "It beats the majority class.")
    yield _node(2, "draft", (), "Logistic regression on scaled columns.", linear, 0.78, "Underfits.")
    yield _node(3, "improve", ("n0001",), "Deeper trees.", deeper, 0.824, "Deeper trees help.")
    yield _node(4, "improve", ("n0001",), "Count missing values of each row.", forest, 0.809, "No gain.")
    yield _node(5, "improve", ("n0001",), "Add the mean age of each cabin.", forest, None, "A column is missing.")
    yield _node(6, "debug", ("n0005",), "Look the column up by its name.", forest, None, "The name is wrong, too.")


def _node(
    number: int, action: Action, parents: tuple[str, ...], plan: str, code: str, score: float | None, analysis: str
) -> Node:
    outcome: Outcome = "failed" if score is None else "ok"
    return Node(
        id=f"n{number:04d}",
        step=number,
        action=action,
        parents=parents,
        plan=plan,
        code=code,
        outcome=outcome,
        output=_ERROR if score is None else f"validation score: {score}\n",
        score=score,
        buggy=score is None,
        why_buggy=None if score is not None else f"outcome: {outcome}",
        analysis=analysis,
    )
