"""The engine that tests start beside the user's: what it promises to those who kill it."""

from pathlib import Path

import pytest

from harness.machine.engine import Machine, ask
from tests.second_engine import second_engine

pytestmark = pytest.mark.engine


def runs(pid):
    """Whether a process is there that has not ended; one that nobody has waited for yet is over."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_second_engine_is_apart_survives_a_kill_and_leaves_nothing(engine):
    with second_engine() as second:
        image = second.tiny_image()
        client = second.client()
        assert client.info()["ID"] != engine.info()["ID"]
        box = client.containers.create(image, ["/bin/sleep", "600"], network_mode="none", init=True)
        box.start()
        assert box.id not in {container.id for container in engine.containers.list(all=True)}
        second.kill()
        assert isinstance(ask(Machine(second.environ, uid=0)), str)
        second.start()
        assert client.containers.get(box.id).status == "exited"
        inside = second.processes()
        assert second.pid in inside
    assert not second.processes()
    assert not [pid for pid in inside if runs(pid)]
    assert not second.folder.exists()
    assert not list(Path("/sys/fs/cgroup").glob(f"*/{second.group}")) + list(Path("/sys/fs/cgroup").glob(second.group))
    assert str(second.folder) not in Path("/proc/self/mountinfo").read_text()
    assert engine.ping()
