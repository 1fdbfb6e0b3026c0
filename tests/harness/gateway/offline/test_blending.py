"""The end game without a model: scripts keep what they predicted, and a blend of it is chosen honestly."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from agent.blends import Kept, files_of
from agent.contract import CompetitionBrief
from agent.journal import Journal
from agent.operators import OPERATORS
from agent.operators.base import Limits, Situation, Task
from agent.operators.reply import parse
from agent.preview import preview
from agent.promptset import SHIPPED, PromptSet
from agent.workspace import Workspace
from harness.gateway.providers.offline import OfflineCoder
from harness.gateway.providers.offline.predictions import keeping
from tests.agent.trees import node

PACKAGES = {"numpy": "2.4", "pandas": "3.0", "scikit-learn": "1.8"}
LIMITS = Limits(3, 20, 3000, 3600, 600)
BEST = PromptSet.load(SHIPPED / "best")


def asked(situation: Situation, action: str, prompts: PromptSet = BEST) -> Any:
    messages = OPERATORS[action](situation, prompts)  # type: ignore[index]
    chat = [{"role": message.role, "content": message.text} for message in messages]
    return parse(OfflineCoder().answer(chat, [], 1).text, situation.parents[0].code if situation.parents else None)


def task_on(folder: Path, metric: str, direction: str) -> Task:
    return Task(
        CompetitionBrief("made-up", "Made up", metric, direction),  # type: ignore[arg-type]
        "Say who is who.",
        preview(folder / "input"),
        PACKAGES,
        3,
    )


@pytest.mark.parametrize(
    ("metric", "direction", "targets", "classes"),
    [
        ("accuracy", "maximize", {"y": "flag"}, ()),
        ("roc_auc", "maximize", {"y": "binary"}, ()),
        ("accuracy", "maximize", {"y": "words"}, ()),
        ("log_loss", "minimize", {"y": "words"}, ("low", "mid", "top")),
        ("rmse", "minimize", {"y": "value", "z": "positive"}, ()),
    ],
)
def test_two_drafts_and_their_blend(
    make_data: Any, run_script: Any, tmp_path: Path, metric: str, direction: str, targets: dict[str, str], classes: Any
) -> None:
    folder = make_data(targets, rows=200, classes=classes).folder
    task, journal = task_on(folder, metric, direction), Journal(direction)  # type: ignore[arg-type]
    workspace = Workspace(tmp_path / "nodes", tmp_path / "submission.csv")
    for number in (1, 2):
        draft = asked(Situation(task, journal, (), LIMITS), "draft")
        ran = run_script(draft.code, folder)
        kept = workspace.node_dir(f"n{number:04d}")
        shutil.copytree(folder / "working", kept)
        shutil.rmtree(folder / "working")
        journal.append(node(number, ran.score, plan=draft.plan))
    (folder / "earlier").mkdir()
    earlier = tuple(Kept(one, files_of(workspace, one.id)) for one in journal.top(2))
    for one in earlier:
        for name, path in one.files.items():
            shutil.copyfile(path, folder / "earlier" / name)
    assert all(one.out_of_fold for one in earlier)
    blend = asked(Situation(task, journal, tuple(journal.top(2)), LIMITS, earlier=earlier), "ensemble")
    assert blend.problem is None and "n0001" in blend.plan and "n0002" in blend.plan
    ran = run_script(blend.code, folder)
    sample = __import__("pandas").read_csv(folder / "input" / "sample_submission.csv")
    assert list(ran.submission.columns) == list(sample.columns) and len(ran.submission) == len(sample)
    assert (ran.submission.iloc[:, 0] == sample.iloc[:, 0]).all() and not ran.submission.isna().any().any()
    assert (
        "2 of 2 solutions have predictions for the same rows" in ran.output and "the best solution alone" in ran.output
    )
    best = journal.best
    assert best is not None and best.score is not None
    assert abs(ran.score - best.score) < 0.15 * max(1.0, abs(best.score)), (
        "measured on the same rows, by the same metric"
    )


def test_without_kept_predictions_the_programs_that_are_shown_are_merged(make_data: Any) -> None:
    folder = make_data({"y": "flag"}).folder
    task, journal = task_on(folder, "accuracy", "maximize"), Journal("maximize")
    for number in (1, 2):
        draft = asked(Situation(task, journal, (), LIMITS), "draft", PromptSet.load(SHIPPED / "aide"))
        assert "def keep(" not in draft.code, "a set that does not ask for it gets plain scripts"
        journal.append(type(node(1))(**{**vars(node(number, 0.7, plan=draft.plan)), "code": draft.code}))
    nodes = tuple(journal.top(2))
    blend = asked(Situation(task, journal, nodes, LIMITS, earlier=tuple(map(Kept, nodes))), "ensemble")
    assert blend.problem is None and blend.plan.startswith("Merge:")


def test_a_script_keeps_its_predictions_once_and_only_if_it_is_one_of_ours(make_data: Any) -> None:
    folder = make_data({"y": "flag"}).folder
    code = asked(Situation(task_on(folder, "accuracy", "maximize"), Journal("maximize"), (), LIMITS), "draft").code
    assert code.count("def keep(") == 1 and keeping(code) == code
    assert keeping("print('validation score: 1')\n") == "print('validation score: 1')\n"


def test_changes_are_written_as_blocks_that_fit_where_the_set_takes_them(make_data: Any) -> None:
    folder = make_data({"y": "flag"}).folder
    task, journal = task_on(folder, "accuracy", "maximize"), Journal("maximize")
    draft = asked(Situation(task, journal, (), LIMITS), "draft")
    journal.append(type(node(1))(**{**vars(node(1, 0.7, plan=draft.plan)), "code": draft.code}))
    situation = Situation(task, journal, (journal["n0001"],), LIMITS)
    messages = [{"role": one.role, "content": one.text} for one in OPERATORS["improve"](situation, BEST)]
    texts = [OfflineCoder().answer(messages, [], seed).text for seed in range(12)]
    assert sum("<<<<<<< SEARCH" in text for text in texts) >= 6
    for text in texts:
        parsed = parse(text, draft.code)
        assert parsed.problem is None and parsed.code != draft.code and parsed.plan.startswith("Change:")
    whole = [
        {"role": one.role, "content": one.text}
        for one in OPERATORS["improve"](situation, PromptSet.load(SHIPPED / "aide"))
    ]
    assert "<<<<<<< SEARCH" not in OfflineCoder().answer(whole, [], 0).text
