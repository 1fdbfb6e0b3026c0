"""Linear models, and linear models on kernel features: scaled input, fast, strong on small tables."""

from __future__ import annotations

from harness.gateway.providers.offline.families.base import Construction, Family, Settings, Tuning, by_size
from harness.gateway.providers.offline.recipe import Task

_PIPELINE = ("from sklearn.pipeline import make_pipeline", "from sklearn.preprocessing import StandardScaler")
_LOGISTIC = "from sklearn.linear_model import LogisticRegression"
_RIDGE = "from sklearn.linear_model import Ridge"
_NYSTROEM = "from sklearn.kernel_approximation import Nystroem"
_BALANCED = 'class_weight="balanced"'


def _linear_start(task: Task, rows: int | None) -> Settings:
    return {"C": 0.1} if task == "classification" else {"alpha": 10.0}


def _kernel_start(task: Task, rows: int | None) -> Settings:
    features: Settings = {"nystroem__n_components": by_size(rows, 300, 400, 200), "nystroem__gamma": 0.01}
    if task == "classification":
        return features | {"logisticregression__C": 1.0}
    return features | {"ridge__alpha": 0.1}


LINEAR = Family(
    name="linear",
    title="a linear model",
    library="sklearn",
    table="wide",
    words=("logistic", "ridge", "linear model", "linear regression"),
    build={
        "classification": Construction(
            "make_pipeline(StandardScaler(), LogisticRegression(**settings, max_iter=500$balanced))",
            (*_PIPELINE, _LOGISTIC),
            _BALANCED,
        ),
        "regression": Construction("make_pipeline(StandardScaler(), Ridge(**settings))", (*_PIPELINE, _RIDGE)),
    },
    start=_linear_start,
    tunings=(
        Tuning("C", (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0), "the inverse regularisation"),
        Tuning("alpha", (0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0), "the regularisation"),
    ),
)

KERNEL = Family(
    name="kernel",
    title="a kernel machine",
    library="sklearn",
    table="wide",
    words=("kernel machine", "nystroem"),
    build={
        "classification": Construction(
            "make_pipeline(\n"
            "        StandardScaler(), Nystroem(random_state=seed), LogisticRegression(max_iter=500$balanced)\n"
            "    ).set_params(**settings)",
            (*_PIPELINE, _LOGISTIC, _NYSTROEM),
            _BALANCED,
        ),
        "regression": Construction(
            "make_pipeline(StandardScaler(), Nystroem(random_state=seed), Ridge()).set_params(**settings)",
            (*_PIPELINE, _RIDGE, _NYSTROEM),
        ),
    },
    start=_kernel_start,
    tunings=(
        Tuning("nystroem__gamma", (0.001, 0.003, 0.006, 0.01, 0.02, 0.04, 0.1), "the kernel's width"),
        Tuning("logisticregression__C", (0.1, 0.3, 1.0, 3.0, 10.0, 30.0), "the inverse regularisation"),
        Tuning("ridge__alpha", (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), "the regularisation"),
    ),
    fewest_rows=3_000,
    most_rows=200_000,
)


def _vectors_start(task: Task, rows: int | None) -> Settings:
    return {"C": 5.0, "gamma": "scale"} if task == "classification" else {"C": 50.0, "gamma": "scale"}


VECTORS = Family(
    name="vectors",
    title="a support vector machine",
    library="sklearn",
    table="wide",
    words=("support vector", "svm", "svc", "svr"),
    cost_by_class=True,
    build={
        "classification": Construction(
            "make_pipeline(\n"
            "        StandardScaler(), CalibratedClassifierCV(SVC(**settings$balanced), ensemble=False, cv=3)\n"
            "    )",
            (
                *_PIPELINE,
                "from sklearn.calibration import CalibratedClassifierCV",
                "from sklearn.svm import SVC",
            ),
            _BALANCED,
        ),
        "regression": Construction(
            "make_pipeline(StandardScaler(), SVR(**settings))", (*_PIPELINE, "from sklearn.svm import SVR")
        ),
    },
    start=_vectors_start,
    tunings=(Tuning("C", (0.3, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0), "the inverse regularisation"),),
    most_rows=5_000,
)

FAMILIES = (LINEAR, KERNEL, VECTORS)
