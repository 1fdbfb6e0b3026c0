"""What a new process does to itself before a candidate's first line: descriptors, limits, uid, filters.

Order matters: what needs root or an own /proc entry comes before the change of uid, what only takes away comes last.
The caller has forked; after `enter` returns, nothing of root is left.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import os
import resource
import signal
from collections.abc import Sequence
from pathlib import Path

from agent.supervisor import landlock, seccomp
from agent.supervisor.identity import become
from agent.supervisor.places import Ground, Slot

OOM_FIRST = 1000  # the kernel's own choice when the container is out of memory: the candidate, not the agent
OPEN_FILES = 4096
NICE = 19  # a keeper must get its turn among hundreds of busy processes; nobody else in the container is busy then
FIRST_SAFE = 64  # descriptors from here on are not overwritten while the first few are put in order
STARTED = 3  # the descriptor on which the new process says that it got here
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38

_libc = ctypes.CDLL(None, use_errno=True)


def prepare(ground: Ground) -> None:
    """Do before forking what every child would have to do again."""
    _system(ground)
    seccomp.program()


def stand_apart() -> None:
    """Leave the parent's session, signals and priority; still root."""
    os.setsid()
    _usual_signals()
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    os.umask(0o077)


def enter(slot: Slot, ground: Ground, file_bytes: int, cpus: Sequence[int]) -> None:
    """Leave root for the slot's uid, in the slot's folder, within its limits."""
    _limit(file_bytes)
    _stay_on(cpus)
    _be_chosen_first()
    become(slot.identity)
    os.chdir(slot.folder)
    _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # as after an exec: else its own /proc entries would be root's
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    seccomp.install()
    landlock.restrict(
        reading=(*_system(ground), ground.data, ground.sample, ground.python.parent.parent),
        writing=(slot.folder, *ground.shared),
        devices=(Path("/dev"),),
    )


def take_descriptors(output: int, started: int) -> None:
    """Keep an empty standard input, `output` twice and `started` as descriptor 3; close every other."""
    null = os.open("/dev/null", os.O_RDWR)
    safe = [fcntl.fcntl(fd, fcntl.F_DUPFD, FIRST_SAFE) for fd in (null, output, output, started)]
    for number, fd in enumerate(safe):
        os.dup2(fd, number)
    os.set_inheritable(STARTED, False)
    os.closerange(STARTED + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def keep_only(descriptor: int) -> None:
    """Close everything but the standard three and `descriptor`."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def _be_chosen_first() -> None:
    """Raise the own OOM score; must come before the change of uid, after which the file is root's."""
    score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(score, str(OOM_FIRST).encode())
    os.close(score)


def _usual_signals() -> None:
    """What Python ignores is inherited by its children, and a handler of ours is no business of theirs."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _limit(file_bytes: int) -> None:
    # Neither RLIMIT_AS (address space is reserved by the gigabyte) nor RLIMIT_NPROC (it counts a uid everywhere).
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    files = min(OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


def _stay_on(cpus: Sequence[int]) -> None:
    """Prefer these CPUs; advisory, since a candidate may choose others. Numbers that are not there are left out."""
    if here := set(cpus) & os.sched_getaffinity(0):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, here)


@functools.cache
def _system(ground: Ground) -> list[Path]:
    """Every top-level place but the workspace, the gate and root's home; the root file system never changes."""
    closed = {ground.home, Path("/home"), Path("/root"), Path("/run"), *ground.shared}
    top = [path for path in Path("/").iterdir() if path not in closed]
    return top + [path for path in Path("/run").iterdir() if path != ground.agent_gate]
