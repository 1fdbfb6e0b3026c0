"""Slots are lent to one at a time, keep their CPUs, and are not lent again once they broke."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.contract import CandidateLimits
from agent.interpreter import NO_INPUTS, Execution, InterpreterBroken
from agent.slots import Slots
from agent.supervisor.environment import candidate_environment
from agent.supervisor.shares import gpus_of, shares
from tests.agent.conftest import execution

LIMITS = CandidateLimits(600.0, 1 << 30, 65536, 1 << 30, (0, 1, 2, 3))


class Fake:
    """An interpreter that notes who used it and how; `act` may break it."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        self.act = act
        self.cpus: list[tuple[int, ...]] = []
        self.at_once = 0
        self.closed = False

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        self.at_once += 1
        assert self.at_once == 1
        self.cpus.append(limits.cpus)
        try:
            self.act()
        finally:
            self.at_once -= 1
        return execution(0.5)

    def close(self) -> None:
        self.closed = True


def breaks() -> None:
    raise InterpreterBroken("gone")


def test_two_run_at_once_on_cpus_of_their_own(tmp_path: Path) -> None:
    meeting = threading.Barrier(2, timeout=30)
    fakes = [Fake(lambda: meeting.wait() and None) for _ in range(2)]
    slots = Slots(fakes, LIMITS.cpus)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda number: slots.run("", tmp_path / str(number), LIMITS), range(6)))
    assert [set(fake.cpus) for fake in fakes] == [{(0, 1)}, {(2, 3)}]


def test_a_script_whose_slot_breaks_runs_in_another_and_the_slot_is_not_lent_again(tmp_path: Path) -> None:
    broken, works = Fake(breaks), Fake()
    slots = Slots([broken, works], LIMITS.cpus)
    assert slots.run("", tmp_path, LIMITS).outcome == "ok"
    assert slots.run("", tmp_path, LIMITS).outcome == "ok"
    assert (len(broken.cpus), len(works.cpus), slots.count) == (1, 2, 1)


def test_without_a_slot_that_works_everybody_is_told(tmp_path: Path) -> None:
    slots = Slots([Fake(breaks), Fake(breaks)], LIMITS.cpus)
    for _ in range(2):
        with pytest.raises(InterpreterBroken):
            slots.run("", tmp_path, LIMITS)


def test_closing_reaches_every_slot(tmp_path: Path) -> None:
    fakes = [Fake(), Fake(breaks)]
    slots = Slots(fakes, ())
    slots.run("", tmp_path, LIMITS)
    slots.close()
    assert all(fake.closed for fake in fakes)


@pytest.mark.parametrize(
    ("cpus", "count", "expected"),
    [
        ((0, 1, 2, 3), 1, [(0, 1, 2, 3)]),
        ((0, 1, 2, 3), 2, [(0, 1), (2, 3)]),
        ((0, 1, 2, 3, 4), 2, [(0, 1), (2, 3, 4)]),
        ((4, 5), 3, [(4,), (5,), (4,)]),
        ((), 2, [(), ()]),
    ],
)
def test_cpus_are_divided(cpus: tuple[int, ...], count: int, expected: list[tuple[int, ...]]) -> None:
    assert shares(cpus, count) == expected


@pytest.mark.parametrize(
    ("devices", "slots", "expected"),
    [
        ((), 2, [None, None]),
        (("nvidia0",), 1, [None]),
        (("nvidia0",), 2, [(0,), (0,)]),
        (("nvidia2", "nvidia3", "nvidia5", "nvidia7"), 2, [(0, 1), (2, 3)]),
        (("nvidiactl", "nvidia-uvm", "nvidia0", "nvidia1"), 2, [(0,), (1,)]),
    ],
)
def test_gpus_are_divided_as_cuda_counts_them(
    tmp_path: Path, devices: tuple[str, ...], slots: int, expected: list[tuple[int, ...] | None]
) -> None:
    for name in devices:
        (tmp_path / name).touch()
    assert [gpus_of(number, slots, tmp_path) for number in range(slots)] == expected


def test_a_candidate_is_asked_to_stay_on_its_gpus(tmp_path: Path) -> None:
    assert candidate_environment(tmp_path, 1, (2, 3))["CUDA_VISIBLE_DEVICES"] == "2,3"
    assert "CUDA_VISIBLE_DEVICES" not in candidate_environment(tmp_path, 1)
