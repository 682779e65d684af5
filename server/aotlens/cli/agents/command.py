"""`aotlens mcp`: from its options to a running server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

from aotlens.cli.options import TraceOptions, UsageError
from aotlens.cli.project_options import from_here
from aotlens.session import scratch
from aotlens_tracer.wire.fence import Fence

_INSTALL = (
    "aotlens mcp needs the package mcp, which is not installed in the environment of aotlens "
    f"({sys.executable}): install aotlens[mcp], as in pip install 'aotlens[mcp]'"
)


@dataclass(frozen=True)
class AgentOptions:
    """The options of `aotlens mcp`."""

    python: str | None = None
    timeout: float = 120.0
    memory: float | None = None
    fence: Fence = field(default_factory=Fence)
    attach: str | None = None


def run_mcp(folders: Sequence[str], options: AgentOptions) -> int:
    """Serve one agent. Return the exit status. Raises UsageError."""
    _require()
    import anyio

    from .answers import Place
    from .arguments import Folders
    from .attached import check_socket
    from .server import serve
    from .tracing import Tracing

    allowed, python = Folders.of(folders), from_here(options.python)  # before the working directory changes
    attach = os.path.abspath(os.path.expanduser(options.attach)) if options.attach is not None else None
    if attach is not None:
        check_socket(attach)
    os.chdir(allowed.paths[0])
    if sys.stdin.isatty():
        print("aotlens: waiting for an agent on stdin (docs/agents.md); Ctrl-C ends this", file=sys.stderr)
    tracing = TraceOptions(python=python, timeout=options.timeout, memory=options.memory, fence=options.fence)

    async def run() -> None:
        _end_on_signals()
        await serve(Place(allowed, Tracing(), tracing, attach))

    anyio.run(run)
    return 0


def print_instructions() -> int:
    """Print how an agent should use the tools. Return the exit status. Raises UsageError."""
    _require()
    from .server import instructions

    print(instructions(), end="")
    return 0


def _require() -> None:
    if find_spec("mcp") is None:
        raise UsageError(_INSTALL)


def _end_on_signals() -> None:
    """End at once: a thread waits for input that may never come. The tracer ends with this process."""

    def end(number: int) -> None:
        scratch.remove()
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            asyncio.get_running_loop().add_signal_handler(number, end, number)
        except NotImplementedError:  # Windows
            return
