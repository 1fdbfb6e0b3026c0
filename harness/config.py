"""Settings, read once from the environment and passed down; nothing else in the harness reads `os.environ`.

Knows where things lie, not what they hold: the layout of a results folder is `results.py`'s, that of prepared data
`prepare.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError


@dataclass(frozen=True)
class Settings:
    """Where Podium reads and writes, and the environment it was started with."""

    root: Path  # the checkout: competitions/, dockerfiles/, agent/
    home: Path  # prepared data, downloads, workspaces, logs (PODIUM_HOME)
    results: Path  # what runs write (PODIUM_RESULTS)
    environ: Mapping[str, str]

    @property
    def competitions(self) -> Path:
        """One folder a competition."""
        return self.root / "competitions"

    @property
    def data(self) -> Path:
        """Prepared competitions: `<data>/<id>/{public,private,manifest.json}`."""
        return self.home / "data"

    @property
    def leaderboards(self) -> Path:
        """The user's full leaderboards: `<leaderboards>/<id>.json`."""
        return self.home / "leaderboards"

    @property
    def cache(self) -> Path:
        """Packages and models that lie ready for runs without a network."""
        return self.home / "cache"

    @property
    def workspaces(self) -> Path:
        """Disk images behind size-limited workspaces, while their runs last."""
        return self.home / "workspaces"

    @property
    def prompts(self) -> Path:
        """The prompt sets that ship, one folder each."""
        return self.root / "agent" / "prompts"


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings; raise `UserError` when the checkout's folders are not beside the package."""
    import platformdirs

    root = Path(__file__).resolve().parent.parent
    if not (root / "competitions").is_dir():
        raise UserError(
            f"no competitions/ folder in {root}: Podium runs from its checkout. "
            "Install it there with: make setup  (or: pip install -e .)"
        )
    home = Path(environ.get("PODIUM_HOME") or platformdirs.user_cache_dir("podium"))
    results = Path(environ.get("PODIUM_RESULTS") or root / "results")
    return Settings(
        root=root, home=home.expanduser().absolute(), results=results.expanduser().absolute(), environ=dict(environ)
    )
