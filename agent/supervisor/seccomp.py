"""A small system call filter on top of the engine's own, for what older engines let through.

It closes: sockets to the host (AF_VSOCK) and other rare families, io_uring (which passes filters by), memory that no
process shows as its own (memfd, System V and POSIX queues), kernel keyrings, new namespaces. A closed call fails with
ENOSYS, as on a kernel without it, so libraries fall back. Unknown machine types get no filter, and `install` says so.

It also goes into the images of other agents, whose processes keep such memory (it counts as the box's, which is theirs
alone): standard library only, Python 3.8 at least.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import struct
from typing import NamedTuple

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, KILL_PROCESS, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
X32_BIT = 0x40000000
FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6 and, for getifaddrs, AF_NETLINK

_libc = ctypes.CDLL(None, use_errno=True)


class Machine(NamedTuple):
    """A machine type's number in the audit system, and its system calls' numbers."""

    audit: int
    socket: int
    closed: tuple[int, ...]
    memory: tuple[int, ...]
    x32: bool = False


# closed: io_uring_setup, _enter, _register, userfaultfd, add_key, request_key, keyctl, bpf, perf_event_open, unshare,
# setns
# memory: memfd_create, memfd_secret, shmget, semget, msgget, mq_open
MACHINES = {
    "x86_64": Machine(
        0xC000003E, 41, (425, 426, 427, 323, 248, 249, 250, 321, 298, 272, 308), (319, 447, 29, 64, 68, 240), x32=True
    ),
    "aarch64": Machine(
        0xC00000B7, 198, (425, 426, 427, 282, 217, 218, 219, 280, 241, 97, 268), (279, 447, 194, 190, 186, 180)
    ),
}


def install(*, with_memory: bool = True) -> bool:
    """Filter this process and all it starts; needs no-new-privileges. False on a machine type without a list.

    `with_memory` closes what no process shows as its own memory, too.
    """
    code = program(with_memory)
    if code is None:
        return False
    holder = ctypes.create_string_buffer(code)
    header = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(holder)))
    if _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp filter refused: {os.strerror(ctypes.get_errno())}")
    return True


@functools.lru_cache
def program(with_memory: bool = True) -> bytes | None:
    """The filter for this machine type in classic BPF, eight bytes an instruction; None without a list."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return None
    enosys = FAIL | errno.ENOSYS
    steps = [
        _step(LOAD, ARCHITECTURE_AT),
        _step(JUMP_EQUAL, machine.audit, yes=1),
        _step(RETURN, KILL_PROCESS),  # another calling convention would have other numbers
        _step(LOAD, NUMBER_AT),
    ]
    if machine.x32:
        steps += [_step(JUMP_AT_LEAST, X32_BIT, no=1), _step(RETURN, enosys)]
    for number in (*machine.closed, *(machine.memory if with_memory else ())):
        steps += [_step(JUMP_EQUAL, number, no=1), _step(RETURN, enosys)]
    steps += [_step(JUMP_EQUAL, machine.socket, yes=1), _step(RETURN, ALLOW), _step(LOAD, FIRST_ARGUMENT_AT)]
    for family in FAMILIES:
        steps += [_step(JUMP_EQUAL, family, no=1), _step(RETURN, ALLOW)]
    steps.append(_step(RETURN, FAIL | errno.EAFNOSUPPORT))
    return b"".join(steps)


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
