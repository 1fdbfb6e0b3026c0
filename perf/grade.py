"""What grading costs beside reading: `grade()`, all checks included, over pyarrow's reading of submission and answers.

Each case is a made-up competition of a million rows (log loss: 200,000 rows of 100 classes). Reading means both files
by `pyarrow.csv.read_csv` as it comes, with all its threads, in the same process and turn about with grading; the ratio
is of the least times. Memory is the highest resident set of a fresh process while it grades, above what it held when
everything was imported and a small case had been graded, over the two files' sizes. Prints figures; judges nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.grading.grade import GradeReport

MILLION = 1_000_000
TURNS = 7
AIM = 3.0
CLASSES = [f"class_{number:02d}" for number in range(100)]


@dataclass(frozen=True)
class Case:
    """A competition as large as it gets: its rows, its rules, and the values of truth and prediction."""

    rows: int
    metric: tuple[str, str]
    columns: Mapping[str, Mapping[str, object]]
    values: Callable[[np.random.Generator, int], tuple[dict[str, Any], dict[str, Any]]]
    text_ids: bool = False
    shuffled: bool = False

    def smaller(self) -> Case:
        """The same with few rows."""
        return Case(1000, self.metric, self.columns, self.values, self.text_ids, self.shuffled)


def _labels(rng: np.random.Generator, rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"y": rng.integers(1, 8, rows)}, {"y": rng.integers(1, 8, rows)}


def _chances(rng: np.random.Generator, rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    truth = rng.integers(0, 2, rows)
    return {"y": truth}, {"y": (rng.random(rows) + truth) / 2}


def _numbers(rng: np.random.Generator, rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    truth = rng.normal(size=rows)
    return {"y": truth}, {"y": truth + rng.normal(size=rows)}


def _one_hot(rng: np.random.Generator, rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    chances = rng.random((rows, len(CLASSES)))
    chances /= chances.sum(axis=1, keepdims=True)
    classes = rng.integers(len(CLASSES), size=rows)
    truth = {name: (classes == number).astype(int) for number, name in enumerate(CLASSES)}
    return truth, {name: chances[:, number] for number, name in enumerate(CLASSES)}


LABEL = {"y": {"type": "label", "labels": list(range(1, 8))}}
CHANCE: Mapping[str, object] = {"type": "number", "minimum": 0, "maximum": 1}
CASES = {
    "accuracy": Case(MILLION, ("accuracy", "maximize"), LABEL, _labels),
    "accuracy, rows shuffled": Case(MILLION, ("accuracy", "maximize"), LABEL, _labels, shuffled=True),
    "accuracy, text ids": Case(MILLION, ("accuracy", "maximize"), LABEL, _labels, text_ids=True),
    "accuracy, text ids, rows shuffled": Case(
        MILLION, ("accuracy", "maximize"), LABEL, _labels, text_ids=True, shuffled=True
    ),
    "AUC": Case(MILLION, ("roc_auc", "maximize"), {"y": CHANCE}, _chances),
    "RMSE": Case(MILLION, ("rmse", "minimize"), {"y": {"type": "number"}}, _numbers),
    "log loss, 100 classes": Case(200_000, ("log_loss", "minimize"), dict.fromkeys(CLASSES, CHANCE), _one_hot),
}


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print every case."""
    say("grading / reading submission and answers with pyarrow; highest memory / the two files (both at most 3)")
    for name in CASES:
        with tempfile.TemporaryDirectory(prefix="podium-perf-") as folder:
            _write(CASES[name], Path(folder))
            time_ = _child("time", name, folder)
            memory = _child("memory", name, folder)
        say(
            f"{name:34} {time_['grade'] * 1000:6.0f} ms / {time_['read'] * 1000:5.0f} ms = "
            f"{time_['grade'] / time_['read']:4.2f}    memory {memory['peak'] / 2**20:5.0f} MiB / "
            f"{memory['files'] / 2**20:4.0f} MiB = {memory['peak'] / memory['files']:4.2f}"
        )


def _write(case: Case, folder: Path) -> None:
    """Write public sample, answers and submission.csv."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(0)
    truth, prediction = case.values(rng, case.rows)
    ids: NDArray[Any] = np.arange(case.rows)
    if case.text_ids:
        ids = np.array([f"id_{number:016x}" for number in rng.permutation(case.rows)])
    (folder / "private").mkdir()
    names = list(case.columns)
    order = rng.permutation(case.rows) if case.shuffled else slice(None)
    csv.write_csv(pa.table({"id": ids, **{name: truth[name] for name in names}}), folder / "private" / "answers.csv")
    sample = {"id": ids, **dict.fromkeys(names, np.full(case.rows, truth[names[0]][0]))}
    csv.write_csv(pa.table(sample), folder / "sample_submission.csv")
    handed_in = {"id": ids[order], **{name: prediction[name][order] for name in names}}
    csv.write_csv(pa.table(handed_in), folder / "submission.csv")


def _child(what: str, name: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "perf.grade", what, name, folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[1])
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _time(case: Case, folder: Path) -> dict[str, float]:
    """The least time of each, turn about."""
    from pyarrow import csv

    grade = _grader(case, folder)
    measured: dict[str, list[float]] = {"read": [], "grade": []}
    for _ in range(TURNS):
        began = time.perf_counter()
        tables = [csv.read_csv(path) for path in _files(folder)]
        measured["read"].append(time.perf_counter() - began)
        del tables
        began = time.perf_counter()
        report = grade()
        measured["grade"].append(time.perf_counter() - began)
        assert report.valid, report.reason
    return {name: min(times) for name, times in measured.items()}


def _memory(case: Case, folder: Path) -> dict[str, float]:
    """The highest resident set above that of a process that has graded a small case."""
    with tempfile.TemporaryDirectory(prefix="podium-perf-") as small:
        _write(case.smaller(), Path(small))
        _grader(case, Path(small))()
    before = _status("VmRSS")
    report = _grader(case, folder)()
    assert report.valid, report.reason
    return {"peak": _status("VmHWM") - before, "files": sum(path.stat().st_size for path in _files(folder))}


def _status(field: str) -> int:
    """Bytes; getrusage would count what the process was before it became this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


def _files(folder: Path) -> tuple[Path, Path]:
    return folder / "submission.csv", folder / "private" / "answers.csv"


def _grader(case: Case, folder: Path) -> Callable[[], GradeReport]:
    """Return what grades the folder's submission, with everything imported."""
    import sklearn.metrics  # noqa: F401 - a bench has it when the first run is graded

    from harness.data.manifest import Manifest, Prepared
    from harness.grading.grade import grade
    from harness.specs.competition import Competition

    name, direction = case.metric
    spec = {
        "schema_version": 1,
        "id": "made-up",
        "title": "Made up",
        "category": "tabular",
        "source": {"kind": "bundled", "dataset": "digits"},
        "raw": ["train.csv"],
        "metric": {"name": name, "direction": direction},
        "submission": {"id": "id", "columns": {"id": {"type": "text" if case.text_ids else "integer"}, **case.columns}},
        "answers": {"file": "answers.csv"},
        "default_edition": "one",
        "editions": {"one": {"split": {"recipe": "random_rows", "target": "y", "test": 0.5, "seed": 0}}},
    }
    competition = Competition.model_validate(spec)
    manifest = Manifest(
        competition="made-up",
        edition="one",
        source="bundled",
        stand_in=False,
        recipe="",
        raw_path=None,
        raw={},
        files={},
        versions={},
    )
    return lambda: grade(competition, Prepared(folder, manifest), folder / "submission.csv")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure = {"time": _time, "memory": _memory}[sys.argv[1]]
        sys.stdout.write(json.dumps(measure(CASES[sys.argv[2]], Path(sys.argv[3]))))
    else:
        main()
