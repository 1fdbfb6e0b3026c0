"""The box, attacked: each test is one sentence of what it promises, against a real engine."""

import contextlib
import dataclasses
import json
import os
import socket
import threading
import time
import uuid

import pytest

from harness.errors import InfrastructureError, InvalidSubmission, UserError
from harness.sandbox import docker as docker_sandbox
from harness.sandbox import reap
from harness.sandbox.base import MIB, Gpus, Limits, Mount, SandboxSpec
from harness.sandbox.gpu import check_gpus
from harness.sandbox.owner import OWNER_LABEL, me

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
DEAD_OWNER = "/".join([*me().split("/")[:3], "1"])


class ScriptSandbox(docker_sandbox.DockerSandbox):
    """The real sandbox with a script in place of the supervisor."""

    def __init__(self, *args, script, user="0:0", **kwargs):
        super().__init__(*args, **kwargs)
        self.entry = {"entrypoint": ["/opt/agent/bin/python", "-I", "-c", script], "user": user}

    def options(self):
        return super().options() | self.entry


@pytest.fixture
def box(engine, image, tmp_path):
    """Make sandboxes that run a Python script; all are removed at the end."""
    made = []

    def make(script, *, limits=SMALL, mounts=(), owner=None, gpus=None, user="0:0", environ=None, cpuset=()):
        spec = SandboxSpec(
            name=f"podium-test-{uuid.uuid4().hex[:12]}",
            image=image.digest,
            limits=limits,
            mounts=mounts,
            gpus=gpus,
            cpuset=cpuset,
            labels={OWNER_LABEL: owner or me()},
        )
        sandbox = ScriptSandbox(
            engine, spec, workspace_folder=tmp_path / "workspaces", environ=environ or {}, script=script, user=user
        )
        sandbox.spec = spec
        made.append(sandbox)
        return sandbox

    yield make
    for sandbox in made:
        sandbox.remove()


def run(sandbox, tick=lambda: 0.0):
    """Start, wait, and return the ending."""
    sandbox.start()
    return sandbox.wait(tick)


USING = """
import os, time
held = bytearray(60 << 20)
with open("/home/file", "wb") as file:
    file.write(os.urandom(20 << 20))
    os.fsync(file.fileno())
ends = time.process_time() + 0.5
while time.process_time() < ends:
    pass
time.sleep(30)
"""


def said(ending):
    """The JSON that a script printed last."""
    return json.loads(ending.log_tail.strip().splitlines()[-1])


def test_a_box_runs_on_the_cpus_that_were_reserved_for_it_and_no_other(box):
    script = "import json, os; print(json.dumps(sorted(os.sched_getaffinity(0))))"
    mine = max(os.sched_getaffinity(0))
    sandbox = box(script, cpuset=(mine,))
    assert said(run(sandbox)) == [mine]
    assert sandbox.effective()["cpuset"] == str(mine)


def test_the_exit_code_comes_back(box):
    assert run(box("raise SystemExit(7)")).exit_code == 7


def test_there_is_no_network_interface_route_or_resolver(box):
    script = """
import json, pathlib, socket
try:
    socket.getaddrinfo("example.org", 80); looked_up = True
except OSError:
    looked_up = False
resolver = pathlib.Path("/etc/resolv.conf").read_text().splitlines()
print(json.dumps({
    "interfaces": sorted(line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]),
    "routes": len(open("/proc/net/route").readlines()) - 1,
    "resolvers": [line for line in resolver if line.startswith("nameserver")],
    "looked_up": looked_up,
}))"""
    found = said(run(box(script)))
    assert found == {"interfaces": ["lo"], "routes": 0, "resolvers": ["nameserver 127.0.0.1"], "looked_up": False}


def test_a_listener_on_the_host_is_never_reached(box, engine):
    gateway = engine.networks.get("bridge").attrs["IPAM"]["Config"][0].get("Gateway", "127.0.0.1")
    reached = threading.Event()
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        script = f"""
import socket, json
out = {{}}
for host in ("127.0.0.1", "{gateway}"):
    try:
        socket.create_connection((host, {port}), 2).close(); out[host] = "reached"
    except OSError as error:
        out[host] = type(error).__name__
print(json.dumps(out))"""

        def tick():
            with contextlib.suppress(TimeoutError):
                listener.accept()
                reached.set()
            return 0.0

        answers = said(run(box(script), tick))
        tick()
    assert "reached" not in answers.values()
    assert not reached.is_set()


def test_the_root_file_system_is_read_only_and_tmp_is_limited(box):
    script = """
import json, os
out = {}
for path in ("/etc/x", "/opt/x", "/usr/local/bin/x", "/run/x", "/var/x"):
    try:
        open(path, "w"); out[path] = "written"
    except OSError as error:
        out[path] = error.errno
try:
    with open("/tmp/big", "wb") as file:
        for _ in range(64): file.write(bytes(1 << 20))
    out["tmp"] = "written"
except OSError as error:
    out["tmp"] = error.errno
print(json.dumps(out))"""
    found = said(run(box(script)))
    assert found.pop("tmp") == 28  # ENOSPC
    assert set(found.values()) <= {30, 13}  # EROFS, EACCES


def test_a_full_workspace_is_an_error_inside_and_no_trouble_outside(box):
    script = """
import json, os
os.setgid(10001); os.setuid(10001)
try:
    with open("/home/submission/submission.csv", "wb") as file:
        for _ in range(200): file.write(bytes(1 << 20))
    print(json.dumps("written"))
except OSError as error:
    print(json.dumps(error.errno))"""
    sandbox = box(script)
    assert said(run(sandbox)) == 28
    assert sandbox.effective()["workspace_limit"] == "loop"


def test_a_watched_workspace_that_outgrows_its_limit_ends_the_box(box, monkeypatch):
    monkeypatch.setattr(docker_sandbox, "DISK_CHECK_SECONDS", 0.5)
    script = """
import os, time
os.setgid(10001); os.setuid(10001)
with open("/home/submission/x", "wb") as file:
    for _ in range(100): file.write(bytes(1 << 20))
time.sleep(60)"""
    # An engine that is not a local socket's is one where no loop device can be used.
    sandbox = box(script, environ={"DOCKER_HOST": "tcp://elsewhere"})
    ending = run(sandbox)
    assert ending.over_disk and not ending.timed_out
    assert sandbox.effective()["workspace_limit"] == "watched"


def test_a_watched_workspace_that_cannot_be_measured_ends_the_box(box, monkeypatch):
    monkeypatch.setattr(docker_sandbox, "DISK_CHECK_SECONDS", 0.1)
    monkeypatch.setattr(docker_sandbox, "LOOK_SECONDS", 0.001)
    ending = run(box("import time; time.sleep(60)", environ={"DOCKER_HOST": "tcp://elsewhere"}))
    assert ending.over_disk and not ending.timed_out


def test_root_inside_holds_only_the_capabilities_with_a_reason(box):
    script = r"""
import json, re
caps = dict(re.findall(r"Cap(\w+):\s+([0-9a-f]+)", open("/proc/self/status").read()))
flags = dict(re.findall(r"(NoNewPrivs|Seccomp):\s+(\d)", open("/proc/self/status").read()))
print(json.dumps({**caps, **flags}))"""
    found = said(run(box(script)))
    setuid_setgid = f"{(1 << 6) | (1 << 7):016x}"
    assert (found["Eff"], found["Prm"], found["Bnd"]) == (setuid_setgid,) * 3
    assert (found["Inh"], found["Amb"]) == ("0" * 16, "0" * 16)
    assert found["NoNewPrivs"] == "1"
    assert found["Seccomp"] == "2"


def test_an_unprivileged_process_holds_no_capability_at_all(box):
    script = r"""
import json, os, re
os.setgroups([]); os.setgid(10001); os.setuid(10001)
print(json.dumps(re.findall(r"Cap(?:Eff|Prm|Inh|Amb):\s+([0-9a-f]+)", open("/proc/self/status").read())))"""
    assert set(said(run(box(script)))) == {"0" * 16}


def test_processes_are_limited(box):
    script = """
import json, os, time
count = 0
try:
    while count < 500:
        if os.fork() == 0:
            time.sleep(20); os._exit(0)
        count += 1
except OSError as error:
    print(json.dumps([count, error.errno]), flush=True)
os._exit(0)"""
    count, error = said(run(box(script)))
    assert count < SMALL.pids and error == 11  # EAGAIN


def test_memory_is_limited_and_the_kill_of_a_child_is_counted(box):
    script = """
import os, time
child = os.fork()
if child == 0:
    hog = [bytearray(1 << 20) for _ in range(1000)]
_, status = os.waitpid(child, 0)
time.sleep(1.5)
print(status)"""
    ending = run(box(script))
    assert ending.exit_code == 0
    assert ending.log_tail.strip().endswith("9")  # SIGKILL
    assert ending.oom_kills >= 1


def test_shared_memory_is_limited(box):
    script = """
import json
try:
    with open("/dev/shm/x", "wb") as file:
        for _ in range(32): file.write(bytes(1 << 20))
    print(json.dumps("written"))
except OSError as error:
    print(json.dumps(error.errno))"""
    assert said(run(box(script))) == 28


def test_the_log_is_limited(box, engine):
    limits = Limits(**{**SMALL.__dict__, "log_bytes": 64 * 1024})
    sandbox = box("import os\nfor _ in range(5000): os.write(1, b'x' * 1023 + b'\\n')", limits=limits)
    run(sandbox)
    kept = engine.containers.get(sandbox.spec.name).logs()
    assert len(kept) <= 128 * 1024


def test_mounts_are_read_only(box, tmp_path):
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "train.csv").write_text("a\n1\n")
    folder.chmod(0o777)
    script = """
import json
out = [open("/home/data/train.csv").read()]
for path, mode in (("/home/data/new", "w"), ("/home/data/train.csv", "a")):
    try:
        open(path, mode); out.append("written")
    except OSError as error:
        out.append(error.errno)
print(json.dumps(out))"""
    sandbox = box(script, mounts=(Mount(folder, "/home/data"),))
    assert said(run(sandbox)) == ["a\n1\n", 30, 30]
    assert [entry.name for entry in folder.iterdir()] == ["train.csv"]


def test_the_wall_clock_limit_stops_the_box_also_when_signals_are_ignored(box):
    limits = Limits(**{**SMALL.__dict__, "wall_seconds": 1.0})
    script = "import signal, time\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(120)"
    began = time.monotonic()
    ending = run(box(script, limits=limits))
    assert ending.timed_out
    assert time.monotonic() - began < 30


def write_submission(statement):
    """A script that makes /home/submission/submission.csv as the agent would."""
    return f"import os\nos.setgid(10001); os.setuid(10001)\nos.chdir('/home/submission')\n{statement}"


def test_a_submission_is_fetched_from_the_stopped_box(box, tmp_path):
    sandbox = box(write_submission("open('submission.csv', 'w').write('id,y\\n1,2\\n')"))
    run(sandbox)
    assert sandbox.fetch("/home/submission/submission.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "id,y\n1,2\n"


def test_no_submission_is_no_error(box, tmp_path):
    sandbox = box("pass")
    run(sandbox)
    assert not sandbox.fetch("/home/submission/submission.csv", tmp_path / "out.csv")


@pytest.mark.parametrize(
    "statement",
    [
        "os.symlink('/home/data/train.csv', 'submission.csv')",
        "os.symlink('/etc/shadow', 'submission.csv')",
        "os.mkfifo('submission.csv')",
        "os.mkdir('submission.csv')",
        "open('submission.csv', 'wb').write(bytes(3 << 20))",
        "open('submission.csv', 'wb').truncate(50 << 20)",
    ],
    ids=["link to data", "link to a system file", "pipe", "folder", "too large", "sparse and too large"],
)
def test_a_submission_that_is_no_plain_file_is_refused(box, tmp_path, statement):
    sandbox = box(write_submission(statement))
    run(sandbox)
    with pytest.raises(InvalidSubmission):
        sandbox.fetch("/home/submission/submission.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_submission_folder_that_is_a_link_is_not_followed(box, tmp_path):
    script = write_submission(
        "os.mkdir('real'); open('real/submission.csv', 'w').write('x'); os.symlink('real', 'linked')"
    )
    sandbox = box(script)
    run(sandbox)
    assert not sandbox.fetch("/home/submission/linked/submission.csv", tmp_path / "out.csv")


def test_nothing_is_left_after_remove(box, engine, tmp_path):
    sandbox = box("pass")
    run(sandbox)
    sandbox.remove()
    names = [item.name for item in engine.containers.list(all=True)] + [item.name for item in engine.volumes.list()]
    assert sandbox.spec.name not in names
    assert list((tmp_path / "workspaces").iterdir()) == []
    sandbox.remove()  # idempotent


def test_a_box_that_cannot_start_leaves_nothing(box, engine, tmp_path):
    sandbox = box("pass", mounts=(Mount(tmp_path / "not there", "/home/data"),))
    with pytest.raises(InfrastructureError):
        sandbox.start()
    assert sandbox.spec.name not in [item.name for item in engine.volumes.list()]
    assert list((tmp_path / "workspaces").iterdir()) == []


def test_a_removal_that_fails_hides_no_error_and_can_be_tried_again(box, engine, tmp_path, monkeypatch):
    sandbox = box("pass", mounts=(Mount(tmp_path / "not there", "/home/data"),))
    real = docker_sandbox.workspaces.remove

    def in_use(client, workspace):
        raise InfrastructureError("the volume is in use")

    monkeypatch.setattr(docker_sandbox.workspaces, "remove", in_use)
    with pytest.raises(InfrastructureError, match="not there"):
        sandbox.start()
    monkeypatch.setattr(docker_sandbox.workspaces, "remove", real)
    sandbox.remove()
    assert sandbox.spec.name not in [item.name for item in engine.volumes.list()]


def test_a_container_that_was_made_and_never_known_of_goes_with_its_workspace(box, engine):
    """An interrupt may come between the engine's answer and its being read."""
    sandbox = box("import time; time.sleep(60)")
    sandbox.start()
    sandbox._container = None
    sandbox.remove()
    assert sandbox.spec.name not in [item.name for item in engine.containers.list(all=True)]
    assert sandbox.spec.name not in [item.name for item in engine.volumes.list()]


def test_a_box_removed_by_somebody_else_is_infrastructure(box, engine):
    sandbox = box("import time; time.sleep(60)")
    sandbox.start()
    engine.containers.get(sandbox.spec.name).remove(force=True)
    with pytest.raises(InfrastructureError):
        sandbox.wait(lambda: 0.0)


def test_orphans_of_dead_owners_are_found_and_removed_those_of_the_living_are_not(box, engine):
    orphan, kept = box("import time; time.sleep(60)", owner=DEAD_OWNER), box("import time; time.sleep(60)")
    orphan.start()
    kept.start()
    found = [item for item in reap.find(engine) if item.name in (orphan.spec.name, kept.spec.name)]
    assert [(item.kind, item.name) for item in found] == [("container", orphan.spec.name), ("volume", orphan.spec.name)]
    for item in found:
        reap.remove(engine, item)
    names = [item.name for item in engine.containers.list(all=True)] + [item.name for item in engine.volumes.list()]
    assert orphan.spec.name not in names
    assert names.count(kept.spec.name) == 2


def test_what_is_in_force_is_read_back_from_the_engine(box):
    sandbox = box("pass")
    sandbox.start()
    found = sandbox.effective()
    assert found["network_mode"] == "none" and found["read_only_root"] and not found["privileged"]
    assert found["memory_bytes"] == found["memory_and_swap_bytes"] == SMALL.memory_bytes
    assert found["pids_limit"] == SMALL.pids and found["cpus"] == SMALL.cpus and found["init"]
    assert found["capabilities_dropped"] == ["ALL"] and sorted(found["capabilities_kept"]) == ["SETGID", "SETUID"]
    assert [mount["target"] for mount in found["mounts"] if mount["writable"]] == ["/home"]
    assert found["image"].startswith("sha256:")


def test_the_runtime_that_was_asked_for_is_the_one_in_force(box, engine):
    other = next(name for name in engine.info()["Runtimes"] if name.startswith("io.containerd.runc"))
    sandbox = box("pass")
    sandbox._spec = dataclasses.replace(sandbox._spec, runtime=other)
    assert run(sandbox).exit_code == 0
    assert sandbox.effective()["runtime"] == other


def test_gpus_that_the_host_does_not_have_are_refused_before_anything_starts(engine, image):
    if any("nvidia" in name for name in engine.info()["Runtimes"]):
        pytest.skip("this engine has an NVIDIA runtime, so the refusal can't be seen here")
    before = {item.id for item in engine.containers.list(all=True)}
    with pytest.raises(UserError, match="podium doctor"):
        check_gpus(engine, image.digest, Gpus(count=1))
    assert {item.id for item in engine.containers.list(all=True)} <= before


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("", None),
        ("0", None),
        ("2", Gpus(count=2)),
        ("all", Gpus(count=-1)),
        ("GPU-8a1b,GPU-9c2d", Gpus(ids=("GPU-8a1b", "GPU-9c2d"))),
    ],
)
def test_gpu_requests_are_read(text, gpus):
    assert Gpus.parse(text) == gpus


def test_a_gpu_request_of_no_known_form_is_the_users_error():
    with pytest.raises(UserError, match="nvidia-smi"):
        Gpus.parse("first")


def test_what_a_box_uses_is_known_while_it_runs(box):
    sandbox = box(USING)
    sandbox.start()
    sandbox.effective()
    deadline = time.monotonic() + 60
    use = sandbox.resources()
    while time.monotonic() < deadline and (use.cpu_seconds < 0.5 or use.memory_bytes < 60 * MIB):
        time.sleep(0.1)
        use = sandbox.resources()
    assert 60 * MIB <= use.memory_bytes < 256 * MIB and use.memory_bytes <= use.kernel_peak_memory_bytes
    assert 0.5 <= use.cpu_seconds < 60 and use.throttled_seconds >= 0 and use.processes >= 2
    if sandbox._workspace.limit == "loop":
        assert 20 * MIB <= use.disk_bytes <= 64 * MIB
        assert use.written_bytes >= 20 * MIB
    sandbox.remove()
    assert sandbox.resources() is None
