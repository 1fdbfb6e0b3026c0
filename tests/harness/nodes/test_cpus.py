"""Runs on one node don't get the same CPUs, whoever started them, and however they end."""

import subprocess
import sys
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InfrastructureError, Interrupted
from harness.nodes import cpus
from harness.nodes.cpus import held, sleep_or_say

HOLD = "import sys; from pathlib import Path; from harness.nodes.cpus import held\n" + (
    "with held(Path(sys.argv[1]), range(4), 2, None) as cpus: print(*cpus, flush=True); sys.stdin.read()"
)


class NoneFree(Exception):
    pass


def refuse(seconds):
    raise NoneFree


def test_each_holds_what_is_free_until_its_process_ends(tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        first = {int(word) for word in other.stdout.readline().split()}
        with held(tmp_path, range(4), 1, refuse) as second, held(tmp_path, range(4), 1, refuse) as third:
            assert sorted([*first, *second, *third]) == [0, 1, 2, 3]
            with pytest.raises(NoneFree), held(tmp_path, range(4), 0.5, refuse):
                pass
            other.kill()
            other.wait()
            with held(tmp_path, range(4), 2, refuse) as freed:
                assert set(freed) == first
    finally:
        other.kill()
        other.communicate()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0, 3.0]), st.booleans()), max_size=20),
)
def test_no_cpu_is_lent_beyond_itself(tmp_path_factory, count, steps):
    folder = tmp_path_factory.mktemp("cpus")
    there, open_ones = range(3, 3 + count), []
    with ExitStack() as every:
        for wanted, ends in steps:
            if ends and open_ones:
                open_ones.pop(0)[0].close()
            if wanted > count:
                continue
            one = every.enter_context(ExitStack())
            try:
                numbers = one.enter_context(held(folder, there, wanted, refuse))
            except NoneFree:
                continue
            assert set(numbers) <= set(there) and len(numbers) >= wanted
            open_ones.append((one, wanted, numbers))
            whole = [
                number for _, wanted, numbers in open_ones if wanted >= 1 and wanted % 1 == 0 for number in numbers
            ]
            everybody = [number for _, _, numbers in open_ones for number in numbers]
            assert all(everybody.count(number) == 1 for number in whole), "a whole CPU is one run's own"
            assert sum(wanted for _, wanted, _ in open_ones) <= count


def test_who_finds_none_free_says_so_once_and_waits_for_them(tmp_path, monkeypatch):
    monkeypatch.setattr(cpus, "LOOK_SECONDS", 0.01)
    said = []
    first = ExitStack()
    first.enter_context(held(tmp_path, (5,), 1, refuse))
    looks = []

    def check():
        looks.append(1)
        if len(looks) == 3:
            first.close()

    with held(tmp_path, (5,), 1, sleep_or_say(said.append, check)) as numbers:
        assert numbers == (5,)
    assert len(said) == 1 and "waits for CPUs" in said[0]


def test_a_run_that_waits_ends_when_nobody_wants_it_any_more(tmp_path):
    def check():
        raise Interrupted("stopped")

    waiting = sleep_or_say(print, check)
    with held(tmp_path, (5,), 1, refuse), pytest.raises(Interrupted), held(tmp_path, (5,), 1, waiting):
        pass


def test_a_node_with_fewer_cpus_than_a_run_asks_for_can_not_carry_it(tmp_path):
    with (
        pytest.raises(InfrastructureError, match="asks for 3 CPUs, and this node has 2"),
        held(tmp_path, range(2), 3, refuse),
    ):
        pass
