from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agent.supervisor import preload


def test_the_list_names_what_candidates_usually_import() -> None:
    names = preload.module_names()
    assert {"numpy", "pandas", "lightgbm", "xgboost", "sklearn.ensemble", "sklearn.metrics"} <= set(names)


def test_comments_and_empty_lines_are_no_modules(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("# a comment\n\nnumpy  # arrays\n")
    assert preload.module_names(tmp_path / "list") == ["numpy"]


def in_a_process(code: str) -> str:
    """Preloading freezes the collector and importing can't be undone, so it happens elsewhere."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def test_a_module_that_is_absent_or_broken_is_skipped_and_named(tmp_path: Path) -> None:
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('broken')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom agent.supervisor import preload\n"
        "print(preload.preload(['absent_module', 'broken_module', 'colorsys']), 'colorsys' in sys.modules)"
    )
    output = in_a_process(code)
    assert "absent_module (ModuleNotFoundError" in output
    assert "broken_module (RuntimeError: broken)" in output
    assert output.endswith("] True\n")


def test_thread_numbers_of_loaded_libraries_are_set() -> None:
    code = (
        "import os\nos.environ.update(OPENBLAS_NUM_THREADS='1', OMP_NUM_THREADS='1')\n"
        "import numpy, sklearn.ensemble\nfrom threadpoolctl import threadpool_info\n"
        "from agent.supervisor import preload\n"
        "preload.freshen(3, preload.thread_setters())\nprint({pool['num_threads'] for pool in threadpool_info()})"
    )
    assert in_a_process(code) == "{3}\n"
