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
        "missing = list(filter(None, preload.importing(['absent_module', 'broken_module', 'colorsys'])))\n"
        "print(missing, 'colorsys' in sys.modules)"
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


def test_a_script_that_comes_while_the_server_imports_begins_with_what_is_there(tmp_path: Path) -> None:
    for name in ("first_module", "second_module"):
        (tmp_path / f"{name}.py").write_text("")
    code = f"""
import os, socket, sys
from pathlib import Path
sys.path.insert(0, {str(tmp_path)!r})
from agent.supervisor import forkserver, protocol
from agent.supervisor.places import Ground

class Server(forkserver.ForkServer):
    def _begin(self, message, descriptors, apart=False):
        there = [name for name in ("first_module", "second_module") if name in sys.modules]
        os.write(descriptors[0], f"{{message}} {{there}}".encode())
        os._exit(0)

supervisor, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
keeper, line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
reading, writing = os.pipe()
protocol.send(supervisor, b"line", [line.fileno()])
protocol.send(keeper, b"order", [writing])
Server(control, Ground(home=Path({str(tmp_path)!r}), slots=1))._import(["first_module", "second_module"])
print(os.read(reading, 100).decode(), "second_module" in sys.modules)
"""
    assert in_a_process(code) == "b'order' ['first_module'] True\n"
