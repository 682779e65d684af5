"""`aotlens serve`: the language server."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

LOG_LEVELS = ("error", "warning", "info", "debug")

_LOOPBACK = "127.0.0.1"
_ADDRESS = re.compile(r"(?:(?P<host>\[[^\]]+\]|[^:\[\]]*):)?(?P<port>\d{1,5})")


class ServeOptions(NamedTuple):
    """The options of the command line."""

    stdio: bool = False
    tcp: str | None = None
    socket: str | None = None
    log_level: str = "info"
    agents: str | None = None
    trusted: tuple[str, ...] = ()


def plain_options(arguments: Sequence[str]) -> ServeOptions | None:
    """The options, if they are written as editors write them; None if the real parser has to read them.

    An editor waits for the server to start, and importing the real parser takes longer than the rest of the start.
    """
    options, rest = ServeOptions(), list(arguments)
    while rest:
        name = rest.pop(0)
        if name == "--stdio":
            options = options._replace(stdio=True)
        elif name == "--tcp" and rest:
            options = options._replace(tcp=rest.pop(0))
        elif name == "--socket" and rest:
            options = options._replace(socket=rest.pop(0))
        elif name == "--agents" and rest:
            options = options._replace(agents=rest.pop(0))
        elif name == "--trusted" and rest:
            options = options._replace(trusted=(*options.trusted, rest.pop(0)))
        elif name == "--log-level" and rest and rest[0] in LOG_LEVELS:
            options = options._replace(log_level=rest.pop(0))
        else:
            return None
    return options


def run_serve(options: ServeOptions) -> int:
    """Serve one client. Return the exit status."""
    if options.stdio + (options.tcp is not None) + (options.socket is not None) > 1:
        return _wrong_usage("--stdio, --tcp and --socket exclude each other")
    address = _ADDRESS.fullmatch(options.tcp) if options.tcp is not None else None
    if options.tcp is not None and (address is None or int(address["port"]) > 65535):
        return _wrong_usage(f"--tcp {options.tcp}: not an address such as 127.0.0.1:2087")

    # Importing the many classes of the protocol takes a tenth longer with garbage collection, and finds no garbage.
    # `initialize` turns it on again.
    gc.disable()
    # A thread reads maps in Python. Requests then wait until it gives up the interpreter lock, by default for 5 ms.
    sys.setswitchinterval(0.001)
    from aotlens.lsp.app import create_server
    from aotlens.lsp.client_log import log_to_stderr
    from aotlens.lsp.serving import serve_socket, serve_stdio, serve_tcp

    server = create_server()
    server.agents_socket = os.path.expanduser(options.agents) if options.agents is not None else None
    server.trusted = tuple(os.path.abspath(os.path.expanduser(folder)) for folder in options.trusted)
    log_to_stderr(options.log_level)
    try:
        if options.socket is not None:
            return serve_socket(server, options.socket)
        if address is not None:
            from aotlens.lsp.listening import token_of_user

            token = token_of_user(os.environ)
            return serve_tcp(server, (address["host"] or _LOOPBACK).strip("[]"), int(address["port"]), token)
    except ValueError as error:
        return _wrong_usage(str(error))
    except OSError as error:
        return _wrong_usage(f"cannot listen on {options.socket or options.tcp}: {error.strerror or error}")
    return serve_stdio(server)


def _wrong_usage(message: str) -> int:
    from aotlens.explain.visible import visible  # imported here, so that `serve` starts fast

    print(visible(f"error: {message}"), file=sys.stderr)
    return 2
