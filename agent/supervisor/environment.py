"""A candidate's environment variables, built from nothing: what the agent or the container has is not inherited."""

from __future__ import annotations

from pathlib import Path

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def candidate_environment(folder: Path, threads: int, gpus: tuple[int, ...] | None = None) -> dict[str, str]:
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
    return fixed | seen | ({name: str(threads) for name in THREAD_VARIABLES} if threads else {})
