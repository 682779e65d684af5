"""The options of `aotlens report`. What it does is in the folder `report/`, which is imported as it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from .choices import Convention, Mode, Partitioner
from .exits import exit_with
from .fence_options import Network, NoFence, Writable, fence_in
from .target_options import ShowOutput, TargetMemory, Timeout, TracingPython

REPORT_EXAMPLES = """
**Examples**

    aotlens report model.py::GPT -o gpt.html

    aotlens report model.py train.py::main@loss     # several targets in one page

    aotlens report model.py::Block --example "Block(64)(torch.randn(2, 16, 64))"

The page is one file of HTML, without network: it can be sent, or kept with the results of a run.

**Exit status**: 0 if everything was traced, 1 if something was not (the page says why), 2 for wrong usage or a missing
file or interpreter.
"""


def report(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="PATH[::Qualname]...", help="Python files, or classes, functions and methods in them."),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The file to write. A report there is replaced.")
    ] = "aotlens-report.html",
    example: Annotated[
        str | None, typer.Option(metavar="EXPR", help="One expression that builds the only target and calls it.")
    ] = None,
    convention: Annotated[
        Convention, typer.Option(help="The calling convention: of torch.export, or of torch.compile.")
    ] = Convention.export,
    mode: Annotated[
        Mode | None,
        typer.Option(help="Put modules in this mode first. Default: as the example leaves them (train)."),
    ] = None,
    partitioner: Annotated[
        Partitioner, typer.Option(help="The partitioner that chooses what is saved for backward.")
    ] = Partitioner.min_cut,
    python: TracingPython = None,
    timeout: Timeout = 120.0,
    memory: TargetMemory = None,
    no_fence: NoFence = False,
    writable: Writable = None,
    network: Network = False,
    show_output: ShowOutput = False,
) -> None:
    """Write a page about targets: what flows in and out, the module tree, the findings and the graph, to look at."""
    from .options import TraceOptions  # imported here, so that `serve` starts fast
    from .report.command import run_report

    options = TraceOptions(
        example=example,
        convention=convention.value,
        mode=mode.value if mode is not None else None,
        python=python,
        timeout=timeout,
        memory=memory,
        partitioner=partitioner.value,
        fence=fence_in(no_fence, writable, network),
    )
    exit_with(lambda: run_report(targets, output, options, show_output=show_output))
