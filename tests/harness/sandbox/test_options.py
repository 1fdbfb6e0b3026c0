"""What a container is created with, before any engine sees it."""

import pytest

from harness.sandbox.base import GIB, Gpus, Limits, SandboxSpec
from harness.sandbox.options import container_options


def options(**more):
    limits = Limits(wall_seconds=1, memory_bytes=GIB, cpus=1.5)
    return container_options(SandboxSpec(name="box", image="sha256:0", limits=limits, **more))


@pytest.mark.parametrize(
    ("text", "count", "ids"),
    [("2", 2, None), ("all", -1, None), ("GPU-8a1b,GPU-9c2d", 0, ["GPU-8a1b", "GPU-9c2d"]), ("1,3", 0, ["1", "3"])],
)
def test_gpus_become_device_requests(text, count, ids):
    (request,) = options(gpus=Gpus.parse(text))["device_requests"]
    assert (request.count, request.device_ids or None, request.capabilities) == (
        count,
        ids,
        [["gpu", "compute", "utility"]],
    )


def test_no_gpu_is_no_request():
    assert options()["device_requests"] == []


def test_nothing_of_the_host_enters_by_the_clients_own_settings():
    made = options(environment={"A": "1"})
    # An image that asks for every GPU gets none, be NVIDIA's runtime the engine's default.
    assert made["environment"] == {"NVIDIA_VISIBLE_DEVICES": "void", "A": "1"} and made["use_config_proxy"] is False


def test_nothing_is_shared_with_the_host_whatever_the_engines_defaults_are():
    made = options()
    assert (made["network_mode"], made["ipc_mode"], made["read_only"]) == ("none", "private", True)
    assert not {"privileged", "devices", "volumes", "volumes_from", "pid_mode", "userns_mode", "ports"} & made.keys()
    assert made["memswap_limit"] == made["mem_limit"] == GIB
