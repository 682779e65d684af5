"""The options of `aotlens trace`, and the rules about which of them go together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from aotlens.explain.graph_lines import Kind
from aotlens.model.ddp_errors import DdpError
from aotlens.session.examples.project_world import WorldInWords
from aotlens_tracer.wire.fence import Fence


class UsageError(Exception):
    """The command line is wrong, or names a file or interpreter that does not exist. The exit status is 2."""


@dataclass(frozen=True)
class TraceOptions:
    """The options of `aotlens trace` that shape its answer.

    `cluster` is that of --mesh, --world-size and --rank.

    `timeout` is in seconds and `memory` in GiB; None stands for the default. `memory_budget` is a share from 0 to 1.
    """

    example: str | None = None
    convention: str = "export"
    mode: str | None = None
    format: Literal["text", "markdown", "json"] = "text"
    full: bool = False
    explain: bool = False
    python: str | None = None
    timeout: float = 120.0
    memory: float | None = None
    graph: Kind | None = None
    saved: bool = False
    shapes: bool = False
    partitioner: str = "min-cut"
    memory_budget: float | None = None
    compare: bool = False
    eager: bool = True
    ddp: DdpError | None = None
    dynamic: bool | None = None
    collectives: bool = False
    fence: Fence = field(default_factory=Fence)
    cluster: WorldInWords = field(default_factory=WorldInWords)


def check(options: TraceOptions, qualname: str | None) -> None:
    """Raise UsageError if options exclude each other. `qualname` is the target's name; None for a whole file."""
    if options.example is not None and qualname is None:
        raise UsageError("--example is the call of one target: name it, as in model.py::Block")
    if options.format != "text" and (options.graph is not None or options.saved):
        raise UsageError(f"--format {options.format} contains everything: --graph and --saved select text output")
    if options.shapes and (options.format != "text" or options.graph is not None or options.saved):
        raise UsageError("--shapes selects text output: leave out --format, --graph and --saved")
    if options.collectives and (
        options.format != "text" or options.graph is not None or options.saved or options.shapes
    ):
        raise UsageError("--collectives selects text output: leave out --format, --graph, --saved and --shapes")
    if options.dynamic is not None and options.convention != "compile":
        raise UsageError("--dynamic and --no-dynamic are torch.compile's: give them with --convention compile")
    if options.convention == "compile" and options.partitioner == "eager":
        raise UsageError("--partitioner eager is autograd without torch.compile: leave out --convention compile")
    if options.ddp is not None:
        _check_ddp(options, qualname)
    if options.graph is not None and options.saved:
        raise UsageError("--graph prints a graph, --saved a ranking: choose one")
    if options.memory_budget is not None and options.partitioner != "min-cut":
        what = "autograd saves" if options.partitioner == "eager" else "the default partitioner saves"
        raise UsageError(f"--memory-budget is for the min-cut partitioner: what {what} has no budget")
    if options.partitioner == "eager" and options.graph in ("forward", "backward"):
        raise UsageError(f"in eager there is no {options.graph} graph: --partitioner default or min-cut makes one")
    if options.compare and not (options.saved or options.format == "json"):
        raise UsageError("--compare compares what is saved for backward: give it with --saved or --format json")


def _check_ddp(options: TraceOptions, qualname: str | None) -> None:
    if qualname is None:
        raise UsageError("--ddp is about the module that is given to DDP: name it, as in model.py::Net")
    if options.format != "text":
        raise UsageError(f"--ddp prints text: --format {options.format} has the map itself")
    if options.graph is not None or options.saved or options.collectives:
        raise UsageError("--ddp explains an error: leave out --graph and --saved, or --collectives")
