"""The options of `aotlens check`. What it does is in the folder `check/`, which is imported as it runs."""

from __future__ import annotations

import contextlib
import enum
from typing import Annotated

import typer

from .choices import Convention
from .exits import exit_with
from .fence_options import Network, NoFence, Writable, fence_in
from .lock_options import LockFile
from .project_options import (
    Exclude,
    Jobs,
    Memory,
    NoCache,
    Paths,
    ProjectPython,
    TracedConvention,
    TracedMode,
    Verbose,
    project_options,
)
from .target_options import Timeout

CHECK_EXAMPLES = """
**Examples**

    aotlens check                                  # every target below the working directory

    aotlens check src model.py::GPT                # a folder, and one target of a file

    aotlens check --format sarif > aotlens.sarif   # for code scanning

    aotlens check --locked                         # also what is not as aotlens.lock has it

    aotlens check --write-baseline                 # accept what is there, and report what is new from now on

Settings are in `[tool.aotlens.check]` of pyproject.toml: `select`, `ignore`, `fail-on`, `exclude`, `baseline`.
`# aotlens: ignore[code]` at the end of a line suppresses a finding.

**Exit status**: 0 if no finding is as bad as `--fail-on` says, 1 if one is, 2 for wrong usage, or without a tracer.
"""


class CheckFormat(str, enum.Enum):
    """The format of findings."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"
    junit = "junit"


class FailOn(str, enum.Enum):
    """The severity from which on findings make the command fail."""

    error = "error"
    warning = "warning"
    information = "information"
    never = "never"


def check(
    paths: Paths = None,
    format: Annotated[
        CheckFormat, typer.Option("--format", "-f", help="The format of the findings.")
    ] = CheckFormat.text,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(help="The severity from which on a finding makes the exit status 1. Default: warning."),
    ] = None,
    select: Annotated[
        list[str] | None, typer.Option(metavar="CODE,...", help="Report findings with these codes alone.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="CODE,...", help="Do not report findings with these codes.")
    ] = None,
    exclude: Exclude = None,
    force_exclude: Annotated[
        bool, typer.Option("--force-exclude", help="Pass over excluded files even if they are named, as by pre-commit.")
    ] = False,
    baseline: Annotated[
        str | None, typer.Option(metavar="FILE", help="Do not report the findings in this file.")
    ] = None,
    write_baseline: Annotated[
        bool,
        typer.Option(
            "--write-baseline", help="Write all findings to the baseline (aotlens-baseline.json) and succeed."
        ),
    ] = False,
    show_untraced: Annotated[
        bool, typer.Option("--show-untraced", help="List the targets that were not traced, with the reasons.")
    ] = False,
    show_hints: Annotated[bool, typer.Option("--show-hints", help="Report hints too.")] = False,
    locked: Annotated[
        bool, typer.Option("--locked", help="Report targets that are not as aotlens.lock has them (aotlens lock).")
    ] = False,
    lock: LockFile = None,
    convention: TracedConvention = Convention.export,
    mode: TracedMode = None,
    python: ProjectPython = None,
    jobs: Jobs = None,
    timeout: Timeout = 120.0,
    memory: Memory = None,
    no_cache: NoCache = False,
    no_fence: NoFence = False,
    writable: Writable = None,
    network: Network = False,
    verbose: Verbose = False,
) -> None:
    """Trace every target in files and folders, and report what is found, as a linter does."""
    from .check.command import CheckOptions, run_check  # imported here, so that `serve` starts fast
    from .check.no_commands import without_commands

    fence = fence_in(no_fence, writable, network)
    tracing = project_options(python, convention, mode, timeout, jobs, memory, no_cache, fence)
    options = CheckOptions(
        format.value,
        fail_on.value if fail_on is not None else None,
        select,
        ignore,
        exclude,
        force_exclude,
        baseline,
        write_baseline,
        show_untraced,
        show_hints,
        locked,
        lock,
        verbose,
        tracing,
    )
    with without_commands() if format is CheckFormat.github else contextlib.nullcontext():
        exit_with(lambda: run_check(paths or ["."], options))
