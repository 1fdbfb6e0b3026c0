"""Imports what candidates usually import, once, in the fork server; and gives a child what an import would have set.

Only imports: no training, no thread, no file of a candidate. What libraries read from the environment while they are
imported they have read here, so a script that changes `os.environ` before an import is too late for that; thread
numbers, which they also read then, are set again in the child.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

MODULES = Path(__file__).with_name("preload.txt")
SERVER_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",  # its threads start with the import, and threads do not survive a fork
    "OPENBLAS_THREAD_TIMEOUT": "20",  # they wait busily for 2^20 cycles, 0.4 ms, before they sleep; else 0.1 s
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # likewise pyarrow's second allocator
}
OPENMP = "omp_set_num_threads"
OPENBLAS = tuple(  # not the names with another underscore: those are Fortran's and take a pointer
    f"{prefix}openblas_set_num_threads{suffix}" for prefix in ("scipy_", "") for suffix in ("", "64_")
)

SetThreads = Callable[[int], object]


def module_names(listing: Path = MODULES) -> list[str]:
    """The modules that the list names."""
    lines = (line.split("#")[0].strip() for line in listing.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def importing(names: Sequence[str]) -> Iterator[str | None]:
    """Import what is there, one at a time; after each comes what could not be imported, whatever the reason, or None.

    Between two of them a fork is sound. Garbage is not looked for meanwhile, nor in what is `settled`.
    """
    gc.disable()
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken package is a candidate's to meet, not the server's to die of
            yield f"{name} ({type(error).__name__}: {error})"[:200]
        else:
            yield None


def settled() -> None:
    """Have children leave alone what is there: a collection in one would write to, and so copy, every page."""
    gc.freeze()


def threads() -> list[str]:
    """The names of this process's threads: a child would have only the one that forked, and the locks of all."""
    return [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]


def thread_setters() -> list[SetThreads]:
    """The functions that set the number of threads, of every OpenMP and OpenBLAS that is loaded."""
    found: list[SetThreads] = []
    for path in _loaded_libraries():
        name = Path(path).name
        if name.startswith(("libgomp", "libomp", "libiomp")):
            found += _functions(path, (OPENMP,))
        elif "openblas" in name:
            found += _functions(path, OPENBLAS)
    return found


def _loaded_libraries() -> list[str]:
    with Path("/proc/self/maps").open(encoding="utf-8") as lines:
        paths = {line.split(maxsplit=5)[5].rstrip("\n") for line in lines if line.count("/")}
    return sorted(path for path in paths if ".so" in path)


def _functions(path: str, names: Sequence[str]) -> list[SetThreads]:
    library = ctypes.CDLL(path)
    return [getattr(library, name) for name in names if hasattr(library, name)]


def freshen(threads: int, setters: Sequence[SetThreads]) -> None:
    """Make a forked child what a new interpreter is: own random state, own keys, threads as its environment says."""
    random.seed()
    tempfile.tempdir = None
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()
    if (process := cast(Any, sys.modules.get("multiprocessing.process"))) is not None:
        process.ORIGINAL_DIR = str(Path.cwd())
        process.current_process().authkey = os.urandom(32)  # or candidates could talk to each other's managers
    if (context := cast(Any, sys.modules.get("multiprocessing.context"))) is not None:
        context._default_context._actual_context = None  # a script may still choose how processes start
    for set_threads in setters:
        set_threads(threads or len(os.sched_getaffinity(0)))
    gc.enable()
