"""Where the ledger of a machine's reservations lies: found by all commands that may use an engine, by nobody else.

Not in PODIUM_HOME: several homes, and several users, share a machine. Whoever may use an engine's socket commands its
machine anyway, so the folder belongs to the socket's group; where the engine has no such socket, to the user. It is
made as a whole, and a folder of that name that somebody else made is refused rather than written to.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.machine.asking import elsewhere

VARIABLE = "PODIUM_LENDING"
BESIDE = Path("/tmp")  # noqa: S108 - what is made there is checked; TMPDIR differs between users
SOCKET = "/var/run/docker.sock"
HERE = "machine"
SUFFIX = ".sqlite"
GROUP_MODE, USER_MODE = 0o2770, 0o700


def ledger_path(environ: Mapping[str, str], info: Mapping[str, Any], *, here: bool) -> Path:
    """The ledger of the engine's machine; raise `UserError` where the folder is not one that could be trusted.

    All engines of this machine lend the same CPUs; another machine is known by what its engine says of it.
    """
    name = HERE
    if not here:
        said = "/".join(str(info.get(key, "")) for key in ("Name", "NCPU", "MemTotal"))
        host = re.sub(r"[^A-Za-z0-9.-]", "-", str(info.get("Name", ""))) or "engine"
        name = f"{host[:60]}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"
    return _folder(environ) / f"{name}{SUFFIX}"


def is_here(info: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Does the engine run on this machine? Its kernel and its CPUs tell, where its address does not."""
    same_kernel = info.get("KernelVersion", platform.release()) == platform.release()
    return elsewhere(environ) is None and same_kernel and info.get("NCPU") == os.cpu_count()


def ledgers(environ: Mapping[str, str]) -> Iterator[Path]:
    """Every ledger there is for this user, for a look."""
    given = environ.get(VARIABLE)
    folders = [Path(given)] if given else sorted({_place(environ)[0], _of_user()})
    for folder in folders:
        with suppress(OSError, UserError):
            if not given:
                _refuse_strangers(folder)
            yield from sorted(folder.glob(f"*{SUFFIX}"))


def _folder(environ: Mapping[str, str]) -> Path:
    given = environ.get(VARIABLE)
    if given:
        folder = Path(given).expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    folder, group = _place(environ)
    if not folder.exists():
        _make(folder, group)
    _refuse_strangers(folder)
    return folder


def _place(environ: Mapping[str, str]) -> tuple[Path, int | None]:
    """The folder, and the group that it belongs to; None: to the user alone."""
    host = environ.get("DOCKER_HOST") or f"unix://{SOCKET}"
    with suppress(OSError):
        known = Path(host.removeprefix("unix://")).stat()
        if host.startswith("unix://") and known.st_mode & 0o060 == 0o060:
            return BESIDE / f"podium-lending-g{known.st_gid}", known.st_gid
    return _of_user(), None


def _of_user() -> Path:
    return BESIDE / f"podium-lending-u{os.geteuid()}"


def _make(folder: Path, group: int | None) -> None:
    """Make it beside and move it into place, so that nobody meets it with other rights; two may do so at once."""
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        if group is not None:
            os.chown(made, -1, group)
        made.chmod(USER_MODE if group is None else GROUP_MODE)
        made.rename(folder)
    except OSError:
        with suppress(OSError):
            made.rmdir()
        if not folder.exists():
            raise


def _refuse_strangers(folder: Path) -> None:
    found = folder.lstat()
    of_group = folder.name.rpartition("-g")[2]
    ours = found.st_uid == os.geteuid() if not of_group.isdecimal() else found.st_gid == int(of_group)
    closed = found.st_mode & (0o007 if of_group.isdecimal() else 0o077) == 0
    if not (stat.S_ISDIR(found.st_mode) and ours and closed):
        raise UserError(f"{folder} was made by somebody else. Look at it, and remove it: ls -ld {folder}")
