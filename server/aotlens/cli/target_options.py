"""The options that several commands about single targets have: how these are traced."""

from __future__ import annotations

from typing import Annotated

import typer

TracingPython = Annotated[
    str | None,
    typer.Option(
        metavar="PYTHON",
        help="The interpreter to trace in. Default: the active environment, else that of the project.",
    ),
]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="The time limit for each target.")]
TargetMemory = Annotated[
    float | None,
    typer.Option(metavar="GIB", min=0.05, help="The memory limit for each target. Default: 3/4 of the machine's."),
]
ShowOutput = Annotated[bool, typer.Option("--show-output", help="Print the output of user code on stderr.")]
