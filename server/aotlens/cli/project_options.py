"""The options that all commands about whole projects have: how their targets are traced."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .choices import Convention, Mode

if TYPE_CHECKING:  # imported in the commands, so that `serve` starts fast
    from aotlens.project.options import ProjectOptions
    from aotlens_tracer.wire.fence import Fence


def from_here(python: str | None) -> str | None:
    """The path starts in the working directory, as for `aotlens trace`. A setting's starts in a project's folder."""
    if python is None or (not os.path.dirname(python) and (shutil.which(python) or not os.path.isdir(python))):
        return python  # a command
    return str(Path(python).expanduser().absolute())


Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH...]", help="Files, folders, or FILE::Qualname. Default: the working directory."),
]
Exclude = Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Pass over these files and folders too.")]
TracedConvention = Annotated[
    Convention, typer.Option(help="The calling convention to trace: of torch.export, or of torch.compile.")
]
TracedMode = Annotated[
    Mode | None, typer.Option(help="Put modules in this mode first. Default: as the example leaves them (train).")
]
ProjectPython = Annotated[
    str | None,
    typer.Option(
        metavar="PYTHON",
        callback=from_here,
        help="The interpreter to trace in. Default: the active environment, else that of the project.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", metavar="N", min=1, help="Files traced at once. Default: by the cores, and 4 GiB for each."
    ),
]
Memory = Annotated[
    float | None,
    typer.Option(metavar="GIB", min=0.05, help="The memory limit of all jobs. Default: 3/4 of the machine's."),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Trace everything, whatever earlier traces have left on disk.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print the log of the traces on stderr.")]


def project_options(
    python: str | None,
    convention: Convention,
    mode: Mode | None,
    timeout: float,
    jobs: int | None,
    memory: float | None,
    no_cache: bool,
    fence: Fence,
) -> ProjectOptions:
    """The options as `project/` takes them."""
    from aotlens.project.options import ProjectOptions

    return ProjectOptions(
        python,
        convention.value,
        mode.value if mode is not None else None,
        timeout,
        jobs,
        int(memory * (1 << 30)) if memory is not None else None,
        not no_cache,
        fence,
    )
