"""An agent that floods and trespasses at its one door: the run's record stays whole, and is all that it writes."""

from __future__ import annotations

import pytest

from harness.gateway.journal import read_journal
from harness.rates.aggregate import aggregate
from harness.report import markdown
from harness.results.layout import RunStatus
from tests.e2e.promises.conftest import LABEL, Rig

pytestmark = pytest.mark.engine

# Speaks HTTP itself, so that nothing of ours stands between it and the gateway.
HTTP = """
def raw(*pieces, close=True, seconds=10):
    door = socket.socket(socket.AF_UNIX); door.settimeout(seconds); door.connect(SOCKET)
    try:
        for piece in pieces: door.sendall(piece)
        answer = door.recv(65536)
    except OSError as error:
        return type(error).__name__
    finally:
        if close: door.close()
    return answer.split(b"\\r\\n")[0].decode()[9:12] or "closed"

def post(path, body, *headers):
    lines = [f"POST {path} HTTP/1.1", "host: x", f"content-length: {len(body)}", *headers]
    return raw("\\r\\n".join(lines).encode() + b"\\r\\n\\r\\n" + body)

def event(**fields):
    return post("/podium/events", json.dumps(fields).encode())

def node(name, **more):
    return {"type": "node", "node": name, "step": 1, "action": "draft", "parents": [], "plan": "", "code": "x",
            "outcome": "ok", "exit_code": 0, "output": "", "score": 0.5, "buggy": False, "why_buggy": None,
            "analysis": "", "reviewed_by": "none", "submission_valid": None, "warm_start": False, "seconds": {},
            "tokens": {}, **more}
said = {}
"""

TRESPASSES = """
for name in ("../../x", "/etc/x", "..", "n0001/../../x", "n0001\\n", "N1", "", "a" * 33, "a\\0b", "ä"):
    said["node " + name] = event(**node(name)), event(type="best", node=name, score=None)
    said["check " + name] = post("/podium/check?node=" + name.replace("\\n", "%0A").replace("\\0", "%00")
                                 .replace("ä", "%C3%A4"), b"id,y\\n")
said["of another run"] = event(type="end", reason="steps", message="", best=None, run_id="other--aide--s0")
said["of another run by its path"] = post("/podium/events/../../other/journal.jsonl", b"{}")
said["files"] = [raw(f"GET {path} HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n".encode()) for path in
                 ("/", "/../../etc/passwd", "/podium/../run.json", "http://other/podium/status", "//etc/passwd")]
said["methods"] = [raw(f"{method} /podium/events HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n".encode())
                   for method in ("GET", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE")]
"""

NONSENSE = """
bytes_of_all_kinds = bytes(range(256)) * 40
lines = b"\\r\\n" * 50 + b"x\\r\\n\\r\\n"
said["not http"] = [raw(body) for body in (bytes_of_all_kinds, lines, b"\\x16\\x03\\x01" * 99)]
for _ in range(50): raw(bytes_of_all_kinds)
deep = (b"{" * 100_000, b'{"type":' * 50_000, b"[" * 3_000_000)
said["not json"] = [post("/podium/events", body) for body in (b"", b"[]", *deep, b"\\xff\\xfe", b"null\\n" * 1000)]
said["numbers"] = [post("/podium/events", json.dumps(node("n0001")).replace("0.5", number).encode())
                   for number in ("NaN", "1e999", "-Infinity")]
said["times"] = [event(**node("n0001", seconds={"execute": value})) for value in (1e308, -1.0, 1e12)]
said["huge event"] = event(**node("n0001", output="x" * 5_000_000))
said["huge body"] = post("/podium/events", b" " * 20_000_000)
said["endless head"] = raw(b"GET / HTTP/1.1\\r\\n", b"x: " + b"y" * 5_000_000)
said["lengths"] = [raw(b"POST /podium/events HTTP/1.1\\r\\nhost: x\\r\\n" + lines + b"\\r\\n\\r\\n{}")
                   for lines in (b"content-length: -1", b"content-length: 99999999999999999999",
                                 b"content-length: 2\\r\\ncontent-length: 3",
                                 b"transfer-encoding: chunked\\r\\ncontent-length: 2\\r\\n\\r\\nzz")]
said["huge submission"] = post("/podium/check?node=n0001", b"id,y\\n" + b"1,2\\n" * 6_000_000)
said["nul submission"] = post("/podium/check?node=n0001", bytes(1_000_000))
said["link submission"] = post("/podium/check?node=n0001", b"../../private/answers.csv")
"""

SLOW = """
held = []
for _ in range(200):
    door = socket.socket(socket.AF_UNIX); door.connect(SOCKET); held.append(door)
    door.sendall(b"POST /podium/events HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: 1000000\\r\\n\\r\\n" + b" " * 1000)
for _ in range(100):
    door = socket.socket(socket.AF_UNIX); door.connect(SOCKET); held.append(door)
    door.sendall(b"POST /podium/ev")
began = time.monotonic()
said["beside slow bodies"] = raw(b"GET /podium/status HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n")
said["seconds"] = time.monotonic() - began
for _ in range(800):
    door = socket.socket(socket.AF_UNIX); door.connect(SOCKET); held.append(door)
del held, door
"""

HONEST_END = """
gateway = SocketGateway(pathlib.Path(SOCKET))
csv = pathlib.Path("/home/agent/mine.csv"); csv.write_bytes(open("/home/data/sample_submission.csv", "rb").read())
said["check"] = gateway.check("n0001", csv).valid
said["node"] = event(**node("n0001", score=None)), event(**node("n0001"))  # good without a score; and twice
said["best"] = event(type="best", node="n0099", score=1.0)
end()
print(json.dumps(said))
"""


def flat(value: object) -> list[str]:
    return [text for item in value for text in flat(item)] if isinstance(value, list) else [str(value)]


def outside(rig: Rig) -> set[str]:
    """Every file of this test's home and results but those of the group's runs."""
    top = rig.group.path.parents[1]
    return {str(path) for path in top.rglob("*") if path.is_file() and rig.group.path not in path.parents}


def test_nothing_that_an_agent_sends_gets_out_of_its_runs_folder_or_past_the_checks(
    rig: Rig, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = outside(rig)
    run = rig.run(HTTP + TRESPASSES + NONSENSE + SLOW + HONEST_END)
    said = run.said()
    assert run.record.status is RunStatus.COMPLETED, run.record.reason
    for name in (name for name in said if name.startswith(("node ", "check "))):
        assert set(flat(said[name])) <= {"400", "404"}, (name, said[name])
    assert said["of another run"] == "400" and said["of another run by its path"] == "404"
    assert set(said["files"]) <= {"404", "400", "200"} and said["files"][:3] == ["404"] * 3
    assert set(said["methods"]) <= {"404", "405", "400"}
    for name in ("not http", "not json", "numbers", "times", "huge event", "huge body", "lengths"):
        assert not {"200", "204", "500"} & set(flat(said[name])), (name, said[name])
    assert said["huge event"] == "413" and said["endless head"] in ("ConnectionResetError", "BrokenPipeError", "closed")
    assert (said["huge submission"], said["nul submission"], said["link submission"]) == ("200", "200", "200")
    assert said["beside slow bodies"] == "200" and said["seconds"] < 2
    assert said["check"] is True and said["node"] == ["204", "409"] and said["best"] == "204"

    assert outside(rig) <= before
    events = [stored.event for stored in read_journal(run.folder.journal)]
    assert [event.type for event in events] == ["node", "best", "end"]
    files = {str(path.relative_to(run.folder.path)) for path in run.folder.path.rglob("*") if path.is_file()}
    kept = {"nodes/n0001/solution.py", "nodes/n0001/output.txt", "nodes/n0001/submission.csv"}
    assert files == {"run.json", "journal.jsonl", "llm.jsonl", "checks.jsonl", "sandbox.log", "resources.jsonl"} | kept
    assert LABEL not in "".join((run.folder.path / name).read_text(errors="replace") for name in files)
    # What the agent sends must not fill the host's terminal or log either.
    assert capfd.readouterr().err.count("\n") + len(caplog.records) < 20
    # A group with such a run can still be added up and reported.
    assert "completed" in markdown.render(aggregate(rig.group))


TRIES_OTHERS = """
import signal
out = {}
mine = os.getpid()
for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
    if pid != mine and os.stat(f"/proc/{pid}").st_uid != os.getuid():
        out[f"signal {pid}"] = attempt(lambda: os.kill(pid, 9))[0]
        out[f"memory {pid}"] = attempt(lambda: open(f"/proc/{pid}/mem", "rb").read(1))[0]
        out[f"environment {pid}"] = attempt(lambda: open(f"/proc/{pid}/environ", "rb").read(1))[0]
for name, act in {
    "slot": lambda: os.listdir("/home/slots/0/run"), "root": lambda: os.setuid(0),
    "candidate": lambda: os.setuid(10100), "group": lambda: os.setgroups([0]),
    "image": lambda: open("/opt/agent/x", "w"), "data": lambda: open("/home/data/x", "w"),
    "network": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("198.51.100.1", 9)),
    "host name": lambda: socket.sethostname("x"), "mount": lambda: os.unshare(0x20000) if hasattr(os, "unshare") else
    (_ for _ in ()).throw(OSError()), "device": lambda: os.mknod("/home/agent/d", 0o600 | stat.S_IFBLK, 0x700),
    "docker": lambda: socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock"),
}.items():
    out[name] = attempt(act)[0]
end()
print(json.dumps(out))
"""


def test_the_agent_itself_is_kept_from_root_slots_devices_and_the_network(rig: Rig) -> None:
    out = rig.run(TRIES_OTHERS).said()
    assert set(out.values()) == {"refused"}, {name: value for name, value in out.items() if value != "refused"}
    assert sum(name.startswith("signal") for name in out) >= 3  # init, supervisor, keeper


EXHAUSTS = """
import subprocess
children = []
try:
    while True: children.append(subprocess.Popen(["/bin/sleep", "30"]))
except OSError as error:
    processes = type(error).__name__
for child in children: child.kill()
for child in children: child.wait()
def fill(make):
    count = 0
    try:
        while True: make(count); count += 1
    except OSError as error:
        return error.strerror
os.makedirs("/home/agent/many", exist_ok=True)
files = fill(lambda number: open(f"/home/agent/many/{number}", "w").close())
import shutil; shutil.rmtree("/home/agent/many")
big = open("/home/agent/big", "wb", buffering=0)
disk = fill(lambda number: big.write(bytes(1 << 20)) or 1 / 0)
memory = fill(lambda number: open(f"/dev/shm/{number}", "wb").write(bytes(1 << 20)))
os.unlink("/home/agent/big")
end()
print(json.dumps({"processes": processes, "number": len(children), "files": files, "disk": disk, "shm": memory}))
"""


def test_an_agent_that_takes_every_process_inode_and_byte_takes_only_its_own(rig: Rig) -> None:
    run = rig.run(EXHAUSTS)
    said = run.said()
    full = "No space left on device"
    assert (said["files"], said["disk"], said["shm"]) == (full, full, full)
    assert said["processes"] == "BlockingIOError" and said["number"] < 128
    assert run.record.status is RunStatus.COMPLETED
    assert list(rig.workspaces.iterdir()) == []
