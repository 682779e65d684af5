"""The vocabulary of the fence: what the system denies to a child while user code runs. Standard library only.

The fence is in `process.fence`. A trace may loosen it for code that was given; code that was found gets all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Tagged

Gap = Literal["fence", "writes", "truncation", "devices", "tcp", "abstract sockets", "signals", "calls", "processes"]
"""A part of the fence that a system cannot hold.

`fence` is all of it; `writes` are files outside of the scratch folder, `truncation` their shortening, `devices`
requests to device files (ioctl), `tcp` connections, `signals` those to processes outside, `calls` what the filter of
system calls holds: other networks, local sockets, modes and owners of files, other processes. `processes` is how many
a trace starts in a moment.
"""


@dataclass(frozen=True)
class Fence:
    """How a trace is fenced.

    `enabled` False takes the fence away from code that was given. `writable` are absolute folders that it may change,
    besides its scratch folder; with `network` it may use the network.
    """

    enabled: bool = True
    writable: tuple[str, ...] = ()
    network: bool = False


@dataclass(frozen=True)
class FenceDenied(Tagged):
    """The fence denied something that the code wants; `text` is the error that the code got, its type first.

    `path` is the file that it wants to change, `network` says that it wants the network; neither: something else, which
    with `may_write` is perhaps a write to a file that the error does not name.
    With `is_found` the code was found, not given, so that no setting allows it. Without `is_certain` the system may
    have denied it to the user's own run as well.
    """

    text: str
    path: str | None = None
    network: bool = False
    may_write: bool = False
    is_found: bool = False
    is_certain: bool = True
