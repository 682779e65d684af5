"""The limits of a trace for which the user gave none."""

from __future__ import annotations

import os


def default_memory() -> int | None:
    """Return three quarters of the machine's memory, in bytes; None if the system does not report its memory."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
    except (AttributeError, ValueError, OSError):
        return None
