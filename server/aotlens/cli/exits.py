"""How commands end: with their status, after wrong usage, and without a reader of their output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

import typer


def exit_with(run: Callable[[], int]) -> NoReturn:
    """Run a command and exit with its status: 2, with one line on stderr, for wrong usage."""
    from .options import UsageError  # imported here, so that `serve` starts fast

    try:
        status = run()
        sys.stdout.flush()
    except UsageError as error:
        print_error(error)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        end_without_reader()
    raise typer.Exit(status)


def print_error(error: Exception) -> None:
    """Print the one line of wrong usage on stderr."""
    from aotlens.explain.visible import visible  # imported here, so that `serve` starts fast

    print(visible(f"error: {error}"), file=sys.stderr)


def end_without_reader() -> NoReturn:
    """Exit after the reader of a pipe has gone (`| head`), and discard the output that is still buffered."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(141)
