"""What a probe is, and how a batch of them runs inside a box. Standard library only: its source is sent there.

A probe tries one forbidden thing in its simplest form, and is harmless where it succeeds, because its control runs it
where it does: it opens and does not write, sets what is set already, passes numbers that can't work. It returns what it
reached, or raises OSError or returns nothing where it was refused. Any other exception is a bug of the probe, and is
told as one: a probe that is broken must not look like a wall that holds.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

At = SimpleNamespace  # what a probe is told of the ground that it stands on
Act = Callable[[At], object]

CANDIDATE, AGENT, FOREIGN, ROOT = "candidate", "agent", "foreign agent", "supervisor's place"
UNPRIVILEGED = (CANDIDATE, AGENT, FOREIGN)
EVERYBODY = (*UNPRIVILEGED, ROOT)
LEAVE, READ, CHEAT = "leave the box", "read what is secret", "cheat"

SECONDS = 20.0
LONGEST = 300
REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS)


@dataclass(frozen=True)
class Probe:
    """One forbidden thing. `no_control` says why its success can't be shown; empty where it is."""

    name: str
    tries: str
    aim: str
    levels: tuple[str, ...]
    act: Act
    no_control: str = ""
    some_kernels: bool = False  # have what is tried; without it the control can't show anything


PROBES: dict[str, Probe] = {}


def probe(aim: str, *levels: str, no_control: str = "", some_kernels: bool = False) -> Callable[[Act], Act]:
    """Register a function as a probe; its name is the probe's, its docstring says what it tries."""

    def register(act: Act) -> Act:
        name = act.__name__.replace("_", "-")
        assert name not in PROBES and act.__doc__, name
        PROBES[name] = Probe(name, act.__doc__.strip(), aim, levels, act, no_control, some_kernels)
        return act

    return register


def run_all(names: Iterable[str], at: At) -> Iterator[dict[str, str]]:
    """Run each in a process of its own; yield what became of it: reached, refused or broken, and in which words."""
    for name in names:
        began = time.monotonic()
        became, said = _apart(PROBES[name].act, at)
        yield {"probe": name, "became": became, "said": said, "seconds": f"{time.monotonic() - began:.3f}"}


def _apart(act: Act, at: At) -> tuple[str, str]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.write(writing, json.dumps(_tried(act, at)).encode()[:4096])
        os._exit(0)
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], SECONDS)
        answer = os.read(reading, 4096) if ready else b""
    finally:
        os.close(reading)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if answer:
        became, said = json.loads(answer)
        return became, said
    if not ready:
        return "broken", f"no end in {SECONDS:g} s"
    return "refused", f"ended with {os.waitstatus_to_exitcode(status)}"


def _tried(act: Act, at: At) -> tuple[str, str]:
    try:
        reached = act(at)
    except OSError as error:
        return "refused", f"{type(error).__name__}: {error}"[:LONGEST]
    except BaseException as error:
        return "broken", f"{type(error).__name__}: {error}"[:LONGEST]
    return ("reached", str(reached)[:LONGEST]) if reached else ("refused", "nothing found")


# What probes are made of

_libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"


def call(name: str, *arguments: Any) -> int:
    """A function of the C library; raise OSError where it fails."""
    done = getattr(_libc, name)(*arguments)
    if done == -1:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return int(done)


def system_call(on_x86: int, on_arm: int, *arguments: Any) -> int:
    """A system call by its number; raise OSError where it fails."""
    return call("syscall", ctypes.c_long(on_x86 if X86 else on_arm), *arguments)


def let_through(on_x86: int, on_arm: int, *arguments: Any) -> str:
    """Say that a system call was let through, though it can't have worked: nothing forbade it."""
    try:
        system_call(on_x86, on_arm, *arguments)
    except OSError as error:
        if error.errno in REFUSALS:
            raise
        return f"got as far as {errno.errorcode.get(error.errno or 0)}"
    return "it worked"


def status() -> dict[str, str]:
    """/proc/self/status by its fields."""
    with open("/proc/self/status") as file:
        return {name: rest.strip() for name, _, rest in (line.partition(":") for line in file)}


def opened(path: str, flags: int = os.O_WRONLY) -> str:
    """Open and close it, without a byte written or read; say so."""
    os.close(os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC))
    return f"{path} was opened"


def any_of(acts: Iterable[Callable[[], object]]) -> object:
    """The first that reaches something; else the last refusal."""
    refusal: OSError | None = None
    for act in acts:
        try:
            if reached := act():
                return reached
        except OSError as error:
            refusal = error
    if refusal is not None:
        raise refusal
    return None


def created(folder: str) -> str:
    """Make a file in a folder and remove it; say so."""
    path = f"{folder.rstrip('/')}/podium-boundary"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    os.unlink(path)
    return f"{folder} can be written to"


def processes() -> list[int]:
    """Every process that can be seen but this one."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def others(at: At) -> list[int]:
    """Processes of other users; where the box is open, those that were planted to be reached."""
    if at.victims:
        return list(at.victims)
    found = []
    for pid in processes():
        try:
            if os.stat(f"/proc/{pid}").st_uid != os.getuid():
                found.append(pid)
        except FileNotFoundError:
            continue
    return found


def needle(at: At, name: str) -> bytes:
    """What is looked for. It is sent in another form, so that looking does not find what was sent."""
    return bytes.fromhex(at.needles[name])


SKIPPED = ("/proc", "/sys", "/usr", "/opt/agent", "/opt/candidate", "/dev")


def files(top: str = "/", skipped: tuple[str, ...] = SKIPPED) -> Iterator[str]:
    """Every file, but the image's own and the kernel's."""
    for folder, below, names in os.walk(top):
        below[:] = [name for name in below if os.path.join(folder, name) not in skipped]
        yield from (os.path.join(folder, name) for name in names)


def content(path: str, most: int = 1 << 24) -> bytes:
    """A file's beginning; nothing where it can't be read, or is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    found = b""
    try:
        while len(found) < most and (more := os.read(descriptor, most)):  # the kernel's own files come in pieces
            found += more
    except OSError:
        return found
    finally:
        os.close(descriptor)
    return found
