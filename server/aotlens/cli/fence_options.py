"""The options of a command about the fence around traces."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from aotlens_tracer.wire.fence import Fence

NoFence = Annotated[
    bool, typer.Option("--no-fence", help="Do not fence in the code of the example: it may do what you may do.")
]
Writable = Annotated[
    list[Path] | None,
    typer.Option(metavar="FOLDER", help="A folder that the code of the example may write to. Give it once for each."),
]
Network = Annotated[bool, typer.Option("--network", help="Let the code of the example use the network.")]


def fence_in(no_fence: bool, writable: list[Path] | None, network: bool) -> Fence:
    """Return the fence that the options describe."""
    return Fence(not no_fence, tuple(os.path.abspath(folder) for folder in writable or ()), network)
