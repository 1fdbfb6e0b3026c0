"""Two commands on one machine: the second waits for what the first holds, says so, and runs once that is free."""

import json
import os
import signal
import subprocess
import time

import pytest

from harness.groups.holding import cpus_in_words
from harness.results.layout import RunStatus
from tests.e2e.conftest import SMALL, left_behind
from tests.e2e.test_kill import COMPETITION, start, wait_for_nodes

pytestmark = pytest.mark.engine
CPUS = sorted(os.sched_getaffinity(0))
WHOLE = ("--cpus", str(len(CPUS)))


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_second_command_waits_for_the_first_and_runs_when_that_has_ended_or_was_killed(podium, engine, how):
    before = left_behind(engine)
    first = start(podium, *WHOLE)
    wait_for_nodes(podium, 1, first)
    command = ["bench", "breast-cancer-wisconsin", "--agent", "nop", "--group", "second", *SMALL, *WHOLE]
    second = subprocess.Popen(
        podium.command(*command), env=podium.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    holder = f"run {COMPETITION}--aide--s0 of group g (pid {first.pid})"
    until = time.monotonic() + 60
    while not (waits := waits_for(podium)):
        assert second.poll() is None and time.monotonic() < until, second.stderr.read()
    assert waits == f"breast-cancer-wisconsin--nop--s0 waits: {holder} holds {cpus_in_words(CPUS)}"
    told = next(one["found"] for one in json.loads(podium("doctor", "--json").stdout) if one["name"] == "to lend")
    assert f"{holder} holds" in told and f"of group second (pid {second.pid}) waits" in told
    assert "reservation" not in podium("clean").stdout  # both live

    if how == "stopped":
        podium("stop", "g")
    else:
        first.kill()
    first.communicate(timeout=60)
    _, said = second.communicate(timeout=120)
    assert second.returncode == 4, said  # the agent does nothing
    record = podium.only_run("second").read()
    assert record.status is RunStatus.COMPLETED and record.reservation.waited_seconds > 0
    assert record.reservation.cpus == tuple(CPUS)
    if how == "killed":
        assert "removed what a killed command left: container" in said and "is free again: g" in said
    assert left_behind(engine) <= before


def test_what_a_killed_command_held_is_listed_and_taken_back_by_clean(podium, engine):
    process = start(podium)
    wait_for_nodes(podium, 1, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert "reservation g  of commands that are gone" in podium("clean").stdout
    assert "reservation g  of commands that are gone: removed" in podium("clean", "--yes").stdout
    assert "reservation" not in podium("clean").stdout


def waits_for(podium):
    time.sleep(0.1)
    if not podium.group("second").declared.is_file():
        return None
    return json.loads(podium("status", "second", "--json").stdout)["waits_for"]
