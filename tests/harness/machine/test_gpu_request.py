"""A request for GPUs, followed down to the OCI runtime: an engine of the test's own, and a stand-in for NVIDIA's hook.

What this can't show is what the real hook does with the request: there is no GPU here.
"""

import time

import pytest

from harness.errors import UserError
from harness.machine.gpu_request import given, refuse_what_cannot_be
from harness.machine.gpus import Inventory, inventory
from harness.results.record import GpuUseRecord
from harness.sandbox.base import Gpus, Limits, SandboxSpec
from harness.sandbox.docker import DockerSandbox
from harness.sandbox.gpu import check_gpus
from harness.sandbox.options import container_options
from harness.watch.gpus import GpuWatch
from harness.watch.sampler import Sampler
from harness.watch.samples import read
from tests.harness import fake_nvidia
from tests.harness.fake_nvidia import A100, CTK, SECOND, SLICE, noted, nvidia_smi, runtime_hook, says
from tests.second_engine import second_engine


@pytest.mark.engine
def test_a_request_reaches_the_runtime_as_it_was_meant(tmp_path):
    runtime_hook(tmp_path / "bin", tmp_path / "notes")
    asked = ["1", "2", "all", SECOND, f"{SECOND},{A100}", SLICE, "0,1"]
    with second_engine(tmp_path / "bin") as engine:
        image, client = engine.tiny_image(), engine.client()
        for text in asked:
            check_gpus(client, image, Gpus.parse(text))
        assert client.containers.list(all=True) == []
    seen = noted(tmp_path / "notes")
    assert [note["arguments"] for note in seen] == [["prestart"]] * len(asked)
    given = [dict(note["environment"]) for note in seen]
    assert [one["NVIDIA_VISIBLE_DEVICES"] for one in given] == [
        *("0", "0,1", "all", SECOND, f"{SECOND},{A100}", SLICE, "0,1")
    ]
    assert {one["NVIDIA_DRIVER_CAPABILITIES"] for one in given} == {"compute,utility"}


@pytest.mark.engine
def test_an_image_cannot_help_itself_to_gpus(tmp_path):
    """Many images say `NVIDIA_VISIBLE_DEVICES=all`; an engine with NVIDIA's runtime as its default would follow."""
    runtime_hook(tmp_path / "bin", tmp_path / "notes")
    with second_engine(tmp_path / "bin") as engine:
        client = engine.client()
        base = client.containers.create(engine.tiny_image(), ["/bin/true"], network_mode="none")
        greedy = base.commit(
            "podium-test/greedy", conf={"Env": ["NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=all"]}
        ).id
        check_gpus(client, greedy, Gpus(ids=(SECOND,)))
        spec = SandboxSpec(name="x", image=greedy, limits=Limits(30, 256 << 20, 1))
        made = client.containers.create(**container_options(spec) | {"mounts": [], "working_dir": "/", "name": None})
        without = dict(line.partition("=")[::2] for line in made.attrs["Config"]["Env"])
        made.remove(force=True)
    (seen,) = noted(tmp_path / "notes")
    # Of a variable that is there twice the runtime reads the last.
    given = dict(seen["environment"])
    assert given == {"NVIDIA_VISIBLE_DEVICES": SECOND, "NVIDIA_DRIVER_CAPABILITIES": "compute,utility"}
    assert without["NVIDIA_VISIBLE_DEVICES"] == "void"


@pytest.mark.engine
def test_an_engine_without_the_hook_hands_out_none(tmp_path):
    with second_engine() as engine:
        image, client = engine.tiny_image(), engine.client()
        with pytest.raises(UserError, match="can't hand out GPUs"):
            check_gpus(client, image, Gpus(count=1))
        assert client.containers.list(all=True) == []


def never(*anything):
    raise AssertionError("nothing may be built or started for it")


def test_an_old_toolkit_is_refused_before_anything_is_made_ready(tmp_path):
    environ = says(tmp_path, "nvidia-ctk", CTK.format("1.17.4"))
    with pytest.raises(UserError, match=r"toolkit 1\.17\.4 .*1\.17\.8"):
        refuse_what_cannot_be(None, never, Gpus(count=1), Inventory(), environ, never)


def test_gpus_that_are_not_here_are_refused_before_anything_is_made_ready(tmp_path):
    environ = nvidia_smi(tmp_path, fake_nvidia.PLAIN) | says(tmp_path, "nvidia-ctk", CTK.format("1.18.0"))
    with pytest.raises(UserError, match="no GPU 5"):
        refuse_what_cannot_be(None, never, Gpus(ids=("5",)), inventory(environ), environ, never)


@pytest.mark.engine
def test_a_toolkit_of_unknown_version_is_said(tmp_path):
    runtime_hook(tmp_path / "bin", tmp_path / "notes")
    said = []
    with second_engine(tmp_path / "bin") as engine:
        environ = {"PATH": str(tmp_path)}
        refuse_what_cannot_be(engine.client(), engine.tiny_image, Gpus(count=1), Inventory(), environ, said.append)
    assert len(said) == 1 and "is not known" in said[0] and "nvidia-ctk --version" in said[0]


class SleepingBox(DockerSandbox):
    """The real sandbox around an image that has no supervisor."""

    def options(self):
        return super().options() | {"entrypoint": ["/bin/sleep", "60"], "working_dir": "/"}


@pytest.mark.engine
def test_what_a_boxs_gpu_does_is_sampled_beside_its_cpu(tmp_path):
    """The whole path of a GPU run but for the driver: request, container, the tool that tells, samples, sums."""
    runtime_hook(tmp_path / "bin", tmp_path / "notes")
    environ = nvidia_smi(tmp_path / "tools", fake_nvidia.PLAIN)
    here, limits = inventory(environ), Limits(60, 64 << 20, 1, workspace_bytes=32 << 20)
    with second_engine(tmp_path / "bin") as engine, GpuWatch(environ, here) as gpus:
        spec = SandboxSpec("podium-test-gpu", engine.tiny_image(), limits, gpus=Gpus.parse("1"))
        box = SleepingBox(engine.client(), spec, workspace_folder=tmp_path / "workspaces", environ=engine.environ)
        sampler = Sampler(tmp_path / "resources.jsonl", box.resources, lambda: gpus.of(given(spec.gpus, here)))
        try:
            box.start()
            assert box.effective()["device_requests"][0]["Count"] == 1
            deadline = time.monotonic() + 20
            while gpus.of([A100])[0].memory_bytes is None and time.monotonic() < deadline:
                time.sleep(0.05)
            for second in range(3):
                sampler.tick(float(second))
        finally:
            box.remove()
    assert noted(tmp_path / "notes")
    record = sampler.close()
    assert record.gpus == (GpuUseRecord(id=A100, peak_memory_bytes=2048 << 20, mean_utilization_percent=37.0),)
    assert record.cpu_seconds > 0 and record.peak_memory_bytes > 0
    assert [sample.gpus[0].utilization_percent for sample in read(tmp_path / "resources.jsonl")] == [37.0] * 3
