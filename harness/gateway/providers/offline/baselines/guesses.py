"""The guesses that a baseline can make, each a function `guess(known, asked)` of its script.

`known` holds training rows with their answers, `asked` the rows to answer; both with whatever else is known of a row.
A guess returns the answers as texts, a column for each of `ASKED`. Later guesses fall back on earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass

CANDIDATES = '''
def candidates(known, column):
    """Constant answers worth a try by name: the middle of numbers, what is most frequent, what the sample shows."""
    shown = sample[column].iloc[0]
    if CONFIG["own_form"]:  # training answers look different from what is to be handed in
        return {"shown": shown, "empty": ""} if (known[column] == "").any() and shown != "-" else {"shown": shown}
    frequent = known[column].value_counts().index[:5]
    values = pd.to_numeric(known[column], errors="coerce")
    found = {}
    if values.notna().mean() > 0.9:
        values = values.dropna()
        if CONFIG["metric"].endswith(("log_loss", "logloss")):  # never quite sure, whatever was seen
            return {"mean": written((values.sum() + 0.5) / (len(values) + 1), column)}
        middles = {"mean": values.mean(), "median": values.median()}
        middles["mean of logs"] = np.expm1(np.log1p(values.clip(lower=0)).mean())
        found = {name: written(value, column) for name, value in middles.items()}
    elif len(shown.split()) > 1 or known[column].str.contains(r"\\S[ |]\\S").mean() > 0.2:
        words = known[column].str.replace("|", " ").str.split().explode().value_counts().index
        most = max(len(shown.split()), 1)
        found = {f"{count} words": " ".join(words[:count]) for count in (most, 1, 3)}
    found |= {f"frequent {place}": text for place, text in enumerate(frequent)}
    return found | {"shown": shown}


def written(value, column):
    """A number as the column has it: whole where the sample and the training answers are."""
    whole = CONFIG["whole"] and sample[column].str.fullmatch(r"-?\\d+").all()
    return str(int(round(value))) if whole else f"{value:.7g}"
'''

CONSTANT = '''
def best_names(known):
    """For each column the name of the candidate that scores best on these rows, the other columns being as they are."""
    options = {column: candidates(known, column) for column in ASKED}
    chosen = {column: next(iter(found)) for column, found in options.items()}
    few = known.sample(min(len(known), CONFIG["rows"]), random_state=0)
    sign = 1 if CONFIG["higher"] else -1
    for column in ASKED[:12]:
        worth = {}
        for name in options[column]:
            texts = {c: options[c][name if c == column else chosen[c]] for c in ASKED}
            value = score(few[ASKED], pd.DataFrame(texts, index=few.index))
            worth[name] = -np.inf if np.isnan(value) else sign * value
        chosen[column] = max(worth, key=worth.get)
    return chosen


def constant_guess(known, asked, names=None):
    """One answer for all rows, a column at a time."""
    names, texts = names or best_names(known), {}
    for column in ASKED:
        found = candidates(known, column)
        texts[column] = found.get(names[column], next(iter(found.values())))
    return pd.DataFrame(texts, index=asked.index)[ASKED]
'''

CATEGORY = '''
def shared_columns(known, asked, most):
    """Columns of both tables with a few different values."""
    shared = [c for c in asked if c in known and c not in ASKED and c != ID]
    return [c for c in shared if known[c].map(type).ne(list).all() and 2 <= known[c].nunique() <= most]


def category_guess(known, asked):
    """One answer for each category of the column that tells most; for other categories the one for all rows."""
    names = best_names(known)
    best, best_value = constant_guess(known, asked, names), -np.inf
    half = known.sample(frac=0.5, random_state=0)
    rest = known.drop(half.index)
    for column in ["", *shared_columns(known, asked, min(120, max(12, len(known) // 8)))[:8]]:
        value = score(rest[ASKED], by_category(half, rest, column, names)) if len(rest) and len(half) else -np.inf
        value = -np.inf if np.isnan(value) else value if CONFIG["higher"] else -value
        if value > best_value:
            best, best_value = by_category(known, asked, column, names), value
    return best


def by_category(known, asked, column, names):
    """The answers for one column's categories."""
    answers = constant_guess(known, asked, names)
    if not column:
        return answers
    middles = [c for c in ASKED if names[c] in ("mean", "median") and not CONFIG["metric"].endswith("loss")]
    for name in middles:
        values = pd.to_numeric(known[name], errors="coerce").groupby(known[column]).agg(names[name])
        found = [written(value, name) if value == value else None for value in asked[column].map(values)]
        answers[name] = pd.Series(found, index=asked.index, dtype=object).fillna(answers[name])
    others = [c for c in ASKED if c not in middles]
    for value, rows in known.groupby(column) if others else ():
        here = asked[column] == value
        if len(rows) >= 2 and here.any():
            answers.loc[here, others] = constant_guess(rows, asked[here], names)[others]
    return answers
'''

COPY = '''
def copy_guess(known, asked):
    """The text of the column that comes nearest to the answer; where training rows share it, their usual answer."""
    fallback = constant_guess(known, asked)
    target = ASKED[0]
    texts = [c for c in asked if c in known and c not in ASKED and c != ID and known[c].map(type).eq(str).mean() > 0.9]
    sign = 1 if CONFIG["higher"] else -1
    if not texts or len(ASKED) > 1:
        return fallback
    few = known.sample(min(len(known), CONFIG["rows"]), random_state=0)

    def worth(column):
        copied = few[column].fillna("").astype(str).str.strip()
        return sign * score(few[ASKED], pd.DataFrame({target: copied}))

    column = max(texts, key=worth)
    usual = known.groupby(column)[target].agg(lambda answers: answers.value_counts().index[0])
    copied = asked[column].fillna("").astype(str)
    return pd.DataFrame({target: asked[column].map(usual).fillna(copied.str.strip())}, index=asked.index)
'''


ITEMS = '''
def items_guess(known, asked):
    """The items of each row in the order of the alphabet: whatever their right order is, all of them are there."""
    return asked[["items"]].map(lambda text: " ".join(sorted(text.split()))).set_axis(ASKED[:1], axis=1)
'''


@dataclass(frozen=True)
class Guess:
    """A way to guess. `title` is what plans call it; `parts` are the functions that it needs, in order."""

    name: str
    title: str
    reason: str
    parts: tuple[str, ...]
    texts_only: bool = False
    items_only: bool = False


_ALL = (CANDIDATES, CONSTANT)
GUESSES = {
    guess.name: guess
    for guess in (
        Guess("constant", "one answer for all rows", "It is what any model has to beat.", _ALL),
        Guess(
            "category",
            "one answer for each category of the most telling column",
            "Rows of one kind often have the same answer.",
            (*_ALL, CATEGORY),
        ),
        Guess(
            "copy",
            "a copy of the nearest column, or the usual answer to it",
            "Answers that are texts often repeat a text that is given.",
            (*_ALL, COPY),
            texts_only=True,
        ),
        Guess(
            "items",
            "the items of each row in alphabetical order",
            "An order without any knowledge is right for half of the pairs.",
            (ITEMS,),
            items_only=True,
        ),
    )
}
