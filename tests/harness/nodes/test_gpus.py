"""A run on a node has GPUs by UUID: those that the cluster gave it, and none that it was not given."""

from types import SimpleNamespace

import pytest

from harness.errors import InfrastructureError
from harness.machine.gpus import Inventory, inventory
from harness.nodes import gpus
from harness.sandbox.base import Gpus
from tests.harness.fake_nvidia import A100, PLAIN, SECOND, nvidia_smi


def plan(text):
    return SimpleNamespace(gpus=Gpus.parse(text), gpus_text=text)


@pytest.fixture
def there(tmp_path):
    """Two GPUs, as the driver's tool tells them."""
    nvidia_smi(tmp_path, PLAIN)
    return inventory({"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("asked", "ids", "has"),
    [
        ("1", ["1"], (SECOND,)),
        ("2", ["1", "0"], (SECOND, A100)),
        ("1", [A100], (A100,)),  # as the cluster calls them where the node was started with CUDA_VISIBLE_DEVICES
        ("all", ["0", "1"], (A100, SECOND)),
        (SECOND, ["0", "1"], (SECOND,)),
        (A100[:12], ["0", "1"], (A100,)),
    ],
)
def test_what_the_cluster_calls_by_place_is_a_uuid_here(there, asked, ids, has):
    assert gpus.given(plan(asked), ids, there) == Gpus(ids=has)


@pytest.mark.parametrize(
    ("asked", "ids", "words"),
    [
        ("2", ["1"], "asked for GPUs \\(2\\), and the cluster gave it 1"),
        ("all", [], "gave it none"),
        (A100, ["1"], "others have the rest"),
        ("1", ["7"], "no GPU 7 here"),
        ("GPU-elsewhere", ["0", "1"], "no GPU GPU-elsewhere here"),
    ],
)
def test_a_node_that_has_not_what_was_asked_for_can_not_carry_the_run(there, asked, ids, words):
    with pytest.raises(InfrastructureError, match=words):
        gpus.given(plan(asked), ids, there)


def test_without_the_drivers_tool_the_engine_is_asked_by_place():
    assert gpus.given(plan("1"), ["1"], Inventory(problem="no tool")) == Gpus(ids=("1",))


def test_a_run_without_gpus_has_none(there):
    assert gpus.given(plan(""), [], there) is None


def test_what_can_be_asked_for_is_told_by_uuid(tmp_path, monkeypatch):
    nvidia_smi(tmp_path, PLAIN)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.listed() == [A100, SECOND]
