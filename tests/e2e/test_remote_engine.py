"""An engine that sees none of this machine's folders, as one on another machine: the same runs, by volumes and an exec.

The other machine is a second engine in a mount namespace of its own, where an empty folder lies over this machine's
temporary ones, so nothing of a test can be mounted there.
"""

import asyncio
import contextlib
import json
import os
import shutil
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
import trustme

from harness.gateway.providers.fake import Say
from harness.sandbox.placing import ask
from tests.e2e.conftest import KEY
from tests.second_engine import SecondEngine

pytestmark = pytest.mark.engine
COMPETITION = "breast-cancer-wisconsin"
NAME = "podium-remote-test"

AGENT_YAML = """\
title: A test's own, which uses all that the door is for
dockerfile: Dockerfile
command: [python3, /opt/run.py]
limits: {steps: 1, wall_minutes: 3}
"""
RUN = """\
import json, os, shutil, socket, stat, urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
gateway = os.environ["PODIUM_GATEWAY"]

def ask(number):
    messages = [{"role": "user", "content": "x" * 100_000}]
    body = json.dumps({"model": "fake", "messages": messages, "stream": number % 2 == 0}).encode()
    kind = {"content-type": "application/json"}
    request = urllib.request.Request(gateway + "/v1/chat/completions", body, kind)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode().count("hello from outside")

def attempt(action):
    try:
        return f"reached {action()}"
    except OSError as error:
        return f"refused {type(error).__name__}"

with ThreadPoolExecutor(8) as pool:
    answers = sum(pool.map(ask, range(20)))
data = sorted(path.name for path in Path("/home/data").iterdir())
sample = Path(os.environ["PODIUM_SAMPLE"]).read_bytes()
check = urllib.request.Request(gateway + "/podium/check?node=n1", sample + b"junk" * 500_000)
checked = json.load(urllib.request.urlopen(check, timeout=60))
relay = [pid for pid in os.listdir("/proc") if pid.isdigit() and os.stat(f"/proc/{pid}").st_uid == 10002]
found = {
    "answers": answers,
    "data": data,
    "checked": checked["valid"],
    "request": json.loads(Path(os.environ["PODIUM_REQUEST"]).read_text())["competition"]["id"],
    "interfaces": [name for _, name in socket.if_nameindex()],
    "relays": len(relay),
    "kill the relay": attempt(lambda: [os.kill(int(pid), 9) for pid in relay]),
    "own socket": attempt(lambda: open("/run/agent/relay/mine", "w")),
    "change the data": attempt(lambda: open("/home/data/new", "w")),
    "change the door": attempt(lambda: open("/run/agent/door/new", "w")),
    "change the relay": attempt(lambda: open("/run/agent/door/relay.py", "w")),
}
Path("/home/submission/submission.csv").write_bytes(sample)
print(json.dumps(found), flush=True)
"""
HIDDEN = """\
#!/bin/sh
# A mount namespace in which every folder of this machine's tests is empty, but for the engine's own.
exec unshare --mount sh -c '
set -e
keep=$1; shift
mkdir -p /run/podium-kept
mount -t tmpfs none /run/podium-kept
mkdir /run/podium-kept/own
mount --bind "$keep" /run/podium-kept/own
mount -t tmpfs none /tmp
mkdir -p "$keep"
mount --bind /run/podium-kept/own "$keep"
exec {dockerd} "$@"
' sh "{folder}" "$@"
"""


def can_be_had():
    return os.geteuid() == 0 and shutil.which("dockerd") and shutil.which("unshare")


@pytest.fixture
def elsewhere(tmp_path_factory):
    """A second engine that sees none of this machine's folders."""
    if not can_be_had():
        pytest.skip("a second engine takes root, dockerd and unshare")
    folder = Path(tmp_path_factory.mktemp("elsewhere", numbered=True))
    programs = folder / "programs"
    programs.mkdir()
    (programs / "dockerd").write_text(HIDDEN.format(dockerd=shutil.which("dockerd"), folder=folder / "engine"))
    (programs / "dockerd").chmod(0o755)
    (folder / "engine").mkdir()
    engine = SecondEngine(folder / "engine", programs)
    try:
        engine.start()
        yield engine
    finally:
        engine.remove()


@pytest.fixture
def over_tls(tmp_path):
    """An engine by tcp with TLS, both sides with certificates: what DOCKER_HOST and its like say then."""
    authority = trustme.CA()
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    authority.cert_pem.write_to_path(str(certificates / "ca.pem"))
    client = authority.issue_cert("client.test")
    client.private_key_pem.write_to_path(str(certificates / "key.pem"))
    client.cert_chain_pems[0].write_to_path(str(certificates / "cert.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def serve(engine):
        async def take(reader, writer):
            there, to = await asyncio.open_unix_connection(engine.host.removeprefix("unix://"))
            await asyncio.gather(pump(reader, to), pump(there, writer))

        async def pump(source, target):
            with contextlib.suppress(OSError):
                while data := await source.read(1 << 16):
                    target.write(data)
                    await target.drain()
            target.close()

        starting = asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
        server = asyncio.run_coroutine_threadsafe(starting, loop).result()
        port = server.sockets[0].getsockname()[1]
        return {
            "DOCKER_HOST": f"tcp://127.0.0.1:{port}",
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(certificates),
        }

    yield serve
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def load(engine, *images):
    """Copy images with their names."""
    with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as source:
        subprocess.run(["docker", "--host", engine.host, "load", "-q"], stdin=source.stdout, check=True, timeout=300)
    assert source.returncode == 0


def test_a_run_on_an_engine_that_mounts_nothing_is_the_same_run(model, podium, elsewhere, over_tls, tmp_path):
    agent = tmp_path / NAME
    agent.mkdir()
    (agent / "agent.yaml").write_text(AGENT_YAML)
    (agent / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nCOPY run.py /opt/run.py\n")
    (agent / "run.py").write_text(RUN)
    model.script(*[Say("hello from outside")] * 20)
    here = podium.bench(COMPETITION, "--agent", str(agent), "--model", "compatible/fake", group="here")
    load(elsewhere, "podium/base", f"podium/others/{NAME}", f"podium/others-own/{NAME}")
    client = elsewhere.client()
    traits = ask(client, f"podium/others/{NAME}")
    assert not traits.sees_host and traits.kind == "remote", here.stdout

    model.script(*[Say("hello from outside")] * 20)
    podium.environ |= over_tls(elsewhere)
    there = podium.bench(COMPETITION, "--agent", str(agent), "--model", "compatible/fake", group="there")
    assert "sees none of this machine's folders" in there.stderr + there.stdout

    folders = [podium.only_run(name) for name in ("here", "there")]
    records = [folder.read() for folder in folders]
    found, carried = (json.loads(folder.sandbox_log.read_text().strip().splitlines()[-1]) for folder in folders)
    assert [record.status for record in records] == ["completed", "completed"], records[1].reason
    assert found["relays"] == 0
    own = {"relays": 1, "kill the relay": "refused PermissionError", "own socket": "refused PermissionError"}
    assert carried == {**found, **own}, carried
    assert carried["answers"] == 20 and carried["checked"] is False and carried["interfaces"] == ["lo"]
    refused = ("own socket", "change the data", "change the door", "change the relay")
    assert all(carried[name].startswith("refused") for name in refused)
    assert [record.usage.calls for record in records] == [20, 20]
    assert records[0].submission_sha256 == records[1].submission_sha256 is not None
    grade = json.loads(folders[1].grade_file.read_text())
    assert grade["statement"]["no_test_signal"] is True, grade["statement"]["doubts"]
    assert "remote" in records[1].host.engine and records[1].sandbox["workspace_limit"] == "watched"
    assert KEY not in folders[1].sandbox_log.read_text()
    assert client.containers.list(all=True) == [] and client.volumes.list() == []
