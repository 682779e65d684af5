"""The options of `aotlens mcp`. What it does is in the folder `agents/`, which is imported as it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from .exits import exit_with
from .fence_options import Network, NoFence, Writable, fence_in
from .target_options import TargetMemory, Timeout, TracingPython

MCP_EXAMPLES = """
**Examples**

    aotlens mcp                      # an agent starts this, in the folder of the project

    aotlens mcp ~/work/project       # the same, wherever the agent starts it

    aotlens mcp --instructions       # how an agent should use the tools, to be put into its memory

An agent that speaks the Model Context Protocol starts it itself: docs/agents.md has the configurations. It can have
files in these folders traced, and no others. Tracing runs their code.

**Exit status**: 0 at the end of the input, 2 for wrong usage, or without the package `mcp` (`aotlens[mcp]`).
"""


def mcp(
    folders: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FOLDER...]",
            help="The folders whose files may be traced. Relative paths start in the first. Default: the working "
            "directory.",
        ),
    ] = None,
    instructions: Annotated[
        bool, typer.Option("--instructions", help="Print how an agent should use the tools, and exit.")
    ] = False,
    attach: Annotated[
        str | None,
        typer.Option(
            metavar="SOCKET",
            help="Answer about the unsaved texts of the editor whose server runs as `aotlens serve --agents SOCKET`.",
        ),
    ] = None,
    python: TracingPython = None,
    timeout: Timeout = 120.0,
    memory: TargetMemory = None,
    no_fence: NoFence = False,
    writable: Writable = None,
    network: Network = False,
) -> None:
    """Answer an agent's questions over the Model Context Protocol, on stdin and stdout."""
    from .agents.command import AgentOptions, print_instructions, run_mcp  # imported here, so that `serve` starts fast

    fence = fence_in(no_fence, writable, network)
    options = AgentOptions(python, timeout, memory, fence, attach)
    exit_with(print_instructions if instructions else lambda: run_mcp(folders or ["."], options))
