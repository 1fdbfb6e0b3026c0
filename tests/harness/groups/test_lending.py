"""Commands that share a machine never lend anything twice, have their turns, and lose what they held only by dying."""

import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InfrastructureError
from harness.groups import holding, lent
from harness.groups.lending import GONE_QUIET_SECONDS, Ledger
from harness.groups.reservations import GIB, WHOLE, Demand, Gpu, Inventory, place

MACHINE = Inventory(cpus=(0, 1), memory_bytes=8 * GIB, disk_bytes=8 * GIB, disk="1", gpus=(Gpu("GPU-a"), Gpu("GPU-b")))
ROOT = Path(__file__).parents[3]


def demand(name, cpus=1.0, memory=GIB, disk=0, gpus=0, ids=()):
    return Demand(name, cpus, memory, disk, gpus, ids)


def ids(lent_now):
    return [one.run_id for one in lent_now.given]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "machine.sqlite"


@pytest.fixture
def command(path):
    """Start a command on the machine; `die` ends one as kill -9 does."""
    started = []

    def start(group="g", clock=lambda: 0.0):
        started.append(Ledger(path, group, clock))
        return started[-1]

    yield start
    for one in started:
        die(one)


def die(ledger):
    """What is left of a killed process: its rows, and no lock."""
    ledger._connection.close()
    if ledger._presence >= 0:
        os.close(ledger._presence)
        ledger._presence = -1


def test_two_commands_never_have_the_same_cpu_or_gpu(command):
    first, second = command("one"), command("two")
    given = first.lend(MACHINE, [demand("a", gpus=1)], 9).given + second.lend(MACHINE, [demand("a", gpus=1)], 9).given
    assert sorted(cpu for one in given for cpu in one.cpus) == [0, 1]
    assert sorted(uuid for one in given for uuid in one.gpus) == ["GPU-a", "GPU-b"]
    assert command("three").lend(MACHINE, [demand("b", 0.5)], 9).given == ()


@pytest.mark.parametrize(
    ("asked", "lacking"),
    [
        (demand("b", 2), "run a of group one (pid {pid}) holds CPUs 0-1"),
        (demand("b", 0.5, 7 * GIB), "holds CPUs 0-1, 4.0 GiB of memory"),
        (demand("b", 0.5, GIB, 6 * GIB), "holds CPUs 0-1, 3.0 GiB of disk"),
        (demand("b", 0.5, ids=("GPU-a",)), "holds CPUs 0-1, GPU GPU-a"),
    ],
)
def test_who_waits_is_told_for_whom_and_for_what(command, asked, lacking):
    command("one").lend(MACHINE, [demand("a", 2, 4 * GIB, 3 * GIB, gpus=1)], 9)
    found = command("two").lend(MACHINE, [asked], 9)
    assert found.given == ()
    said = holding.why_not(found.waiting, found.others, found.earlier)
    assert lacking.format(pid=os.getpid()) in said


def test_another_file_system_is_another_disk(command):
    command().lend(MACHINE, [demand("a", disk=8 * GIB)], 9)
    other = command()
    assert other.lend(MACHINE, [demand("b", disk=GIB)], 9).given == ()
    assert ids(other.lend(replace(MACHINE, disk="2"), [demand("b", disk=GIB)], 9)) == ["b"]


def test_a_cpu_and_a_gpu_are_shared_only_where_both_commands_said_so(command):
    both = replace(MACHINE, cpus=(0,), gpus=MACHINE.gpus[:1], runs_per_cpu=2, runs_per_gpu=2)
    alone = replace(both, runs_per_cpu=1, runs_per_gpu=1)
    first = command()
    first.lend(alone, [demand("a", gpus=1)], 9)
    second = command()
    assert second.lend(both, [demand("b", gpus=1)], 9).given == ()
    first.give_back("a")
    assert ids(second.lend(both, [demand("b", gpus=1)], 9)) == ["b"]
    assert first.lend(alone, [demand("a", gpus=1)], 9).given == ()
    assert ids(first.lend(both, [demand("a", gpus=1)], 9)) == ["a"]


def test_who_waits_longest_is_first_and_a_stream_of_small_runs_does_not_pass_it(command):
    small, large = command("small"), command("large")
    small.lend(MACHINE, [demand("s0")], 9)
    assert large.lend(MACHINE, [demand("whole", 2)], 9).given == ()
    assert small.lend(MACHINE, [demand("s1")], 9).given == ()  # one that would keep it waiting
    found = small.lend(MACHINE, [demand("s1")], 9)
    assert "run whole of group large" in holding.why_not(found.waiting, found.others, found.earlier)
    small.give_back("s0")
    assert small.lend(MACHINE, [demand("s1")], 9).given == ()
    assert ids(large.lend(MACHINE, [demand("whole", 2)], 9)) == ["whole"]


def test_commands_take_turns(command):
    machine, one, two = replace(MACHINE, cpus=(0,)), command("one"), command("two")
    one.lend(machine, [demand("a0")], 1)
    assert one.lend(machine, [demand("a1"), demand("a2")], 9).given == ()
    assert two.lend(machine, [demand("b1")], 9).given == ()
    one.give_back("a0")
    assert two.lend(machine, [demand("b1")], 9).given == ()  # the other one asked first
    assert ids(one.lend(machine, [demand("a1"), demand("a2")], 9)) == ["a1"]
    one.give_back("a1")
    assert one.lend(machine, [demand("a2")], 9).given == ()
    assert ids(two.lend(machine, [demand("b1")], 9)) == ["b1"]


def test_a_command_that_waits_and_asks_no_more_keeps_nobody_back(command):
    now = [100.0]
    small, stopped = command("small", lambda: now[0]), command("stopped", lambda: now[0])
    small.lend(MACHINE, [demand("s0")], 9)
    stopped.lend(MACHINE, [demand("whole", 2)], 9)
    assert small.lend(MACHINE, [demand("s1")], 9).given == ()
    now[0] += GONE_QUIET_SECONDS + 1
    assert ids(small.lend(MACHINE, [demand("s1")], 9)) == ["s1"]


def test_who_asks_for_nothing_more_waits_no_more(command):
    first, second = command(), command()
    first.lend(MACHINE, [demand("a")], 9)
    second.lend(MACHINE, [demand("whole", 2)], 9)
    second.lend(MACHINE, [], 9)
    assert ids(first.lend(MACHINE, [demand("b")], 9)) == ["b"]


def test_what_a_dead_command_held_is_taken_back_and_a_living_ones_is_not(command, path):
    first, second, third = command("dead"), command("alive"), command("third")
    first.lend(MACHINE, [demand("a")], 9)
    second.lend(MACHINE, [demand("b")], 9)
    assert third.dead() == []
    die(first)
    assert third.dead() == [first.command]
    third.forget(third.dead())
    assert ids(third.lend(MACHINE, [demand("c"), demand("d")], 9)) == ["c"]
    assert not list(path.parent.glob(f".{first.command.id}*"))


def test_a_process_that_is_killed_holds_nothing_any_more(path, command):
    script = (
        "import sys, time; from pathlib import Path; from harness.groups.lending import Ledger\n"
        "from tests.harness.groups.test_lending import MACHINE, demand\n"
        "ledger = Ledger(Path(sys.argv[1]), 'killed'); ledger.lend(MACHINE, [demand('a', 2)], 1)\n"
        "print('holds', flush=True); time.sleep(600)"
    )
    held = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert held.stdout.readline() == b"holds\n"
    mine = command("mine")
    assert mine.dead() == [] and mine.lend(MACHINE, [demand("b")], 1).given == ()
    held.send_signal(signal.SIGSTOP)
    assert mine.dead() == []  # it lives, and its box may
    held.kill()
    held.wait()
    (dead,) = mine.dead()
    assert dead.group == "killed"
    mine.forget([dead])
    assert ids(mine.lend(MACHINE, [demand("b")], 1)) == ["b"]


def test_what_a_command_held_is_free_when_it_ends_in_order(command, path):
    first = command()
    first.lend(MACHINE, [demand("a", 2)], 9)
    first.close()
    first._presence = -1
    assert ids(command().lend(MACHINE, [demand("b", 2)], 9)) == ["b"]


def test_looking_tells_who_holds_and_who_waits_and_who_is_gone(command, path):
    environ = {"PODIUM_LENDING": str(path.parent)}
    assert holding.lines(environ) == []
    first, second = command("one"), command("two")
    first.lend(MACHINE, [demand("a", 2)], 9)
    second.lend(MACHINE, [demand("b", 2)], 9)
    second.tell("for a")
    assert holding.lines(environ) == [
        f"run a of group one (pid {os.getpid()}) holds CPUs 0-1, 1.0 GiB of memory",
        f"run b of group two (pid {os.getpid()}) waits: for a",
    ]
    assert holding.waits_for(environ, second.command.owner) == "b waits: for a"
    die(first)
    assert "WHICH IS GONE: podium clean" in holding.lines(environ)[0]
    (seen,) = lent.look(environ)
    assert seen.remove_gone() and not seen.remove_gone()
    assert ids(second.lend(MACHINE, [demand("b", 2)], 9)) == ["b"]


def test_a_ledger_that_is_removed_or_spoiled_is_told(command, path):
    first = command()
    path.unlink()
    with pytest.raises((InfrastructureError, OSError)):
        first.lend(MACHINE, [demand("a")], 9)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(InfrastructureError, match="can't be used"):
        command()


MACHINES = st.builds(
    Inventory,
    cpus=st.integers(1, 4).map(lambda count: tuple(range(count))),
    memory_bytes=st.just(10),
    disk_bytes=st.just(10),
    gpus=st.integers(0, 2).map(lambda count: MACHINE.gpus[:count]),
)
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["ask", "ask", "ask", "end", "die"]), st.integers(0, 99)), max_size=40
)
ASKED = st.lists(st.tuples(st.sampled_from([0.5, 1.0, 2.0, 3.0]), st.integers(0, 10), st.integers(0, 2)), max_size=8)


@settings(max_examples=100, deadline=None)
@given(MACHINES, STEPS, st.lists(ASKED, min_size=4, max_size=4))
def test_over_many_commands_with_crashes_nothing_is_lent_twice_and_everybody_has_a_turn(
    tmp_path_factory, machine, steps, asked
):
    """Runs start, end and die with their commands in any order; whatever fits the machine at all runs once."""
    path = tmp_path_factory.mktemp("ledger") / "machine.sqlite"
    commands = [Ledger(path, str(number), lambda: 0.0) for number in range(4)]
    waiting = [
        [one for number, wish in enumerate(wishes) if fits(machine, one := wished(number, wish))] for wishes in asked
    ]
    held = [{} for _ in commands]

    def act(who, what, dice):
        if what == "die":
            die(commands[who])
            commands[who] = Ledger(path, str(who), lambda: 0.0)  # the same command again: what ran starts anew
            waiting[who] += [one for one, _ in held[who].values()]
            held[who] = {}
        elif what == "end" and held[who]:
            run_id = sorted(held[who])[dice % len(held[who])]
            commands[who].give_back(run_id)
            del held[who][run_id]
        elif what == "ask":
            commands[who].forget(commands[who].dead())
            for one in commands[who].lend(machine, waiting[who], 3 - len(held[who])).given:
                index = next(n for n, it in enumerate(waiting[who]) if it.run_id == one.run_id)
                held[who][one.run_id] = (waiting[who].pop(index), one)
        assert_within(machine, [one for of in held for _, one in of.values()])

    try:
        for who, what, dice in steps:
            act(who, what, dice)
        for _ in range(200):
            if not any(waiting) and not any(held):
                break
            for who in range(4):
                act(who, "ask", 0)
            assert any(held), "something waits, nothing runs, and nothing starts"
            for who in range(4):
                act(who, "end", 0)
        assert not any(waiting)
    finally:
        for one in commands:
            die(one)


def wished(number, wish):
    cpus, memory, gpus = wish
    return Demand(f"run-{number}", cpus, memory, 0, gpus)


def fits(machine, one):
    return place(machine, (), one) is not None


def assert_within(machine, held):
    shares = Counter()
    for one in held:
        shares.update(one.shares)
    assert all(share <= WHOLE for share in shares.values())
    assert sum(one.memory_bytes for one in held) <= machine.memory_bytes
    assert all(count == 1 for count in Counter(uuid for one in held for uuid in one.gpus).values())
