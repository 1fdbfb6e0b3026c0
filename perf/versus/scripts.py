"""Twenty fixed scripts that two agents are given as a model's replies: scikit-learn, one thread, about 0.3 s.

They run on the data of spaceship-titanic, real or stand-in, with the versions of either environment. What is measured
with them is the agent around them, so they differ in the model alone.
"""

from __future__ import annotations

from typing import NamedTuple

TEMPLATE = '''\
"""{title} on coded columns, validated by three folds."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
{imports}

TARGET = "Transported"


def coded(table):
    """Numbers as they are; everything else by the place of its value among all values."""
    columns = {{}}
    for name in table.columns:
        values = table[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            columns[name] = values.astype(float)
        else:
            codes, _ = pd.factorize(values.astype(str), sort=True)
            columns[name] = codes.astype(float)
    return pd.DataFrame(columns)


def main():
    train = pd.read_csv("input/train.csv")
    test = pd.read_csv("input/test.csv")
    sample = pd.read_csv("input/sample_submission.csv")
    y = train.pop(TARGET).astype(str).eq("True").to_numpy().astype(int)
    table = coded(pd.concat([train, test], ignore_index=True)).to_numpy()
    X, X_test = table[: len(train)], table[len(train) :]
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), {model})
    out_of_fold = np.zeros(len(X), dtype=int)
    votes = np.zeros(len(X_test))
    for fitted, held in StratifiedKFold(3, shuffle=True, random_state=0).split(X, y):
        one = clone(model).fit(X[fitted], y[fitted])
        out_of_fold[held] = one.predict(X[held])
        votes += one.predict(X_test)
    sample[TARGET] = votes >= 2
    os.makedirs("working", exist_ok=True)
    sample.to_csv("working/submission.csv", index=False)
    print(f"validation score: {{accuracy_score(y, out_of_fold):.6f}}")


with threadpool_limits(1):
    main()
'''

PLAN = (
    "The solution fits {title} to all columns, where numbers stay as they are and every other value is replaced by its "
    "place in the sorted list of values. Gaps are filled with the median and columns are brought to one scale, so that "
    "the model need not care about units. Accuracy is measured on three stratified folds, and the test rows get the "
    "majority vote of the three models that were fitted on the way. {why}"
)


class Script(NamedTuple):
    """One reply: what is said and what is run."""

    title: str
    plan: str
    code: str

    @property
    def reply(self) -> str:
        """As a model would send it."""
        return f"{self.plan}\n\n```python\n{self.code}```\n"


_TREES = "from sklearn.ensemble import ExtraTreesClassifier"
_FOREST = "from sklearn.ensemble import RandomForestClassifier"
_BOOST = "from sklearn.ensemble import GradientBoostingClassifier"
_HIST = "from sklearn.ensemble import HistGradientBoostingClassifier"
_LINEAR = "from sklearn.linear_model import LogisticRegression"
_SVC = "from sklearn.svm import SVC"
_NEAR = "from sklearn.neighbors import KNeighborsClassifier"
_NET = "from sklearn.neural_network import MLPClassifier"

_MODELS = (  # title, import, model, why
    (
        "a logistic regression",
        _LINEAR,
        "LogisticRegression(C=1.0, max_iter=300, random_state=0)",
        "It is quick and a fair beginning.",
    ),
    ("a random forest", _FOREST, "RandomForestClassifier(60, random_state=0)", "Forests need little care."),
    ("extremely random trees", _TREES, "ExtraTreesClassifier(80, random_state=0)", "Chance in the cuts evens out."),
    (
        "gradient boosting",
        _BOOST,
        "GradientBoostingClassifier(n_estimators=36, random_state=0)",
        "It bends where needed.",
    ),
    ("histogram boosting", _HIST, "HistGradientBoostingClassifier(max_iter=50, random_state=0)", "Bins make it quick."),
    ("a larger forest", _FOREST, "RandomForestClassifier(90, random_state=1)", "More trees waver less."),
    (
        "a forest with larger leaves",
        _FOREST,
        "RandomForestClassifier(80, min_samples_leaf=4, random_state=0)",
        "Less noise.",
    ),
    (
        "a forest of shallow trees",
        _FOREST,
        "RandomForestClassifier(90, max_depth=8, random_state=0)",
        "Less to overfit.",
    ),
    ("more random trees", _TREES, "ExtraTreesClassifier(120, random_state=1)", "More trees waver less."),
    (
        "random trees with leaves",
        _TREES,
        "ExtraTreesClassifier(100, min_samples_leaf=3, random_state=0)",
        "Less noise.",
    ),
    (
        "slow boosting",
        _BOOST,
        "GradientBoostingClassifier(n_estimators=40, learning_rate=0.07, random_state=0)",
        "Small steps err less.",
    ),
    (
        "shallow boosting",
        _BOOST,
        "GradientBoostingClassifier(n_estimators=45, max_depth=2, random_state=0)",
        "Pairs may be enough.",
    ),
    (
        "boosting on a part",
        _BOOST,
        "GradientBoostingClassifier(n_estimators=45, subsample=0.7, random_state=0)",
        "Chance evens out.",
    ),
    ("longer boosting", _HIST, "HistGradientBoostingClassifier(max_iter=70, random_state=0)", "More rounds bend more."),
    (
        "boosting with few leaves",
        _HIST,
        "HistGradientBoostingClassifier(max_iter=110, max_leaf_nodes=8, random_state=0)",
        "Simple trees.",
    ),
    (
        "boosting with a penalty",
        _HIST,
        "HistGradientBoostingClassifier(max_iter=60, l2_regularization=1.0, random_state=0)",
        "Calmer.",
    ),
    ("a support vector machine", _SVC, "SVC(C=1.0)", "Distances may tell what cuts don't."),
    ("a softer machine", _SVC, "SVC(C=0.3, gamma=0.05)", "A wider margin forgives more."),
    ("near neighbours", _NEAR, "KNeighborsClassifier(25, algorithm='brute')", "Alike passengers may fare alike."),
    ("a small network", _NET, "MLPClassifier((24,), max_iter=40, random_state=0)", "It blends what trees cut."),
)

SCRIPTS = tuple(
    Script(
        title, PLAN.format(title=title, why=why), TEMPLATE.format(title=title.capitalize(), imports=line, model=model)
    )
    for title, line, model, why in _MODELS
)
