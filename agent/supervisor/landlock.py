"""Landlock as a second layer below the uids: even if a mode or an owner is wrong, a candidate stays in its places.

Reading: the system, the public data, its own folder. Writing: its own folder and what all share. It also keeps a
candidate from lowering its own OOM score (/proc is not writable), from signalling anything outside, and from abstract
sockets of others. It does not govern connect() on a named socket: that is the gate's work. A kernel without Landlock
has the first layer only; `restrict` says which version it found.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every machine type
VERSION_FLAG, PATH_BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_AND_MAKE = 0b1_1111_1111 << 4
REFER, TRUNCATE = 1 << 13, 1 << 14
READING = EXECUTE | READ_FILE | READ_DIR
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The kernel's Landlock version; 0 where there is none or the engine's filter refuses it."""
    found: int = _libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(VERSION_FLAG))
    return max(0, found)


def restrict(reading: Iterable[Path], writing: Iterable[Path], devices: Iterable[Path] = ()) -> int:
    """Allow this process these places alone, for good; needs no-new-privileges. Returns the version in force."""
    found = version()
    if found == 0:
        return 0
    handled = READING | WRITE_FILE | REMOVE_AND_MAKE | (REFER if found >= 2 else 0) | (TRUNCATE if found >= 3 else 0)
    attributes = struct.pack("=QQQ", handled, 0, ABSTRACT_SOCKETS_AND_SIGNALS)[: 24 if found >= 6 else 8]
    ruleset = _call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    try:
        for path in reading:
            _allow(ruleset, path, READING)
        for path in devices:
            _allow(ruleset, path, READING | (WRITE_FILE | TRUNCATE) & handled)
        for path in writing:
            _allow(ruleset, path, handled)
        _call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))
    finally:
        os.close(ruleset)
    return found


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Allow `rights` at and below `path`; one that is not there, or not to be reached, needs no rule."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return
    try:
        rights &= -1 if path.is_dir() else ON_FILES
        rule = struct.pack("=Qi", rights, place)
        _call(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), rule, ctypes.c_uint(0))
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock call {number}: {os.strerror(ctypes.get_errno())}")
    return result
