"""A run's tree as data and as a picture: right, readable at any size, and safe whatever the agent reported."""

from __future__ import annotations

import json
import random
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.report.tree_drawing import BEST, Mark, draw
from harness.report.tree_layout import lay_out
from harness.report.tree_png import png
from harness.report.tree_svg import svg
from harness.results import export_run
from harness.results.layout import RunFolder
from harness.results.tree import Tree, tree_of
from tests.harness import pages, records

SVG = "{http://www.w3.org/2000/svg}"


def run_with(tmp_path: Path, *events: dict) -> RunFolder:
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "toy"), None)
    pages.write_journal(folder.journal, list(events))
    return folder


def node(number: int, *parents: int, score: float | None = 0.5, action: str = "improve", **changes) -> dict:
    names = tuple(f"n{parent:04}" for parent in parents)
    return pages.node(number, score, parents=names, action=action if parents else "draft", plan="A plan.") | changes


def best(number: int) -> dict:
    return {"type": "best", "node": f"n{number:04}", "score": 0.5}


def tree_in(folder: RunFolder) -> Tree:
    record = folder.read()
    assert record is not None
    return tree_of(folder, record)


def grown(nodes: int, kind: str) -> Tree:
    """A tree of a usual shape: as greedy, best-of-n, a chain of debugs, or at random grows it."""
    rng = random.Random(0)
    events = []
    for number in range(1, nodes + 1):
        parent = {
            "greedy": max(1, number - rng.randint(1, 12)),
            "drafts": 0,
            "chain": number - 1,
            "random": rng.randint(0, number - 1),
        }[kind]
        parents = [parent] if parent and number > 3 else []
        score = None if rng.random() < 0.25 else rng.gauss(0, 1)
        action = rng.choice(["improve", "debug", "merge", "ensemble"])
        events.append(node(number, *parents, score=score, action=action))
    events.append(best(nodes))
    folder = Path(grown.scratch) / f"{kind}{nodes}"  # type: ignore[attr-defined]
    folder.mkdir(exist_ok=True)
    return tree_in(run_with(folder, *events))


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path) -> None:
    grown.scratch = tmp_path  # type: ignore[attr-defined]


def test_the_tree_holds_parents_scores_flags_and_the_way_to_the_chosen_node(tmp_path: Path) -> None:
    folder = run_with(
        tmp_path,
        node(1),
        node(2, score=None, submission_valid=False),
        node(3, 1, score=0.7),
        best(3),
        node(4, 3, 2, action="merge", score=0.6, reviewed_by="model"),
    )
    tree = tree_in(folder)
    assert tree.chosen == "n0003" and tree.best_path == ("n0001", "n0003")
    assert [node.parents for node in tree.nodes] == [(), (), ("n0001",), ("n0003", "n0002")]
    assert [node.score for node in tree.nodes] == [0.5, None, 0.7, 0.6]
    assert tree.nodes[1].buggy and tree.nodes[1].flags == ("invalid-submission",)
    assert tree.nodes[3].flags == ("score-read-by-model",)
    assert tree.nodes[0].tokens == {"input": 100, "output": 50} and tree.nodes[0].seconds["execute"] == 5.0
    assert tree.nodes[0].test_score is None


def test_a_run_without_a_finished_node_has_no_tree(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished node"):
        tree_in(run_with(tmp_path))


def test_parents_that_never_were_or_come_later_hang_nothing_up(tmp_path: Path) -> None:
    events = [node(1, 1), node(2, 3, action="debug"), node(3, 2, 9999), best(3)]
    tree = tree_in(run_with(tmp_path, *events))
    assert tree.first_parents() == {"n0001": None, "n0002": None, "n0003": "n0002"}
    assert tree.best_path == ("n0002", "n0003")
    assert len([shape for shape in draw(tree).shapes if isinstance(shape, Mark) and "n0" in shape.title]) == 3


@pytest.mark.parametrize("nodes", [1, 20, 500])
@pytest.mark.parametrize("kind", ["greedy", "drafts", "chain", "random"])
def test_no_two_nodes_hide_each_other_and_none_is_outside(nodes: int, kind: str) -> None:
    drawing = draw(grown(nodes, kind))
    marks = [shape for shape in drawing.shapes if isinstance(shape, Mark) and shape.title.startswith("n0")]
    assert len(marks) == nodes
    assert len({(mark.x, mark.y) for mark in marks}) == nodes
    assert all(mark.size < mark.x < drawing.width - mark.size for mark in marks)
    assert all(mark.size < mark.y < drawing.height - mark.size for mark in marks)
    near = min(
        (abs(a.x - b.x) + abs(a.y - b.y) for i, a in enumerate(marks) for b in marks[:i] if abs(a.y - b.y) < 40),
        default=99.0,
    )
    assert near >= 2 * min(mark.size for mark in marks)


def test_five_hundred_drafts_are_a_block_and_not_a_column() -> None:
    drawing = draw(grown(500, "drafts"))
    assert drawing.height < 1000 and drawing.width < 1000


def test_the_best_path_is_a_straight_line_from_the_left() -> None:
    tree = grown(60, "greedy")
    layout = lay_out(tree.first_parents(), tree.best_path)
    assert [layout.places[node].row for node in tree.best_path] == [0] * len(tree.best_path)
    assert [layout.places[node].column for node in tree.best_path] == list(range(len(tree.best_path)))


def test_better_is_darker_whichever_way_is_better(tmp_path: Path) -> None:
    scores = [0.1, 0.3, 0.5, 0.7, 0.9]
    tree = tree_in(run_with(tmp_path, *(node(number, score=score) for number, score in enumerate(scores, 1)), best(5)))

    def shades(tree: Tree) -> list[int]:
        marks = [shape for shape in draw(tree).shapes if isinstance(shape, Mark) and shape.title.startswith("n0")]
        return [int(mark.fill[1:3], 16) for mark in marks]

    assert shades(tree) == sorted(shades(tree), reverse=True)
    assert shades(tree.model_copy(update={"direction": "minimize"})) == sorted(shades(tree))


def test_one_absurd_score_leaves_the_others_apart() -> None:
    tree = grown(40, "random")
    absurd = tree.nodes[0].model_copy(update={"score": 1e308, "buggy": False})
    marks = draw(tree.model_copy(update={"nodes": (absurd, *tree.nodes[1:])})).shapes
    fills = {shape.fill for shape in marks if isinstance(shape, Mark) and shape.title.startswith("n0")}
    assert len(fills) > 10


def test_what_the_agent_wrote_is_text_and_the_file_well_formed(tmp_path: Path) -> None:
    events = [node(1, plan=pages.ATTACK), node(2, 1, score=None, why_buggy=pages.BREAKOUT + "\ud800\x1b[2J"), best(1)]
    folder = run_with(tmp_path, *events)
    text = svg(draw(tree_in(folder)))
    root = ET.fromstring(text)
    allowed = {"svg", "title", "rect", "polyline", "text", "g", "circle", "polygon", "line"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    assert not [key for element in root.iter() for key in element.attrib if key.startswith("on") or "href" in key]
    assert any("<script>" in (element.text or "") for element in root.iter(f"{SVG}title"))
    assert BEST in text


@pytest.mark.parametrize(("nodes", "kind"), [(20, "greedy"), (500, "random")])
def test_a_png_of_it_can_be_opened(nodes: int, kind: str, tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "tree.png").write_bytes(png(draw(grown(nodes, kind))))
    with Image.open(tmp_path / "tree.png") as image:
        image.load()
        assert image.width > 500 and len(image.getcolors(1 << 24)) > 20


def test_a_chain_of_ten_thousand_is_drawn_too() -> None:
    first = {f"n{number}": None if number == 0 else f"n{number - 1}" for number in range(10_000)}
    assert lay_out(first, ()).columns == 10_000


def test_the_exported_json_is_the_documented_tree(tmp_path: Path) -> None:
    folder = run_with(tmp_path, node(1), best(1))
    record = folder.read()
    assert record is not None
    json_file, svg_file = export_run.tree(folder, record, tmp_path / "out")
    assert Tree.model_validate_json(json_file.read_bytes()).chosen == "n0001"
    assert json.loads(json_file.read_text())["schema_version"] == 1 and svg_file.name == "tree.svg"
