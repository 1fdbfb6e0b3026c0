"""aideml as published, in a scratch environment of its own: installed from PyPI once, run by its own command.

Only what it imports is installed, in the versions that it asks for; nothing of it enters Podium's dependencies.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VERSION = "0.2.2"


def environment(root: Path, home: Path) -> Path:
    """Its `bin` folder, made first where it is missing."""
    lock = root / "dockerfiles" / "aideml" / "lock.txt"
    folder = home / "perf" / f"aideml-{VERSION}"
    if not (folder / "ready").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        uv = [str(Path(sys.executable).with_name("uv"))]
        subprocess.run([*uv, "venv", "-q", "--python", "3.11", str(folder)], check=True)
        python = str(folder / "bin" / "python")
        wanted = ["-r", str(lock), f"aideml=={VERSION}"]
        subprocess.run(
            [*uv, "pip", "install", "-q", "--python", python, "--no-deps", "--compile-bytecode", *wanted], check=True
        )
        (folder / "ready").touch()
    return folder / "bin"


def run(bin_folder: Path, data: Path, base_url: str, steps: int) -> float:
    """Let it take its steps; the seconds from its start to its end, without the report that it can write at the end."""
    with tempfile.TemporaryDirectory(prefix="podium-versus-") as folder:
        settings = {
            "data_dir": data,
            "desc_file": data / "description.md",
            "exp_name": "run",
            "copy_data": "false",
            "generate_report": "false",
            "agent.steps": steps,
            "agent.code.model": "fake",
            "agent.feedback.model": "fake",
        }
        began = time.monotonic()
        subprocess.run(
            [str(bin_folder / "aide"), *(f"{name}={value}" for name, value in settings.items())],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": folder, "OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "dummy"},
            check=True,
            capture_output=True,
            timeout=1800,
        )
        seconds = time.monotonic() - began
        nodes = json.loads(next(Path(folder).glob("logs/*/journal.json")).read_text())["nodes"]
    good = sum(not node["is_buggy"] for node in nodes)
    if good != steps:
        raise RuntimeError(f"of aideml's {steps} scripts {good} are good; the figures would say nothing")
    return seconds
