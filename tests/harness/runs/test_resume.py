"""A run that was killed or stopped is gone on with: nothing is run twice, nothing that was spent is given back."""

import json
import shutil
from dataclasses import replace

import pytest

from harness.errors import Interrupted, UserError
from harness.gateway.journal import read_journal
from harness.gateway.transcript import read_transcript
from harness.results.layout import RunStatus
from harness.runs import resume
from harness.runs.run import run_one
from tests.harness.runs.agents import NEVER_ENDS
from tests.harness.runs.scripts import Scripts

STEPS = 5


class After:
    """Says that it is time once so many nodes were reported."""

    def __init__(self, nodes):
        self.left = nodes

    def __call__(self, plan, stored):
        self.left -= stored.event.type == "node"

    def reached(self):
        return self.left <= 0


@pytest.fixture
def tools(tools):
    """The tools of a run whose model is quick, and whose scripts are."""

    def make(agent=None, **more):
        return tools(agent, **{"provider": lambda plan: Scripts(), **more})

    return make


@pytest.fixture
def interrupted(plan, group, tools):
    """Make a run that was ended at once after so many nodes; gives its plan and folder."""

    def make(nodes=2, **changes):
        chosen = replace(plan(steps=STEPS), arguments=("breast-cancer-wisconsin", "--seed", "0"), **changes)
        folder, after = group.run(chosen.run_id), After(nodes)
        with pytest.raises(Interrupted):
            run_one(chosen, folder, tools(on_event=after, end=after.reached))
        return chosen, folder

    return make


def events(folder):
    return [stored.event for stored in read_journal(folder.journal)]


def nodes(folder):
    return [event for event in events(folder) if event.type == "node"]


def tree(folder):
    return [(node.node, node.action, node.parents, node.plan, node.code, node.score) for node in nodes(folder)]


def lose(folder):
    """Make the record one of a harness that was killed."""
    record = folder.read()
    folder.write(record.model_copy(update={"status": RunStatus.RUNNING, "owner": "gone/0/1/1", "ended_at": None}))


def test_a_resumed_run_grows_the_tree_of_one_that_was_never_interrupted(interrupted, plan, group, tools):
    chosen, folder = interrupted()
    before = tree(folder)
    record = run_one(chosen, folder, tools(), goes_on=True)
    assert (record.status, record.attempt, record.resumed_from) == (RunStatus.COMPLETED, 2, 1)
    whole = replace(chosen, group="whole")
    other = type(group)(group.path.parent / "whole").run(whole.run_id)
    run_one(whole, other, tools())
    assert tree(folder)[: len(before)] == before and 2 <= len(before) < STEPS
    assert tree(folder) == tree(other)


def test_what_was_spent_counts(interrupted, group, tools):
    chosen, folder = interrupted()
    spent = folder.read().usage
    calls = len(folder.transcript.read_text().splitlines())
    record = run_one(chosen, folder, tools(), goes_on=True)
    assert spent.calls >= 2 and record.usage.calls > spent.calls
    assert record.usage.input_tokens > spent.input_tokens
    sequences = [call.sequence for call in read_transcript(folder.transcript)]
    assert sequences == list(range(1, len(sequences) + 1)) and len(sequences) > calls
    assert 0 < record.earlier_seconds < record.wall_seconds
    assert sum(one.calls for one in record.served) == record.usage.calls
    assert sum(call.usage.input for call in read_transcript(folder.transcript) if call.usage) == (
        record.usage.input_tokens
    )


def test_the_journal_goes_on_and_the_earlier_attempt_stays(interrupted, group, tools):
    chosen, folder = interrupted()
    earlier = folder.journal.read_bytes()
    run_one(chosen, folder, tools(), goes_on=True)
    kept = folder.path / "attempts" / "1"
    assert (kept / "journal.jsonl").read_bytes() == earlier and folder.journal.read_bytes().startswith(earlier)
    numbers = [stored.sequence for stored in read_journal(folder.journal)]
    assert numbers == list(range(1, len(numbers) + 1))
    starts = [event.earlier_nodes for event in events(folder) if event.type == "start"]
    assert starts == [0, len([1 for line in earlier.splitlines() if json.loads(line)["event"]["type"] == "node"])]
    for node in nodes(folder):
        assert (folder.nodes / node.node / "solution.py").read_text() == node.code
    assert len({node.node for node in nodes(folder)}) == STEPS


@pytest.mark.parametrize("torn", [b'{"schema_version":1,"sequen', b"\0" * 100 + b"\n"])
def test_a_last_line_that_a_kill_spoiled_is_survived(interrupted, tools, torn):
    chosen, folder = interrupted()
    lose(folder)
    with folder.journal.open("ab") as journal, folder.transcript.open("ab") as transcript:
        journal.write(torn)
        transcript.write(torn.rstrip(b"\n"))
    record = run_one(chosen, folder, tools(), goes_on=True)
    assert record.status is RunStatus.COMPLETED, record.reason
    assert [node.step for node in nodes(folder)] == [1, 2, 3, 4, 5]
    assert folder.path.joinpath("attempts/1/run.json").exists()
    assert json.loads(folder.path.joinpath("attempts/1/run.json").read_text())["status"] == "lost"


def test_usage_of_a_killed_harness_is_added_up_from_the_transcript(interrupted, tools):
    _, folder = interrupted()
    known = folder.read().usage
    lose(folder)
    folder.write(folder.read().model_copy(update={"usage": type(known)()}))
    folder.set_aside()
    earlier = resume.carry_over(folder, 1)
    found = earlier.usage
    assert (found.calls, found.input_tokens, found.output_tokens, found.cost_usd) == (
        known.calls, known.input_tokens, known.output_tokens, known.cost_usd,
    )  # fmt: skip
    assert earlier.seconds > 0


def test_a_run_that_ends_right_after_it_went_on_still_has_its_best_submission(interrupted, tools):
    chosen, folder = interrupted()
    best = [event for event in events(folder) if event.type == "best"][-1].node
    expected = folder.node_submission(best).read_bytes()
    record = run_one(chosen, folder, tools(stop=lambda: True), goes_on=True)
    assert (record.status, record.submission_from) == (RunStatus.STOPPED, "container")
    assert folder.submission.read_bytes() == expected
    assert len(nodes(folder)) < STEPS


def test_a_box_that_is_lost_right_after_leaves_the_gateways_copy(interrupted, tools):
    chosen, folder = interrupted()
    with pytest.raises(Interrupted):
        run_one(chosen, folder, tools(NEVER_ENDS, end=lambda: True), goes_on=True)
    record = folder.read()
    assert (record.status, record.submission_from) == (RunStatus.STOPPED, "journal")
    assert folder.submission.exists()


def test_it_can_be_interrupted_and_gone_on_with_again(interrupted, tools):
    chosen, folder = interrupted(1)
    after = After(1)
    with pytest.raises(Interrupted):
        run_one(chosen, folder, tools(on_event=after, end=after.reached), goes_on=True)
    between = folder.read()
    record = run_one(chosen, folder, tools(), goes_on=True)
    assert (record.attempt, record.resumed_from, record.status) == (3, 2, RunStatus.COMPLETED)
    assert record.earlier_seconds > between.earlier_seconds > 0
    assert [node.step for node in nodes(folder)] == [1, 2, 3, 4, 5]


def test_an_attempt_that_was_killed_before_it_had_its_past_is_passed_over(interrupted, tools):
    chosen, folder = interrupted()
    attempt = folder.set_aside()
    half = folder.path.joinpath("attempts/1")
    record = json.loads((half / "run.json").read_text()) | {"attempt": attempt, "resumed_from": 1, "status": "lost"}
    folder.record_file.write_text(json.dumps(record | {"started_at": None, "ended_at": None}))
    shutil.copytree(half / "nodes", folder.nodes)
    done = run_one(chosen, folder, tools(), goes_on=True)
    assert (done.attempt, done.resumed_from, done.status) == (3, 1, RunStatus.COMPLETED)
    assert [node.step for node in nodes(folder)] == [1, 2, 3, 4, 5]


def test_an_unfinished_proposal_is_proposed_anew_under_its_step(interrupted, tools):
    chosen, folder = interrupted()
    unanswered = {event.node for event in events(folder) if event.type == "proposal"} - {
        node.node for node in nodes(folder)
    }
    run_one(chosen, folder, tools(), goes_on=True)
    proposed = [event.node for event in events(folder) if event.type == "proposal"]
    for node in unanswered:
        assert proposed.count(node) == 2
    assert {node.node for node in nodes(folder)} == set(proposed)


def test_two_workers_lose_no_node(plan, group, tools):
    chosen = replace(plan(steps=STEPS), workers=2)
    folder, after = group.run(chosen.run_id), After(2)
    with pytest.raises(Interrupted):
        run_one(chosen, folder, tools(on_event=after, end=after.reached))
    before = {node.node: node.code for node in nodes(folder)}
    record = run_one(chosen, folder, tools(), goes_on=True)
    assert record.status is RunStatus.COMPLETED
    assert sorted(node.step for node in nodes(folder)) == [1, 2, 3, 4, 5]
    assert before.items() <= {node.node: node.code for node in nodes(folder)}.items()


def test_the_choices_are_those_of_then(interrupted):
    chosen, folder = interrupted()
    found = resume.options_of(folder.read(), graded=False)
    assert (found.competitions, found.seeds, found.group) == (("breast-cancer-wisconsin",), (0,), "group")
    assert (found.edition, found.graded, found.resume) == (chosen.prepared.manifest.edition, False, True)


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"steps": 9}, "request.search.steps was 5 and is 9"),
            ({"budget_usd": 1.0}, "budget was None and is 1.0"),
            ({"workers": 2}, "request.workers was 1 and is 2"),
            ({"model": "openai/gpt-5"}, "model was offline and is openai/gpt-5"),
        ],
    )
    def test_another_plan(self, interrupted, tools, changes, said):
        chosen, folder = interrupted(1)
        with pytest.raises(UserError, match="can't be resumed") as refused:
            run_one(replace(chosen, **changes), folder, tools(), goes_on=True)
        assert said in str(refused.value)
        assert folder.read().attempt == 1

    def test_another_image_or_prompt_set(self, interrupted, tools):
        chosen, folder = interrupted(1)
        other = replace(chosen, image=replace(chosen.image, digest="sha256:other"))
        with pytest.raises(UserError, match="image was sha256:test and is sha256:other"):
            run_one(other, folder, tools(), goes_on=True)

    def test_time_that_is_used_up(self, interrupted, tools):
        chosen, folder = interrupted(1)
        record = folder.read().model_copy(update={"earlier_seconds": 1e6, "ended_at": None, "wall_seconds": None})
        folder.write(record)  # as one that was killed; one that ended knows its seconds
        with pytest.raises(UserError, match="were used up"):
            run_one(chosen, folder, tools(), goes_on=True)

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            (RunStatus.COMPLETED, "it ended as completed"),
            (RunStatus.AGENT_FAILED, "it ended as agent_failed"),
            (RunStatus.QUEUED, "it never started"),
        ],
    )
    def test_what_has_an_outcome_or_never_started(self, interrupted, group, status, said):
        _, folder = interrupted(1)
        folder.write(folder.read().model_copy(update={"status": status}))
        with pytest.raises(UserError, match=said):
            resume.existing(group.path.parent, f"{group.name}/{folder.path.name}")

    def test_what_still_runs(self, interrupted, group):
        _, folder = interrupted(1)
        folder.write(folder.read().model_copy(update={"status": RunStatus.RUNNING}))
        with pytest.raises(UserError, match="it is running"):
            resume.existing(group.path.parent, f"{group.name}/{folder.path.name}")

    def test_another_agent(self, interrupted, group):
        _, folder = interrupted(1)
        folder.write(folder.read().model_copy(update={"candidate_isolation": "none"}))
        with pytest.raises(UserError, match="keeps no journal"):
            resume.existing(group.path.parent, f"{group.name}/{folder.path.name}")

    def test_a_record_of_another_results_folder(self, interrupted, group, tmp_path):
        _, folder = interrupted(1)
        with pytest.raises(UserError, match="PODIUM_RESULTS="):
            resume.existing(tmp_path, str(folder.path))
