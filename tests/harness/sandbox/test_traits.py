"""What an engine's own words make of it, and what people are told of that."""

import os
import platform
from pathlib import Path

import docker.errors
import pytest

from harness.machine import hardware
from harness.runs.before_runs import point_out_engine
from harness.sandbox.base import Limits, SandboxSpec
from harness.sandbox.docker import DockerSandbox
from harness.sandbox.placing import Boxes, PodmanSandbox, ask
from harness.sandbox.remote import RemoteSandbox


class SaysOfItself:
    """As much of the SDK's client as is asked about an engine; `mounts`: can it mount a folder of ours?"""

    def __init__(self, mounts=True, names=("Engine",), **info):
        self.containers = self
        self.mounts, self.names, self.tried = mounts, names, []
        self.said = {"KernelVersion": platform.release(), "OSType": "linux", "NCPU": 64, "MemTotal": 1 << 38, **info}

    def info(self):
        return self.said

    def version(self):
        return {"Components": [{"Name": name} for name in self.names]}

    def create(self, mounts, **options):
        (mount,) = mounts
        closed, folder = Path(mount["Source"]).parent, Path(mount["Source"])
        self.tried.append(mount["ReadOnly"] and folder.is_dir() and closed.stat().st_mode & 0o777 == 0o700)
        if not self.mounts:
            raise docker.errors.APIError("bind source path does not exist")
        return self

    def remove(self, force):
        self.tried.append("removed")


ROOTLESS = {"SecurityOptions": ["name=seccomp", "name=rootless"], "MemoryLimit": False, "PidsLimit": False}


@pytest.mark.parametrize(
    ("engine", "kind", "box"),
    [
        (SaysOfItself(), "local", DockerSandbox),
        (SaysOfItself(**ROOTLESS), "rootless", DockerSandbox),
        (SaysOfItself(mounts=False), "remote", RemoteSandbox),
        (SaysOfItself(KernelVersion="6.0.0-elsewhere"), "remote", RemoteSandbox),
        (SaysOfItself(names=("Podman Engine",)), "Podman", PodmanSandbox),
        (SaysOfItself(mounts=False, **ROOTLESS), "rootless, remote", RemoteSandbox),
    ],
)
def test_an_engine_gets_the_box_that_fits_it(engine, kind, box, tmp_path):
    boxes = Boxes(engine, workspace_folder=tmp_path, environ={}, relay=tmp_path)
    spec = SandboxSpec("name", "image", Limits(1.0, 1 << 30, 1.0))
    assert boxes.traits("image").kind == kind and type(boxes.make(spec)) is box
    assert boxes.traits("image") is boxes.traits("image")  # it is asked once


def test_it_is_asked_to_mount_a_folder_that_only_this_user_may_reach_and_the_probe_goes():
    engine = SaysOfItself()
    assert ask(engine, "image").sees_host and engine.tried == [True, "removed"]


def test_what_can_not_be_limited_is_told_before_a_run():
    told = []
    point_out_engine(ask(SaysOfItself(**ROOTLESS), "image"), told.append)
    point_out_engine(ask(SaysOfItself(), "image"), told.append)
    assert len(told) == 1 and "can't limit memory, processes" in told[0] and "docs/engines.md" in told[0]


def test_a_run_elsewhere_is_recorded_with_the_machine_that_it_ran_on():
    here = hardware.host("20.10", {"PATH": os.environ["PATH"]})
    assert hardware.on(here, ask(SaysOfItself(), "image")) == here
    there = hardware.on(here, ask(SaysOfItself(mounts=False, OperatingSystem="Elsewhere 1"), "image"))
    assert there.cpus == 64 and there.memory_bytes == 1 << 38 and "Elsewhere 1" in there.cpu_model
    assert there.engine == "20.10 (remote)" and there.gpus == ()
