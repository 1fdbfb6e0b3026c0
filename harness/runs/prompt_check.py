"""Have the agent's own code check a prompt set, and show its prompts on a small example, before any run.

That code runs as a child of its own and answers in JSON, since agent and harness share data only. Templates are run in
Jinja's sandbox there, so that a folder from somebody else may be looked at.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from harness.errors import UserError

_TIMEOUT_SECONDS = 60.0
_MOST_SHOWN = 20


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(_In):
    """Something that keeps a folder from being a prompt set."""

    file: str
    line: int | None
    message: str

    def told(self, folder: Path) -> str:
        """The problem as compilers tell theirs: `FILE:LINE: what`."""
        place = f"{folder / self.file}:{self.line}" if self.line else str(folder / self.file)
        return f"{place}: {self.message}"


class Message(_In):
    """One message of a rendered prompt; its first `stable_chars` characters are the same in all of a run's prompts."""

    role: str
    text: str
    stable_chars: int


class Checked(_In):
    """What the agent makes of a folder; `prompts` by operator, empty where there are problems."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    prompts: dict[str, tuple[Message, ...]]


def examine(folder: Path, root: Path) -> Checked:
    """Check a folder with the agent of this checkout."""
    command = [sys.executable, "-m", "agent.promptcheck", str(folder.absolute())]
    try:
        ended = subprocess.run(command, cwd=root, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise UserError(
            f"the prompt set {folder} can't be checked: rendering it took more than {_TIMEOUT_SECONDS:.0f} s. "
            "Look for endless loops in its templates"
        ) from None
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr.decode()[-2000:]}")
    return Checked.model_validate_json(ended.stdout)


def usable(folder: Path, root: Path) -> Checked:
    """Check a folder; raise `UserError` with every problem of one that is no prompt set."""
    checked = examine(folder, root)
    found = checked.problems
    if found:
        lines = [problem.told(folder) for problem in found[:_MOST_SHOWN]]
        more = [f"and {len(found) - _MOST_SHOWN} more"] if len(found) > _MOST_SHOWN else []
        told = "\n  ".join([*lines, *more])
        raise UserError(
            f"the prompt set {folder} can't be used:\n  {told}\n"
            f"The shipped sets show the form: {root / 'agent' / 'prompts'}"
        )
    return checked
