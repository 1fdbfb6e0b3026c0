"""Steps for codes and names: text that holds several things at once, and rows that belong together by it."""

from __future__ import annotations

from harness.gateway.providers.offline.features import reasons
from harness.gateway.providers.offline.features.base import Step

SPLIT_PARTS = Step(
    name="split_parts",
    title="code parts",
    fits=reasons.codes_in_parts,
    helpers=("text_columns",),
    code='''
def split_parts(table):
    """Split codes such as `G/3/S` or `0013_01`; parts that are numbers become numbers."""
    for column in text_columns(table):
        text = table[column].dropna().astype(str)
        if text.nunique() < 50:
            continue
        for mark in "/_|:-":
            marks = text.str.count(mark)
            if 1 <= marks.median() <= 4 and (marks == marks.median()).mean() > 0.95:
                parts = table[column].astype("string").str.split(mark, expand=True, regex=False)
                for i in range(int(marks.median()) + 1):
                    number = pd.to_numeric(parts[i], errors="coerce")
                    whole = number.notna().sum() >= 0.95 * parts[i].notna().sum()
                    table[f"{column}_part{i + 1}"] = number.astype(float) if whole else parts[i].astype(object)
                break
    return table
''',
)

FILL_FROM_MATES = Step(
    name="fill_from_mates",
    title="gaps filled from mates",
    fits=reasons.codes_in_parts,
    helpers=("text_columns", "mates_key"),
    needs=("split_parts",),
    code='''
def fill_from_mates(table):
    """Fill gaps of a category from the rows of the same group, where such rows nearly always agree."""
    key = mates_key(table)
    for column in [c for c in text_columns(table) if key and 1 < table[c].nunique() <= 30]:
        agreed = table.groupby(key)[column].nunique()
        known = table.groupby(key)[column].count()
        if (agreed[known > 1] == 1).mean() > 0.9:
            table[column] = table[column].fillna(table[key].map(table.groupby(key)[column].first()))
    return table
''',
)

GROUP_SIZES = Step(
    name="group_sizes",
    title="group sizes",
    fits=reasons.codes_in_parts,
    needs=("split_parts",),
    code='''
def group_sizes(table):
    """Count the rows that share a code or a part of one: people who travel together."""
    for column in [c for c in table.columns if "_part" in c or f"{c}_part1" in table.columns]:
        size = table[column].map(table[column].value_counts()).fillna(1).astype(float)
        if 1.05 < size.mean() < 30:
            table[f"{column}_shared"] = size
            table[f"{column}_alone"] = (size == 1).astype(float)
    return table
''',
)

MATES_MEANS = Step(
    name="mates_means",
    title="group averages",
    hope=0.5,
    fits=reasons.codes_in_parts,
    helpers=("mates_key",),
    needs=("split_parts",),
    code='''
def mates_means(table):
    """Describe a row by the average of its group: what the others do tells something of this one."""
    key = mates_key(table)
    if key:
        numbers = [c for c in table.select_dtypes("number").columns if "_part" not in c]
        means = table.groupby(key)[numbers].transform("mean").add_suffix("_of_group")
        table = pd.concat([table, means], axis=1)
    return table
''',
)

NAME_WORDS = Step(
    name="name_words",
    title="family names",
    fits=reasons.names_of_words,
    helpers=("text_columns",),
    code='''
def name_words(table):
    """Count the rows that share the last word of a name: families."""
    for column in text_columns(table):
        text = table[column].dropna().astype(str)
        if len(text) and text.nunique() > 0.5 * len(text) and text.str.count(" ").mean() >= 0.9:
            last = table[column].astype("string").str.split().str[-1]
            table[f"{column}_family"] = last.map(last.value_counts()).astype(float)
            table[f"{column}_length"] = table[column].astype("string").str.len().astype(float)
    return table
''',
)

FREQUENCIES = Step(
    name="frequencies",
    title="category counts",
    fits=reasons.categories,
    helpers=("text_columns",),
    code='''
def frequencies(table):
    """How often a category occurs: rare ones behave alike, and many-valued ones stay usable."""
    for column in [c for c in text_columns(table) if table[c].nunique() > 2]:
        table[f"{column}_count"] = table[column].map(table[column].value_counts()).astype(float)
    return table
''',
)

CATEGORY_PAIRS = Step(
    name="category_pairs",
    title="category pairs",
    hope=1.0,
    fits=reasons.several_categories,
    helpers=("text_columns",),
    code='''
def category_pairs(table):
    """Join pairs of small categories, so that a model sees a combination in one step."""
    small = [c for c in table.columns if 2 <= table[c].nunique() <= 10][:8]
    for i, first in enumerate(small):
        for second in small[i + 1 :]:
            both = table[first].astype(str) + "&" + table[second].astype(str)
            table[f"{first}&{second}"] = pd.factorize(both)[0].astype(float)
    return table
''',
)
