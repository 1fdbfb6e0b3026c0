"""How the command line's process ends: output written, exit functions run, and no teardown of the interpreter.

The teardown ends a thread that then asks for the interpreter by unwinding its stack. Where that thread is in C++, as
the readers of pyarrow's pool are that give back a buffer of ours, the whole process aborts instead, after everything
was done and said (https://github.com/apache/arrow/issues/34314). It would only free what the kernel frees anyway.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn

FLUSH_FAILED = 120  # Python's own exit code for it


def leave(code: str | int | None) -> NoReturn:
    """End the process as a `SystemExit` with this code would."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for every thread that is not a daemon
    atexit._run_exitfuncs()
    if isinstance(code, str):
        print(code, file=sys.stderr)  # noqa: T201 - what Python does with it
    status = code if isinstance(code, int) else int(code is not None)
    if not _flushed():
        status = status or FLUSH_FAILED
    os._exit(status & 0xFF)


def _flushed() -> bool:
    written = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except (OSError, ValueError):
            written = False
    return written
