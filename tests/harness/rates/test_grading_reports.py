"""MLE-bench's grading reports are read as its aggregation reads them, and those written say what the records say."""

import json

import numpy as np
import pytest

from harness.errors import UserError
from harness.rates import grading_reports, rates
from harness.rates.grading_reports import CompetitionReport
from harness.results.export_mle_bench import export
from harness.results.record import DataRecord, RunStatus
from tests.harness import records

REPORT = {  # the shape of a published one
    "total_runs": 2,
    "competition_reports": [
        {
            "competition_id": "b",
            "score": 0.5,
            "gold_threshold": 0.9,
            "silver_threshold": 0.8,
            "bronze_threshold": 0.7,
            "median_threshold": 0.6,
            "any_medal": False,
            "gold_medal": False,
            "silver_medal": True,
            "bronze_medal": False,
            "above_median": True,
            "submission_exists": True,
            "valid_submission": True,
            "is_lower_better": False,
            "created_at": "2025-01-01T10:00:00",
            "submission_path": "somewhere/submission.csv",
        },
        {
            "competition_id": "a",
            "score": None,
            "gold_medal": False,
            "silver_medal": False,
            "bronze_medal": False,
            "above_median": False,
            "submission_exists": True,
            "valid_submission": False,
        },
    ],
}


def written(path, content=REPORT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def report(competition, **flags):
    return CompetitionReport(competition_id=competition, **flags)


def test_any_medal_is_one_of_the_three_whatever_the_report_calls_it(tmp_path):
    first, second = grading_reports.read(written(tmp_path / "grading_report.json"))
    assert (first.competition_id, second.competition_id) == ("a", "b")
    assert second.happened("any_medal") and not first.happened("any_medal")
    assert first.happened("made_submission") and not first.happened("valid_submission")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"competition_reports": [{"score": 1}]}'])
def test_a_file_that_is_no_report_is_named(tmp_path, text):
    path = tmp_path / "grading_report.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"grading_report.json is not a grading report"):
        grading_reports.read(path)


def test_an_experiment_is_the_run_groups_of_its_table_in_sorted_order(tmp_path):
    for number, medal in enumerate((True, False)):
        content = {"competition_reports": [{"competition_id": "a", "gold_medal": medal}]}
        written(tmp_path / f"group-{number}" / f"x_grading_report_{number}.json", content)
    (tmp_path / "run_group_experiments.csv").write_text(
        "experiment_id,run_group\nmine,group-1\nmine,group-0\nmine,gone\n"
    )
    (found,) = grading_reports.experiments(tmp_path)
    assert [item.gold_medal for item in found.reports] == [True, False]
    assert found.skipped == ("mine: run group gone has no grading report",)


def test_two_reports_in_one_run_group_are_refused(tmp_path):
    written(tmp_path / "group" / "a_grading_report.json")
    written(tmp_path / "group" / "b_grading_report.json")
    (tmp_path / "run_group_experiments.csv").write_text("experiment_id,run_group\nmine,group\n")
    with pytest.raises(UserError, match="2 grading reports"):
        grading_reports.experiments(tmp_path)


def test_a_folder_without_a_table_is_one_experiment(tmp_path):
    written(tmp_path / "mine" / "s1" / "grading_report.json")
    (found,) = grading_reports.experiments(tmp_path / "mine")
    assert (found.name, len(found.reports)) == ("mine", 2)
    with pytest.raises(UserError, match="no folder"):
        grading_reports.experiments(tmp_path / "absent")


def test_without_padding_there_are_as_many_seeds_as_the_competition_with_the_fewest_reports():
    reports = [report("a", gold_medal=True), report("b"), report("a"), report("c")]
    assert grading_reports.cells(reports, ["a", "b"], "any_medal", pad=False).tolist() == [[1], [0]]
    with pytest.raises(UserError, match=r"no report on 1 of 2 competitions: d, …; --pad"):
        grading_reports.cells(reports, ["a", "d"], "any_medal", pad=False)


def test_padding_fills_gaps_with_failures():
    reports = [report("a", gold_medal=True), report("b", bronze_medal=True), report("a", silver_medal=True)]
    cells = grading_reports.cells(reports, ["a", "b", "d"], "any_medal", pad=True)
    assert cells.tolist() == [[1, 1], [1, 0], [0, 0]]


def a_group(tmp_path):
    group = records.group_at(tmp_path / "results" / "mine")
    for seed, medals in enumerate([("gold", "none", None), ("bronze", "silver", "none")]):
        for competition, medal in zip(("a", "b", "c"), medals, strict=True):
            records.write(group, records.record("mine", competition, seed), records.grade(competition, medal))
    return group


def test_what_is_written_reads_back_with_the_same_rates(tmp_path):
    made = export(a_group(tmp_path), tmp_path / "runs")
    assert [path.relative_to(tmp_path / "runs").as_posix() for path in made.files] == [
        "run_group_experiments.csv",
        "mine-seed0000/grading_report.json",
        "mine-seed0001/grading_report.json",
    ]
    (found,) = grading_reports.experiments(tmp_path / "runs")
    cells = grading_reports.cells(found.reports, "abc", "any_medal", pad=False)
    assert cells.tolist() == [[1, 1], [0, 1], [0, 0]]
    valid = grading_reports.cells(found.reports, "abc", "valid_submission", pad=False)
    assert valid.tolist() == [[1, 1], [1, 1], [0, 1]]
    assert rates.estimate(cells).mean == pytest.approx(50)


def test_totals_are_those_of_the_list(tmp_path):
    made = export(a_group(tmp_path), tmp_path / "runs")
    content = json.loads(made.files[2].read_text())
    assert content["total_runs"] == content["total_valid_submissions"] == 3
    assert (content["total_medals"], content["total_silver_medals"]) == (2, 1)
    first = content["competition_reports"][0]
    assert first["gold_threshold"] == 0.9 and first["is_lower_better"] is False
    assert first["submission_path"] == "mine/a--aide--s1/submission.csv"


def test_only_what_mle_bench_could_have_graded_goes_out(tmp_path):
    group = a_group(tmp_path)
    data = records.record("mine", "x").data
    stand_in = records.record("mine", "s", data=data.model_copy(update={"stand_in": True}))
    fixed = records.record("mine", "f", data=DataRecord(**(data.model_dump() | {"edition": "fixed"})))
    broken = records.record("mine", "i", status=RunStatus.INFRA_FAILED)
    records.write(group, stand_in, records.grade("s", stand_in=True, medal=None))
    records.write(group, fixed, records.grade("f", "gold", edition="fixed"))
    records.write(group, broken, None)
    made = export(group, tmp_path / "runs")
    assert made.left_out == (
        "f--aide--s0: edition fixed is not MLE-bench's",
        "s--aide--s0: on stand-in data",
        "i--aide--s0: infra_failed",
    )
    assert {item.competition_id for item in grading_reports.read(made.files[1])} == set("abc")
    padded = export(group, tmp_path / "padded", pad=True)
    assert padded.padded == ("i--aide--s0: infra_failed",)
    gap = grading_reports.read(padded.files[1])[-1]
    assert gap.competition_id == "i" and not gap.submission_exists


def test_what_only_mle_bench_takes_is_valid_there(tmp_path):
    group = records.group_at(tmp_path / "g")
    records.write(group, records.record("g", "a"), records.grade("a", None, valid_mle_bench=True))
    (item,) = grading_reports.read(export(group, tmp_path / "runs").files[1])
    assert item.valid_submission and item.score is None and not item.happened("any_medal")


def test_two_agents_in_a_group_are_not_mixed_into_one_experiment(tmp_path):
    group = a_group(tmp_path)
    records.write(group, records.record("mine", "a", agent="other"), records.grade("a"))
    with pytest.raises(UserError, match="2 agents or models"):
        export(group, tmp_path / "runs")


def test_a_group_with_nothing_to_export_says_why(tmp_path):
    group = records.group_at(tmp_path / "g")
    data = records.record("g", "a").data.model_copy(update={"stand_in": True})
    records.write(group, records.record("g", "a", data=data), None)
    with pytest.raises(UserError, match="on stand-in data"):
        export(group, tmp_path / "runs")


def test_any_order_of_reports_gives_the_same_mean():
    reports = [report("a", gold_medal=bool(n % 2)) for n in range(4)] + [report("b") for _ in range(4)]
    forward = grading_reports.cells(reports, "ab", "any_medal", pad=False)
    backward = grading_reports.cells(reversed(reports), "ab", "any_medal", pad=False)
    assert np.array_equal(np.sort(forward), np.sort(backward))
