"""Long commands of the setup: said aloud with their seconds, logged in full, ended as a whole when they take too long.

Not for anything inside a run: these commands install software or build images, and their output is the user's to read.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import InfrastructureError

Say = Callable[[str], None]
LOG_TAIL_LINES = 15
GRACE_SECONDS = 10.0
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@contextlib.contextmanager
def timed(say: Say, doing: str) -> Iterator[None]:
    """Say what is being done, and how long it took once it worked."""
    say(f"{doing} …")
    start = time.monotonic()
    yield
    say(f"{doing}: done in {time.monotonic() - start:.1f} s")


def search_path(environ: Mapping[str, str]) -> str:
    """PATH, and where system programs live: a user's PATH often lacks /usr/sbin."""
    return f"{environ.get('PATH', '')}:{SYSTEM_FOLDERS}".removeprefix(":")


def run(command: Sequence[str], *, log: Path, environ: Mapping[str, str], timeout_seconds: float) -> None:
    """Run a command to its end, its output appended to `log`; raise `InfrastructureError` with the last lines."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"$ {shlex.join(command)}\n".encode())
        output.flush()
        start = output.tell()
        # A session of its own, so that whatever the command started can be ended with it.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            start_new_session=True,
        )
        try:
            code = process.wait(timeout_seconds)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise _failure(command, f"did not end within {timeout_seconds:.0f} s", log, start) from None
            raise
    if code != 0:
        raise _failure(command, f"ended with {code}", log, start)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let a command clear up (mounts, a build that the engine goes on with), then end all that it started."""
    try:
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(GRACE_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def tail(log: Path, start: int = 0) -> str:
    """The last lines of a log, from byte `start` on."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-LOG_TAIL_LINES:])


def _failure(command: Sequence[str], how: str, log: Path, start: int) -> InfrastructureError:
    name = " ".join(Path(part).name if part.startswith("/") else part for part in command[:2])
    return InfrastructureError(f"`{name}` {how}:\n{tail(log, start)}\nAll of its output: {log}")


@contextlib.contextmanager
def one_at_a_time(path: Path, say: Say, what: str) -> Iterator[None]:
    """Hold a lock file; say so when another process has it and this one must wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A link that somebody else left in a shared folder is not followed.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another process is {what}; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
