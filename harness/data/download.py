"""Downloads a competition's archive from Kaggle through the official client.

The client authenticates when it is imported, reads the process's environment and may end the process, so it runs in a
child (`kaggle_child.py`) whose environment is an argument here; what went wrong comes back as data and becomes a
DownloadError that says what to do. A download that broke off is kept only where the client can prove that it may be
resumed; everything else that failed leaves nothing behind.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import DownloadError
from harness.locks import locked

ENDPOINT = "PODIUM_KAGGLE_ENDPOINT"  # another address of Kaggle's API: a mirror, or a test's server
RETRIES = 5
RESERVE_BYTES = 64 * 2**20  # left free beside the archive
_FILES = ("kaggle.json", "access_token", "access_token.txt", "credentials.json")
_ADVICE = (
    "create a token at https://www.kaggle.com/settings/api and save it as ~/.kaggle/access_token, "
    "or give the data yourself with --raw FOLDER_OR_ZIP"
)


def has_credentials(environ: Mapping[str, str]) -> bool:
    """Does the environment, or a file where the client looks, hold Kaggle credentials? They are not tried."""
    if environ.get("KAGGLE_API_TOKEN") or (environ.get("KAGGLE_USERNAME") and environ.get("KAGGLE_KEY")):
        return True
    return any((folder / name).is_file() for folder in _config_folders(environ) for name in _FILES)


def require_credentials(slug: str, environ: Mapping[str, str]) -> None:
    """Raise DownloadError, with what to do, where there are no credentials."""
    if not has_credentials(environ):
        raise DownloadError(f"{slug}: no Kaggle credentials in the environment or in ~/.kaggle; {_ADVICE}")


def rules_page(slug: str) -> str:
    """Return the page where a competition's rules are accepted."""
    return f"https://www.kaggle.com/c/{slug}/rules"


def is_there(slug: str, folder: Path) -> bool:
    """Is the archive in the folder already, wholly or in part?"""
    return _is_whole(folder / f"{slug}.zip") or (folder / f"{slug}.partial").is_dir()


def download(
    slug: str,
    into: Path,
    *,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    free_bytes: int | None = None,
    retries: int = RETRIES,
) -> Path:
    """Return `<into>/<slug>.zip`, downloaded now or before; DownloadError says what to do.

    `free_bytes` is what the archive may take; by default what is free on its disk, less a reserve.
    """
    archive = into / f"{slug}.zip"
    with locked(into, slug):
        if _is_whole(archive):
            return archive
        require_credentials(slug, environ)
        partial = into / f"{slug}.partial"
        partial.mkdir(exist_ok=True)
        limit = shutil.disk_usage(into).free - RESERVE_BYTES if free_bytes is None else free_bytes
        say(f"downloading {slug} from Kaggle")
        try:
            _fetch(slug, partial, limit + _bytes_of(partial), environ, retries)
            _finish(slug, partial, archive)
        finally:
            if not list(partial.glob("*.kaggle-partial")):
                shutil.rmtree(partial)
    return archive


def _fetch(slug: str, partial: Path, limit: int, environ: Mapping[str, str], retries: int) -> None:
    """Download the archive into the folder `partial`."""
    order = {"want": "files", "folder": str(partial), "largest_bytes": limit, "retries": retries}
    ask_client(slug, order | {"bar": sys.stderr.isatty()}, environ)


def ask_client(slug: str, order: Mapping[str, object], environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Run the official client in a child and return its report; DownloadError if it is one of failure."""
    with tempfile.TemporaryDirectory(prefix="podium-kaggle-") as scratch:
        report = Path(scratch) / "report.json"
        child_environ = dict(environ)
        if not any(folder.is_dir() for folder in _config_folders(environ)):
            child_environ["KAGGLE_CONFIG_DIR"] = scratch  # else the client makes a folder in the user's home
        child = subprocess.run(
            [sys.executable, "-m", "harness.data.kaggle_child"],
            input=json.dumps({**order, "slug": slug, "report": str(report), "endpoint": environ.get(ENDPOINT)}),
            text=True,
            env=child_environ,
            stdout=subprocess.DEVNULL,
            stderr=None if sys.stderr.isatty() else subprocess.PIPE,
            check=False,
        )
        if not report.exists():
            last = (child.stderr or "").strip().splitlines()[-1:] or ["no message"]
            raise DownloadError(f"{slug}: the Kaggle client ended with {child.returncode}: {last[0]}; run it again")
        outcome: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    if outcome["kind"] != "done":
        raise DownloadError(f"{slug}: {_explain(slug, outcome)}")
    return outcome


def _explain(slug: str, outcome: Mapping[str, Any]) -> str:
    said = " ".join(str(outcome.get("message", "")).split())[:200]
    match outcome["kind"], outcome.get("status"):
        case "http", 401:
            return f"Kaggle refused the credentials (401: {said}); {_ADVICE}"
        case "http", 403:
            return (
                f"Kaggle refused (403: {said}); accept the competition's rules at {rules_page(slug)} and run it again"
            )
        case "http", 404:
            return f"Kaggle knows no such competition, or no longer has its data (404: {said}); see {rules_page(slug)}"
        case "http", 429:
            wait = outcome.get("retry_after")
            return (
                f"Kaggle asks for a pause (429); run it again in {wait or 'a few minutes'}{' seconds' if wait else ''}"
            )
        case "http", status:
            return f"Kaggle answered {status} ({said}); run it again later"
        case "unauthenticated", _:
            return f"Kaggle refused the credentials ({said}); {_ADVICE}"
        case "no_space", _:
            sizes = f"the archive takes {outcome['needed']} bytes, {outcome['free']} are free"
            return f"{sizes}; make room or move PODIUM_HOME"
        case _:
            return f"the download broke off ({said}); run it again"


def _finish(slug: str, partial: Path, archive: Path) -> None:
    found = [path for path in partial.iterdir() if path.is_file()]
    if len(found) != 1 or not _is_whole(found[0]):
        raise DownloadError(f"{slug}: what Kaggle sent is not a complete .zip (it was removed); run it again")
    found[0].rename(archive)


def _is_whole(archive: Path) -> bool:
    """Is this a zip with its directory at the end? Members' checksums are tested when they are unpacked."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return bool(opened.infolist())
    except (OSError, zipfile.BadZipFile):
        return False


def _bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _config_folders(environ: Mapping[str, str]) -> list[Path]:
    folders = [Path(environ["KAGGLE_CONFIG_DIR"])] if environ.get("KAGGLE_CONFIG_DIR") else []
    if "HOME" in environ:
        folders.append(Path(environ["HOME"]) / ".kaggle")
        folders.append(Path(environ.get("XDG_CONFIG_HOME") or Path(environ["HOME"]) / ".config") / "kaggle")
    return folders
