"""A candidate that tries what it must not, through the whole path: real gateway, real supervisor, real container."""

import dataclasses
import json

import pytest

from harness.gateway.journal import read_journal
from tests.e2e.conftest import KEY, says_code, says_review

pytestmark = pytest.mark.engine

PROBE = """
import glob, json, os, signal, socket, stat, sys
found = {}

def attempt(name, action):
    try:
        found[name] = str(action())
    except BaseException as error:
        found[name] = f"refused: {type(error).__name__}"

def connect(path):
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(path)
    return "connected"

def others():
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and os.stat(f"/proc/{pid}").st_uid != os.getuid()]

def read_all(pattern):
    return [open(path, "rb").read(100) for path in glob.glob(pattern)]

def search(needles):
    hits = []
    for root, _, names in os.walk("/"):
        if root.startswith(("/proc", "/sys", "/opt/candidate", "/usr")):
            continue
        for name in names:
            path = os.path.join(root, name)
            try:
                if not stat.S_ISREG(os.lstat(path).st_mode):
                    continue
                with open(path, "rb") as file:
                    content = file.read(4 << 20)
            except OSError:
                continue
            hits += [(path, needle) for needle in needles if needle.encode() in content]
    return [hit for hit in hits if not hit[0].startswith(os.getcwd())]

attempt("gateway socket", lambda: connect("/run/agent/door/gateway.sock"))
attempt("request", lambda: open("/run/agent/door/request.json").read())
attempt("docker socket", lambda: connect("/var/run/docker.sock"))
attempt("agent folder", lambda: os.listdir("/home/agent"))
attempt("other slot", lambda: os.listdir("/home/slots/1/run"))
attempt("submission", lambda: open("/home/submission/submission.csv", "w"))
attempt("own uid", lambda: os.setuid(0))
attempt("agent uid", lambda: os.setuid(10001))
attempt("internet", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("198.51.100.1", 9)))
attempt("data", lambda: open("input/new", "w"))
for pid in others():
    for what in ("environ", "mem", "maps", "fd"):
        path = f"/proc/{pid}/{what}"
        attempt(f"{what} of {pid}", lambda: os.listdir(path) if what == "fd" else open(path, "rb").read(16))
    attempt(f"signal {pid}", lambda: os.kill(int(pid), signal.SIGSTOP))
found["environment"] = json.dumps(dict(os.environ))
found["hits"] = json.dumps(search(NEEDLES))
print("PROBE " + json.dumps(found))
print("validation score: 0.5")
"""
ALLOWED = ("environment", "hits")


def probe(podium, model, needles):
    """Run the probe as a candidate; return what it says it found."""
    model.script(says_code(PROBE.replace("NEEDLES", repr(needles))), says_review())
    podium.bench("breast-cancer-wisconsin", "--model", "compatible/fake", "--steps", "1", expect=4)
    folder = podium.only_run()
    (node,) = [stored.event for stored in read_journal(folder.journal) if stored.event.type == "node"]
    line = next(line for line in node.output.splitlines() if line.startswith("PROBE "))
    return json.loads(line.removeprefix("PROBE "))


def test_a_candidate_finds_no_label_no_key_no_door_and_nobody_to_signal(podium, model):
    podium("prepare", "breast-cancer-wisconsin")
    private = podium.home / "data" / "breast-cancer-wisconsin" / "private"
    answers = next(private.glob("*.csv"))
    canary = "label-canary-7c0e2b"
    # A row that only the private file has: what carries it has seen the labels. (The manifest then differs, but not
    # in size-checked ways that would prepare the data again.)
    extra = private / "canary.txt"
    extra.write_text(canary)
    found = probe(podium, model, [canary, KEY, str(answers)])
    reached = {name: value for name, value in found.items() if name not in ALLOWED and not value.startswith("refused")}
    assert reached == {}
    assert sum(name.startswith("signal ") for name in found) >= 3  # init, supervisor, keeper, agent …
    assert json.loads(found["hits"]) == []
    environment = found["environment"]
    assert KEY not in environment and "canary" not in environment and "API_KEY" not in environment


def test_the_key_reaches_the_provider_and_no_file_of_the_run(podium, model):
    model.script(says_code("print('validation score: 0.5')"), says_review())
    podium.bench("breast-cancer-wisconsin", "--model", "compatible/fake", "--steps", "1", expect=4)
    assert model.received and all(KEY in request.headers["authorization"] for request in model.received)
    for path in podium.results.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


FORGES = """
import json, os, socket, sys
event = {"type": "best", "node": "n0009", "score": 1.0}
for target in (sys.stdout, sys.stderr):
    print(json.dumps(event), file=target)
for path in ("/run/agent/door/gateway.sock", "/home/agent/journal.jsonl"):
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(path)
            door.sendall(b"POST /podium/events HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    except OSError as error:
        print("refused", error.errno)
print("validation score: 0.5")
"""


def test_a_candidate_cannot_forge_the_journal(podium, model):
    model.script(says_code(FORGES), says_review())
    podium.bench("breast-cancer-wisconsin", "--model", "compatible/fake", "--steps", "1", expect=4)
    events = [stored.event for stored in read_journal(podium.only_run().journal)]
    assert [event.type for event in events] == ["start", "proposal", "node", "end"]


MISBEHAVIOURS = {
    "is killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed"),
    "runs out of memory": ("x = []\nwhile True: x.append(bytearray(64 << 20))", "out_of_memory"),
    "crashes the interpreter": ("import ctypes; ctypes.string_at(0)", "killed"),
    "prints without end": ("import os\nwhile True: os.write(1, b'x' * 65536)", "output_limit"),
    "closes its output": ("import os; os.close(1); os.close(2); raise SystemExit(3)", "failed"),
    "does not end": (
        "import signal, time\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(600)",
        "timed_out",
    ),
    "leaves a daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\nraise SystemExit(4)",
        "failed",
    ),
}


def test_whatever_a_candidate_does_is_its_nodes_outcome_and_the_run_goes_on(podium, model):
    for code, _ in MISBEHAVIOURS.values():
        model.script(says_code(code), says_review(is_bug=True))
    steps = str(len(MISBEHAVIOURS))
    podium.bench(
        "breast-cancer-wisconsin",
        *("--model", "compatible/fake", "--steps", steps, "--script-timeout", "0.3"),
        expect=4,
    )
    folder = podium.only_run()
    nodes = [stored.event for stored in read_journal(folder.journal) if stored.event.type == "node"]
    assert {name: node.outcome for name, node in zip(MISBEHAVIOURS, nodes, strict=True)} == {
        name: outcome for name, (_, outcome) in MISBEHAVIOURS.items()
    }
    assert folder.read().status == "completed"


def test_a_budget_that_is_spent_ends_the_run_in_order(podium, model):
    # A call reserves its input and its largest output before it goes out: 8192 tokens of output cost $0.0164. The first
    # call uses as much, so that the second does not fit any more.
    model.script(dataclasses.replace(says_code("print('validation score: 0.5')"), output_tokens=8192))
    podium.bench("breast-cancer-wisconsin", "--model", "compatible/fake", "--steps", "9", "--budget", "0.03", expect=4)
    record = podium.only_run().read()
    assert record.status == "budget_exhausted"
    assert 0 < record.usage.cost_usd <= 0.03
    assert record.usage.refused >= 1


def test_a_model_without_a_price_and_a_budget_is_refused_with_what_to_do(podium, model):
    del podium.environ["PODIUM_PRICES"]
    done = podium.bench("breast-cancer-wisconsin", "--model", "compatible/fake", "--steps", "1", expect=2)
    assert "price" in done.stderr
    assert model.received == []
    assert not podium.results.exists()
