"""What runs hold never exceeds the machine, and nobody who can ever fit waits for ever."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.groups.reservations import ALL, WHOLE, Demand, Gpu, Inventory, Reservation, admit, place, too_much

GPUS = tuple(Gpu(f"GPU-{letter * 4}") for letter in "abcd")
MACHINE = Inventory(cpus=(0, 1, 2, 3), memory_bytes=100, disk_bytes=100, gpus=GPUS[:2])


def demand(name="run", cpus=1.0, memory=10, disk=10, gpus=0, ids=()):
    return Demand(name, cpus, memory, disk, gpus, ids)


def names(given):
    return [one.run_id for one in given]


def test_each_run_has_cpus_of_its_own():
    held = admit(MACHINE, (), [demand("a", 2), demand("b", 1), demand("c", 1)], most=9)

    assert [len(one.cpus) for one in held] == [2, 1, 1]
    assert sorted(cpu for one in held for cpu in one.cpus) == [0, 1, 2, 3]


def test_what_is_less_than_a_cpu_shares_one_and_leaves_whole_ones_to_others():
    held = admit(MACHINE, (), [demand("a", 0.5), demand("b", 0.5), demand("c", 3)], most=9)

    assert held[0].cpus == held[1].cpus and len(held[2].cpus) == 3
    assert not set(held[0].cpus) & set(held[2].cpus)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (demand("a", cpus=3), demand("b", cpus=2)),
        (demand("a", memory=60), demand("b", memory=50)),
        (demand("a", disk=60), demand("b", disk=50)),
        (demand("a", gpus=2), demand("b", gpus=1)),
        (demand("a", gpus=ALL), demand("b", gpus=1)),
        (demand("a", ids=("GPU-aaaa",)), demand("b", ids=("0",))),
    ],
)
def test_a_second_run_waits_while_the_first_holds_what_it_needs(first, second):
    held = admit(MACHINE, (), [first, second], most=9)
    assert names(held) == ["a"]
    assert names(admit(MACHINE, (), [second], most=9)) == ["b"]


def test_gpus_are_lent_by_uuid_and_never_twice():
    first, second = admit(MACHINE, (), [demand("a", gpus=1), demand("b", gpus=1)], most=9)
    assert {first.gpus, second.gpus} == {("GPU-aaaa",), ("GPU-bbbb",)}


def test_a_gpu_is_lent_as_often_as_was_asked_for_the_least_lent_first():
    machine = Inventory(cpus=tuple(range(8)), memory_bytes=100, disk_bytes=100, gpus=GPUS[:2], runs_per_gpu=2)
    held = admit(machine, (), [demand(str(n), gpus=1) for n in range(5)], most=9)
    assert Counter(uuid for one in held for uuid in one.gpus) == {"GPU-aaaa": 2, "GPU-bbbb": 2}


def test_cpus_are_shared_only_where_that_was_said():
    runs = [demand("a", 4), demand("b", 4)]
    assert names(admit(MACHINE, (), runs, most=9)) == ["a"]
    shared = Inventory(cpus=MACHINE.cpus, memory_bytes=100, disk_bytes=100, runs_per_cpu=2)
    assert names(admit(shared, (), runs, most=9)) == ["a", "b"]


def test_no_more_runs_than_jobs():
    assert names(admit(MACHINE, (), [demand(str(n), 0.1, 1, 1) for n in range(9)], most=3)) == ["0", "1", "2"]


def test_a_small_run_overtakes_only_where_the_one_that_waits_would_still_fit():
    held = admit(MACHINE, (), [demand("big", cpus=3)], most=9)
    waiting = [demand("whole", cpus=3), demand("small", cpus=1)]
    assert names(admit(MACHINE, held, waiting, most=9)) == ["small"]

    held = admit(MACHINE, (), [demand("big", cpus=3)], most=9)
    assert admit(MACHINE, held, [demand("whole", cpus=4), demand("small", cpus=1)], most=9) == []


def test_what_can_never_fit_is_told_with_what_there_is():
    found = too_much(MACHINE, Demand("run", 5.0, 200, 300, 3))
    assert [what for what, _, _ in found] == ["CPUs", "memory", "disk", "GPUs"]
    assert found[0] == ("CPUs", "5", "4") and found[3] == ("GPUs", "3", "GPU-aaaa, GPU-bbbb")
    assert too_much(MACHINE, Demand("run", 4.0, 100, 100, 2)) == []
    assert too_much(MACHINE, demand(ids=("GPU-gone",)))


MACHINES = st.builds(
    Inventory,
    cpus=st.integers(1, 6).map(lambda count: tuple(range(count))),
    memory_bytes=st.integers(1, 50),
    disk_bytes=st.integers(1, 50),
    gpus=st.integers(0, 3).map(lambda count: GPUS[:count]),
    runs_per_cpu=st.integers(1, 2),
    runs_per_gpu=st.integers(1, 2),
)
WISHES = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 6).map(float), st.floats(0.1, 6.0)),
        st.integers(0, 50),
        st.integers(0, 50),
        st.sampled_from([0, 0, 0, 1, 2, ALL]),
    ),
    max_size=14,
)


def demands(machine, wishes):
    made = [Demand(f"run-{number}", *wish) for number, wish in enumerate(wishes)]
    return [one for one in made if not too_much(machine, one)]


def assert_within(machine, held):
    shares = Counter()
    for one in held:
        shares.update(one.shares)
    assert set(shares) <= set(machine.cpus)
    assert all(share <= WHOLE * machine.runs_per_cpu for share in shares.values())
    assert sum(one.memory_bytes for one in held) <= machine.memory_bytes
    assert sum(one.disk_bytes for one in held) <= machine.disk_bytes
    lent = Counter(uuid for one in held for uuid in one.gpus)
    assert all(count <= machine.runs_per_gpu for count in lent.values())
    assert set(lent) <= {gpu.uuid for gpu in machine.gpus}


@settings(max_examples=150, deadline=None)
@given(MACHINES, WISHES, st.integers(1, 5), st.randoms(use_true_random=False))
def test_nothing_is_ever_lent_twice_and_everybody_has_a_turn(machine, wishes, jobs, dice):
    """Runs end in any order; whatever can fit at all runs exactly once."""
    waiting, held, ran = demands(machine, wishes), [], []
    while waiting or held:
        given = admit(machine, held, waiting, jobs)
        assert given == admit(machine, held, waiting, jobs)
        held += given
        ran += names(given)
        waiting = [one for one in waiting if one.run_id not in ran]
        assert_within(machine, held)
        assert len(held) <= jobs
        assert held, "something waits, nothing runs, and nothing starts"
        held.pop(dice.randrange(len(held)))

    assert sorted(ran) == sorted(one.run_id for one in demands(machine, wishes))


@settings(max_examples=100, deadline=None)
@given(MACHINES, WISHES.filter(bool), st.integers(1, 4))
def test_who_waits_first_is_not_passed_over_for_ever_by_a_stream_of_small_ones(machine, wishes, jobs):
    """Small runs keep coming: the first starts at the latest when all that ran before it waited have ended."""
    found = demands(machine, wishes)
    if not found:
        return
    first, before = found[0], admit(machine, (), found[1:], jobs)
    if place(machine, before, first) is not None:
        return
    held = [*before]
    for number in range(40):
        small = Demand(f"small-{number}", 0.1, 0, 0)
        given = admit(machine, held, [first, small], jobs)
        if first.run_id in names(given):
            return
        held += given
        assert_within(machine, held)
        old = [one for one in held if one in before]
        if not old:
            break
        held.remove(old[0])
    given = admit(machine, held, [first], jobs + len(held))
    assert names(given) == [first.run_id]


def test_a_place_is_a_reservation_of_exactly_what_was_asked():
    found = place(MACHINE, (), demand("run", 1.5, 7, 8, 1))
    assert isinstance(found, Reservation) and sum(found.shares.values()) == 1500
    assert (found.memory_bytes, found.disk_bytes, len(found.gpus)) == (7, 8, 1)
