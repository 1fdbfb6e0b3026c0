"""The agent is killed: by its own limits it is its own end, from outside infrastructure's; the record tells which."""

import os
import signal

import pytest

from harness.gateway.providers.fake import Hang, Say
from harness.results.layout import RunStatus
from tests.drills.conftest import tells

pytestmark = pytest.mark.engine


def box(drill, engine):
    (container,) = engine.containers.list(filters={"label": f"podium.group={drill.name}"})
    return container


@pytest.mark.parametrize(
    ("step", "signalled"), [(Hang(60), "KILL"), (Say(text="sleep 60"), "TERM")], ids=["model call", "script"]
)
def test_a_box_that_somebody_ends_through_the_engine_is_infrastructures(drill, engine, step, signalled):
    code, said = drill.during(step, lambda process: box(drill, engine).kill(signal=signalled))
    record = drill.only_run().read()
    assert (code, record.status) == (3, RunStatus.INFRA_FAILED), (said, record.reason)
    assert f"signal {signal.Signals[f'SIG{signalled}'].value}" in record.reason
    drill.model.script(*tells("submit"))
    drill.bench()
    drill.balance()
    drill.refuse_leftovers(engine)


def test_a_box_that_somebody_removes_is_infrastructures(drill, engine):
    code, _ = drill.during(Say(text="sleep 60"), lambda process: box(drill, engine).remove(force=True))
    record = drill.only_run().read()
    assert (code, record.status) == (3, RunStatus.INFRA_FAILED) and "removed while it ran" in record.reason
    drill.model.script(*tells("submit"))
    drill.bench()
    drill.balance()
    drill.refuse_leftovers(engine)


@pytest.mark.parametrize("step", [Hang(60), Say(text="sleep 60")], ids=["model call", "script"])
def test_an_agent_whose_process_is_killed_has_failed_and_is_graded(drill, engine, step):
    def kill(process):
        listed = box(drill, engine).top(ps_args="-eo pid,args")
        (agent,) = [pid for pid, command in listed["Processes"] if command.endswith("obey.py")][-1:]
        os.kill(int(agent), signal.SIGKILL)

    code, said = drill.during(step, kill)
    record = drill.only_run().read()
    assert (code, record.status) == (4, RunStatus.AGENT_FAILED), (said, record.reason)
    assert record.exit_code in (137, 128 + signal.SIGKILL) and drill.only_run().grade_file.is_file()
    drill.bench(expect=4)
    assert drill.only_run().read() == record  # an outcome is never had again
    drill.balance()
    drill.refuse_leftovers(engine)


def test_an_agent_that_takes_all_memory_has_failed_and_the_record_counts_the_kill(drill, engine):
    drill.model.script(*tells("submit", "eat"))
    drill.bench()
    record = drill.only_run().read()
    assert record.status is RunStatus.AGENT_FAILED and record.oom_kills >= 1
    assert "for memory" in record.reason and record.submission_from == "container"
    drill.balance()
    drill.refuse_leftovers(engine)
