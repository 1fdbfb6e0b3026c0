"""What scripts can fetch, in real containers: from listed hosts through the door, or from the cache, offline."""

import dataclasses
import json
import sys

import pytest
import trustme

from harness.config import load
from harness.grading.grade_run import grade_run
from harness.runs.bench import Bench
from harness.runs.run import run_one
from harness.sandbox.base import GIB
from harness.verbs.choices import BenchOptions
from tests.e2e.conftest import KEY, SMALL, says_code, says_review
from tests.harness.egress.conftest import OwnNames, serving, small_wheel

pytestmark = pytest.mark.engine
COMPETITION = "breast-cancer-wisconsin"
NAME = "podium-wheel-of-a-test"

PRELUDE = """
import glob, json, os, shutil, socket, subprocess, sys, urllib.error, urllib.request
found = {}

def attempt(name, action):
    try:
        found[name] = str(action())
    except urllib.error.HTTPError as error:
        found[name] = f"{error.code} {error.read().decode()}"
    except BaseException as error:
        found[name] = f"refused: {type(error).__name__}: {error}"[-300:]

def installed():
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", NAME], check=True, capture_output=True)
    import podium_wheel_of_a_test
    return podium_wheel_of_a_test.ANSWER

"""
END = """
shutil.copy(glob.glob("input/sample_submission*")[0], "working/submission.csv")
print(json.dumps(found))
print("validation score: 0.5")
"""

FETCHING = """
attempt("listed", lambda: urllib.request.urlopen(f"{SITE}/hello.txt").read().decode())
attempt("over TLS", lambda: urllib.request.urlopen(f"{SAFE}/hello.txt").read().decode())
attempt("installed", installed)
attempt("not listed", lambda: urllib.request.urlopen("http://other.test/").read())
attempt("this network", lambda: urllib.request.urlopen("http://near.test/").read())
proxy = os.environ["HTTP_PROXY"]
attempt("model", lambda: urllib.request.build_opener(urllib.request.ProxyHandler({})).open(proxy + "/v1/models").read())
attempt("gateway", lambda: urllib.request.urlopen("http://127.0.0.1:8484/v1/models").read())
attempt("door", lambda: socket.socket(socket.AF_UNIX).connect("/run/agent/door/egress.sock"))
attempt("past the proxy", lambda: socket.create_connection(("192.0.2.1", 80), 1))
attempt("resolver", lambda: socket.getaddrinfo("files.test", 80))
attempt("interfaces", lambda: [name for _, name in socket.if_nameindex()])
"""

CACHED = """
attempt("installed", installed)
attempt("changed", lambda: open("/opt/podium/cache/wheels/new.whl", "w"))
attempt("hub", lambda: open(glob.glob(os.environ["HF_HUB_CACHE"] + "/models--*/snapshots/*/config.json")[0]).read())
attempt("torch", lambda: open(os.environ["TORCH_HOME"] + "/hub/checkpoints/weights.pth").read())
attempt("offline", lambda: os.environ["HF_HUB_OFFLINE"] + os.environ["PIP_NO_INDEX"])
attempt("interfaces", lambda: [name for _, name in socket.if_nameindex()])
"""


def said(folder):
    (node,) = [event for event in folder.events() if event["type"] == "node"]
    lines = [line for line in node["output"].splitlines() if line.startswith("{")]
    assert lines, node["output"]
    return json.loads(lines[0]), node


def test_scripts_fetch_from_listed_hosts_through_the_door_and_reach_nothing_else(
    model, podium, image, tmp_path, monkeypatch
):
    authority = trustme.CA()  # a company's own, which this machine trusts
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    podium.environ["PIP_CERT"] = str(tmp_path / "authority.pem")
    files = tmp_path / "files"
    small_wheel(files / NAME, NAME)
    (files / "hello.txt").write_text("hello")
    with serving(files) as server, serving(files, authority) as secure:
        site, safe = (f"http{s}://files.test:{one.server_address[1]}" for s, one in (("", server), ("s", secure)))
        listed = tmp_path / "list.txt"
        hosts = [f"files.test:{one.server_address[1]}" for one in (server, secure)]
        listed.write_text("\n".join([*hosts, "near.test"]))
        pip = f"os.environ['PIP_INDEX_URL'] = {safe + '/'!r}\n"
        names = f"NAME, SITE, SAFE = {NAME!r}, {site!r}, {safe!r}\n"
        model.script(says_code(f"{names}{PRELUDE}{pip}{FETCHING}{END}"), says_review())
        options = BenchOptions(
            competitions=(COMPETITION,),
            model="compatible/fake",
            steps=1,
            group="g",
            memory_bytes=2 * GIB,
            disk_bytes=GIB // 2,
            cpus=2,
            egress=f"allowlist:{listed}",
        )
        spoken = []
        bench = Bench(load(podium.environment()), options, spoken.append)
        (plan,) = bench.plans()
        names = OwnNames({"files.test": ["127.0.0.1"], "near.test": ["10.0.0.1"]})
        tools = dataclasses.replace(bench.tools(NoProgress(), NoGpus()), make_reach=lambda: names)
        folder = bench.group().run(plan.run_id)
        record = run_one(plan, folder, tools)
    found, node = said(folder)

    assert found["listed"] == found["over TLS"] == "hello" and found["installed"] == "42", node["output"]
    assert found["not listed"].startswith("403") and "allowlist" in found["not listed"]
    assert found["this network"].startswith("403") and "no public address" in found["this network"]
    assert found["model"].startswith("400") and found["interfaces"] == "['lo']"
    closed = ("gateway", "door", "past the proxy", "resolver")
    assert all(found[name].startswith("refused") for name in closed), found
    assert record.status == "completed" and record.sandbox["network_mode"] == "none", record.reason
    lines = [json.loads(line) for line in folder.egress.read_text().splitlines()]
    assert {line["host"] for line in lines if line["outcome"] == "passed"} == {"files.test"}
    assert record.egress.mode == "allowlist" and record.egress.passed == sum(
        one["outcome"] == "passed" for one in lines
    )
    assert record.egress.refused >= 3 and KEY not in folder.egress.read_text()
    assert any("files.test" in line for line in spoken)
    prompt = next(folder.lines(folder.transcript))["request"]["messages"][-1]["content"]
    assert f"the usual proxy variables are set: {hosts[0]}, {hosts[1]}, near.test" in prompt
    report = grade_run(folder, record, plan.competition, plan.prepared)
    assert report.statement is not None and not report.statement.no_test_signal
    (doubt,) = report.statement.doubts
    assert "fetched from files.test" in doubt


class NoGpus:
    inventory = None

    def of(self, gpus):
        return ()


class NoProgress:
    def event(self, plan, stored):
        pass


def test_packages_and_models_of_the_cache_work_without_a_network(model, podium, tmp_path):
    index = tmp_path / "index"
    small_wheel(index / NAME, NAME)
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "weights.pth").write_text("of torch")
    podium.environ |= {"PYTHONPATH": ":".join(sys.path)}
    with serving(index) as packages, serving(weights) as torch:
        podium.environ |= {"PIP_INDEX_URL": f"http://127.0.0.1:{packages.server_address[1]}/"}
        assert f"{NAME} 1.0" in podium("cache", "add", "pypi", NAME).stdout
        podium("cache", "add", "url", f"http://127.0.0.1:{torch.server_address[1]}/weights.pth")
    hub = podium.home / "cache" / "content" / "huggingface" / "models--a--b"
    add_by_hand(podium.home / "cache", hub)

    model.script(says_code(f"NAME = {NAME!r}\n{PRELUDE}{CACHED}{END}"), says_review())
    run = podium("bench", COMPETITION, *SMALL, "--group", "g", "--model", "compatible/fake", "--steps", "1")
    folder = podium.only_run()
    found, node = said(folder)

    assert found["installed"] == "42", node["output"]
    assert found["hub"] == "{}" and found["torch"] == "of torch" and found["offline"] == "11"
    assert found["changed"].startswith("refused") and found["interfaces"] == "['lo']"
    record = folder.read()
    listed = json.loads(podium("cache", "list", "--json").stdout)
    assert record.cache_sha256 == listed["sha256"] and record.egress.mode == "none"
    assert len(record.request.cached) == 3 and "4 packages and models lie ready" in run.stderr + run.stdout
    assert "some of what lies ready needs the image with torch" in run.stderr + run.stdout
    prompt = next(folder.lines(folder.transcript))["request"]["messages"][-1]["content"]
    assert f"- {NAME} 1.0 (package)" in prompt and "needs-torch" not in prompt
    assert json.loads(folder.grade_file.read_text())["statement"]["no_test_signal"] is True
    podium("cache", "remove", NAME)
    assert "all is as it was added" in podium("cache", "verify").stdout


def add_by_hand(folder, repo):
    """A model in the hub's layout, as `cache add hf` leaves it (tests/harness/egress/test_sources.py has that)."""
    from harness.egress.cache import Cache
    from harness.egress.fill import Fetched, add

    def fetch(stage):
        snapshot = stage / "huggingface" / repo.name / "snapshots" / "abc"
        blobs = stage / "huggingface" / repo.name / "blobs"
        snapshot.mkdir(parents=True)
        blobs.mkdir()
        (blobs / "1").write_text("{}")
        (snapshot / "config.json").symlink_to("../../blobs/1")
        return Fetched("a/b", "abc")

    def fetch_for_gpus(stage):
        (stage / "wheels").mkdir()
        (stage / "wheels" / "needs_torch-1-py3-none-any.whl").write_text("")
        return Fetched("needs-torch", "1", needs_gpu_image=True)

    add(Cache(folder), "hf", fetch)
    add(Cache(folder), "pypi", fetch_for_gpus)


REACHING = """
attempt("interfaces", lambda: sorted(name for _, name in socket.if_nameindex()))
attempt("host", lambda: urllib.request.urlopen(SITE + "/hello.txt", timeout=10).read().decode())
attempt("installed", installed)
attempt("proxy", lambda: os.environ["HTTP_PROXY"])
"""


def test_with_open_a_script_reaches_what_the_engines_bridge_does_and_with_none_it_does_not(
    model, podium, engine, tmp_path
):
    files = tmp_path / "files"
    small_wheel(files / NAME, NAME)
    (files / "hello.txt").write_text("hello")
    bridge = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    said_by = {}
    with serving(files, host=bridge) as server:
        site = f"http://{bridge}:{server.server_address[1]}"
        pip = f"os.environ.update(PIP_INDEX_URL={site + '/'!r}, PIP_TRUSTED_HOST={bridge!r})\n"
        code = f"NAME, SITE = {NAME!r}, {site!r}\n{PRELUDE}{pip}{REACHING}{END}"
        for mode in ("none", "open"):
            model.script(says_code(code), says_review())
            options = (*SMALL, "--group", mode, "--model", "compatible/fake", "--steps", "1", "--egress", mode)
            said_by[mode] = podium("bench", COMPETITION, *options)
            assert bool(server.seen) == (mode == "open"), server.seen

    closed, opened = podium.only_run("none"), podium.only_run("open")
    found, _ = said(closed)
    assert found["interfaces"] == "['lo']" and found["host"].startswith("refused"), found
    assert found["installed"].startswith("refused")
    found, node = said(opened)
    assert found["host"] == "hello" and found["installed"] == "42" and "eth0" in found["interfaces"], node["output"]
    assert found["proxy"].startswith("refused")

    warned = "--egress open: the box has the engine's NETWORK"
    assert warned in said_by["open"].stderr + said_by["open"].stdout
    assert warned not in said_by["none"].stderr + said_by["none"].stdout
    assert f"{COMPETITION} (egress open)" in said_by["open"].stdout and "FETCH from a network" in said_by["open"].stdout
    assert "egress open" not in said_by["none"].stdout
    kept = json.loads((opened.path / "run.json").read_text())
    assert kept["egress"]["mode"] == kept["request"]["egress"]["mode"] == "open"
    assert kept["sandbox"]["network_mode"] == "bridge" and closed.read().sandbox["network_mode"] == "none"
    prompt = next(opened.lines(opened.transcript))["request"]["messages"][-1]["content"]
    assert "The network can be reached." in prompt
    assert json.loads(opened.grade_file.read_text())["statement"]["no_test_signal"] is False
    assert json.loads(closed.grade_file.read_text())["statement"]["no_test_signal"] is True
