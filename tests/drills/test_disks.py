"""A disk that is full, or read-only, where results, data, workspaces or the box's own files lie."""

import shlex
import subprocess

import pytest

from harness.gateway.providers.fake import Say
from harness.results.layout import RunStatus
from tests.drills.conftest import tells

pytestmark = pytest.mark.engine


def ballast(folder):
    """Fill the file system at a folder to its last byte; return the file that does."""
    file = folder / "ballast"
    with file.open("wb", buffering=0) as taken:
        try:
            while taken.write(bytes(1 << 16)) == 1 << 16:
                pass
        except OSError:
            pass
    return file


def test_results_on_a_full_disk_are_infrastructures_and_room_is_all_it_takes_to_go_on(drill, engine, small_disk):
    small_disk(drill.results, 8)
    taken = []
    code, said = drill.during(Say(text="sleep 2"), lambda process: taken.append(ballast(drill.results)))
    assert code == 3 and "Traceback" not in said, said
    assert "No space left" in said and "podium" in said.splitlines()[-1]
    taken.pop().unlink()
    drill.model.script(*tells("submit"))
    drill.bench()
    drill.balance()
    folder = drill.only_run()
    assert [folder.attempt(number).read().status for number in folder.attempts()] == [RunStatus.LOST]
    drill.refuse_leftovers(engine)


def test_results_that_are_full_before_the_first_run_are_told_and_nothing_is_half_written(drill, small_disk):
    small_disk(drill.results, 1)
    taken = ballast(drill.results)
    done = drill.bench(expect=3)
    assert "No space left" in done.stderr and "Traceback" not in done.stderr
    taken.unlink()
    drill.model.script(*tells("submit"))
    drill.bench()
    drill.balance()


def test_results_that_are_read_only_are_refused_before_anything_starts(drill, small_disk):
    folder = small_disk(drill.results, 4)
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    done = drill.bench(expect=2)
    assert "can't be written" in done.stderr and "PODIUM_RESULTS" in done.stderr
    assert not drill.model.received


def test_results_that_become_read_only_under_a_run_are_infrastructures(drill, engine, small_disk):
    folder = small_disk(drill.results, 8)
    drill.model.script(*tells("submit"))
    over_it = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"  # what is open stays so
    struck = drill.struck("the submission is to be taken", shlex.join(["sh", "-c", over_it]))
    subprocess.run(["umount", folder], check=True)
    assert struck.returncode == 3 and "Traceback" not in struck.stderr, struck.stderr
    assert "read-only file system" in struck.stderr.lower() or "readonly" in struck.stderr
    drill.model.script(*tells("submit"))
    drill.bench()
    drill.balance()
    drill.refuse_leftovers(engine)


def test_data_that_do_not_fit_are_told_leave_nothing_and_are_prepared_where_there_is_room(drill, small_disk):
    data = small_disk(drill.home / "data", 1)
    taken = ballast(data)
    done = drill.bench(expect=2)
    assert "no space left" in done.stderr and "move PODIUM_HOME" in done.stderr
    assert {path.name for path in data.iterdir()} <= {"ballast", ".locks"}
    taken.unlink()
    drill.model.script(*tells("submit"))
    drill.bench()
    drill.balance()


def test_a_host_disk_that_fills_up_under_a_workspace_is_not_the_agents_fault(drill, engine, small_disk):
    folder = small_disk(drill.home / "workspaces", 24)  # a workspace may take 50 MiB
    drill.model.script(*tells("fill", "exit 1"))
    done = drill.bench(expect=3)
    record = drill.only_run().read()
    assert record.status is RunStatus.INFRA_FAILED, record.reason
    assert "disk" in record.reason and str(folder) in record.reason
    subprocess.run(["mount", "-o", "remount,size=200m", folder], check=True)
    drill.model.script(*tells("submit"))
    drill.bench()
    drill.balance()
    drill.refuse_leftovers(engine)
    assert "Traceback" not in done.stderr


def test_a_disk_that_the_agent_fills_is_its_own_and_the_run_goes_on(drill, engine):
    drill.model.script(*tells("fill", "write still-here", "exit 9"))
    drill.bench(expect=4)
    record = drill.only_run().read()
    assert record.status is RunStatus.AGENT_FAILED and "exited with 9" in record.reason
    said = [one.body["messages"][0]["content"] for one in drill.model.received]
    assert said[1].startswith("fill: No space left")
    assert drill.only_run().grade_file.is_file() and not list((drill.home / "workspaces").iterdir())
    drill.refuse_leftovers(engine)
