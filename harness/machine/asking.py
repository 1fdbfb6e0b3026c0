"""Ask one of this machine's tools something, and take it as an answer too that it can't be asked."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

from harness.setup.steps import search_path


def ask_tool(command: tuple[str, ...], environ: Mapping[str, str], *, seconds: float) -> list[str] | str:
    """The lines that the tool printed; a string says why there are none."""
    name = command[0]
    tool = shutil.which(name, path=search_path(environ))
    if tool is None:
        return f"there is no {name} on PATH"
    try:
        done = subprocess.run(
            [tool, *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            env=dict(environ),
        )
    except subprocess.TimeoutExpired:
        return f"{name} gave no answer within {seconds:g} s"
    except OSError as error:
        return f"{name} can't be started: {error.strerror}"
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()
        return f"{name} ended with {done.returncode}: {said[0] if said else 'without a word'}"
    return [line for line in done.stdout.splitlines() if line.strip()]


def elsewhere(environ: Mapping[str, str]) -> str | None:
    """The engine's address where it is another machine's, whose tools can't be asked from here."""
    host = environ.get("DOCKER_HOST", "")
    return host if host and not host.startswith("unix://") else None
