"""A Ray cluster as the place of runs: reached only where it asks for a token and has no public address.

Whoever may talk to a cluster may run anything on its machines, as whoever started it there, and Ray asks nobody by
default. So before anything is sent: this process has a token, the head refuses whoever has none (it is tried), and no
address of head, nodes or machines can be reached from everywhere. Clusters are made by their owner, never here.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import InfrastructureError, UserError
from harness.groups import gpu_nodes
from harness.groups.executor import Needs
from harness.nodes import addresses, gpus
from harness.nodes.keeper import Keeper
from harness.sandbox.base import GIB

ADDRESS_VARIABLE = "RAY_ADDRESS"
MODE_VARIABLE, TOKEN = "RAY_AUTH_MODE", "token"
DEFAULT_PORT = 6379
REACH_SECONDS = 5.0
PROBE_SECONDS = 90.0
WATCH_SECONDS = 3.0
HEAD_GONE_SECONDS = 20.0  # a restart of a head takes less, where its state is kept
# By default a process that can't reach the head for 60 s is ended by Ray, without a word to anybody.
RAYS_PATIENCE = ("RAY_gcs_rpc_server_reconnect_timeout_s", "3600")
SHUTDOWN_SECONDS = 15.0
METHODS_AT_ONCE = 4
ASK_SECONDS = 60.0
NODE_LABEL = "ray.io/node-id"

# Does the head serve somebody without a token? Asked in a process of its own: Ray reads its mode once.
PROBE = """
import sys
from ray._raylet import GcsClient
from ray.exceptions import AuthenticationError
try:
    GcsClient(address=sys.argv[1]).check_alive([], timeout=10)
except AuthenticationError:
    print("refused")
else:
    print("served")
"""


@dataclass(frozen=True)
class Machine:
    """A living node, with all that it has."""

    id: str
    hostname: str
    address: str
    cpus: float
    memory_bytes: float
    gpus: float

    def holds(self, needs: Needs) -> bool:
        """Could it carry such a run, were it idle? GPUs are a matter of their own: `gpu_nodes.py`."""
        return self.cpus >= needs.cpus and self.memory_bytes >= needs.memory_bytes

    def __str__(self) -> str:
        gpus = f", {self.gpus:g} GPUs" if self.gpus else ""
        return f"{self.hostname} ({self.cpus:g} CPUs, {self.memory_bytes / GIB:.1f} GiB{gpus})"


@dataclass
class Cluster:
    """A cluster that this process is connected to."""

    address: str
    ray: Any
    _gone: threading.Event = field(default_factory=threading.Event)
    _closed: threading.Event = field(default_factory=threading.Event)
    _gpus: dict[str, list[str]] = field(default_factory=dict)  # by node, as far as somebody asked

    @property
    def head_is_gone(self) -> bool:
        """Has the head not answered for a while? Then nothing can be placed, and soon its nodes end themselves."""
        return self._gone.is_set()

    def machines(self) -> list[Machine]:
        """The living nodes."""
        return [_machine(node) for node in self.ray.nodes() if node["Alive"]]

    def fitting(self, needs: Needs, excluded: Collection[str] = ()) -> list[Machine]:
        """The nodes that could carry such a run, were they idle."""
        holding = [one for one in self.machines() if one.id not in excluded and one.holds(needs)]
        return gpu_nodes.fitting(needs, holding, self._gpus_of)

    def refuse_needs(self, needs: Needs, excluded: Collection[str] = ()) -> list[Machine]:
        """Those nodes; raise `InfrastructureError` where there are none."""
        found = self.fitting(needs, excluded)
        if not found:
            machines = [machine for machine in self.machines() if machine.id not in excluded]
            gpus = f", GPUs: {needs.gpus}," if needs.gpus else ""
            there = ", ".join(map(str, machines)) or "none that is left"
            raise InfrastructureError(
                f"no node of {self.address} has {needs.cpus:g} CPUs and {needs.memory_bytes / GIB:.1f} GiB{gpus} for a "
                f"run; there are: {there}. Ask for less (--cpus, --memory), or add nodes: ray start --address …"
            )
        return found

    def keeper(self, needs: Needs, excluded: Collection[str] = ()) -> Any:
        """Have a keeper placed where there is room; its methods answer once it is. Those nodes are passed over."""
        found = self.refuse_needs(needs, excluded)
        where = f"!in({','.join(sorted(excluded))})" if excluded else ""
        if needs.gpus:  # which ones the cluster can't tell by count alone
            where = f"in({','.join(sorted(machine.id for machine in found))})"
        remote = self.ray.remote(RayKeeper).options(
            num_cpus=needs.cpus,
            memory=needs.memory_bytes,
            num_gpus=gpu_nodes.taken(needs, found[0]),
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=METHODS_AT_ONCE,
            scheduling_strategy="SPREAD",
            **({"label_selector": {NODE_LABEL: where}} if where else {}),
        )
        return remote.remote()

    def _gpus_of(self, machine: Machine) -> list[str]:
        """The UUIDs of a node's GPUs, which it is asked for once."""
        if machine.id not in self._gpus:
            asking = self.ray.remote(gpus.listed).options(
                num_cpus=0, max_retries=0, label_selector={NODE_LABEL: machine.id}
            )
            try:
                self._gpus[machine.id] = self.ray.get(asking.remote(), timeout=ASK_SECONDS)
            except self.ray.exceptions.RayError:  # gone, or slow: it is asked again when the run waits for it
                return []
        return self._gpus[machine.id]

    def watch(self) -> None:
        """Notice when the head is gone. Ray itself says nothing for a minute, then ends this process."""
        last = time.monotonic()
        while not self._closed.wait(WATCH_SECONDS):
            if _answers(self.address):
                last = time.monotonic()
                self._gone.clear()
            elif time.monotonic() - last > HEAD_GONE_SECONDS:
                self._gone.set()

    def close(self) -> None:
        """Leave the cluster. Without a head that may never end, so it is not waited for forever."""
        self._closed.set()
        leaving = threading.Thread(target=self.ray.shutdown, name="leave-cluster", daemon=True)
        leaving.start()
        leaving.join(SHUTDOWN_SECONDS)


class RayKeeper(Keeper):
    """A keeper that knows where Ray placed it."""

    def where(self) -> list[str]:
        """The node's id, and the ids of the GPUs that this keeper was given."""
        import ray

        return [ray.get_runtime_context().get_node_id(), *map(str, ray.get_gpu_ids())]


@contextlib.contextmanager
def connected(address: str | None, environ: Mapping[str, str]) -> Iterator[Cluster]:
    """Be connected to the cluster at `HOST:PORT`, else to the one that `RAY_ADDRESS` names; refuse one that is open."""
    wanted = with_port(address or environ.get(ADDRESS_VARIABLE, ""))
    ray = _ray()
    refuse_without_token(environ)
    addresses.refuse_public([addresses.host_of(wanted)], "the cluster's head")
    addresses.refuse_public(addresses.own(), "this machine")
    if not _answers(wanted):
        raise InfrastructureError(
            f"no Ray cluster answers at {wanted}. On its head: {MODE_VARIABLE}={TOKEN} ray start --head --port "
            f"{wanted.rpartition(':')[2]} --disable-usage-stats   (docs/many-machines.md)"
        )
    refuse_open(wanted)
    os.environ.setdefault(*RAYS_PATIENCE)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nobody is told what runs here
    try:
        _be_quiet(ray)
        ray.init(address=wanted, log_to_driver=False, configure_logging=False, namespace="podium")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InfrastructureError(f"the Ray cluster at {wanted} can't be joined: {error}") from error
    cluster = Cluster(wanted, ray)
    try:
        addresses.refuse_public([machine.address for machine in cluster.machines()], "a node of the cluster")
        threading.Thread(target=cluster.watch, name="watch-head", daemon=True).start()
        yield cluster
    finally:
        cluster.close()


def with_port(address: str) -> str:
    """`HOST:PORT`; raise `UserError` for what is not an address of a cluster."""
    if not address:
        raise UserError(
            "--executor ray needs a cluster: name its head with --ray-address HOST:PORT, or set "
            f"{ADDRESS_VARIABLE}. How to make one: docs/many-machines.md"
        )
    if "://" in address or address in ("auto", "local"):
        raise UserError(f"--ray-address {address!r}: the head's own HOST:PORT, as in 10.0.0.5:{DEFAULT_PORT}")
    host = addresses.host_of(address)
    return address if host != address else f"{address}:{DEFAULT_PORT}"


def refuse_without_token(environ: Mapping[str, str]) -> None:
    """Raise `UserError` where this process would talk to anybody's cluster."""
    if environ.get(MODE_VARIABLE) != TOKEN:
        found = environ.get(MODE_VARIABLE)
        raise UserError(
            f"{MODE_VARIABLE} is {found or 'not set'}: without a token, whoever reaches a port of the cluster may run "
            f"anything on its machines. Make one, on every machine the same (ray get-auth-token --generate), set "
            f"{MODE_VARIABLE}={TOKEN} for every `ray start` and here: docs/many-machines.md"
        )


def refuse_open(address: str) -> None:
    """Raise `UserError` where the head serves whoever comes, whatever this process is set to."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE, address],
            env={**environ, MODE_VARIABLE: "disabled"},
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InfrastructureError(f"the head at {address} did not answer within {PROBE_SECONDS:.0f} s") from error
    if done.stdout.strip() == "served":
        raise UserError(
            f"the cluster at {address} serves whoever reaches it: it was started without {MODE_VARIABLE}={TOKEN}. Stop "
            "it, and start head and nodes with that set: docs/many-machines.md"
        )
    if done.stdout.strip() != "refused":
        words = done.stderr.strip().splitlines()[-1:] or ["no word of why"]
        raise InfrastructureError(f"whether the cluster at {address} asks for a token can't be told: {words[0]}")


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise UserError(
            "--executor ray needs the package ray: .venv/bin/python -m pip install -e '.[ray]'   (make setup has it)"
        ) from error
    return ray


def _be_quiet(ray: Any) -> None:
    """Keep Ray's own words off standard output, which is for results; what matters is said in ours."""
    ray._private.worker._worker_logs_enabled = False


def _answers(address: str) -> bool:
    host, port = addresses.host_of(address), int(address.rpartition(":")[2])
    try:
        socket.create_connection((host, port), timeout=REACH_SECONDS).close()
    except OSError:
        return False
    return True


def _machine(node: Mapping[str, Any]) -> Machine:
    has = node["Resources"]
    return Machine(
        id=node["NodeID"],
        hostname=node["NodeManagerHostname"],
        address=node["NodeManagerAddress"],
        cpus=has.get("CPU", 0.0),
        memory_bytes=has.get("memory", 0.0),
        gpus=has.get("GPU", 0.0),
    )
