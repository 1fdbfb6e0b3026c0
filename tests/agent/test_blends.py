"""What a blend builds on: which nodes, which files, and for how long these are kept."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from agent.blends import KEPT_NODES, Blends, files_of, forget_others, kept
from agent.interpreter import Execution
from agent.journal import Journal
from agent.workspace import Workspace
from tests.agent.conftest import BenchMaker, execution
from tests.agent.trees import journal_of, node

FILES = ("submission.csv", "oof.csv", "test.csv")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "nodes", tmp_path / "submission.csv")


def predict(workspace: Workspace, node_id: str, names: tuple[str, ...] = FILES) -> None:
    workspace.node_dir(node_id).mkdir(parents=True)
    for name in names:
        (workspace.node_dir(node_id) / name).write_text(f"id,y\n1,{node_id}\n")


def with_blend() -> Journal:
    blend = replace(node(3, 0.7, action="ensemble"), parents=("n0001", "n0002"))
    return journal_of(node(1, 0.5), node(2, 0.6), blend, node(4, parent=3), node(5, 0.8, parent=4, action="debug"))


def test_whatever_is_made_of_a_blend_builds_on_what_it_blended() -> None:
    blends = with_blend().view(Blends)
    assert blends.sources == dict.fromkeys(("n0003", "n0004", "n0005"), ("n0001", "n0002"))
    assert blends.of(["n0005"]) == ("n0001", "n0002") and blends.of(["n0001"]) == ()


def test_files_are_named_by_their_node_and_only_those_that_are_there(workspace: Workspace) -> None:
    predict(workspace, "n0001")
    predict(workspace, "n0002", ("submission.csv",))
    assert list(files_of(workspace, "n0001")) == ["n0001.csv", "n0001-oof.csv", "n0001-test.csv"]
    assert list(files_of(workspace, "n0002")) == ["n0002.csv"]
    assert kept(workspace, node(1)).out_of_fold and not kept(workspace, node(2)).out_of_fold
    assert kept(workspace, node(9)).files == {}


def test_predictions_are_kept_of_the_best_nodes_and_of_those_that_a_blend_reads(workspace: Workspace) -> None:
    journal = with_blend()
    for number in (1, 2, 4):
        predict(workspace, f"n{number:04d}")
    forget_others(workspace, journal, journal["n0004"])
    assert list(files_of(workspace, "n0004")) == ["n0004.csv"], "broken, so nobody blends it"
    for number in range(10, 10 + KEPT_NODES + 5):
        predict(workspace, f"n{number:04d}")
        journal.append(node(number, 0.9 + number / 1000))
        forget_others(workspace, journal, journal[f"n{number:04d}"])
    whole = {path.name for path in workspace.nodes.iterdir() if (path / "oof.csv").exists()}
    assert {"n0001", "n0002"} < whole and len(whole) == 2 + KEPT_NODES
    assert "n0010" not in whole and f"n{9 + KEPT_NODES + 5:04d}" in whole


class TestInARun:
    """Four steps, the last of which is the end game."""

    @pytest.fixture
    def made(self, bench: BenchMaker, tmp_path: Path):
        scores = itertools.chain((0.5, 0.7, 0.6, 0.8), itertools.repeat(0.75))

        def outcome_of(code: str) -> Execution:
            submission = tmp_path / "made.csv"
            submission.write_text("id,y\n1,0\n")
            return execution(next(scores), submission=submission)

        made = bench(outcome_of, steps=5, num_drafts=3, ensemble_share=0.45)
        for number in (1, 2, 3):
            predict(made.workspace, f"n{number:04d}", ("submission.csv", "oof.csv"))
        made.agent.run()
        return made

    def test_the_blend_names_its_nodes_and_finds_their_predictions(self, made) -> None:
        blend = made.nodes[3]
        assert (blend.action, blend.parents) == ("ensemble", ("n0002", "n0003", "n0001"))
        assert set(made.interpreter.inputs[3]) == {
            f"n{n:04d}{kind}" for n in (1, 2, 3) for kind in (".csv", "-oof.csv")
        }
        assert made.interpreter.inputs[0] == {}

    def test_the_prompt_tells_the_files_with_their_beginning(self, made) -> None:
        (prompt,) = made.prompts("ensemble")
        assert "- n0002, validation score 0.7: Plan number 2." in prompt
        assert "`./earlier/n0002-oof.csv`, 2 lines:\n```\nid,y\n1,n0002\n```" in prompt
        assert "print(2)" not in prompt, "its program is not needed where its predictions are there"

    def test_an_improvement_of_the_blend_finds_them_too(self, made) -> None:
        last = made.nodes[4]
        assert (last.action, last.parents) == ("improve", ("n0004",))
        assert made.interpreter.inputs[4] == made.interpreter.inputs[3]
        (prompt,) = (text for text in made.prompts("improve") if "print(4)" in text)
        assert "In `./earlier/`\n(read-only): `n0002.csv` `n0002-oof.csv` `n0003.csv`" in prompt
        assert "n0002, validation score" not in prompt, "its own program says what it does with them"


def test_where_predictions_are_missing_the_programs_are_shown(bench: BenchMaker, tmp_path: Path) -> None:
    made = bench(steps=3, num_drafts=2, ensemble_share=0.34)
    made.agent.run()
    (prompt,) = made.prompts("ensemble")
    assert "print(1)" in prompt and "print(2)" in prompt and "none of its files are left" in prompt
