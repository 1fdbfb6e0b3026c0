"""Models for words and for categories of many values: linear ones and counts, on tables that are mostly zeros."""

from __future__ import annotations

from harness.gateway.providers.offline.families.base import Construction, Family, Settings, Tuning
from harness.gateway.providers.offline.features.reasons import words_or_many_categories
from harness.gateway.providers.offline.recipe import Task

_BALANCED = 'class_weight="balanced"'


def _linear_start(task: Task, rows: int | None) -> Settings:
    return {"C": 2.0} if task == "classification" else {"alpha": 2.0}


def _bayes_start(task: Task, rows: int | None) -> Settings:
    return {"alpha": 0.1}


def _hashed_start(task: Task, rows: int | None) -> Settings:
    return {"alpha": 1e-6}


WORDS = Family(
    name="words",
    title="a linear model on words and categories",
    library="sklearn",
    table="sparse",
    words=("tf-idf", "tfidf", "bag of words"),
    build={
        "classification": Construction(
            "LogisticRegression(**settings, max_iter=300$balanced)",
            ("from sklearn.linear_model import LogisticRegression",),
            _BALANCED,
        ),
        "regression": Construction("Ridge(**settings)", ("from sklearn.linear_model import Ridge",)),
    },
    start=_linear_start,
    tunings=(
        Tuning("C", (0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 30.0), "the inverse regularisation"),
        Tuning("alpha", (0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 30.0), "the regularisation"),
    ),
    most_rows=300_000,
    fits=words_or_many_categories,
)

BAYES = Family(
    name="word_counts",
    title="naive Bayes on words",
    library="sklearn",
    table="sparse",
    words=("naive bayes", "multinomialnb"),
    build={
        "classification": Construction(
            "MultinomialNB(**settings)",
            ("from sklearn.naive_bayes import MultinomialNB",),
        ),
    },
    start=_bayes_start,
    tunings=(Tuning("alpha", (0.01, 0.03, 0.1, 0.3, 1.0), "the smoothing"),),
    fits=words_or_many_categories,
)

HASHED = Family(
    name="hashed_words",
    title="a linear model on hashed words",
    library="sklearn",
    table="hashed",
    words=("hashing", "sgdclassifier", "sgdregressor"),
    build={
        "classification": Construction(
            'SGDClassifier(loss="log_loss", random_state=seed, **settings$balanced)',
            ("from sklearn.linear_model import SGDClassifier",),
            _BALANCED,
        ),
        "regression": Construction(
            "TransformedTargetRegressor(\n"
            "        SGDRegressor(random_state=seed, **settings), transformer=StandardScaler()\n"
            "    )",
            (
                "from sklearn.compose import TransformedTargetRegressor",
                "from sklearn.linear_model import SGDRegressor",
                "from sklearn.preprocessing import StandardScaler",
            ),
        ),
    },
    start=_hashed_start,
    tunings=(Tuning("alpha", (1e-7, 1e-6, 1e-5, 1e-4), "the regularisation"),),
    fewest_rows=20_000,
    fits=words_or_many_categories,
)

FAMILIES = (WORDS, BAYES, HASHED)
