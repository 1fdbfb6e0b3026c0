"""Prompts in the agent's layout, small made-up data, and a way to run a script on it within this process."""

from __future__ import annotations

import math
import os
import random
import re
import runpy
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FENCE = "```"
PREVIEW = """Files in ./input/ :
- sample_submission.csv (60.3 kB)
- test.csv (372.5 kB)
- train.csv (805.4 kB)

train.csv: 7823 rows, 14 columns
- `PassengerId`: text, 7823 values, such as "6253_02", "1844_02"
- `HomePlanet`: text, 3 values: "Earth", "Europa", "Mars", 2.3 % missing
- `CryoSleep`: boolean, 2 values: "False", "True", 2.5 % missing
- `Cabin`: text, 5993 values, such as "F/1289/P", "G/289/S", 2.3 % missing
- `Age`: number, 80 values from 0 to 79, 2 % missing
- `RoomService`: number, 1194 values from 0 to 14327, 2.1 % missing
- `Spa`: number, 1240 values from 0 to 22408, 2.1 % missing
- `Name`: text, 7626 values, such as "Allots Pota", "Garley Stannondez", 2.3 % missing
- `Transported`: boolean, 2 values: "True", "False"

test.csv: 870 rows, 13 columns
- the columns of the table above, without `Transported`

sample_submission.csv: 870 rows, 2 columns
- `PassengerId`: text, 870 values, such as "1539_01", "0232_01"
- `Transported`: boolean, 1 value: "False"
"""


def messages(
    operator: str | None,
    *,
    metric: str = "accuracy",
    better: str = "higher",
    data: str = PREVIEW,
    packages: str = "catboost 1.2, lightgbm 4.6, numpy 2.4, pandas 3.0, scikit-learn 1.8, xgboost-cpu 3.1",
    memory: str = "",
    code: str | None = None,
    output: str | None = None,
    problem: str = "",
    steps_left: int = 7,
    time_left: str = "58 minutes",
) -> list[dict[str, Any]]:
    """A prompt as the agent lays it out; what is empty is left out."""
    ended = f"The solution above does not count (reason: {problem}). Mend it." if problem else ""
    sections = {
        "Task": f"Predict who was transported.\n\nMetric: `{metric}`; {better} is better.",
        "Data": data,
        "Packages": f"Installed and ready to import: {packages}." if packages else "",
        "Memory": f"What has been tried in this run:\n\n{memory}" if memory else "",
        "Solution": f"{FENCE}python\n{code}{FENCE}" if code is not None else "",
        "Output": f"How the run ended: failed.\n\n{FENCE}\n{output}\n{FENCE}" if output is not None else "",
        "Instructions": (f"Operator: {operator}\n" if operator else "") + f"{ended}\nUse 5-fold cross-validation.",
    }
    text = "\n\n".join(f"# {title}\n\n{body}" for title, body in sections.items() if body)
    limits = f"- Time left in this run: {time_left}.\n- Steps left: {steps_left} of 20, this one included.\n"
    volatile = f"<!-- volatile -->\n# Limits\n\n{limits}- A script is stopped after 10 minutes.\n<!-- /volatile -->"
    system = {"role": "system", "content": "# Role\n\nYou are an engineer."}
    return [system, {"role": "user", "content": f"{text}\n\n{volatile}"}]


@dataclass(frozen=True)
class Reply:
    """A coding answer taken apart as the agent does it."""

    plan: str
    code: str

    @classmethod
    def of(cls, text: str) -> Reply:
        blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
        assert len(blocks) == 1, "a reply holds exactly one block of Python"
        return cls(text.split("```", 1)[0].strip(), blocks[0])


@dataclass(frozen=True)
class Ran:
    """What a script left behind when it ran."""

    output: str
    score: float
    submission: Any


Run = Callable[[str, Path], Ran]


@pytest.fixture
def run_script(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a script as `__main__` in a folder with `input/`; an exception of the script is raised."""
    import pandas as pd

    def run(code: str, folder: Path) -> Ran:
        (folder / "solution.py").write_text(code, encoding="utf-8")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        capsys.readouterr()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runpy.run_path(os.fspath(folder / "solution.py"), run_name="__main__")
        output = capsys.readouterr().out
        scores = [float(text) for text in re.findall(r"^validation score: (\S+)$", output, flags=re.MULTILINE)]
        assert scores and math.isfinite(scores[-1])
        return Ran(output, scores[-1], pd.read_csv(folder / "working" / "submission.csv"))

    return run


@dataclass(frozen=True)
class Data:
    """A made-up competition on disk: ids in groups, codes in parts, names, flags, amounts, dates, gaps."""

    folder: Path
    rows: int
    test_rows: int
    targets: tuple[str, ...]


MakeData = Callable[..., Data]


@pytest.fixture
def make_data(tmp_path: Path) -> MakeData:
    """Write a learnable data set; `targets` maps columns to kinds: binary, flag, words, ordinal, value, positive."""

    def make(targets: dict[str, str], *, rows: int = 160, test_rows: int = 40, classes: Sequence[str] = ()) -> Data:
        import pandas as pd

        rng = random.Random(7)
        table = pd.DataFrame([_row(i, rng) for i in range(rows + test_rows)])
        signal = table["Spa"].fillna(0).clip(upper=400) / 200 - table["Age"].fillna(30) / 40 + table["Cryo"].eq(True)
        for name, kind in targets.items():
            table[name] = _target(kind, signal.tolist(), rng)
        inputs = tmp_path / "input"
        inputs.mkdir()
        table[:rows].to_csv(inputs / "train.csv", index=False)
        test = table[rows:].drop(columns=list(targets))
        test.to_csv(inputs / "test.csv", index=False)
        sample = test[["Id"]].sample(frac=1, random_state=1)
        asked = classes or tuple(targets)
        first = table[asked[0]].iloc[0] if not classes else 1 / len(classes)
        sample.assign(**dict.fromkeys(asked, first)).to_csv(inputs / "sample_submission.csv", index=False)
        return Data(tmp_path, rows, test_rows, tuple(asked))

    return make


def _row(i: int, rng: random.Random) -> dict[str, Any]:
    asleep = rng.random() < 0.3
    spent = 0.0 if asleep or rng.random() < 0.4 else round(math.exp(rng.gauss(5, 1.5)))
    row = {
        "Id": f"{i // 2:04d}_{i % 2 + 1:02d}",
        "Home": rng.choice(["Earth", "Mars", "Europa"]),
        "Cryo": asleep,
        "Cabin": f"{rng.choice('ABC')}/{rng.randrange(90)}/{rng.choice('PS')}",
        "Age": rng.randrange(80),
        "Spa": spent,
        "Food": 0.0 if asleep or rng.random() < 0.4 else round(math.exp(rng.gauss(4, 2))),
        "Name": f"{rng.choice(['Ann', 'Bo', 'Cy'])}{i} {rng.choice(['Lee', 'Ray', 'Poe', 'Kim'])}{i % 50}",
        "Joined": f"20{rng.randrange(10, 24)}-0{rng.randrange(1, 10)}-1{rng.randrange(10)}",
        **{f"reading_{k}": round(rng.gauss(0, 1), 3) for k in range(9)},
    }
    return {name: None if name != "Id" and rng.random() < 0.03 else value for name, value in row.items()}


def _target(kind: str, signal: list[float], rng: random.Random) -> list[Any]:
    noisy = [value + rng.gauss(0, 0.3) for value in signal]
    cuts = sorted(noisy)
    level = [sum(value > cuts[len(cuts) * k // 3] for k in (1, 2)) for value in noisy]
    above = [value > cuts[len(cuts) // 2] for value in noisy]
    return {
        "binary": [int(value) for value in above],
        "flag": above,
        "words": [("low", "mid", "top")[k] for k in level],
        "ordinal": level,
        "value": noisy,
        "positive": [math.exp(value) for value in noisy],
    }[kind]


@pytest.fixture
def ask() -> Callable[..., list[dict[str, Any]]]:
    """Make a prompt; see `messages`."""
    return messages


@pytest.fixture
def taken_apart() -> Callable[[str], Reply]:
    """Split a coding answer into plan and code."""
    return Reply.of


@pytest.fixture
def preview_text() -> str:
    """The preview of a table with codes, flags, amounts, names and gaps."""
    return PREVIEW
