"""How far the coder reaches: which tasks models answer, from which source, and which only a baseline does.

Everything is told from the prompt: the metric's name, and what the preview says of files and columns.
"""

from __future__ import annotations

from harness.gateway.providers.offline.baselines import answer_metric
from harness.gateway.providers.offline.preview import DataFacts, TableFacts
from harness.gateway.providers.offline.recipe import Source

_MANY_FEATURES = 20  # a table of so many features says more than small pictures beside it do
_FEW_FILES = 8
_PLAIN = (".csv", ".csv.gz", ".csv.zip")


def source_of(data: DataFacts) -> Source:
    """Tables by the preview's names where they are plain and hold what there is to learn from; else what is found."""
    train, test, sample = (data.tables.get(role) for role in ("train", "test", "sample"))
    if not data.files and not data.tables:
        return "named"  # no preview: the script looks for tables by the usual names
    if train is None or sample is None or not (_plain(train) and _plain(sample)):
        return "found"
    if not train.hidden and not set(sample.column_names[1:]) & set(train.column_names) and len(sample.columns) == 2:
        return "found"  # the answers go by another name
    media = data.media > _FEW_FILES
    if test is None:
        return "found" if media or data.files else "named"
    if sample.column_names[0] not in test.column_names and test.rows != sample.rows and not test.hidden:
        return "found"  # rows of the sample are not rows of the test table
    if not _plain(test) or not set(test.column_names) & set(train.column_names):
        return "found"
    return "found" if media and len(data.features) + data.hidden_features < _MANY_FEATURES else "named"


def _plain(table: TableFacts) -> bool:
    return table.name.lower().endswith(_PLAIN)


def only_a_baseline(metric: str | None, higher: bool | None, data: DataFacts) -> bool:
    """Is what is asked for a text with a form of its own (a mask, boxes, a sentence), not a class or a number?

    Rankings and lists of labels are classes to models.
    """
    answers = answer_metric(metric, higher)
    if answers.own_form or answers.of_texts:
        return True
    sample = data.tables.get("sample")
    return (
        answers.name == "exact"
        and sample is not None
        and any(" " in text for c in sample.columns[1:] for text in c.examples)
    )
