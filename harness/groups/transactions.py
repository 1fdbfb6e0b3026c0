"""SQLite as this package uses it: connections without implicit transactions, and blocks that are whole or nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InfrastructureError

BUSY_SECONDS = 30.0  # for which a transaction waits for another one


def connected(path: Path, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Open the file, made where it is not there; may be used from any thread, one at a time."""
    return sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)


def connected_to_look(path: Path, table: str, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection | None:
    """Open the file without a right to change it; None where there is none with that table that can be read."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=busy_seconds)
    except sqlite3.OperationalError:
        return None
    try:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            return connection
    except sqlite3.DatabaseError:
        pass
    connection.close()
    return None


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All of the block or nothing, and alone; raise `InfrastructureError` where the file can't be written."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise InfrastructureError(
            f"{path} can't be written: {error}. Make room or mend the disk: podium doctor"
        ) from error
