"""An image's name follows its inputs, and a build sees exactly those."""

import shutil
from pathlib import Path

import pytest

from harness.setup import recipe

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path):
    """A checkout of its own, as far as images go."""
    for name in ("agent", "dockerfiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_same_inputs_have_the_same_tag(root):
    assert recipe.agent("cpu", root).tag == recipe.agent("cpu", ROOT).tag


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("agent/agent.py", {"cpu", "gpu"}),
        ("dockerfiles/agent-cpu/candidate-packages.txt", {"cpu", "gpu", "box"}),
        ("dockerfiles/agent-gpu/gpu-packages.txt", {"gpu"}),
        ("dockerfiles/base/debian-packages.txt", {"base"}),
        ("agent/prompts/aide/draft.md", set()),
        ("agent/__pycache__/agent.cpython-311.pyc", set()),
        ("agent/.agent.py.swp", set()),
    ],
)
def test_an_edit_renames_the_images_it_is_in(root, file, changed):
    def tags():
        return {
            "cpu": recipe.agent("cpu", root).tag,
            "gpu": recipe.agent("gpu", root).tag,
            "box": recipe.box(root).tag,
            "base": recipe.base(root, "python:3.11-slim").tag,
        }

    before = tags()
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    with (root / file).open("a") as text:
        text.write("\n# edited\n")
    after = tags()

    assert {name for name in before if before[name] != after[name]} == changed


def test_another_python_image_is_another_base():
    assert recipe.base(ROOT, "python:3.11-slim").tag != recipe.base(ROOT, "mirror.example/python:3.11-slim").tag


def test_modes_in_a_context_do_not_depend_on_the_checkout(root, tmp_path):
    (root / "agent/agent.py").chmod(0o600)
    context = tmp_path / "context"
    context.mkdir(mode=0o700)
    recipe.agent("cpu", root).lay_out(context)

    assert {path.stat().st_mode & 0o777 for path in context.rglob("*") if path.is_file()} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in [context, *context.rglob("*")] if path.is_dir()} == {0o755}


def test_a_context_holds_no_prompts_and_nothing_else_of_the_checkout():
    parts = {path.split("/")[0] for path in recipe.agent("gpu", ROOT).files}
    assert parts == {"agent", "dockerfiles"}
    assert not [path for path in recipe.agent("cpu", ROOT).files if "/prompts/" in path]


@pytest.mark.parametrize(
    ("listing", "lock"),
    [
        ("agent-cpu/candidate-packages.txt", "agent-cpu/candidate-lock.txt"),
        ("agent-cpu/agent-packages.txt", "agent-cpu/agent-lock.txt"),
        ("agent-gpu/gpu-packages.txt", "agent-gpu/gpu-lock.txt"),
    ],
)
def test_locks_are_of_the_lists(listing, lock):
    def pins(name):
        lines = (line.split("#")[0].strip() for line in (ROOT / "dockerfiles" / name).read_text().splitlines())
        return {line for line in lines if line}

    assert all("==" in pin for pin in pins(listing) | pins(lock))
    assert pins(listing) <= pins(lock), "run: make lock"


def test_the_gpu_image_asks_for_no_other_versions_than_the_cpu_image_has():
    def versions(name):
        lines = (ROOT / "dockerfiles" / name).read_text().splitlines()
        return dict(line.split("==") for line in lines)

    below, above = versions("agent-cpu/candidate-lock.txt"), versions("agent-gpu/gpu-lock.txt")
    assert {name: above[name] for name in above.keys() & below.keys()} == {
        name: below[name] for name in above.keys() & below.keys()
    }
