"""One coordinator a group, one result a run, whatever clocks say and whoever comes back from the dead."""

import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from harness.errors import InfrastructureError, UserError
from harness.groups import leases
from harness.groups.leases import Superseded, coordinating
from harness.results.layout import RunStatus
from harness.runs.first_record import first_record
from harness.sandbox.owner import me

HERE = "/".join(me().split("/")[:3])


def held(group):
    return [(lease.token, lease.state) for lease in leases.all_of(group)]


def as_of(group, owner):
    """Let the group's last coordinator be another one, which did not end."""
    with sqlite3.connect(group.leases) as connection:
        connection.execute("UPDATE coordinators SET owner = ?, ended_at = NULL", (owner,))


def test_tokens_grow_over_coordinators(group):
    with coordinating(group, 1) as first:
        tokens = [first.grant("a", 1), first.grant("b", 1)]
    with coordinating(group, 1) as second:
        tokens.append(second.grant("a", 2))
    assert tokens == sorted(set(tokens))


def test_tokens_go_on_growing_when_the_file_is_gone_or_broken(group, plan):
    record = first_record(plan(), RunStatus.LOST, attempt=2)
    group.run(plan().run_id).write(record.model_copy(update={"lease_token": 40}))
    group.run(plan().run_id).attempt(1).write(record.model_copy(update={"lease_token": 41}))
    with coordinating(group, 1) as made:
        assert made.grant("a", 1) == 42
    group.leases.write_bytes(b"no database " * 100)
    with coordinating(group, 1) as made:
        assert made.grant("a", 1) == 42
    assert group.leases.with_suffix(".broken").read_bytes().startswith(b"no database")


def test_a_lease_is_published_once(group):
    with coordinating(group, 1) as made:
        token = made.grant("a", 1)
        with made.publishing(token) as first:
            pass
        with made.publishing(token) as second:
            pass
    assert (first, second) == (True, False)
    assert held(group) == [(token, "published")]


def test_a_result_that_could_not_be_written_is_not_published(group):
    with coordinating(group, 1) as made:
        token = made.grant("a", 1)
        with pytest.raises(OSError, match="full"), made.publishing(token):
            raise OSError("full")
        assert held(group) == [(token, "held")]


def test_what_was_lost_is_not_published(group):
    with coordinating(group, 1) as made:
        token = made.grant("a", 1)
        made.lose(token, "its node is gone")
        with made.publishing(token) as is_held:
            assert not is_held
    assert held(group) == [(token, "lost")]
    assert leases.all_of(group)[0].reason == "its node is gone"


def test_leases_of_a_coordinator_that_is_gone_are_lost(group):
    with coordinating(group, 1) as made:
        token = made.grant("a", 1)
    as_of(group, f"{HERE}/1")
    with coordinating(group, 1):
        assert held(group) == [(token, "lost")]


def test_a_second_command_on_the_same_group_is_refused_with_who_is_at_it_and_what_to_type(group):
    with coordinating(group, 1):
        with pytest.raises(UserError, match=r"at work.*podium status group.*podium stop group") as error:
            coordinating(group, 1).__enter__()
        assert me() in str(error.value)


def test_one_that_was_killed_holds_nothing(group):
    holds = "import sys; from pathlib import Path; from harness.results.layout import GroupFolder\n"
    holds += "from harness.groups.leases import coordinating\nmade = coordinating(GroupFolder(Path(sys.argv[1])), 1)\n"
    holds += "made.__enter__().grant('a', 1); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(group.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        other.stdout.readline()
        with pytest.raises(UserError, match="at work"):
            coordinating(group, 1).__enter__()
        with pytest.raises(UserError, match="at work"):
            leases.refuse_busy(group)
        assert leases.last(group).alive
        other.kill()
    assert not leases.last(group).alive
    leases.refuse_busy(group)
    with coordinating(group, 1) as made:
        assert made.grant("a", 2) == 2
    assert held(group)[0] == (1, "lost")


def test_one_of_another_machine_that_shows_signs_of_life_is_left_to_it(group):
    with coordinating(group, 1):
        pass
    as_of(group, "elsewhere/b/1/1")

    def it_lives(seconds):
        with sqlite3.connect(group.leases) as connection:
            connection.execute("UPDATE coordinators SET beats = beats + 1")

    with pytest.raises(UserError, match="elsewhere/b/1/1"):
        coordinating(group, 1, wait=it_lives).__enter__()


def test_one_of_another_machine_that_shows_none_is_superseded_and_publishes_nothing_when_it_comes_back(
    group, monkeypatch
):
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.0)
    monkeypatch.setattr(leases, "LAPSE_SECONDS", 0.05)
    away = coordinating(group, 1)
    zombie = away.__enter__()
    token = zombie.grant("a", 1)
    as_of(group, "elsewhere/b/1/1")
    monkeypatch.setattr(leases.fcntl, "flock", lambda *about: None)  # which need not reach over machines
    with coordinating(group, 1, wait=lambda seconds: time.sleep(0.01)) as successor:
        assert "elsewhere/b/1/1" in successor.gone
        later = successor.grant("a", 2)
        with zombie.publishing(token) as is_held:
            assert not is_held
        with pytest.raises(Superseded, match="took this command for dead"):
            zombie.wish()
        with pytest.raises(Superseded):
            zombie.grant("a", 3)
        with successor.publishing(later) as is_held:
            assert is_held
    away.__exit__(None, None, None)
    assert held(group) == [(token, "lost"), (later, "published")]


@pytest.mark.parametrize("jump", [-(10**6), 10**6])
def test_a_jump_of_the_clock_takes_no_lease_away(group, monkeypatch, jump):
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.0)
    with coordinating(group, 1) as made:
        token = made.grant("a", 1)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + jump)
        monkeypatch.setattr(leases, "now", lambda: "1970-01-01T00:00:00.000+00:00" if jump < 0 else "2999-01-01")
        assert made.wish() is None
        with made.publishing(token) as is_held:
            assert is_held
        assert made.grant("a", 2) > token


def test_the_wish_of_another_command_is_heard(group):
    with coordinating(group, 1) as made:
        assert made.wish() is None
        leases.ask(group, leases.last(group), at_once=False)
        assert made.wish() == "stop"
        leases.ask(group, leases.last(group), at_once=True)
        assert made.wish() == "end"
    with coordinating(group, 1) as made:
        assert made.wish() is None  # it was the one before that was asked


def test_threads_of_one_coordinator_do_not_get_into_each_others_way(group):
    with coordinating(group, 4) as made:
        published = []

        def work(number):
            token = made.grant(f"run-{number}", 1)
            with made.publishing(token) as is_held:
                published.append(is_held)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert published == [True] * 16
    assert len({token for token, _ in held(group)}) == 16


def test_a_file_that_can_not_be_written_is_infrastructure_and_says_what_to_do(group):
    with coordinating(group, 1) as made:
        with sqlite3.connect(group.leases) as connection:
            connection.execute("DROP TABLE leases")
        with pytest.raises(InfrastructureError, match="podium doctor"):
            made.grant("a", 1)


def test_a_group_that_nobody_worked_on_has_no_coordinator_and_no_leases(group):
    assert leases.last(group) is None
    assert leases.all_of(group) == []
