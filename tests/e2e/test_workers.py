"""Two candidates of one run really go on at the same time, and neither reaches the other's place."""

import json

import pytest

from harness.gateway.journal import read_journal
from tests.e2e.conftest import says_code, says_review

pytestmark = pytest.mark.engine
SCRIPT = """
import glob, json, os, shutil, time
uid, mine = os.getuid(), os.getcwd()
open(f"/tmp/here-{uid}", "w").close()
until = time.time() + 60
while not (others := [path for path in glob.glob("/tmp/here-*") if not path.endswith(str(uid))]):
    assert time.time() < until, "the other never came"
    time.sleep(0.05)
time.sleep(1)
tried = []
for slot in "01":
    there = f"/home/slots/{slot}/run"
    if there != mine:
        for act in (lambda: os.listdir(there), lambda: open(there + "/solution.py"), lambda: open(there + "/x", "w")):
            try:
                tried.append(f"reached {act()}")
            except OSError:
                tried.append("denied")
cpus = sorted(os.sched_getaffinity(0))
print(json.dumps({"uid": uid, "others": len(others), "tried": tried, "cpus": cpus, "folder": mine}))
shutil.copy("input/sample_submission.csv", "working/submission.csv")
print("validation score: 0.5")
"""


def test_two_candidates_run_at_once_under_users_of_their_own_and_can_not_reach_each_other(podium, model):
    model.script(says_code(SCRIPT), says_code(SCRIPT), says_review(), says_review())
    podium.bench("breast-cancer-wisconsin", "--model", "compatible/fake", "--steps", "2", "--workers", "2")
    folder = podium.only_run()
    events = [stored.event for stored in read_journal(folder.journal)]
    assert [event.type for event in events][:3] == ["start", "proposal", "proposal"]
    nodes = [event for event in events if event.type == "node"]
    assert [node.outcome for node in nodes] == ["ok", "ok"], [node.output for node in nodes]
    said = [json.loads(node.output.splitlines()[0]) for node in nodes]
    assert {one["uid"] for one in said} == {10100, 10101}
    assert {one["folder"] for one in said} == {"/home/slots/0/run", "/home/slots/1/run"}
    assert all(one["others"] and one["tried"] == ["denied"] * 3 for one in said)
    request = folder.read().request
    assert request.workers == 2 and len({*said[0]["cpus"], *said[1]["cpus"]}) == len(request.candidate.cpus)
    assert request.candidate.memory_bytes <= (2 << 30) // 2
