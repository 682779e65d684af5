"""System calls that have no function in Python, made through ctypes as they were before user code could replace it."""

from __future__ import annotations

import ctypes
import os
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

_libc: Any = ctypes.CDLL(None, use_errno=True) if MACHINE else None


def call(number: int, *arguments: Any) -> int:
    """Make a system call. Raises OSError."""
    whole = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *whole))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def refuse_new_rights() -> None:
    """Let no program that this process starts have more rights than it, which both parts ask for. Raises OSError."""
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
