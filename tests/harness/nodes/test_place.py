"""Runs on one node have CPUs and GPUs of their own, whoever started them, and however they end."""

import contextlib
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest

from harness.errors import InfrastructureError, Interrupted
from harness.groups.lender import Together
from harness.groups.lending import Ledger
from harness.groups.reservations import GIB, Demand, Gpu, Inventory
from harness.nodes import place
from harness.nodes.place import placed
from harness.sandbox.base import Gpus

MACHINE = Inventory(cpus=(2, 3), memory_bytes=64 * GIB, disk_bytes=GIB, gpus=(Gpu("GPU-a"), Gpu("GPU-b")))
HOLD = """
import sys
from pathlib import Path
from harness.groups.lending import Ledger
from harness.groups.reservations import Demand, Inventory
ledger = Ledger(Path(sys.argv[1]), "killed")
lent = ledger.lend(Inventory((2, 3), 64 << 30, 1 << 30), [Demand("run", 1, 1, 0)], 1)
print(*lent.given[0].cpus, flush=True)
sys.stdin.read()
"""


class Enough(Exception):
    pass


def give_up():
    raise Enough


@pytest.fixture
def take(plan, tmp_path, monkeypatch):
    """Have runs placed on one node; what was said and cleared is kept on the function."""
    monkeypatch.setattr(place, "ASK_SECONDS", 0.01)

    def make(cpus=1.0, gpus="", check=give_up, machine=MACHINE, **limits):
        chosen = replace(plan(), gpus=Gpus.parse(gpus), gpus_text=gpus)
        chosen = replace(chosen, limits=replace(chosen.limits, cpus=cpus, **limits))
        ledger = partial(Ledger, tmp_path / "machine.sqlite", "group")
        return placed(chosen, machine, ledger, lambda: make.cleared.append(1), make.said.append, check)

    make.said, make.cleared = [], []
    return make


def test_no_two_have_the_same_cpu_and_the_third_waits(take):
    with take() as first, take() as second:
        assert {first.cpus, second.cpus} == {(2,), (3,)}
        with pytest.raises(Enough), take():
            pass
        assert "holds CPU" in take.said[-1]
    with take(cpus=2.0) as whole:
        assert whole.cpus == (2, 3)


def test_one_that_waits_starts_when_there_is_room(take):
    first = contextlib.ExitStack()
    held = first.enter_context(take(cpus=2.0))
    with take(check=first.close) as second:
        assert second.cpus[0] in held.cpus and second.waited_seconds > 0


def test_a_run_that_waits_ends_when_nobody_wants_it_any_more(take):
    def ended():
        raise Interrupted("ended")

    with take(cpus=2.0), pytest.raises(Interrupted), take(check=ended):
        pass


def test_a_command_on_the_machine_itself_has_its_part_too(take, tmp_path):
    local = Together(MACHINE, partial(Ledger, tmp_path / "machine.sqlite", "local"), lambda: None, print)
    (lent,) = local.lend([Demand("run", 1, GIB, 0, gpu_ids=("GPU-a",))], 1)
    with take(gpus="GPU-b") as own:
        assert set(own.cpus).isdisjoint(lent.cpus) and own.gpus == ("GPU-b",)
    with pytest.raises(Enough), take(gpus="GPU-a"):
        pass
    local.close()


def test_what_a_killed_one_held_is_free_once_what_it_left_is_removed(take, tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "machine.sqlite")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout.readline().split()
        with pytest.raises(Enough), take(cpus=2.0):
            pass
        assert take.cleared == []
    finally:
        other.kill()
        other.communicate()
    with take(cpus=2.0) as own:
        assert own.cpus == (2, 3) and take.cleared == [1]


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"cpus": 3.0}, "asks for 3 of CPUs, and there is 2"), ({"memory_bytes": 65 * GIB}, "65.0 GiB of memory")],
)
def test_a_node_with_less_than_a_run_asks_for_can_not_carry_it(take, asked, words):
    with pytest.raises(InfrastructureError, match=words), take(**asked):
        pass


def test_gpus_that_are_not_listed_here_are_the_clusters_word(take):
    with take(gpus="0,1", machine=replace(MACHINE, gpus=())) as own:
        assert own.gpus == ("0", "1")
