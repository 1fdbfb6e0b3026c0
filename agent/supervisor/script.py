"""Runs `solution.py` in a forked child so that it can't tell it from `python solution.py`.

`__main__` is the script's own module, tracebacks begin with its first frame, and the end is Python's: threads are
waited for, exit functions run, what is still referenced from the script is released (which flushes its open files),
C's own buffers too. Only the teardown of imported modules is left out; it would take longer than most of the rest.
"""

from __future__ import annotations

import atexit
import builtins
import ctypes
import gc
import os
import signal
import sys
import threading
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn

NAME = "solution.py"
FLUSH_FAILED = 120  # Python's own exit code for it


def run(folder: Path) -> NoReturn:
    """Run `folder/solution.py` as the main module and leave the process."""
    path = str(folder / NAME)
    main = _main_module(path)
    sys.argv[:] = [NAME]
    sys.orig_argv[:] = [sys.executable, NAME]
    sys.path[0] = str(folder)
    status = 0
    try:
        code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
        exec(code, main.__dict__)  # noqa: S102 - running it is what this process is for
    except BaseException as error:
        status = _reported(error)
    _leave(main, status)


def _main_module(path: str) -> ModuleType:
    main = ModuleType("__main__")
    main.__dict__.update(
        __file__=path,
        __cached__=None,
        __builtins__=builtins,
        __loader__=SourceFileLoader("__main__", path),
        __annotations__={},
    )
    sys.modules["__main__"] = main
    return main


def _reported(error: BaseException) -> int:
    """Say what ended the script as Python does; the exit status, negative for a signal."""
    if isinstance(error, SystemExit):
        return _exit_status(error.code)
    traceback = error.__traceback__.tb_next if error.__traceback__ else None  # the first frame is ours
    _show(error.with_traceback(traceback), traceback)
    return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def _exit_status(code: Any) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)  # noqa: T201 - `sys.exit("reason")`
    return 1


def _show(error: BaseException, traceback: TracebackType | None) -> None:
    try:
        sys.excepthook(type(error), error, traceback)
    except BaseException as failure:  # a hook of the script's own that fails
        own = failure.__traceback__.tb_next if failure.__traceback__ else None
        failure.__context__ = None
        print("Error in sys.excepthook:", file=sys.stderr)  # noqa: T201
        sys.__excepthook__(type(failure), failure.with_traceback(own), own)
        print("\nOriginal exception was:", file=sys.stderr)  # noqa: T201
        sys.__excepthook__(type(error), error, traceback)


def _leave(main: ModuleType, status: int) -> NoReturn:
    """End as an interpreter does, but for the teardown of what was imported before the fork."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
    except BaseException as error:
        _show(error, error.__traceback__)
    atexit._run_exitfuncs()
    _release(main)
    if not _flushed():
        status = status or FLUSH_FAILED
    ctypes.CDLL(None).fflush(None)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def _release(main: ModuleType) -> None:
    """Drop what the script's globals hold: private names first, as Python does; then what only cycles hold."""
    names = main.__dict__
    for key in [key for key in names if key.startswith("_") and key != "__builtins__"]:
        names[key] = None
    for key in [key for key in names if key != "__builtins__"]:
        names[key] = None
    gc.collect()


def _flushed() -> bool:
    done = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except (OSError, ValueError, AttributeError):
            done = False
    return done
