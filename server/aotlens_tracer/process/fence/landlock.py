"""Landlock: no writes but below given folders, no TCP, no signals and abstract sockets to processes outside.

The numbers are those of `linux/landlock.h`. Each version of the interface (ABI) adds to the one before; what a kernel
does not know is left out, and `gaps` says so.
"""

from __future__ import annotations

import ctypes
import glob
import os
import stat
import struct
from collections.abc import Iterable

from ...wire.fence import Gap
from .system_calls import LANDLOCK_ADD_RULE, LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, MACHINE, call

_WRITE_FILE, _TRUNCATE, _IOCTL = 1 << 1, 1 << 14, 1 << 15
_REMOVE = 1 << 4 | 1 << 5
_MAKE_DEVICE = 1 << 6 | 1 << 11
_MAKE = 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12
_REFER = 1 << 13
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_ALL_THREADS = 1 << 3
_ABI_OF_THREADS = 8
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
"""Device files that anybody may write to without an effect."""
_GPUS = ("/dev/nvidia*", "/dev/nvidia-caps/*", "/dev/kfd", "/dev/dri/*", "/dev/dxg", "/dev/accel/*")
"""The devices that a driver opens for writing. A GPU is no use without them."""


def abi() -> int:
    """Return the version of Landlock that this kernel offers; 0 if none."""
    if not MACHINE:
        return 0
    try:
        return call(LANDLOCK_CREATE_RULESET, None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def gaps(version: int) -> tuple[Gap, ...]:
    """Return what a version of Landlock cannot hold."""
    since: tuple[tuple[int, Gap], ...] = (
        (1, "writes"),
        (3, "truncation"),
        (4, "tcp"),
        (5, "devices"),
        (6, "abstract sockets"),
        (6, "signals"),
    )
    return tuple(gap for first, gap in since if version < first)


def restrict(version: int, folders: Iterable[str], files: Iterable[str], network: bool) -> None:
    """Deny what `version` can to this process: writes but below `folders` and to `files`, TCP unless `network`.

    What does not exist is left out. Raises OSError.
    """
    changes = _WRITE_FILE | _REMOVE | _MAKE_DEVICE | _MAKE
    changes |= (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    handled = changes | (_IOCTL if version >= 5 else 0)
    fields = [handled]
    if version >= 4:
        fields.append(0 if network else 3)  # bind, connect
    if version >= 6:
        fields.append(3)  # abstract sockets, signals
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    rules = call(LANDLOCK_CREATE_RULESET, ctypes.create_string_buffer(attributes, len(attributes)), len(attributes), 0)
    try:
        for folder in folders:
            _allow(rules, folder, (changes & ~_MAKE_DEVICE), handled)
        for file in (*files, *_DEVICES):
            _allow(rules, file, _WRITE_FILE | _TRUNCATE, handled)
        for pattern in _GPUS:
            for device in glob.glob(pattern):
                _allow(rules, device, _WRITE_FILE | _IOCTL, handled)
        call(LANDLOCK_RESTRICT_SELF, rules, _ALL_THREADS if version >= _ABI_OF_THREADS else 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: str, access: int, handled: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _WRITE_FILE | _TRUNCATE | _IOCTL  # the others are of folders
        rule = struct.pack("=Qi", access & handled, descriptor)
        call(LANDLOCK_ADD_RULE, rules, _PATH_BENEATH, ctypes.create_string_buffer(rule, len(rule)), 0)
    finally:
        os.close(descriptor)
