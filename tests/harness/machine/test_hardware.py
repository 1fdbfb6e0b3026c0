"""The record says what a run ran on. The texts are what kernels print."""

import pytest

from harness.machine import hardware
from tests.harness.fake_nvidia import CTK, PLAIN, nvidia_smi, says

X86 = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"


@pytest.mark.parametrize(("text", "model"), [(X86, "Intel(R) Xeon(R) CPU @ 2.20GHz"), (ARM, "0xd0c")])
def test_the_cpu_is_named(tmp_path, monkeypatch, text, model):
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "cpuinfo")
    assert hardware.host("1.2").cpu_model == model


def test_a_host_that_says_nothing_is_named_by_its_architecture(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "none")
    found = hardware.host("20.10 at unix:///var/run/docker.sock")
    assert found.cpu_model and found.cpus >= 1 and found.memory_bytes > 1 << 20
    assert found.engine == "20.10 at unix:///var/run/docker.sock"


def test_gpus_are_named_as_their_drivers_tool_states_them(tmp_path):
    environ = nvidia_smi(tmp_path, PLAIN) | says(tmp_path, "nvidia-ctk", CTK.format("1.17.8"))
    found = hardware.host("1", environ)
    assert found.gpus == ("NVIDIA A100-SXM4-80GB, 81920 MiB",) * 2
    assert "2 GPUs: NVIDIA A100-SXM4-80GB, 81920 MiB" in found.hardware
    assert (found.gpu_driver, found.gpu_toolkit) == ("535.161.08", "1.17.8")
    assert hardware.host("1", nvidia_smi(tmp_path)).gpus == ()
