"""results/README.md names every file and field that is kept, and every status."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from harness.cheating.finding import Evidence, Finding, Findings, ModelReview
from harness.cheating.verdicts import Verdict
from harness.comparing import comparison
from harness.comparing.compare import METRICS
from harness.contract import EVENT
from harness.gateway.journal import StoredEvent
from harness.gateway.scores import ScoreLine
from harness.gateway.transcript import CallRecord
from harness.gateway.trespasses import KINDS
from harness.grading.grade import GradeReport
from harness.grading.grade_nodes import NodeGrade, NodeGrades
from harness.groups.declared import ArmRecord, Declared
from harness.groups.leases import SCHEMA
from harness.rates.aggregate import Summary
from harness.rates.rates import Estimate
from harness.rates.suite_rates import SuiteRates
from harness.results.frames import TABLES
from harness.results.layout import RunFolder
from harness.results.record import (
    DataRecord,
    Finalist,
    FinalRecord,
    HeldBackRecord,
    HostRecord,
    ReservationRecord,
    RunRecord,
    RunStatus,
    TrespassRecord,
    UsageRecord,
)
from harness.results.row import Row
from harness.results.tree import Tree, TreeNode
from harness.runs.solving import Solved

PAGE = (Path(__file__).parents[3] / "results" / "README.md").read_text(encoding="utf-8")


def section(title):
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"results/README.md has no section {title}"
    return set(re.findall(r"`([^`\n]+)`", found[1]))


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("run.json", set(RunRecord.model_fields)),
        ("run.json", set(DataRecord.model_fields)),
        ("run.json", set(HostRecord.model_fields)),
        ("run.json", set(UsageRecord.model_fields)),
        ("run.json", {*TrespassRecord.model_fields, *KINDS}),
        ("run.json", set(ReservationRecord.model_fields)),
        ("run.json", {*HeldBackRecord.model_fields, *FinalRecord.model_fields, *Finalist.model_fields}),
        ("scores.jsonl", set(ScoreLine.model_fields) - {"schema_version"}),
        ("run.json", {str(status) for status in RunStatus}),
        ("journal.jsonl", set(StoredEvent.model_fields) | {"start", "proposal", "node", "best", "end"}),
        ("llm.jsonl", {field.name for field in fields(CallRecord)}),
        ("grade.json", set(GradeReport.model_fields)),
        ("node_grades.json", set(NodeGrades.model_fields) | set(NodeGrade.model_fields)),
        ("tree.json", set(Tree.model_fields) | set(TreeNode.model_fields)),
        ("solve.json", set(Solved.model_fields)),
        (
            "findings.json",
            {*Findings.model_fields, *Finding.model_fields, *Evidence.model_fields, *ModelReview.model_fields},
        ),
        ("verdicts.jsonl", set(Verdict.model_fields)),
        ("group.json", {*Declared.model_fields, *ArmRecord.model_fields} - {"schema_version"}),
        ("group.sqlite", {*re.findall(r"\b[a-z]+_?[a-z]+(?= (?:INTEGER|TEXT))", SCHEMA)}),
        ("summary.json", set(Summary.model_fields)),
        ("summary.json", {field.name for kept in (Row, SuiteRates, Estimate) for field in fields(kept)}),
        *(
            ("comparison.json", set(model.model_fields))
            for model in (
                comparison.Comparison,
                comparison.Side,
                comparison.MetricRow,
                comparison.CompetitionRow,
                comparison.LeftOut,
                comparison.Refused,
                comparison.Setting,
                comparison.PromptChange,
            )
        ),
        ("comparison.json", set(METRICS)),
    ],
)
def test_every_field_that_is_kept_is_documented(title, names):
    assert names - section(title) - {"schema_version"} == set()


def test_every_type_of_event_is_documented():
    types = {
        option["properties"]["type"]["const"]
        for option in EVENT.json_schema()["$defs"].values()
        if "type" in option["properties"]
    }
    assert types <= section("journal.jsonl")


def test_every_file_of_a_run_is_documented():
    folder = RunFolder(Path("run"))
    files = (
        folder.record_file,
        folder.journal,
        folder.transcript,
        folder.submission,
        folder.sandbox_log,
        folder.grade_file,
    )
    assert all(f"    {path.name} " in PAGE for path in files)


@pytest.mark.parametrize("name", list(TABLES))
def test_every_column_of_the_tables_is_documented_with_its_meaning(name):
    columns, _ = TABLES[name]
    written = set(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.split(f"### {name}\n")[1].split("\n#")[0], re.MULTILINE))
    assert written == {(column.name, f"{column.kind}: {column.meaning}") for column in columns}
