"""What `podium view` takes to answer: a run of 2,000 nodes, a group of 5,000 runs, cold and after.

The real server in a process of its own, asked over HTTP as a browser does, one request after another. Cold is the first
request for a page of a server that has just started; after is the median of 15 more. Beside the wall clock stands the
processor time that the server spent on a request, which a busy machine disturbs less; cold, it includes what its thread
reads meanwhile. Prints figures; judges nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

NODES, RUNS, REQUESTS = 2000, 5000, 15
RUN = "/groups/large/runs/forest-cover--aide--s0/"
MANY = "/groups/many/"
PAGES = {
    "all groups": "/index.html",
    "a group": f"{MANY}index.html",
    "its page 40": f"{MANY}index.html?page=40",
    "its runs by score": f"{MANY}index.html?sort=score",
    "its runs searched": f"{MANY}index.html?q=competition-07+gold",
    "a run with its tree": f"{RUN}index.html",
    "how the run stands": f"{RUN}facts.html",
    "what is new in its tree": f"{RUN}tree.json?after=1000000",
    "search in all code": f"{RUN}search.json?q=seed%3D1500",
    "a node": f"{RUN}nodes/n1500.html",
    "its model calls": f"{RUN}calls/index.html?page=20",
    "a model call": f"{RUN}calls/3000.html",
}


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print every page."""
    from tests.harness import records, searches

    say(f"pages answer within tens of milliseconds; a run of {NODES:,} nodes, a group of {RUNS:,} runs")
    with tempfile.TemporaryDirectory(prefix="podium-perf-") as folder:
        searches.run_with_tree(records.group_at(Path(folder) / "large"), NODES)
        searches.small_runs(records.group_at(Path(folder) / "many"), RUNS)
        cold = {path: _cold(folder, path) for path in PAGES.values()}
        with _server(folder) as (port, process):
            reading = _all_read(port)
            for name, path in PAGES.items():
                after, spent, size = _after(port, process, path)
                say(f"{name:<24} cold {_figures(*cold[path])}   after {_figures(after, spent)}   {size / 1000:4.0f} kB")
        say(f"all {RUNS:,} runs are in the list after {reading:.1f} s")


def _figures(wall: float, processor: float) -> str:
    return f"{1000 * wall:6.1f} ms (processor {1000 * processor:5.1f} ms)"


def _cold(folder: str, path: str) -> tuple[float, float]:
    with _server(folder) as (port, process):
        before = _processor_seconds(process)
        took, _ = _ask(port, path)
        return took, _processor_seconds(process) - before


def _after(port: int, process: int, path: str) -> tuple[float, float, int]:
    _ask(port, path)
    times, before, body = [], _processor_seconds(process), b""
    for _ in range(REQUESTS):
        took, body = _ask(port, path)
        times.append(took)
    return statistics.median(times), (_processor_seconds(process) - before) / REQUESTS, len(body)


def _all_read(port: int) -> float:
    """Wait until nothing is left to be read; return how long that took."""
    began = time.perf_counter()
    for path in (f"{MANY}rows.html", f"{RUN}facts.html"):
        while b"data-pending" in _ask(port, path)[1]:
            time.sleep(0.2)
    return time.perf_counter() - began


def _ask(port: int, path: str) -> tuple[float, bytes]:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return time.perf_counter() - began, body


@contextlib.contextmanager
def _server(folder: str) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "harness", "view", folder, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        try:
            assert process.stdout is not None
            found = re.search(r":(\d+)/", process.stdout.readline())
            assert found is not None, "the server did not say where it listens"
            yield int(found[1]), process.pid
        finally:
            process.kill()


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
