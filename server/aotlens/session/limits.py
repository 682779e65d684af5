"""Limits of a trace where none are given."""

from __future__ import annotations

import os


def default_memory() -> int | None:
    """Three quarters of the machine's memory, in bytes; None where the system does not tell how much there is."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
    except (AttributeError, ValueError, OSError):
        return None
