"""A workspace that a killed process left half-made is found and released; one of a living process never is."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.sandbox import workspace
from harness.sandbox.owner import me

pytestmark = pytest.mark.engine
DEAD_OWNER = "/".join([*me().split("/")[:3], "1"])
MIB = 1 << 20


@pytest.fixture
def folder(tmp_path):
    """A folder for workspaces; whatever a test leaves attached to it is let go of."""
    made = tmp_path / "workspaces"
    made.mkdir()
    if not workspace.can_limit(os.environ):
        pytest.skip("loop devices need root and a local engine")
    yield made
    for image in made.glob("*.ext4"):
        workspace.release(image)
    for device in workspace.without_file(made):
        workspace.detach_deleted(device)


def attach(image):
    with image.open("wb") as file:
        file.truncate(MIB)
    done = subprocess.run(["losetup", "--find", "--show", str(image)], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def is_attached(device):
    return Path(f"/sys/block/{Path(device).name}/loop/backing_file").exists()


class Engine:
    """An engine whose volumes can't be made, or removed."""

    class volumes:  # noqa: N801 - as the SDK names it
        @staticmethod
        def create(**options):
            raise KeyboardInterrupt

        @staticmethod
        def get(name):
            import docker.errors

            raise docker.errors.NotFound("no such volume")


def test_what_a_killed_process_left_between_device_and_volume_is_found_and_released(folder):
    image = folder / "x.ext4"
    device = attach(image)
    image.with_suffix(".owner").write_text(DEAD_OWNER)
    assert list(workspace.half_made(folder)) == [image]
    workspace.release(image)
    assert not is_attached(device)
    assert list(folder.iterdir()) == []
    assert list(workspace.half_made(folder)) == []


def test_a_living_process_keeps_its_workspace(folder):
    attach(folder / "x.ext4")
    (folder / "x.owner").write_text(me())
    assert list(workspace.half_made(folder)) == []


def test_a_device_whose_file_was_deleted_is_found_and_let_go_of(folder):
    device = attach(folder / "x.ext4")
    (folder / "x.ext4").unlink()
    assert list(workspace.without_file(folder)) == [device]
    assert list(workspace.without_file(folder.parent)) == []
    workspace.detach_deleted(device)
    assert not is_attached(device)


def test_an_interrupt_while_a_workspace_is_made_leaves_nothing(folder):
    with pytest.raises(KeyboardInterrupt):
        workspace.create(Engine, "podium-test-x", 16 * MIB, folder, {}, os.environ)
    assert list(folder.iterdir()) == []
    devices = Path("/sys/block").glob("loop*/loop/backing_file")
    assert not [path for path in devices if path.read_text().startswith(str(folder))]


def test_a_tool_that_does_not_end_is_infrastructure(folder, monkeypatch):
    monkeypatch.setattr(workspace, "TOOL_SECONDS", 0.0)
    with pytest.raises(InfrastructureError, match="podium doctor"):
        workspace.create(Engine, "podium-test-x", 16 * MIB, folder, {}, os.environ)
    assert list(folder.iterdir()) == []
