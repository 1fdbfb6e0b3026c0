"""The options of a sandbox's container, in full, and what the engine says of them once they are in force.

Hardened by default; nothing is left to the engine's own defaults. Decides and describes; starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.sandbox.base import KEPT_CAPABILITIES, Gpus, SandboxSpec
from harness.sandbox.workspace import Workspace

NO_GPUS = {"NVIDIA_VISIBLE_DEVICES": "void"}
# What a driver gives a container: computing, and the tool that tells of it; no display, no video, no graphics.
GPU_CAPABILITIES = ["gpu", "compute", "utility"]
# The engine would copy the host's resolver into the box: its address is nobody's business there, and a look-up that
# can't succeed should fail at once.
NO_RESOLVER = {"dns": ["127.0.0.1"], "dns_search": ["."], "dns_opt": ["timeout:1", "attempts:1"]}


def container_options(spec: SandboxSpec) -> dict[str, Any]:
    """The options of `containers.create`."""
    from docker.types import LogConfig, Mount, Ulimit

    limits = spec.limits
    binds = [Mount(mount.target, str(mount.source), type="bind", read_only=True) for mount in spec.mounts]
    return {
        "image": spec.image,
        "command": list(spec.command) or None,
        "name": spec.name,
        "hostname": "podium",
        "user": spec.user,
        "working_dir": spec.folder or spec.workspace,
        # Many images ask for every GPU, and an engine whose default runtime is NVIDIA's would give them that.
        "environment": {**({} if spec.gpus else NO_GPUS), **spec.environment},
        # The SDK would copy the proxies of the host's ~/.docker/config.json into the box, with the passwords in them.
        "use_config_proxy": False,
        "labels": dict(spec.labels),
        "runtime": spec.runtime,
        "network_mode": spec.network,
        **(NO_RESOLVER if spec.network == "none" else {}),
        "read_only": True,
        "init": True,
        "cap_drop": ["ALL"],
        "cap_add": sorted(spec.capabilities),
        "security_opt": ["no-new-privileges:true"],
        "ipc_mode": "private",
        "pids_limit": limits.pids,
        "mem_limit": limits.memory_bytes,
        "memswap_limit": limits.memory_bytes,
        "nano_cpus": int(limits.cpus * 1e9),
        "cpuset_cpus": ",".join(map(str, spec.cpuset)),
        "shm_size": limits.shm_bytes,
        "ulimits": [
            Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files),
            Ulimit(name="core", soft=0, hard=0),
        ],
        "log_config": LogConfig(type=LogConfig.types.JSON, config={"max-size": str(limits.log_bytes), "max-file": "1"}),
        "tmpfs": {"/tmp": f"rw,nosuid,nodev,exec,size={limits.tmp_bytes},mode=1777"},  # noqa: S108 - inside the box
        "mounts": [Mount(spec.workspace, spec.name, type="volume"), *binds],
        "device_requests": _device_requests(spec.gpus),
        "restart_policy": {"Name": "no"},
        "auto_remove": False,
        "detach": True,
    }


def _device_requests(gpus: Gpus | None) -> list[Any]:
    from docker.types import DeviceRequest

    if gpus is None:
        return []
    if gpus.ids:
        return [DeviceRequest(device_ids=list(gpus.ids), capabilities=[GPU_CAPABILITIES])]
    return [DeviceRequest(count=gpus.count or 0, capabilities=[GPU_CAPABILITIES])]


def describe(attrs: Mapping[str, Any], workspace: Workspace | None) -> dict[str, Any]:
    """What is in force, from the engine's own inspection of the container."""
    host, config = attrs["HostConfig"], attrs["Config"]
    return {
        "image": attrs["Image"],
        "runtime": host.get("Runtime"),
        "network_mode": host["NetworkMode"],
        "read_only_root": host["ReadonlyRootfs"],
        "capabilities_dropped": host["CapDrop"],
        "capabilities_kept": {name: KEPT_CAPABILITIES.get(name, "?") for name in host["CapAdd"] or []},
        "security_options": host["SecurityOpt"],
        "privileged": host["Privileged"],
        "init": host["Init"],
        "ipc_mode": host["IpcMode"],
        "pids_limit": host["PidsLimit"],
        "memory_bytes": host["Memory"],
        "memory_and_swap_bytes": host["MemorySwap"],
        "cpus": host["NanoCpus"] / 1e9,
        "cpuset": host.get("CpusetCpus") or None,
        "shm_bytes": host["ShmSize"],
        "ulimits": {limit["Name"]: limit["Hard"] for limit in host["Ulimits"] or []},
        "tmpfs": host["Tmpfs"],
        "log": {"driver": host["LogConfig"]["Type"], **(host["LogConfig"]["Config"] or {})},
        "mounts": [
            {"type": mount["Type"], "target": mount["Destination"], "writable": mount["RW"]}
            for mount in attrs["Mounts"]
        ],
        "workspace_limit": workspace.limit if workspace else None,
        "device_requests": host.get("DeviceRequests"),
        "user": config["User"],
    }
