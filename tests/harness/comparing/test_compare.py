"""A comparison claims only what its groups show, and names everything that it leaves out."""

import json

import pytest

from harness.comparing import compared_runs
from harness.comparing.compare import METRICS, compare, gates, write
from harness.errors import UserError
from harness.results.record import DataRecord, RunStatus, UsageRecord
from tests.harness import records

MODEL = {"model": "openai/some"}  # seeds of a real model share no randomness


@pytest.fixture
def groups(tmp_path):
    """Make groups: each of its rows is (competition, medals by seed)."""

    def make(name, rows, **changes):
        group = records.group_at(tmp_path / name)
        for competition, medals in rows.items():
            for seed, medal in enumerate(medals):
                score = {None: None, "none": 0.65, "bronze": 0.75, "gold": 0.95}[medal]
                places = {} if medal is None else {"percentile": 100 * score, "exceeds_percent": 100 * score - 1}
                record = records.record(name, competition, seed, **{**MODEL, **changes})
                records.write(group, record, records.grade(competition, medal, score=score, **places))
        return group

    return make


def rows_of(medals, competitions=8):
    return {f"c{number}": medals for number in range(competitions)}


def test_a_clear_improvement_is_better_in_every_way_it_is(groups):
    found = compare(groups("a", rows_of(["none"] * 4)), groups("b", rows_of(["gold"] * 4)))
    assert found.verdict == "better" and found.pairing == "competition"
    medals = found.metric("any_medal")
    assert (medals.a, medals.b, medals.difference, medals.verdict) == (0.0, 100.0, 100.0, "better")
    assert medals.low > 50 and medals.p_corrected >= medals.p
    assert found.metric("valid_submission").verdict == "can't tell"
    assert found.metric("score_better").b == 100.0


def test_the_other_way_round_it_is_worse(groups):
    found = compare(groups("a", rows_of(["gold"] * 4)), groups("b", rows_of([None] * 4)))
    assert found.verdict == "worse"
    assert found.metric("valid_submission").difference == -100.0
    assert found.metric("percentile").b == 0.0  # an invalid submission is at the bottom, not left out


def test_a_small_difference_cannot_be_told_and_says_how_many_seeds_would(groups):
    a = groups("a", rows_of(["none", "gold", "none"]))
    b = groups("b", rows_of(["none", "gold", "none"], 7) | {"c7": ["gold", "gold", "none"]})
    found = compare(a, b)
    row = found.metric("any_medal")
    assert found.verdict == row.verdict == "can't tell"
    assert row.low < 0 < row.high and (row.more_seeds is None or row.more_seeds > 3)


def test_what_costs_more_is_worse_in_cost_and_no_worse_as_an_agent(groups):
    a = groups("a", rows_of(["none"] * 4), usage=UsageRecord(cost_usd=0.5))
    b = groups("b", rows_of(["none"] * 4), usage=UsageRecord(cost_usd=0.9))
    found = compare(a, b)
    assert found.metric("cost_usd").difference == pytest.approx(0.4)
    assert found.verdict == "can't tell" and gates(found, ["worse"]) == []


def test_seeds_pair_one_to_one_only_where_randomness_is_shared(groups):
    offline = {"model": "offline"}
    a, b = groups("a", rows_of(["none"]), **offline), groups("b", rows_of(["gold"]), **offline)
    found = compare(a, b)
    assert found.pairing == "seed" and found.metric("any_medal").test == "exact McNemar"
    assert compare(a, b, pairing="competition").pairing == "competition"


def test_a_replayed_run_shares_its_randomness(groups):
    a = groups("a", rows_of(["none"], 1))
    for run in a.runs():
        run.transcript.write_text(json.dumps({"provider": "replay"}) + "\n")
    assert compared_runs.read(a).shares_randomness
    assert not compared_runs.read(groups("b", rows_of(["none"], 1))).shares_randomness


def test_unmatched_competitions_and_seeds_are_named(groups):
    a = groups("a", {"both": ["none", "none"], "old": ["none"]}, model="offline")
    b = groups("b", {"both": ["none"], "new": ["none"]}, model="offline")
    found = compare(a, b)
    assert (found.only_in_a, found.only_in_b) == (("old",), ("new",))
    assert found.unmatched_seeds == {"both": "only in A: 1"}
    assert found.a.compared == found.b.compared == 1


DATA = DataRecord(edition="mle-bench-v1", source="kaggle", stand_in=False, data_sha256="0" * 64)


@pytest.mark.parametrize(
    ("changes", "graded", "reason"),
    [
        ({"status": RunStatus.INFRA_FAILED, "reason": "no engine"}, {}, "missing: infra_failed (no engine)"),
        ({"data": DATA.model_copy(update={"stand_in": True})}, {}, "stand-in data"),
        ({"answers_shown": True}, {}, "shown the answers"),
        ({}, {"leaks": ("a file has the labels",)}, "leaks: a file has the labels"),
        ({}, None, "not graded yet: podium grade a/"),
        ({}, {"data_fingerprint": "1" * 64}, "graded against other data"),
    ],
)
def test_what_says_nothing_is_left_out_and_named(groups, changes, graded, reason):
    a, b = groups("a", rows_of(["none"])), groups("b", rows_of(["none"]))
    odd = records.record("a", "c0", 9, **(MODEL | changes))
    records.write(a, odd, None if graded is None else records.grade("c0", "gold", **graded))
    found = compare(a, b)
    assert [(one.run_id, reason in one.reason) for one in found.left_out] == [(odd.run_id, True)]
    assert found.metric("any_medal").a == 0.0


@pytest.mark.parametrize(
    ("changes", "graded"),
    [
        ({"data": DATA.model_copy(update={"edition": "fixed"})}, {"edition": "fixed"}),
        ({"data": DATA.model_copy(update={"data_sha256": "1" * 64})}, {"data_fingerprint": "1" * 64}),
        ({}, {"metric": "rmse", "direction": "minimize"}),
    ],
)
def test_a_competition_on_other_data_is_refused(groups, changes, graded):
    a, b = groups("a", rows_of(["none"], 2)), groups("b", rows_of(["none"], 1))
    records.write(b, records.record("b", "c1", **(MODEL | changes)), records.grade("c1", "gold", **graded))
    found = compare(a, b)
    assert [one.competition for one in found.refused] == ["c1"] and "different" in found.refused[0].reason
    assert [row.competition for row in found.competitions] == ["c0"]


def test_nothing_to_compare_is_the_users_error_with_the_reasons(groups):
    a = groups("a", {"old": ["none"]})
    with pytest.raises(UserError, match="share no competition"):
        compare(a, groups("b", {"new": ["none"]}))
    b = groups("c", {"old": ["none"]}, status=RunStatus.LOST)
    with pytest.raises(UserError, match="missing: lost"):
        compare(a, b)


def test_a_group_of_two_agents_is_refused(groups):
    a = groups("a", rows_of(["none"], 1))
    records.write(a, records.record("a", "c0", agent="aide-mcts", **MODEL), records.grade("c0"))
    with pytest.raises(UserError, match="2 configurations"):
        compare(a, groups("b", rows_of(["none"], 1)))


def test_what_else_differs_is_told(groups):
    found = compare(groups("a", rows_of(["none"])), groups("b", rows_of(["none"]), model="openai/other"))
    assert [(one.name, one.a, one.b) for one in found.settings] == [("model", ("openai/some",), ("openai/other",))]


def test_biggest_movers_come_first(groups):
    a = groups("a", {"same": ["none"], "down": ["gold"], "up": ["none"]})
    b = groups("b", {"same": ["none"], "down": [None], "up": ["bronze"]})
    found = compare(a, b)
    assert [row.competition for row in found.competitions] == ["down", "up", "same"]
    assert found.competitions[0].median_score_b is None and found.competitions[0].moved == -95.0


def test_fewer_metrics_are_corrected_for_fewer(groups):
    a, b = groups("a", rows_of(["none"] * 2)), groups("b", rows_of(["gold"] * 2))
    row = compare(a, b, metrics=["any_medal"]).metric("any_medal")
    assert row.p_corrected == row.p
    with pytest.raises(UserError, match="there are: any_medal"):
        compare(a, b, metrics=["medals"])


def test_gates(groups):
    worse = compare(groups("a", rows_of(["gold"] * 4)), groups("b", rows_of(["none"] * 4)))
    assert any("any_medal is worse" in words for words in gates(worse, ["worse"]))
    assert any(
        "any_medal may be worse by more than 2 pp" in words for words in gates(worse, ["cannot-rule-out-worse:2pp"])
    )
    better = compare(groups("c", rows_of(["none"] * 4)), groups("d", rows_of(["gold"] * 4)), metrics=["any_medal"])
    assert gates(better, ["worse", "cannot-rule-out-worse:2pp"]) == []
    with pytest.raises(UserError, match="cannot-rule-out-worse:2pp"):
        gates(better, ["bad"])


def test_too_few_runs_rule_nothing_out(groups):
    same = compare(groups("a", rows_of(["none"], 3)), groups("b", rows_of(["none"], 3)))
    assert len(gates(same, ["cannot-rule-out-worse:2pp"])) == 2


def test_the_same_groups_give_the_same_file(groups, tmp_path):
    a, b = groups("a", rows_of(["none", "gold"], 3)), groups("b", rows_of(["gold", None], 3))
    for name in ("one", "two"):
        write(compare(a, b), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    content = json.loads((tmp_path / "one").read_text())
    assert content["schema_version"] == 1
    assert [row["name"] for row in content["metrics"]] == [name for name in METRICS if name != "cost_usd"]


def test_another_agent_is_compared_like_any_and_its_seeds_are_replicates(groups):
    theirs = {"agent": "theirs", "candidate_isolation": "none", "prompt_set": "none", "prompt_set_sha256": ""}
    a = groups("a", rows_of(["none"] * 4), model="offline")
    b = groups("b", rows_of(["gold"] * 4), model="offline", **theirs)
    found = compare(a, b)
    assert (found.verdict, found.pairing) == ("better", "competition")
    assert found.prompts.diff is None and "theirs brings prompts of its own" in found.prompts.note


def test_the_diff_of_prompts_needs_texts_of_the_recorded_hashes(groups, tmp_path):
    from harness.runs.promptset import find

    shas = {}
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "draft.md").write_text(f"Do it the {name} way.\n")
        shas[name] = find(f"{tmp_path / name}", tmp_path)
    a = groups("a", rows_of(["none"], 1), prompt_set="old", prompt_set_sha256=shas["old"].sha256)
    b = groups("b", rows_of(["none"], 1), prompt_set="new", prompt_set_sha256=shas["new"].sha256)
    lacking = compare(a, b).prompts
    assert lacking.diff is None and "--prompts" in lacking.note
    shas["old"].keep(a.prompts)
    told = compare(a, b, prompt_places=[tmp_path / "new"]).prompts
    assert "-Do it the old way.\n+Do it the new way.\n" in told.diff
    (tmp_path / "new" / "draft.md").write_text("Changed since.\n")
    assert compare(a, b, prompt_places=[tmp_path / "new"]).prompts.diff is None


def hidden_split(group):
    """Make the runs of a group ones that held-back rows guided."""
    for folder in group.runs():
        record = folder.read()
        folder.write(record.model_copy(update={"request": record.request.model_copy(update={"validation": MODE})}))
    return group


MODE = "hidden-split"


def test_another_validation_is_told_and_never_mixed_within_a_group(groups):
    a, b = groups("a", rows_of(["none"] * 2)), hidden_split(groups("b", rows_of(["none"] * 2)))
    (told,) = [setting for setting in compare(a, b).settings if setting.name == "validation"]
    assert (told.a, told.b) == (("self",), (MODE,))
    first = next(iter(b.runs()))
    record = first.read()
    first.write(record.model_copy(update={"request": record.request.model_copy(update={"validation": "self"})}))
    with pytest.raises(UserError, match=r"2 configurations .*hidden-split"):
        compare(a, b)
