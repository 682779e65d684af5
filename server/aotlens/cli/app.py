"""The commands and their options. The other files of this folder do the work."""

from __future__ import annotations

import enum
import io
import sys
from typing import Annotated

import typer

from aotlens import __version__

from .check_options import CHECK_EXAMPLES, check
from .choices import Convention, Format, GraphKind, Mode, Partitioner
from .diff_options import DIFF_EXAMPLES, diff
from .exits import end_without_reader, exit_with, print_error
from .fence_options import Network, NoFence, Writable, fence_in
from .lock_options import LOCK_EXAMPLES, lock
from .mcp_options import MCP_EXAMPLES, mcp
from .report_options import REPORT_EXAMPLES, report
from .serve import ServeOptions, run_serve
from .target_options import ShowOutput, TargetMemory, Timeout, TracingPython

app = typer.Typer(
    name="aotlens",
    help="Show which parameter, argument, gradient or tangent every input and output of AOTAutograd's joint graph is.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

EXAMPLES = """
**Examples**

    aotlens trace model.py::Block --example "Block(64)(torch.randn(2, 16, 64))"

    aotlens trace model.py                        # every class, each with the best example that is found

    aotlens trace model.py::Block --format json   # one object, schema aotlens.trace/1

An example is one expression that builds the module and calls it. Without `--example`, aotlens searches for one: in the
calls of classes that contain the class, in `__main__` blocks, tests, docstrings and documentation (`--explain` shows
what was tried). To pin an example, write it as a comment above the class,
`# aotlens: Block(64)(torch.randn(2, 16, 64))`, or in pyproject.toml under `[tool.aotlens.examples]`.

**Exit status**: 0 if everything was traced, 1 if something was not, 2 for wrong usage or a missing file or interpreter.
"""


def _print_version(value: bool) -> None:
    if value:
        print(f"aotlens {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Read the options before the command."""


@app.command(epilog=EXAMPLES)
def trace(
    target: Annotated[
        str,
        typer.Argument(metavar="PATH[::Qualname]", help="A Python file, or a class, function or method in it."),
    ],
    example: Annotated[
        str | None, typer.Option(metavar="EXPR", help="One expression that builds the target and calls it.")
    ] = None,
    convention: Annotated[
        Convention,
        typer.Option(
            help="The calling convention. export: one graph of the whole call, parameters first. compile: the graphs "
            "that torch.compile runs, one between two graph breaks, inputs in the order of their first use."
        ),
    ] = Convention.export,
    dynamic: Annotated[
        bool | None,
        typer.Option(
            "--dynamic/--no-dynamic",
            help="With --convention compile: torch.compile(dynamic=...). Default: torch decides.",
        ),
    ] = None,
    mesh: Annotated[
        str | None,
        typer.Option(
            metavar="DIM=SIZE,...",
            help="Trace as one rank of a cluster whose mesh of devices has these dimensions: dp=2,tp=4. No other "
            "process runs. Default: what the example or pyproject.toml says.",
        ),
    ] = None,
    world_size: Annotated[
        int | None, typer.Option(metavar="RANKS", help="The same, for a cluster of so many ranks.")
    ] = None,
    rank: Annotated[
        int | None, typer.Option(metavar="RANK", help="The rank that is traced, from 0. Default: 0.")
    ] = None,
    mode: Annotated[
        Mode | None,
        typer.Option(help="Put the module in this mode first. Default: as the example leaves it (train)."),
    ] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="The format of the map.")] = Format.text,
    graph: Annotated[
        GraphKind | None, typer.Option(help="Print this graph, with names and source lines, instead of the map.")
    ] = None,
    saved: Annotated[
        bool, typer.Option("--saved", help="Print the values saved for backward, ranked, instead of the map.")
    ] = False,
    shapes: Annotated[
        bool,
        typer.Option("--shapes", help="Print the code that ran with the shapes of each line, instead of the map."),
    ] = False,
    collectives: Annotated[
        bool,
        typer.Option(
            "--collectives", help="Print what the call communicates with other ranks, ranked, instead of the map."
        ),
    ] = False,
    partitioner: Annotated[
        Partitioner,
        typer.Option(
            help="The partitioner that chooses what is saved for backward. eager is autograd without "
            "torch.compile, which uses min-cut."
        ),
    ] = Partitioner.min_cut,
    memory_budget: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0.0,
            max=1.0,
            help="The share of its choice that the min-cut partitioner may save, 0 to 1; it recomputes the rest. "
            "Default: torch's own setting (1).",
        ),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="With --saved: show also what eager, each partitioner and other budgets save."),
    ] = False,
    eager: Annotated[
        bool,
        typer.Option(
            "--eager/--no-eager",
            help="Make two training steps in eager too, and compare the gradients with those of the graph.",
        ),
    ] = True,
    ddp: Annotated[
        str | None,
        typer.Option(
            metavar="ERROR",
            help="Explain an error of DistributedDataParallel, which wraps the target: the error's text, its numbers "
            '("3 4"), `-` to read the text from stdin, or `all` for the numbers of all parameters.',
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Print the whole map of every class, with every repeated layer.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which example is used, which were passed over, and why.")
    ] = False,
    python: TracingPython = None,
    timeout: Timeout = 120.0,
    memory: TargetMemory = None,
    no_fence: NoFence = False,
    writable: Writable = None,
    network: Network = False,
    show_output: ShowOutput = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print whole tracebacks and the tracer's log on stderr.")
    ] = False,
    spawn: Annotated[
        bool, typer.Option("--spawn", hidden=True, help="Spawn child processes instead of forking them.")
    ] = False,
) -> None:
    """Trace a module or function, and print what every input and output of its joint graph is.

    Without `::Qualname`, trace every module class of the file, and every function with a pinned example.
    """
    from aotlens.session.examples.project_world import WorldInWords  # imported here, so that `serve` starts fast

    from .ddp import ddp_error_in
    from .options import TraceOptions, UsageError
    from .trace import run_trace

    try:
        error = ddp_error_in(ddp) if ddp is not None else None
    except UsageError as problem:
        print_error(problem)
        raise typer.Exit(2) from None
    options = TraceOptions(
        example,
        convention.value,
        mode.value if mode else None,
        format.value,
        full,
        explain,
        python,
        timeout,
        memory,
        graph.value if graph else None,
        saved,
        shapes,
        partitioner.value,
        memory_budget,
        compare,
        eager,
        error,
        dynamic,
        collectives,
        fence_in(no_fence, writable, network),
        WorldInWords(mesh, world_size, rank),
    )
    exit_with(lambda: run_trace(target, options, show_output=show_output, verbose=verbose, spawn=spawn))


app.command(epilog=CHECK_EXAMPLES)(check)
app.command(epilog=LOCK_EXAMPLES)(lock)
app.command(epilog=DIFF_EXAMPLES)(diff)
app.command(epilog=MCP_EXAMPLES)(mcp)
app.command(epilog=REPORT_EXAMPLES)(report)


class DecodeFormat(str, enum.Enum):
    """The format of the names in a log."""

    text = "text"
    json = "json"


DECODE_EXAMPLES = """
**Examples**

    TORCH_LOGS="graph_code,aot_graphs" python train.py 2>&1 | aotlens decode

    aotlens decode log.txt --model model.py::Net   # names and birthplaces from the model

    TORCH_TRACE=trace python train.py; aotlens decode trace

    aotlens decode log.txt --annotate              # the log, with the names beside the numbers

**Exit status**: 0 if a graph was found, 1 if none was, 2 for wrong usage or a missing, empty or binary file.
"""


@app.command(epilog=DECODE_EXAMPLES)
def decode(
    log: Annotated[
        str,
        typer.Argument(
            metavar="[FILE|FOLDER|-]", help="A log, a TORCH_TRACE folder or a file of it, or `-` for stdin."
        ),
    ] = "-",
    model: Annotated[
        str | None,
        typer.Option(
            metavar="FILE::Class",
            help="Trace this model, and name the graphs of the log that it has; with the places in its source.",
        ),
    ] = None,
    example: Annotated[
        str | None, typer.Option(metavar="EXPR", help="With --model: one expression that builds it and calls it.")
    ] = None,
    format: Annotated[
        DecodeFormat, typer.Option("--format", "-f", help="The format of the names.")
    ] = DecodeFormat.text,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Print the log itself, with the names beside the numbers.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Print every row, with every repeated layer.")] = False,
    python: TracingPython = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="The time limit for each trace.")] = 120.0,
) -> None:
    """Say what `primals_3`, `tangents_1`, `arg0_1` and `getitem_7` stand for in a log of torch.

    The log may be any text: what TORCH_LOGS writes, a traceback, a printed graph, with whatever stands around it.
    """
    from .decode import DecodeOptions, run_decode  # imported here, so that `serve` starts fast

    options = DecodeOptions(model, example, format.value, annotate, full, python, timeout)
    exit_with(lambda: run_decode(log, options))


@app.command()
def doctor(
    python: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON",
            help="The interpreter to check. Default: the active environment, else that of the project.",
        ),
    ] = None,
) -> None:
    """Check the interpreter, torch and the tracer, and say how to solve each problem."""
    from .doctor import run_doctor  # imported here, so that `serve` starts fast

    raise typer.Exit(run_doctor(python))


class LogLevel(str, enum.Enum):
    """The lowest level that the server logs."""

    error = "error"
    warning = "warning"
    info = "info"
    debug = "debug"


@app.command()
def serve(
    stdio: Annotated[bool, typer.Option("--stdio", help="Use stdin and stdout. This is the default.")] = False,
    tcp: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT",
            help="Listen here and serve the first client that sends the token. Where that is, stderr says. "
            "Default host: 127.0.0.1. Port 0 selects a free port, which is printed too.",
        ),
    ] = None,
    socket: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Listen on a Unix socket, and serve the first client that connects as you."),
    ] = None,
    agents: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Tell unsaved texts to `aotlens mcp --attach PATH`, on a Unix socket."),
    ] = None,
    trusted: Annotated[
        list[str] | None,
        typer.Option(metavar="FOLDER", help="Trust this folder, if the client says nothing of trust. Repeatable."),
    ] = None,
    log_level: Annotated[
        LogLevel, typer.Option(help="The lowest level to log, on stderr and in the editor.")
    ] = LogLevel.info,
) -> None:
    """Run the language server for an editor."""
    raise typer.Exit(run_serve(ServeOptions(stdio, tcp, socket, log_level.value, agents, tuple(trusted or ()))))


def main() -> None:
    """Run the command line. Ctrl-C ends it with status 130, a closed pipe ends it quietly."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # no name in user code can break the output
    try:
        app(prog_name="aotlens")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        end_without_reader()
