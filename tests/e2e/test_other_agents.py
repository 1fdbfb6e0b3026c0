"""Agents that are not ours, in the same box: built, run, graded, and shown for what they are."""

import io
import json
import shutil
import tarfile

import pytest

from harness.gateway.providers.fake import Say
from harness.results.layout import RunStatus
from tests.e2e.conftest import left_behind

pytestmark = pytest.mark.engine

CLIENTS = """
import json, os, pathlib, sys, urllib.request
import anthropic, openai

told = {name: os.environ[name] for name in os.environ if name.startswith(("PODIUM_", "OPENAI_", "ANTHROPIC_"))}
model = told["PODIUM_MODEL_NAME"]
user = [{"role": "user", "content": "hi"}]
chunks = list(openai.OpenAI().chat.completions.create(model=model, messages=user, stream=True))
with anthropic.Anthropic().messages.stream(model=model, max_tokens=50, messages=user) as stream:
    final = stream.get_final_message().content[0].text
sample = pathlib.Path(told["PODIUM_SAMPLE"]).read_bytes()
check = urllib.request.Request(told["PODIUM_GATEWAY"] + "/podium/check?node=mine", data=sample)
reply = json.load(urllib.request.urlopen(check))
request = json.loads(pathlib.Path(told["PODIUM_REQUEST"]).read_text())
status = pathlib.Path("/proc/self/status").read_text()
print(json.dumps({
    "chat": "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
    "messages": final,
    "check": reply["valid"],
    "steps": request["search"]["steps"],
    "key": told["OPENAI_API_KEY"],
    "capabilities": [line.split()[1] for line in status.splitlines() if line.startswith(("CapEff", "CapBnd"))],
    "uid": os.getuid(),
    "folder": os.getcwd(),
}))
pathlib.Path(told["PODIUM_SUBMISSION"]).write_bytes(sample)
sys.exit(int(os.environ.get("ENDS_WITH", "0")))
"""
SPEC = """
title: A test's own
dockerfile: Dockerfile
command: [./start.sh]
environment: {{ENDS_WITH: "{code}"}}
limits: {{steps: 3, wall_minutes: 2}}
"""


@pytest.fixture
def mine(tmp_path):
    """An agent of a user's own: unmodified clients of both providers, started by a script of the folder."""
    folder = tmp_path / "my-agent"
    folder.mkdir()
    (folder / "Dockerfile").write_text("ARG BOX\nFROM ${BOX}\nCOPY . /opt/mine/\nENV PATH=/opt/mine:$PATH\n")
    (folder / "agent.py").write_text(CLIENTS)
    (folder / "start.sh").write_text("#!/bin/sh\nexec /opt/agent/bin/python /opt/mine/agent.py\n")
    (folder / "start.sh").chmod(0o755)

    def with_exit_code(code=0):
        (folder / "agent.yaml").write_text(SPEC.format(code=code).replace("./start.sh", "start.sh"))
        return str(folder)

    return with_exit_code


def test_an_agent_that_does_nothing_goes_the_whole_way_and_leaves_nothing(podium, engine):
    before = left_behind(engine)
    done = podium.bench("breast-cancer-wisconsin", "--agent", "nop", expect=4)
    assert "agent nop, model offline, candidate isolation: none" in done.stdout
    record = podium.only_run().read()
    assert (record.status, record.candidate_isolation, record.reason) == (
        RunStatus.COMPLETED,
        "none",
        "the agent ended with 0",
    )
    box = record.sandbox
    assert box["network_mode"] == "none" and box["read_only_root"] and box["user"] == "10001:10001"
    assert box["capabilities_dropped"] == ["ALL"] and box["capabilities_kept"] == {}
    assert [mount["target"] for mount in box["mounts"] if mount["writable"]] == ["/home"]
    assert not json.loads(podium.only_run().grade_file.read_text())["submission_exists"]
    assert "| nop | none |" in podium.group().report.read_text()
    assert left_behind(engine) <= before


def test_the_sample_submission_is_handed_in_and_the_same_command_leaves_it_alone(podium):
    podium.bench("diabetes-progression", "--agent", "sample-submission")
    assert json.loads(podium.only_run().grade_file.read_text())["valid"]
    assert "left as it is" in podium.bench("diabetes-progression", "--agent", "sample-submission").stderr


def test_unmodified_clients_reach_the_model_from_a_folder_of_the_users_own(podium, model, mine):
    model.script(Say(text="from the chat"), Say(text="from the messages"))
    podium.bench("breast-cancer-wisconsin", "--agent", mine(), "--model", "compatible/fake")
    folder = podium.only_run()
    record, said = folder.read(), json.loads(folder.sandbox_log.read_text().splitlines()[-1])
    assert said == {
        "chat": "from the chat",
        "messages": "from the messages",
        "check": True,
        "steps": 3,
        "key": "dummy",
        "capabilities": ["0000000000000000"] * 2,
        "uid": 10001,
        "folder": "/home/agent",
    }
    assert record.agent == "my-agent" and record.usage.calls == 2 and record.usage.cost_usd > 0
    assert len(folder.transcript.read_text().splitlines()) == 2
    assert json.loads(folder.grade_file.read_text())["valid"]


def test_an_agent_that_fails_is_graded_all_the_same_and_one_over_its_budget_is_told_apart(podium, model, mine):
    model.script(Say(text="a"), Say(text="b"))
    podium.bench("breast-cancer-wisconsin", "--agent", mine(7), "--model", "compatible/fake", group="failed")
    failed = podium.only_run("failed")
    assert failed.read().status is RunStatus.AGENT_FAILED and "exited with 7" in failed.read().reason
    assert json.loads(failed.grade_file.read_text())["valid"]
    budget = ("--model", "compatible/fake", "--budget", "0.0001")
    podium.bench("breast-cancer-wisconsin", "--agent", mine(), *budget, group="spent", expect=4)
    assert podium.only_run("spent").read().status is RunStatus.BUDGET_EXHAUSTED


@pytest.fixture
def bare(engine):
    """An image without Python, nor anything else."""
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("nothing"))
    engine.api.import_image_from_data(empty.getvalue(), repository="podium-test-bare", tag="1")
    yield "podium-test-bare:1"
    engine.images.remove("podium-test-bare:1", force=True)


def test_an_image_that_the_engine_has_is_boxed_and_one_without_python_is_told(podium, bare, tmp_path, settings):
    folder = tmp_path / "from-image"
    folder.mkdir()
    spec = (settings.root / "dockerfiles" / "sample-submission" / "agent.yaml").read_text()
    (folder / "agent.yaml").write_text(spec.replace("dockerfile: Dockerfile", "image: podium/base"))
    podium.bench("breast-cancer-wisconsin", "--agent", str(folder))
    assert podium.only_run().read().image_tag.startswith("podium/others/from-image:")
    (folder / "agent.yaml").write_text(spec.replace("dockerfile: Dockerfile", f"image: {bare}"))
    done = podium.bench("breast-cancer-wisconsin", "--agent", str(folder), expect=2, group="bare")
    assert "can't be boxed" in done.stderr and "needs python3" in done.stderr


def test_what_can_not_be_run_costs_nothing_and_says_what_to_do(podium, tmp_path):
    folder = tmp_path / "none"
    folder.mkdir()
    for text, words in {
        "title: x\nimage: podium-none-such:1\ncommand: [a]\n": "docker load -i",
        "title: x\nimage: a\ncommand: a\n": "agent.yaml:3: command",
    }.items():
        (folder / "agent.yaml").write_text(text)
        done = podium.bench("breast-cancer-wisconsin", "--agent", str(folder), expect=2)
        assert words in done.stderr and not list(podium.results.glob("*/*"))


def test_aideml_as_published_is_driven_by_the_offline_coder_and_its_best_solution_handed_in(podium):
    podium.bench("breast-cancer-wisconsin", "--agent", "aideml", "--steps", "2", "--seed", "1")
    folder = podium.only_run()
    record, grade = folder.read(), json.loads(folder.grade_file.read_text())
    assert (record.agent, record.status, record.candidate_isolation) == ("aideml", RunStatus.COMPLETED, "none")
    assert record.usage.calls == 4 and record.usage.refused == 0
    assert (
        "aideml ended with 0, its best solution with 0; its submission is handed in" in folder.sandbox_log.read_text()
    )
    assert grade["valid"] and grade["score"] > 0.9


def test_the_leaker_finds_no_answer_no_key_and_no_way_out(podium, model):
    podium.bench("breast-cancer-wisconsin", "--agent", "leaker", "--model", "compatible/fake")
    folder = podium.only_run()
    said = json.loads(folder.sandbox_log.read_text().splitlines()[0])
    assert said["found"] == [] and said["looked_at"] > 1000
    assert folder.read().status is RunStatus.COMPLETED and json.loads(folder.grade_file.read_text())["score"] == 0.5


@pytest.fixture
def leaker_beside_answers(tmp_path, podium, settings):
    """The leaker, with the answers where its spec asks for them and, under another name, in its image."""
    folder = tmp_path / "leaker-beside-answers"
    shutil.copytree(settings.root / "dockerfiles" / "leaker", folder)
    with (folder / "agent.yaml").open("a") as spec:
        spec.write("answers: true\n")
    podium("prepare", "breast-cancer-wisconsin")
    (answers,) = (podium.home / "data" / "breast-cancer-wisconsin" / "private").glob("*.csv")
    shutil.copyfile(answers, folder / "notes.txt")
    with (folder / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("COPY notes.txt /usr/share/doc/\n")
    return str(folder)


def test_the_leaker_finds_answers_that_are_planted(podium, leaker_beside_answers):
    podium.bench("breast-cancer-wisconsin", "--agent", leaker_beside_answers, "--show-answers", expect=4)
    folder = podium.only_run()
    found = json.loads(folder.sandbox_log.read_text().splitlines()[0])["found"]
    for words in ("/home/answers/test.csv holds", "/usr/share/doc/notes.txt holds", "/home/answers is mounted"):
        assert any(words in line for line in found)
    assert folder.read().status is RunStatus.AGENT_FAILED and "leaker found" in folder.read().reason


def test_the_leaker_finds_open_walls(podium, engine, tmp_path):
    podium.bench("breast-cancer-wisconsin", "--agent", "leaker")
    code = "import sys; sys.path.insert(0, '/opt/leaker'); import walls; print(*walls.search(None), sep='\\n')"
    container = engine.containers.create(
        podium.only_run().read().image,
        entrypoint=["python3", "-I", "-c", code],
        network_mode="none",
        environment={"API_TOKEN": "t", "PODIUM_REQUEST": "/none", "OTHER": "sk-abcdefgh1234"},
        volumes={str(tmp_path): {"bind": "/mnt/host", "mode": "rw"}},
        labels={"podium": "test"},
    )
    try:
        container.start()
        container.wait(timeout=60)
        found = container.logs().decode()
    finally:
        container.remove(force=True)
    for words in ("API_TOKEN in the env", "a key in environ", "/mnt/host is mounted", "CapEff is", "new privileges 0"):
        assert words in found, found
    assert "root\n" in found and "/opt/podium can be written to" in found


def test_the_oracle_is_refused_marked_and_in_no_rate(podium):
    refused = podium.bench("breast-cancer-wisconsin", "--agent", "oracle", expect=2)
    assert "ANSWERS" in refused.stderr and "--show-answers" in refused.stderr and not podium.results.exists()
    done = podium.bench("breast-cancer-wisconsin", "--agent", "oracle", "--show-answers", "--json")
    summary, folder = json.loads(done.stdout), podium.only_run()
    assert json.loads(folder.grade_file.read_text())["score"] == 1.0 and folder.read().answers_shown
    assert "SHOWN THE ANSWERS" in done.stderr and "ORACLE" in folder.sandbox_log.read_text()
    assert summary["answers_shown_runs"] == 1 and summary["valid_submission"]["n"] == 0 and summary["suites"] == []
    assert "shown the answers" in podium.group().report.read_text()
