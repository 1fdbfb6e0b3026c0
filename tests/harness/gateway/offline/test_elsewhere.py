"""Prompts in aideml's form are read as well as ours: its preview, its one system message, its forced review."""

import pytest

from harness.gateway.providers.offline import OfflineCoder, elsewhere
from harness.gateway.providers.offline.approaches import problem_of
from harness.gateway.providers.offline.preview import read_preview
from harness.gateway.providers.offline.reading import read_situation

PREVIEW = """\
```
input/
    sample.csv (3 lines)
    test.csv (3 lines)
    train.csv (9 lines)
```

-> input/sample.csv has 2 rows and 2 columns.
Here is some information about the columns:
answer (float64) has 1 unique values: [0.5]
row_id (int64) has range: 10.00 - 20.00, 0 nan values

-> input/test.csv has 2 rows and 4 columns.
Here is some information about the columns:
age (float64) has range: -1.50 - 80.00, 3 nan values
ill (bool) is 25.00% True, 75.00% False
row_id (int64) has range: 10.00 - 20.00, 0 nan values
town (object) has 12 unique values. Some example values: ['Ulm', 'Aa, b']

-> input/train.csv has 8 rows and 5 columns.
Here is some information about the columns:
age (float64) has range: -1.50 - 80.00, 3 nan values
answer (int64) has 2 unique values: [1, 0]
ill (bool) is 25.00% True, 75.00% False
row_id (int64) has range: 1.00 - 9.00, 0 nan values
town (object) has 12 unique values. Some example values: ['Ulm', 'Aa, b']"""
TASK = "# A task\n\nWho is who?\n\n## Evaluation\n\n{metric}\n\n## Submission\n\nAccuracy of the form matters."
PROMPT = """\
# Introduction

You write scripts.

# Task description

{task}

# Memory

Design: A plan.
Results: It went well.
Validation Metric: 0.8

{more}
# Instructions

## Implementation guideline

- The script should complete within 2 hours.
- Use 4-fold cross-validation.

## Installed Packages

`lightGBM`, `scikit-learn`

# Data Overview

{preview}
"""
REVIEW = {
    "type": "function",
    "function": {
        "name": "submit_review",
        "parameters": {
            "type": "object",
            "properties": {
                "is_bug": {"type": "boolean"},
                "summary": {"type": "string"},
                "metric": {"type": "number"},
                "lower_is_better": {"type": "boolean"},
            },
        },
    },
}


def prompt(metric="Area under the ROC curve. Higher is better.", more=""):
    text = PROMPT.format(task=TASK.format(metric=metric), preview=PREVIEW, more=more)
    return [{"role": "system", "content": text}]


def test_a_preview_gives_its_tables_rows_columns_and_gaps():
    data = read_preview(elsewhere.preview(PREVIEW))
    assert {role: table.rows for role, table in data.tables.items()} == {"sample": 2, "test": 2, "train": 8}
    assert [target.name for target in data.targets] == ["answer"]
    facts = {column.name: column for column in data.features}
    assert set(facts) == {"age", "ill", "town"}
    assert (facts["age"].kind, facts["age"].low, facts["age"].high, facts["age"].missing) == (
        "number",
        -1.5,
        80.0,
        True,
    )
    assert facts["ill"].kind == "boolean" and facts["town"].kind == "text"
    assert facts["town"].values == 12 and facts["town"].examples == ("Ulm", "Aa, b")


def test_a_short_preview_gives_its_columns_and_how_many_it_hides():
    short = "-> input/train.csv has 1000 rows and 18 columns.\nThe columns are: b, a, id... and 15 more columns"
    (train,) = read_preview(elsewhere.preview(short)).tables.values()
    assert (train.rows, train.column_names, train.hidden) == (1000, ("id", "b", "a"), 15)


def test_a_preview_of_ours_stays_as_it_is():
    ours = "- `b`: number\n- `the_id`: integer\n\n-> not a table"
    assert elsewhere.preview(ours) == ours


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Area under the ROC curve of `target`.", "roc_auc"),
        ("Root mean squared error (RMSE) between true and predicted.", "rmse"),
        ("Root mean squared error of the natural logarithm of 1 + `count`.", "rmsle"),
        ("Mean absolute error of `SalePrice`.", "mae"),
        ("Macro F1: the F1 score of each species.", "f1_macro"),
        ("Log loss: minus the mean logarithm.", "log_loss"),
        ("The share of passengers whose `Transported` is right.", "accuracy"),
        ("How far the boxes lie apart.", None),
    ],
)
def test_a_metric_in_prose_is_known_by_what_its_section_says(said, name):
    assert elsewhere.metric(TASK.format(metric=said)) == name


def test_a_draft_follows_metric_data_folds_and_time():
    situation = read_situation(prompt(), [])
    problem = problem_of(situation)
    assert (situation.operator, problem.metric.name, problem.folds, problem.rows) == ("draft", "roc_auc", 4, 8)
    assert situation.timeout_seconds == 7200.0 and [tried.score for tried in situation.memory] == [0.8]


def test_an_improvement_changes_the_script_that_it_was_shown():
    coder = OfflineCoder()
    code = coder.answer(prompt(), [], 0).text.split("```python\n")[1].removesuffix("```\n")
    more = f"# Previous solution\n\n## Code\n\n```python\n{code}\n```\n"
    improved = coder.answer(prompt(more=more), [], 0).text
    assert improved.startswith("Change: ") and code not in improved


@pytest.mark.parametrize(
    ("metric", "lower"), [("Log loss. Lower is better.", True), ("Area under the ROC curve. Higher is better.", False)]
)
def test_a_forced_review_says_which_way_is_better_and_a_float(metric, lower):
    more = "# Implementation\n\n```python\nprint(1)\n```\n\n# Execution output\n\n```\nvalidation score: 1\n```\n"
    answer = OfflineCoder().answer(prompt(metric, more), [REVIEW], 0)
    assert answer.tool_name == "submit_review"
    assert answer.tool_arguments["lower_is_better"] is lower and not answer.tool_arguments["is_bug"]
    assert isinstance(answer.tool_arguments["metric"], float)
