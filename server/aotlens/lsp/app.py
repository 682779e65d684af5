"""The language server with its features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import lifecycle, methods
from .server import AotlensServer


def create_server(register: Sequence[Callable[[AotlensServer], None]] | None = None) -> AotlensServer:
    """Make a server with all features; with `register`, only with those that its functions register."""
    server = AotlensServer()
    for one in (lifecycle.register, methods.register) if register is None else register:
        one(server)
    return server
