"""A candidate's environment variables, built from nothing: what the agent or the container has is not inherited.

What the harness says of packages, models and hosts that scripts may use comes as one variable of the container, which
the agent's own clients do not know; it is laid out for each script.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

GIVEN = "PODIUM_FOR_SCRIPTS"  # of the container: a JSON object of variables; {folder} in a value is the script's own
Given = tuple[tuple[str, str], ...]

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def given(environ: Mapping[str, str]) -> Given:
    """What the harness gives to scripts."""
    return tuple((str(name), str(value)) for name, value in json.loads(environ.get(GIVEN) or "{}").items())


def candidate_environment(
    folder: Path, threads: int, gpus: tuple[int, ...] | None = None, given: Given = ()
) -> dict[str, str]:
    """Everything that a candidate working in `folder` finds in `os.environ`.

    0 threads leaves their number open, and no tuple of GPUs leaves all of them in sight.
    """
    fixed = {
        "PATH": "/opt/candidate/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",  # what was printed before a kill must not be lost in a buffer
        "PYTHONHASHSEED": "0",  # sets of strings iterate alike, so the same script gives the same score
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_WAIT_POLICY": "PASSIVE",  # spinning at barriers costs up to thirty times where others want the CPU too
    }
    seen = {} if gpus is None else {"CUDA_VISIBLE_DEVICES": ",".join(map(str, gpus))}
    own = {name: value.replace("{folder}", str(folder)) for name, value in given}
    return fixed | seen | own | ({name: str(threads) for name in THREAD_VARIABLES} if threads else {})


def own_packages(environment: Mapping[str, str]) -> list[str]:
    """The folders of packages that a script installs for itself, made so that Python looks into them."""
    folders = [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part]
    for part in folders:
        os.makedirs(part, exist_ok=True)  # noqa: PTH103 - in the fork of a server that imports little
    return folders
