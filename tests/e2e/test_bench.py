"""The whole path in a real container: prepare, run, grade, aggregate, report."""

import json
import shutil

import pytest

from harness.gateway.journal import read_journal
from harness.results.layout import RunStatus
from tests.e2e.conftest import SMALL, left_behind

pytestmark = pytest.mark.engine


def nodes_of(folder):
    return [stored.event for stored in read_journal(folder.journal) if stored.event.type == "node"]


def test_a_bundled_competition_ends_with_a_table_a_grade_and_a_report(podium, engine):
    before = left_behind(engine)
    done = podium.bench("breast-cancer-wisconsin", "--steps", "3")
    assert "breast-cancer-wisconsin" in done.stdout and "completed" in done.stdout
    folder = podium.only_run()
    record, grade = folder.read(), json.loads(folder.grade_file.read_text())
    assert record.status is RunStatus.COMPLETED and record.submission_from == "container"
    assert grade["valid"] and grade["score"] > 0.9 and not grade["stand_in"]
    assert len(nodes_of(folder)) == 3
    assert "breast-cancer-wisconsin" in podium.group().report.read_text()
    assert left_behind(engine) <= before


def test_the_record_holds_the_limits_in_force(podium):
    podium.bench("breast-cancer-wisconsin", "--steps", "1")
    box = podium.only_run().read().sandbox
    assert box["network_mode"] == "none" and box["read_only_root"]
    assert box["memory_bytes"] == box["memory_and_swap_bytes"] == 2 << 30
    assert box["capabilities_dropped"] == ["ALL"]
    assert [mount["target"] for mount in box["mounts"] if mount["writable"]] == ["/home"]


def test_json_is_all_that_standard_output_holds(podium):
    summary = json.loads(podium.bench("breast-cancer-wisconsin", "--steps", "1", "--json").stdout)
    assert summary["rows"][0]["valid"] and summary["missing"] == 0


def test_the_same_seed_grows_the_same_tree(podium):
    podium.bench("diabetes-progression", "--steps", "4", group="a")
    podium.bench("diabetes-progression", "--steps", "4", group="b")

    def tree(name):
        return [
            (node.node, node.action, node.parents, node.code, node.score) for node in nodes_of(podium.only_run(name))
        ]

    assert tree("a") == tree("b")


def test_the_same_command_again_leaves_a_finished_run_alone(podium):
    podium.bench("breast-cancer-wisconsin", "--steps", "1")
    before = podium.only_run().record_file.stat().st_mtime_ns
    done = podium.bench("breast-cancer-wisconsin", "--steps", "1")
    assert "left as it is" in done.stderr
    assert podium.only_run().record_file.stat().st_mtime_ns == before


def test_a_hidden_competition_is_named_nowhere_that_the_agent_can_see(podium):
    podium.bench("digits-8x8", "--steps", "1", "--description", "obfuscated")
    folder = podium.only_run()
    record = folder.read()
    calls, events = folder.transcript.read_text(), folder.journal.read_text()
    assert "Where the data come from is not told" in calls
    assert "digits" not in (calls + events + record.request.model_dump_json()).lower()
    assert record.data.description == "obfuscated" and record.competition == "digits-8x8"
    assert json.loads(folder.grade_file.read_text())["valid"]


@pytest.mark.parametrize("policy", ["mcts", "evolution"])
def test_another_search_policy_is_another_agent(podium, policy):
    podium.bench("breast-cancer-wisconsin", "--steps", "3", "--search", policy)
    record = podium.only_run().read()
    assert (record.agent, record.request.search.policy) == (f"aide-{policy}", policy)
    assert len(nodes_of(podium.only_run())) == 3


def test_stand_in_data_are_labelled_everywhere_and_earn_nothing(podium):
    done = podium.bench("spaceship-titanic", "--steps", "1", "--stand-in")
    folder = podium.only_run()
    grade = json.loads(folder.grade_file.read_text())
    assert grade["stand_in"] and grade["medal"] is None and grade["percentile"] is None
    assert "stand-in" in done.stdout.lower() and "stand-in" in done.stderr.lower()
    assert "stand-in" in podium.group().report.read_text()
    summary = json.loads(podium.group().summary.read_text())
    assert summary["stand_in_runs"] == 1 and summary["any_medal"]["n"] == summary["valid_submission"]["n"] == 0


@pytest.mark.data
def test_real_spaceship_titanic_is_graded_with_its_leaderboard(podium, test_data):
    podium.bench("spaceship-titanic", "--steps", "2", "--raw", str(test_data / "spaceship-titanic"))
    grade = json.loads(podium.only_run().grade_file.read_text())
    assert grade["valid"] and 0.7 < grade["score"] < 0.9
    assert grade["medal"] in ("gold", "silver", "bronze", "none")
    assert 0 <= grade["percentile"] <= 100 and "other snapshot" in grade["percentile_note"]
    assert not grade["stand_in"]


def test_a_run_can_be_graded_aggregated_and_reported_again_one_verb_at_a_time(podium):
    podium.bench("breast-cancer-wisconsin", "--steps", "1")
    folder = podium.only_run()
    before = folder.grade_file.read_text()
    folder.grade_file.unlink()
    podium.group().summary.unlink()
    podium.group().report.unlink()
    podium("grade", f"g/{folder.path.name}")
    assert folder.grade_file.read_text() == before
    assert json.loads(podium("aggregate", "g", "--json").stdout)["rows"][0]["valid"]
    assert podium("report", "g").stdout.strip() == str(podium.group().report)
    assert podium.group().report.is_file()


def test_a_submission_of_ones_own_is_graded_and_a_bad_one_says_why(podium, tmp_path):
    podium("prepare", "breast-cancer-wisconsin")
    sample = podium.home / "data" / "breast-cancer-wisconsin" / "public" / "sample_submission.csv"
    good = podium("grade", "--competition", "breast-cancer-wisconsin", "--submission", str(sample), "--json")
    assert json.loads(good.stdout)["valid"]
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join(sample.read_text().splitlines()[:-1]) + "\n")
    answer = podium("grade", "--competition", "breast-cancer-wisconsin", "--submission", str(bad), "--json", expect=4)
    assert not json.loads(answer.stdout)["valid"] and json.loads(answer.stdout)["reason"]


def test_runs_without_grading_end_well_and_can_be_graded_later(podium):
    done = podium("run", *SMALL, "breast-cancer-wisconsin", "--steps", "1", "--group", "g")
    assert "1 of 1 runs are not graded" in done.stdout
    folder = podium.only_run()
    assert folder.submission.is_file() and not folder.grade_file.exists()
    podium("grade", f"g/{folder.path.name}")
    assert "not graded" not in podium("aggregate", "g").stdout


def test_several_runs_at_a_time_end_each_in_its_own_folder(podium, engine):
    before = left_behind(engine)
    done = podium.bench("breast-cancer-wisconsin", "--seeds", "3", "--jobs", "2", "--steps", "1")
    assert done.stdout.count("completed") == 3
    for seed, folder in enumerate(podium.group().runs()):
        assert folder.read().seed == seed and len(nodes_of(folder)) == 1
        assert json.loads(folder.grade_file.read_text())["valid"]
    for line in done.stderr.splitlines():
        assert line.count("breast-cancer-wisconsin--aide") <= 1, "two lines in one"
    assert left_behind(engine) <= before


@pytest.fixture
def mine(tmp_path, settings):
    """A prompt set of the user's own that only its owner may read."""
    folder = tmp_path / "mine"
    shutil.copytree(settings.prompts / "aide", folder)
    draft = folder / "draft.md"
    draft.write_text(draft.read_text() + "\nA word of my own: quokka.\n")
    for path in folder.iterdir():
        path.chmod(0o600)
    folder.chmod(0o700)
    return folder


def test_prompts_of_ones_own_reach_the_model_and_are_mounted_read_only(podium, mine):
    podium.bench("breast-cancer-wisconsin", "--steps", "1", "--prompts", str(mine))
    folder = podium.only_run()
    record = folder.read()
    assert "quokka" in folder.transcript.read_text()
    assert record.prompt_set == "mine" and len(record.prompt_set_sha256) == 64
    (mount,) = [mount for mount in record.sandbox["mounts"] if mount["target"] == "/opt/podium/prompts"]
    assert not mount["writable"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / "improve.md").unlink(), "improve.md: is missing"),
        (lambda folder: (folder / "draft.md").write_text("{% if x %}"), "draft.md:1: is malformed"),
        (lambda folder: shutil.rmtree(folder), "holds no *.md"),
    ],
)
def test_prompts_that_can_not_work_are_refused_before_anything_starts(podium, mine, change, words):
    change(mine)
    done = podium.bench("breast-cancer-wisconsin", "--prompts", str(mine), expect=2)
    assert words in done.stderr and len(done.stderr.splitlines()) <= 3  # what is wrong, each in a line, and the way out
    assert not podium.results.exists()


def test_stand_in_data_that_nobody_asked_for_are_said_with_the_way_to_real_ones(podium):
    podium.environ["HOME"] = str(podium.home)  # without anybody's credentials
    done = podium.bench("spaceship-titanic", "--steps", "1")
    assert "--raw FOLDER_OR_ZIP" in done.stderr and "podium doctor" in done.stderr


def test_the_record_names_the_hardware_and_the_engine(podium, engine):
    podium.bench("breast-cancer-wisconsin", "--steps", "1")
    host = podium.only_run().read().host
    assert host.cpus >= 1 and host.memory_bytes > 1 << 28 and host.cpu_model
    assert engine.version()["Version"] in host.engine


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bench", "spaceship-titanic", "--raw", "/none/such"], "no such folder"),
        (["bench", "breast-cancer-wisconsin", "--cpus", "9999"], "--cpus 9999"),
        (["bench", "spaceship-titanic", "--raw", "/", "--stand-in"], "exclude each other"),
        (["bench", "spaceship-titanic", "digits-8x8", "--raw", "/"], "one competition's data"),
        (["bench", "spaceship-titanik"], "spaceship-titanic"),
        (["bench", "breast-cancer-wisconsin", "--agent", "aid"], "aide"),
        (["bench", "breast-cancer-wisconsin", "--prompts", "none-such"], "no prompt set"),
        (["bench", "breast-cancer-wisconsin", "--model", "gpt-5"], "openai/NAME"),
        (["bench", "breast-cancer-wisconsin", "--model", "openai/gpt-5"], "OPENAI_API_KEY"),
        (["bench", "breast-cancer-wisconsin", "--gpus", "first"], "nvidia-smi"),
        (["bench", "breast-cancer-wisconsin", "--group", "../x"], "can't name a group"),
        (["bench"], "podium list"),
        (["grade", "none/such"], "no run"),
        (["report", "none-such"], "no group"),
    ],
)
def test_a_mistake_costs_nothing_and_says_what_to_do(podium, arguments, words):
    done = podium(*arguments, expect=2)
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not podium.results.exists()


def test_gpus_that_are_not_there_are_refused_before_anything_starts(podium, engine):
    if any("nvidia" in name for name in engine.info()["Runtimes"]):
        pytest.skip("this engine has an NVIDIA runtime, so the refusal can't be seen here")
    done = podium.bench("breast-cancer-wisconsin", "--gpus", "1", expect=2)
    assert "GPU" in done.stderr and "Building" not in done.stderr  # their image is several GB
    assert not podium.results.exists()
