"""The box, from inside with every right that it grants, and from outside as the engine describes it."""

from __future__ import annotations

import random
import subprocess
import threading
from pathlib import Path

import pytest

from harness.grading.grade_run import grade_run
from harness.results.layout import RunStatus
from tests.e2e.promises.conftest import KEY, LABEL, PROXY_PASSWORD, Rig, Run

pytestmark = pytest.mark.engine

# Runs as the container's root, then as the agent: nobody inside has more rights than these two together.
SEARCH = """
import json, os, stat, sys
NEEDLES = {needles!r}

def readable(top, skipped=()):
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in skipped]
        yield from (os.path.join(folder, name) for name in names)

def search():
    hits = []
    image = ("/opt/agent", "/opt/candidate", "/usr", "/proc", "/sys")
    paths = [*readable("/", image), *readable("/proc/self", ("/proc/self/task", "/proc/self/map_files"))]
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            content = os.read(descriptor, 1 << 24) if "pagemap" not in path and "kmsg" not in path else b""
            os.close(descriptor)
        except OSError:
            continue
        hits += [(path, name) for name, needle in NEEDLES.items() if needle.encode() in content]
    command = ("/proc/self/cmdline", "/proc/self/mem")  # this very script names what it looks for
    return [hit for hit in hits if hit[0] not in command]

def names():
    wanted = ("docker.sock", "containerd.sock", "competition.yaml", ".git", "private", "grade.py", "leaderboard.py")
    found = [path for path in readable("/", ("/proc", "/sys")) if os.path.basename(path) in wanted]
    found += [path for path, folders, _ in os.walk("/") for name in folders if name in (".git", "private", "harness")]
    system = ("/proc", "/sys", "/etc/ssl", "/usr/lib/ssl")
    return [path for path in found if "/site-packages/" not in path and not path.startswith(system)]

def writable_mounts():
    for line in open("/proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        target, options = before.split()[4:6]
        kind, source = after.split()[:2]
        if "rw" in options.split(","): yield [target, kind, source]

def door():
    out = {{}}
    for name, act in {{
        "write": lambda: open("/run/agent/door/new", "w"), "replace": lambda: os.unlink("/run/agent/door/gateway.sock"),
        "change": lambda: open("/run/agent/door/request.json", "a"), "data": lambda: open("/home/data/new", "w"),
        "prompts": lambda: open("/opt/podium/prompts/new", "w"),
    }}.items():
        try: act(); out[name] = "reached"
        except OSError as error: out[name] = error.strerror
    return out

as_root = search()
found = {{
    "names": names(), "environment": dict(os.environ), "writable": list(writable_mounts()), "door_as_root": door(),
    "init": open("/proc/1/environ").read(), "mounts": open("/proc/self/mountinfo").read(),
}}
os.setgroups([]); os.setgid(10001); os.setuid(10001)
print(json.dumps({{**found, "as_root": as_root, "as_agent": search(), "door_as_agent": door()}}))
"""


def test_no_label_key_engine_socket_or_repository_is_in_the_box_and_no_host_folder_is_writable(
    rig: Rig, private_copy: Path
) -> None:
    repository = str(Path(__file__).parents[3] / "harness")
    needles = {
        "label": LABEL,
        "key": KEY,
        "proxy password": PROXY_PASSWORD,
        "private folder": str(private_copy),
        "repository": repository,
    }
    found = rig.run(as_root=SEARCH.format(needles=needles)).said()
    assert found["as_root"] == [] and found["as_agent"] == []
    assert found["names"] == []
    for text in (found["init"], str(found["environment"]), found["mounts"]):
        assert not [name for name, needle in needles.items() if needle in text]
    assert {name for name in found["environment"] if "proxy" in name.lower() or "KEY" in name} == set()
    read_only = "Read-only file system"
    assert found["door_as_root"] == dict.fromkeys(("write", "replace", "change", "data", "prompts"), read_only)
    refused = {"Read-only file system", "Permission denied"}
    assert set(found["door_as_agent"].values()) <= refused
    # What is left to write to: the workspace, memory of the container's own, and the kernel's views.
    own = {"tmpfs", "proc", "devpts", "mqueue", "shm"}
    others = [mount for mount in found["writable"] if mount[1] not in own]
    assert [(target, kind) for target, kind, _ in others] == [("/home", "ext4")]
    assert others[0][2].startswith("/dev/loop")


def test_the_record_says_what_the_engine_says_and_labels_tell_whose_the_box_is(rig: Rig) -> None:
    run = rig.run("end()")
    assert run.record.status is RunStatus.COMPLETED, run.record.reason
    attrs, said = run.box.attrs, run.record.sandbox
    host, config = attrs["HostConfig"], attrs["Config"]
    assert run.record.image == said["image"] == attrs["Image"] and attrs["Image"].startswith("sha256:")
    assert said["network_mode"] == host["NetworkMode"] == "none"
    assert said["read_only_root"] is host["ReadonlyRootfs"] is True
    assert said["capabilities_dropped"] == host["CapDrop"] == ["ALL"]
    assert sorted(said["capabilities_kept"]) == sorted(host["CapAdd"]) == ["SETGID", "SETUID"]
    assert all(" " in reason for reason in said["capabilities_kept"].values())
    assert said["security_options"] == host["SecurityOpt"] == ["no-new-privileges:true"]
    assert said["privileged"] is host["Privileged"] is False
    assert said["init"] is host["Init"] is True
    assert said["pids_limit"] == host["PidsLimit"] == 128
    assert said["memory_bytes"] == said["memory_and_swap_bytes"] == host["Memory"] == host["MemorySwap"] == 1 << 30
    assert said["cpus"] == host["NanoCpus"] / 1e9 == 1
    assert said["shm_bytes"] == host["ShmSize"] == 16 << 20
    assert said["ulimits"] == {limit["Name"]: limit["Hard"] for limit in host["Ulimits"]} == {"nofile": 4096, "core": 0}
    assert said["tmpfs"] == host["Tmpfs"] and "size=16777216" in host["Tmpfs"]["/tmp"]
    assert said["log"] == {"driver": "json-file", "max-size": str(10 << 20), "max-file": "1"}
    mounts = {mount["Destination"]: (mount["Type"], mount["RW"]) for mount in attrs["Mounts"]}
    assert mounts == {
        "/home": ("volume", True),
        "/home/data": ("bind", False),
        "/opt/podium/prompts": ("bind", False),
        "/run/agent/door": ("bind", False),
    }
    assert {mount["target"]: (mount["type"], mount["writable"]) for mount in said["mounts"]} == mounts
    assert (host["Devices"] or [], host["Binds"] or [], host["VolumesFrom"] or []) == ([], [], [])
    assert (host["PidMode"], host["UTSMode"], host["IpcMode"]) == ("", "", "private")
    assert not host["OomKillDisable"] and host["RestartPolicy"]["Name"] == "no"
    assert run.record.candidate_isolation == "uid" and run.record.candidate_cpu_limit == "advisory"

    labels = config["Labels"]
    assert (labels["podium.group"], labels["podium.run"]) == (run.record.group, run.record.run_id)
    assert labels["podium.owner"] == run.record.owner and labels["podium.deadline"].isdecimal()
    ours = {name: labels[name] for name in ("podium.group", "podium.run", "podium.owner", "podium.deadline")}
    assert run.box.volume["Labels"].items() >= ours.items()
    assert said["workspace_limit"] == "loop" and run.box.volume["Options"]["type"] == "ext4"


def test_a_run_leaves_no_container_volume_loop_device_or_door(rig: Rig) -> None:
    run = rig.run("end()")
    assert run.box.name not in {item.name for item in rig.client.containers.list(all=True)}
    assert run.box.name not in {item.name for item in rig.client.volumes.list()}
    assert list(rig.workspaces.iterdir()) == []
    assert str(rig.workspaces) not in subprocess.run(["losetup", "-a"], capture_output=True, text=True).stdout
    (door,) = (mount["Source"] for mount in run.box.attrs["Mounts"] if mount["Destination"] == "/run/agent/door")
    assert not Path(door).parent.exists()


SUBMISSIONS = {
    "a link to the answers": ("os.symlink({answers!r}, 'submission.csv')", "is a link"),
    "a socket": ("socket.socket(socket.AF_UNIX).bind('submission.csv')", "missing from the engine's archive"),
    "sparse and within the limit": ("open('submission.csv', 'wb').truncate(4 << 20)", "NUL"),
}


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_a_submission_that_is_a_trick_is_graded_invalid_with_the_reason(
    rig: Rig, labelled: tuple, private_copy: Path, name: str
) -> None:
    statement, words = SUBMISSIONS[name]
    (answers,) = private_copy.glob("*.csv")
    run = rig.run("os.chdir('/home/submission')\n" + statement.format(answers=str(answers)) + "\nend()")
    report = grade_run(run.folder, run.record, *labelled)
    assert not report.valid and report.submission_exists and report.score is None
    assert words in (report.reason or ""), report.reason
    assert LABEL not in "".join(path.read_text() for path in run.folder.path.rglob("*") if path.is_file())


LINKED = """
out = {}
os.chdir("/home/submission")
for name, target in {"data": "/home/data/train.csv", "door": DOOR + "/request.json", "image": "/etc/passwd"}.items():
    out[name] = attempt(lambda: os.link(target, name))[0]
out["folder"] = attempt(lambda: os.rename("/home/submission", "/home/agent/s"))[0]
out["above"] = attempt(lambda: os.symlink("/home/data", "/home/x"))[0]
open("/home/agent/own.csv", "w").write("id,y\\n1,2\\n")
os.link("/home/agent/own.csv", "submission.csv")
end()
print(json.dumps(out))
"""


def test_a_hard_link_reaches_nothing_that_is_not_the_agents_own(rig: Rig) -> None:
    run = rig.run(LINKED)
    assert set(run.said().values()) == {"refused"}
    assert run.folder.submission.read_text() == "id,y\n1,2\n"


BESIDE = """
from agent.contract import NodeEvent
mine = {mine!r}
os.makedirs("/home/agent/nodes", exist_ok=True)
for path in ("/home/agent/secret", "/home/submission/secret", "/tmp/secret", "/dev/shm/secret"):
    open(path, "w").write(mine)
door = socket.socket(socket.AF_UNIX); door.bind("\\0" + mine); door.listen()
gateway.report(StartEvent(mine, {{}}))
while not gateway.status().stop:
    time.sleep(0.05)
found = []
places = ("/home", "/tmp", "/dev/shm", "/run", "/proc/self/net", "/sys/block")
for path in [os.path.join(folder, name) for top in places for folder, _, names in os.walk(top) for name in names]:
    try: content = open(path, "rb").read(1 << 20)
    except OSError: continue
    if {other!r}.encode() in content or {run!r}.encode() in content: found.append(path)
for line in os.listdir("/sys/block"):
    try: found += [p for p in [open("/sys/block/" + line + "/loop/backing_file").read()] if {run!r} in p]
    except OSError: pass
pids = [int(pid) for pid in os.listdir("/proc") if pid.isdigit()]
end()
print(json.dumps({{"found": found, "pids": len(pids), "socket": attempt(lambda: door.connect("\\0" + {other!r}))[0]}}))
"""


def test_two_runs_at_once_do_not_see_each_other(rig: Rig) -> None:
    first = random.randrange(1, 10**9)  # a name that no other run on this machine has
    up: set[int] = set()
    runs: dict[int, Run] = {}

    def one(seed: int, other: int) -> None:
        other_run = rig.plan.run_id.replace("--s0", f"--s{other}")
        code = BESIDE.format(mine=f"canary-of-{seed}", other=f"canary-of-{other}", run=other_run)
        runs[seed] = rig.run(code, seed=seed, on_event=lambda _: up.add(seed), should_stop=lambda: len(up) == 2)

    threads = [threading.Thread(target=one, args=pair) for pair in ((first, first + 1), (first + 1, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    assert len(runs) == 2
    for seed, run in runs.items():
        said = run.said()
        assert (said["found"], said["socket"]) == ([], "refused")
        assert said["pids"] < 10
        journal = run.folder.journal.read_text()
        assert journal.count("canary-of-") == 1 and f"canary-of-{seed}" in journal
