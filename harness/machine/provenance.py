"""Which code is running: the checkout's commit, whether it was changed since, and the packages beside it."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from harness.results.record import CodeRecord

GIT_SECONDS = 20.0


def code(root: Path, environ: Mapping[str, str]) -> CodeRecord:
    """The code of this process; commit and `dirty` are None where the folder is no git checkout, or git is missing."""
    commit = _git(root, environ, "rev-parse", "HEAD")
    # Only the checkout's own history counts: a copy inside somebody's repository has none.
    top = _git(root, environ, "rev-parse", "--show-toplevel")
    if commit is None or top is None or Path(top).resolve() != root.resolve():
        return CodeRecord(commit=None, dirty=None, packages_sha256=digest(packages()))
    changed = _git(root, environ, "status", "--porcelain", "--untracked-files=no")
    return CodeRecord(commit=commit, dirty=bool(changed), packages_sha256=digest(packages()))


def packages() -> str:
    """The installed packages, a line each, in order: `name==version`."""
    found = {f"{str(one.metadata['Name']).lower()}=={one.version}\n" for one in metadata.distributions()}
    return "".join(sorted(found))


def digest(text: str) -> str:
    """What names a list of packages."""
    return hashlib.sha256(text.encode()).hexdigest()


def _git(root: Path, environ: Mapping[str, str], *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-c", f"safe.directory={root}", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            env=dict(environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
