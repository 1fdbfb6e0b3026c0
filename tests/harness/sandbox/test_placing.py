"""One box, the same on engines of all kinds: it has its data and its door, and nothing of it is left."""

import contextlib
import json
import socket
import subprocess
import threading
import uuid
from pathlib import Path

import docker
import pytest

from harness.contract import DOOR, HOME
from harness.machine.images import ensure_base
from harness.sandbox.base import MIB, Limits, Mount, SandboxSpec
from harness.sandbox.owner import OWNER_LABEL, me
from harness.sandbox.placing import Boxes, ask
from tests import other_engines

pytestmark = pytest.mark.engine
SMALL = Limits(
    wall_seconds=60,
    memory_bytes=256 * MIB,
    cpus=1,
    pids=64,
    shm_bytes=16 * MIB,
    tmp_bytes=16 * MIB,
    workspace_bytes=64 * MIB,
    submission_bytes=1 * MIB,
    grace_seconds=1,
)
RELAY = Path(__file__).parents[3] / "agent" / "relay.py"
SCRIPT = f"""
import json, os, socket, time
path = "{DOOR}/gateway.sock"
while not os.path.exists(path):
    time.sleep(0.05)
door = socket.socket(socket.AF_UNIX)
door.connect(path)
door.sendall(b"x" * 100_000)
door.shutdown(socket.SHUT_WR)
back = b"".join(iter(lambda: door.recv(65536), b""))

def attempt(path):
    try:
        open(path, "w")
    except OSError as error:
        return "refused"
    return "written"

status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
open("/tmp/submission.csv", "w").write("id")
print(json.dumps({{
    "back": len(back),
    "data": open("/data/train.csv").read(),
    "told": open("/data/told.md").read(),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "capabilities": int(status["CapEff"], 16),
    "no new privileges": status["NoNewPrivs"],
    "root": attempt("/new"),
    "change": attempt("/data/new"),
}}))
"""
ENGINES = {
    "rootless": (other_engines.rootless, other_engines.missing_for_rootless),
    "podman": (other_engines.podman, other_engines.missing_for_podman),
}


@pytest.fixture(scope="module", params=["local", *ENGINES])
def host(request, real_settings, engine):
    """An engine's address, with the base image in it."""
    base = ensure_base(real_settings, print)
    if request.param == "local":
        yield request.param, None, base
        return
    start, missing = ENGINES[request.param]
    if reason := missing():
        pytest.skip(reason)
    with start() as address:
        with subprocess.Popen(["docker", "save", base], stdout=subprocess.PIPE) as source:
            client = docker.DockerClient(base_url=address, timeout=300)
            client.images.load(iter(lambda: source.stdout.read(1 << 20), b""))
        yield request.param, address, client.images.list()[0].id


@pytest.fixture
def door(tmp_path):
    """A socket that says back what it hears; its folder lies as a run's door does, where nobody else may enter."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / "d"
    folder.mkdir(mode=0o755)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "gateway.sock"))
    (folder / "gateway.sock").chmod(0o666)
    server.listen()

    def answer():
        with contextlib.suppress(OSError):
            connection, _ = server.accept()
            heard = b"".join(iter(lambda: connection.recv(1 << 16), b""))
            connection.sendall(heard)
            connection.close()

    threading.Thread(target=answer, daemon=True).start()
    yield folder
    server.close()


def test_a_box_has_its_data_and_its_door_on_every_kind_of_engine(host, door, tmp_path, engine):
    kind, address, image = host
    client = docker.DockerClient(base_url=address, timeout=60) if address else engine
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.csv").write_text("x")
    (data / "told.md").write_text("")
    (tmp_path / "told.md").write_text("told")
    traits = ask(client, image)
    boxes = Boxes(
        client,
        workspace_folder=tmp_path / "workspaces",
        environ={"DOCKER_HOST": address} if address else {},
        relay=RELAY,
    )
    spec = SandboxSpec(
        name=f"podium-test-{uuid.uuid4().hex[:12]}",
        image=image,
        limits=SMALL,
        command=("python3", "-c", SCRIPT),
        mounts=(Mount(data, "/data"), Mount(tmp_path / "told.md", "/data/told.md"), Mount(door, DOOR)),
        workspace=HOME,
        user="10001:10001",
        capabilities={},
        python="python3",
        labels={OWNER_LABEL: me()},
    )
    box = boxes.make(spec)
    try:
        box.start()
        ending = box.wait(lambda: 0.0)
        in_force = box.effective()
    finally:
        box.remove()

    assert ending.exit_code == 0, ending.log_tail
    assert json.loads(ending.log_tail) == {
        "back": 100_000,
        "data": "x",
        "told": "told",
        "interfaces": ["lo"],
        "capabilities": 0,
        "no new privileges": "1",
        "root": "refused",
        "change": "refused",
    }
    ours = {"filters": {"name": spec.name}}
    assert client.containers.list(all=True, **ours) == [] and client.volumes.list(**ours) == []
    assert traits.podman == (kind == "podman") and traits.rootless == (kind == "rootless")
    # Another user's engine can't enter a run's door: the box is then the one for engines elsewhere.
    assert traits.sees_host == (kind != "rootless")
    expected = {"local": "local", "podman": "Podman", "rootless": "rootless, remote"}
    assert traits.kind == expected[kind]
    assert in_force["network_mode"] == "none" and in_force["read_only_root"] and not in_force["privileged"]
    assert in_force["not_limited"] == list(traits.not_limited)
    assert ("memory" in traits.not_limited) == (in_force["memory_bytes"] is None)
