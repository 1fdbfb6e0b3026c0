"""Steps for numbers: amounts, gaps, dates, and tables of many like columns."""

from __future__ import annotations

from harness.gateway.providers.offline.features import reasons
from harness.gateway.providers.offline.features.base import Step

MISSING_COUNT = Step(
    name="missing_count",
    title="gap counts",
    fits=reasons.gaps,
    code='''
def missing_count(table):
    """Say where values are missing, and how many in a row: gaps are seldom random."""
    gaps = table.isna()
    table["missing_count"] = gaps.sum(axis=1).astype(float)
    return table
''',
)

AMOUNT_TOTALS = Step(
    name="amount_totals",
    title="amount totals",
    fits=reasons.several_amounts,
    code='''
def amount_totals(table):
    """Sum up amounts (never negative, often zero, a long tail), such as spending by kind."""
    numbers = table.select_dtypes("number")
    amounts = [c for c in numbers if numbers[c].min() >= 0 and (numbers[c] == 0).mean() > 0.2 and numbers[c].skew() > 2]
    if len(amounts) > 1:
        total = table[amounts].sum(axis=1)
        table["amount_total"] = total
        table["amount_kinds"] = (table[amounts] > 0).sum(axis=1).astype(float)
        table["amount_none"] = (total == 0).astype(float)
        for column in amounts:
            table[f"{column}_share"] = table[column] / total.clip(lower=1)
    return table
''',
)

ZERO_RULES = Step(
    name="zero_rules",
    title="zero rules",
    fits=reasons.amounts_and_flags,
    code='''
def zero_rules(table):
    """Where a yes/no column always goes with zero amounts, let each fill the other's gaps."""
    numbers = table.select_dtypes("number")
    many = [c for c in numbers if numbers[c].nunique() > 10]
    amounts = [c for c in many if numbers[c].min() >= 0 and (numbers[c] == 0).mean() > 0.2]
    for flag in [c for c in numbers if numbers[c].nunique() == 2 and amounts]:
        total = table[amounts].sum(axis=1)
        on = table[flag] == table[flag].max()
        if on.any() and (total[on] == 0).all():
            table.loc[table[flag].isna() & (total > 0), flag] = table[flag].min()
            table.loc[table[flag] == table[flag].max(), amounts] = 0.0
    return table
''',
)

LOG_AMOUNTS = Step(
    name="log_amounts",
    title="log amounts",
    fits=reasons.amounts,
    code='''
def log_amounts(table):
    """Take logarithms of never negative numbers with a long tail."""
    for column in table.select_dtypes("number").columns:
        if table[column].min() >= 0 and table[column].skew() > 2:
            table[column] = np.log1p(table[column])
    return table
''',
)

DATE_PARTS = Step(
    name="date_parts",
    title="date parts",
    fits=reasons.dates,
    helpers=("text_columns",),
    code='''
def date_parts(table):
    """Split dates into the parts that repeat."""
    for column in text_columns(table):
        when = pd.to_datetime(table[column], errors="coerce", format="mixed", utc=True)
        if when.notna().mean() > 0.8:
            for part in ("year", "month", "day", "day_of_week", "hour"):
                table[f"{column}_{part}"] = getattr(when.dt, part).astype(float)
            table[f"{column}_days"] = (when - when.min()).dt.total_seconds() / 86400
    return table
''',
)

NUMBER_PRODUCTS = Step(
    name="number_products",
    title="number products",
    hope=0.5,
    fits=reasons.few_numbers,
    code='''
def number_products(table):
    """Multiply pairs of standardised numbers, so that a linear model can bend."""
    numbers = [c for c in table.select_dtypes("number").columns if table[c].nunique() > 2][:12]
    scaled = (table[numbers] - table[numbers].mean()) / table[numbers].std().replace(0, 1)
    products = {f"{a}*{b}": scaled[a] * scaled[b] for i, a in enumerate(numbers) for b in numbers[i:]}
    return pd.concat([table, pd.DataFrame(products)], axis=1)
''',
)

ROW_STATISTICS = Step(
    name="row_statistics",
    title="row statistics",
    fits=reasons.many_numbers,
    code='''
def row_statistics(table):
    """Describe a row of many like numbers (pixels, readings) by its own distribution."""
    numbers = table.select_dtypes("number")
    if numbers.shape[1] >= 8:
        table["row_mean"] = numbers.mean(axis=1)
        table["row_spread"] = numbers.std(axis=1)
        table["row_highest"] = numbers.max(axis=1)
        table["row_zeros"] = (numbers == 0).mean(axis=1)
    return table
''',
)

PRINCIPAL_COMPONENTS = Step(
    name="principal_components",
    title="principal components",
    fits=reasons.many_numbers,
    imports=("from sklearn.decomposition import PCA",),
    code='''
def principal_components(table):
    """Summarise many like numbers by the directions in which they vary most together."""
    numbers = table.select_dtypes("number")
    if numbers.shape[1] >= 8:
        scaled = ((numbers - numbers.mean()) / numbers.std().replace(0, 1)).fillna(0)
        parts = PCA(min(10, numbers.shape[1]), random_state=0).fit_transform(scaled)
        table = pd.concat([table, pd.DataFrame(parts).add_prefix("component_")], axis=1)
    return table
''',
)
