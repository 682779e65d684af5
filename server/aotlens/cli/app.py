"""The commands and their options; what they do is in the other files of this folder."""

from __future__ import annotations

import enum
import io
import os
import sys
from typing import Annotated, NoReturn

import typer

from aotlens import __version__

from .serve import ServeOptions, run_serve

app = typer.Typer(
    name="aotlens",
    help="What every input and output of AOTAutograd's joint graph is: which parameter, argument, gradient, tangent.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

EXAMPLES = """
**Examples**

    aotlens trace model.py::Block --example "Block(64)(torch.randn(2, 16, 64))"

    aotlens trace model.py                        # every class, with the best example there is for each

    aotlens trace model.py::Block --format json   # one object, schema aotlens.trace/1

An example is one call: how the module is built, and how it is called. Where none is given, one is looked for: in the
calls of classes that contain the class, in `__main__` blocks, tests, docstrings and documentation (`--explain` says
what was tried). Pin one as a comment above the class,
`# aotlens: Block(64)(torch.randn(2, 16, 64))`, or in pyproject.toml under `[tool.aotlens.examples]`.

**Exit status**: 0 all was traced, 1 something was not, 2 wrong usage, no such file or interpreter.
"""


class Format(str, enum.Enum):
    """How the map is printed."""

    text = "text"
    markdown = "markdown"
    json = "json"


class GraphKind(str, enum.Enum):
    """Which graph is printed."""

    joint = "joint"
    forward = "forward"
    backward = "backward"


class Partitioner(str, enum.Enum):
    """Who says what is saved for backward."""

    eager = "eager"
    default = "default"
    min_cut = "min-cut"


class Convention(str, enum.Enum):
    """Whose calling convention the graph has."""

    export = "export"


class Mode(str, enum.Enum):
    """The module's mode."""

    train = "train"
    eval = "eval"


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
    """Options that stand before the command."""


@app.command(epilog=EXAMPLES)
def trace(
    target: Annotated[
        str, typer.Argument(metavar="PATH[::Qualname]", help="A Python file, and in it a class, function or method.")
    ],
    example: Annotated[
        str | None, typer.Option(metavar="EXPR", help="How to build and call the target, in one call expression.")
    ] = None,
    convention: Annotated[Convention, typer.Option(help="Whose calling convention the graph has.")] = Convention.export,
    mode: Annotated[
        Mode | None, typer.Option(help="Put the module in this mode first. Default: as the example leaves it (train).")
    ] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="How to print the map.")] = Format.text,
    graph: Annotated[
        GraphKind | None, typer.Option(help="Print this graph, with names and source lines, in place of the map.")
    ] = None,
    saved: Annotated[
        bool, typer.Option("--saved", help="Print what is kept for backward, ranked, in place of the map.")
    ] = False,
    partitioner: Annotated[
        Partitioner,
        typer.Option(
            help="Who chooses what is saved for backward: autograd, as without torch.compile (eager), or one of "
            "torch's partitioners; torch.compile uses min-cut."
        ),
    ] = Partitioner.min_cut,
    memory_budget: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0.0,
            max=1.0,
            help="How much of what it would save the min-cut partitioner may save, 0 to 1; it recomputes the rest. "
            "Default: as torch is configured (1).",
        ),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="With --saved: also what eager, each partitioner and other budgets would save."),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Every map in full: of each class of a file, and of each repeated layer.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which examples were tried before, and why they do not serve.")
    ] = False,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON", help="Interpreter to trace in. Default: the active virtual environment, else this one."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="Time limit for each target.")] = 120.0,
    memory: Annotated[
        float | None,
        typer.Option(metavar="GIB", min=0.05, help="Memory limit for each target. Default: 3/4 of the machine's."),
    ] = None,
    show_output: Annotated[
        bool, typer.Option("--show-output", help="Print what user code printed, on stderr.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show whole tracebacks and the tracer's log, on stderr.")
    ] = False,
    spawn: Annotated[
        bool, typer.Option("--spawn", hidden=True, help="Start children afresh instead of forking.")
    ] = False,
) -> None:
    """Trace a module or function and print what every input and output of its joint graph is.

    Without `::Qualname`, every module class of the file (and every function with a pinned example).
    """
    from .trace import TraceOptions, UsageError, run_trace  # imported here, so that `serve` starts fast

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
        partitioner.value,
        memory_budget,
        compare,
    )
    try:
        status = run_trace(target, options, show_output=show_output, verbose=verbose, spawn=spawn)
        sys.stdout.flush()
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        _end_without_reader()
    raise typer.Exit(status)


@app.command()
def doctor(
    python: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON", help="Interpreter to check. Default: the active virtual environment, else this one."
        ),
    ] = None,
) -> None:
    """Check interpreter, torch and tracer: what works, what does not, and what to do about it."""
    from .doctor import run_doctor  # imported here, so that `serve` starts fast

    raise typer.Exit(run_doctor(python))


class LogLevel(str, enum.Enum):
    """From which level on the server logs."""

    error = "error"
    warning = "warning"
    info = "info"
    debug = "debug"


@app.command()
def serve(
    stdio: Annotated[bool, typer.Option("--stdio", help="Serve on stdin and stdout. The default.")] = False,
    tcp: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT",
            help="Serve the first client that connects here. Whoever can connect can run code as you. "
            "Default host: 127.0.0.1. Port 0 takes a free one; it is printed on stderr.",
        ),
    ] = None,
    log_level: Annotated[
        LogLevel, typer.Option(help="Log from this level on, on stderr and in the editor.")
    ] = LogLevel.info,
) -> None:
    """Run the language server, for editors."""
    raise typer.Exit(run_serve(ServeOptions(stdio, tcp, log_level.value)))


def main() -> None:
    """Run the command line. Ctrl-C ends with status 130, a closed pipe quietly."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name of the user's never breaks the output
    try:
        app(prog_name="aotlens")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        _end_without_reader()


def _end_without_reader() -> NoReturn:
    """The reader has gone (`| head`): nothing is left to say, and what is still buffered goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(141)
