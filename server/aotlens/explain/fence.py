"""Words about the fence: what it denied to the user's code, and what a system cannot hold of it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from aotlens_tracer.wire.fence import FenceDenied, Gap

_GAPS: dict[Gap, str] = {
    "fence": "everything: traced code may do what you may do",
    "writes": "writes outside of the scratch folder",
    "truncation": "the shortening of files",
    "devices": "requests to devices",
    "tcp": "TCP connections of sockets that exist already",
    "abstract sockets": "abstract sockets",
    "signals": "signals to most other processes",
    "calls": "the network besides TCP, local sockets, modes and owners of files",
    "processes": "how many processes a trace starts in a moment",
}


def fence_denied(value: FenceDenied) -> str:
    """Return what the fence denied and the way to allow it, and the error that the code got."""
    if value.path is not None:
        denied, allowing = (
            f"to change {value.path}",
            f"aotlens.fence.writable (--writable {os.path.dirname(value.path) or '.'})",
        )
    elif value.network:
        denied, allowing = "the network", "aotlens.fence.network (--network)"
    elif value.may_write:
        denied, allowing = "this", "aotlens.fence.writable (--writable FOLDER) or aotlens.fence.enable (--no-fence)"
    else:
        denied, allowing = "this", "aotlens.fence.enable (--no-fence)"
    if value.is_found:
        way = "this code was found, not given: an example of your own may be allowed to do it"
    else:
        way = f"{allowing} allows it"
    verb = "denies" if value.is_certain else "probably denies"
    return f"the fence around traces {verb} {denied}; {way}.\n{value.text}"


def gaps_in_words(gaps: Iterable[Gap]) -> str | None:
    """Return what the fence of this system cannot hold; None if it holds all."""
    return f"this system cannot hold {listed}" if (listed := ", ".join(_GAPS[gap] for gap in gaps)) else None
