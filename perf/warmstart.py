"""How soon a candidate's first own line runs after its imports: warm started, and as plain `python`, in one container;
and what a script's first table and fit take more than the same once again.

The clock starts where the agent asks for the run, so wiping and laying out the slot, fork and confinement are in it;
for plain python it starts at the fork. The two alternate, so that the machine's mood hits both alike. The same file is
the driver inside the container, in the agent's place. Prints figures; judges nothing.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

PAIRS = 15
AIM_MS = 25
THOUGHT_SECONDS = 0.3  # a model's answer takes longer
PYTHON = "/opt/candidate/bin/python"
SCRIPT = """
import pandas
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
import lightgbm
import xgboost
import time
print(time.monotonic_ns())
"""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
FIRST = """
import io, time
import numpy, pandas
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
lines = "\\n".join(f"{row:05d}_a,{row % 11},{row * 0.7 % 3:.2f},{'uvw'[row % 3]},{row % 4 > 1}" for row in range(2000))
def work():
    began = time.process_time()
    table = pandas.read_csv(io.StringIO("id,n,x,kind,target\\n" + lines))
    codes = {name: pandas.factorize(table[name].astype(str))[0].astype(float) for name in ("n", "x", "kind")}
    x, y = pandas.DataFrame(codes).to_numpy(), table["target"].to_numpy()
    cross_val_score(make_pipeline(SimpleImputer(), LogisticRegression()), x, y, cv=3)
    HistGradientBoostingClassifier(max_iter=5).fit(x, y).predict(x)
    table.to_csv(io.StringIO())
    return 1000 * (time.process_time() - began)
print(work(), work())
"""


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    from perf.box import inside as measure

    measured = measure(__file__)
    warm, plain, whole = (statistics.median(measured[name]) for name in ("warm", "plain", "whole"))
    say(f"first own line, warm:         {warm:7.1f} ms (at most {AIM_MS}), median of {PAIRS}")
    say(f"first own line, plain python: {plain:7.1f} ms; warm / plain {warm / plain:.4f}")
    first, again, plain_first, plain_again = (
        statistics.median(measured[name]) for name in ("first", "again", "plain_first", "plain_again")
    )
    say(
        f"a small table and two fits, CPU time: {first:.0f} ms, once more in the same script {again:.0f} ms; ratio "
        f"{first / again:.2f}"
    )
    say(
        f"   the same in plain python: {plain_first:.0f} ms, once more {plain_again:.0f} ms; ratio "
        f"{plain_first / plain_again:.2f}"
    )
    say(f"an empty script, asked to reported, slot wiped: {whole:.1f} ms")


def inside() -> None:
    """Measure as the agent does: by its own interpreter, and by a subprocess."""
    from agent.contract import CandidateLimits
    from agent.interpreter import slots

    (interpreter,) = slots(os.environ)
    node = Path("/home/agent/nodes/perf")
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    limits = CandidateLimits(120, 2**32, 10_000, 2**30, cpus)
    while not interpreter.run("pass", node, limits).warm_start:
        time.sleep(0.1)
    names = ("warm", "plain", "whole", "first", "again", "plain_first", "plain_again")
    measured: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(PAIRS):
        time.sleep(THOUGHT_SECONDS)
        began = time.monotonic_ns()
        execution = interpreter.run(SCRIPT, node, limits)
        assert execution.warm_start, execution
        measured["warm"].append((int(execution.output) - began) / 1e6)
        began = time.monotonic_ns()
        output = subprocess.run([PYTHON, "-c", SCRIPT], capture_output=True, check=True).stdout
        measured["plain"].append((int(output) - began) / 1e6)
        time.sleep(THOUGHT_SECONDS)
        began = time.monotonic_ns()
        interpreter.run("pass", node, limits)
        measured["whole"].append((time.monotonic_ns() - began) / 1e6)
        time.sleep(4 * THOUGHT_SECONDS)  # the next process is ready soon after the last one's end
        printed = interpreter.run(FIRST, node, replace(limits, cpus=cpus[:1])).output.split()
        measured["first"].append(float(printed[0]))
        measured["again"].append(float(printed[1]))
        done = subprocess.run([PYTHON, "-c", FIRST], env=ONE_THREAD, capture_output=True, check=True, text=True)
        printed = done.stdout.split()
        measured["plain_first"].append(float(printed[0]))
        measured["plain_again"].append(float(printed[1]))
    sys.stdout.write(json.dumps(measured))


if __name__ == "__main__":
    inside() if sys.argv[1:] == ["inside"] else main()
