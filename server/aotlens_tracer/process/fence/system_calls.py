"""System calls that have no function in Python, made through ctypes as they were before user code could replace it."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Any

PR_SET_NO_NEW_PRIVS = 38

_machine = os.uname().machine if hasattr(os, "uname") else ""
MACHINE = _machine if sys.platform == "linux" and ctypes.sizeof(ctypes.c_void_p) == 8 else ""
"""The machine's architecture as the kernel names it; empty where there is no fence."""
SECCOMP = {"x86_64": 317, "aarch64": 277}.get(MACHINE)
"""The number of `seccomp`, None where the filter is not made."""
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
"""Numbers that all architectures share."""

_CAPGET, _CAPSET = (125, 126) if MACHINE == "x86_64" else (90, 91)
_CAPABILITY_VERSION = 0x20080522
_KEPT = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 14
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER and CAP_IPC_LOCK, from `linux/capability.h`."""

_libc: Any = ctypes.CDLL(None, use_errno=True) if MACHINE else None


def call(number: int, *arguments: Any) -> int:
    """Make a system call. Raises OSError."""
    whole = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *whole))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def give_up_rights() -> None:
    """Keep of root's rights those to its files alone; a process without any is left as it is. Raises OSError."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0), 8)
    data = ctypes.create_string_buffer(24)
    call(_CAPGET, header, data)
    sets = struct.unpack("=6I", data.raw)
    kept = [value & (_KEPT if index < 3 else 0) for index, value in enumerate(sets)]
    if tuple(kept) != sets:
        call(_CAPSET, header, ctypes.create_string_buffer(struct.pack("=6I", *kept), 24))


def refuse_new_rights() -> None:
    """Let no program that this process starts have more rights than it, which both parts ask for. Raises OSError."""
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
