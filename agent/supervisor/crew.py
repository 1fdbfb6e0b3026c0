"""Starts the three kinds of processes that the supervisor looks after: keepers, the fork server, the agent.

Keepers are forks of the supervisor (same code, nothing to load); the other two are programs of their own. All die with
the supervisor. Only the agent gives up root here, once and for all.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from agent.supervisor import identity, preload, seccomp
from agent.supervisor.environment import candidate_environment
from agent.supervisor.keeper import Keeper
from agent.supervisor.places import AGENT, Ground, Slot
from agent.supervisor.protocol import Closed, Report, encode, send

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
OOM_AGENT = 300  # after any candidate, before the supervisor
RENEWED = 3  # a keeper that ended between two jobs to be started afresh
BROKEN = 70
SOURCES = Path(__file__).parents[2]
SERVE = "import sys; sys.path.insert(0, sys.argv[1]); from agent.supervisor.forkserver import main; del sys.path[0]; "
SERVE += "import json; main(*json.loads(sys.argv[2]))"

_libc = ctypes.CDLL(None, use_errno=True)


def start_keeper(slot: Slot, ground: Ground, agent: socket.socket, control: socket.socket, lost: bool) -> int:
    """Fork a keeper; `lost` says that one died before it, maybe in the middle of a job."""
    pid = os.fork()
    if pid == 0:
        _keep(slot, ground, agent, control, lost)
    return pid


def _keep(slot: Slot, ground: Ground, agent: socket.socket, control: socket.socket, lost: bool) -> NoReturn:
    status = BROKEN
    try:
        _belong_to_the_supervisor({agent.fileno(), control.fileno()})
        identity.hold(slot.identity)
        identity.end_all(slot.identity)
        if lost:
            report = Report(0, "not_run", problem="the slot's keeper was replaced; whatever ran there was ended")
            send(agent, encode(report))
        status = 0 if Keeper(slot, ground, agent, control).serve() else RENEWED
    except Closed:
        status = 0
    except BaseException as error:
        print(f"keeper {slot.number}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(status)


def start_server(ground: Ground, control: socket.socket, threads: int) -> int:
    """Fork and execute the fork server on the candidates' Python."""
    pid = os.fork()
    if pid == 0:
        os.setresuid(0, 0, 0)  # with differing uids the C library hides the environment from libraries
        environment = candidate_environment(Path("/"), threads, given=ground.given) | preload.SERVER_ENVIRONMENT
        arguments = json.dumps([control.fileno(), str(ground.home), ground.slots, ground.given])
        command = [str(ground.python), "-c", SERVE, str(SOURCES), arguments]
        _execute(command, environment, {control.fileno()}, "/")
    return pid


def start_agent(command: Sequence[str], slots: Sequence[socket.socket], environ: Mapping[str, str], home: Path) -> int:
    """Fork and execute the agent under its own uid, with the slots' sockets and without capabilities."""
    numbers = [slot.fileno() for slot in slots]
    pid = os.fork()
    if pid == 0:
        folder = str(home / "agent")
        environment = {**environ, "HOME": folder, "PODIUM_SLOTS": ",".join(map(str, numbers))}
        _execute(command, environment, set(numbers), folder, agent=True)
    return pid


def _execute(
    command: Sequence[str], environment: Mapping[str, str], keep: set[int], folder: str, agent: bool = False
) -> NoReturn:
    try:
        _belong_to_the_supervisor(keep)
        if agent:
            _become_agent()
        os.chdir(folder)
        for descriptor in keep:
            os.set_inheritable(descriptor, True)
        os.execve(command[0], list(command), environment)  # noqa: S606 - no shell is wanted
    except BaseException as error:
        print(f"can't start {command[0]}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(BROKEN)


def _become_agent() -> None:
    Path("/proc/self/oom_score_adj").write_text(str(OOM_AGENT))
    os.setsid()
    identity.become(AGENT)
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    seccomp.install()


def _belong_to_the_supervisor(keep: set[int]) -> None:
    """Die with it, take no signal handler of it, and hold none of its descriptors but `keep`."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    low = 3
    for descriptor in sorted(keep):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))
