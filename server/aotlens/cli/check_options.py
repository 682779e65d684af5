"""The options of `aotlens check`. What it does is in the folder `check/`, which is imported as it runs."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from .choices import Convention, Mode
from .exits import exit_with
from .fence_options import Network, NoFence, Writable, fence_in

CHECK_EXAMPLES = """
**Examples**

    aotlens check                                  # every target below the working directory

    aotlens check src model.py::GPT                # a folder, and one target of a file

    aotlens check --format sarif > aotlens.sarif   # for code scanning

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
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH...]", help="Files, folders, or FILE::Qualname. Default: the working directory."),
    ] = None,
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
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Pass over these files and folders too.")
    ] = None,
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
    convention: Annotated[
        Convention, typer.Option(help="The calling convention to trace: of torch.export, or of torch.compile.")
    ] = Convention.export,
    mode: Annotated[
        Mode | None, typer.Option(help="Put modules in this mode first. Default: as the example leaves them (train).")
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON",
            help="The interpreter to trace in. Default: the active environment, else that of the project.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", metavar="N", min=1, help="Files traced at once. Default: by the cores, and 4 GiB for each."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="The time limit for each target.")] = 120.0,
    memory: Annotated[
        float | None,
        typer.Option(metavar="GIB", min=0.05, help="The memory limit of all jobs. Default: 3/4 of the machine's."),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Trace everything, whatever earlier traces have left on disk.")
    ] = False,
    no_fence: NoFence = False,
    writable: Writable = None,
    network: Network = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print the log of the traces on stderr.")] = False,
) -> None:
    """Trace every target in files and folders, and report what is found, as a linter does."""
    from aotlens.project.options import ProjectOptions  # imported here, so that `serve` starts fast

    from .check.command import CheckOptions, run_check

    tracing = ProjectOptions(
        python,
        convention.value,
        mode.value if mode is not None else None,
        timeout,
        jobs,
        int(memory * (1 << 30)) if memory is not None else None,
        not no_cache,
        fence_in(no_fence, writable, network),
    )
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
        verbose,
        tracing,
    )
    exit_with(lambda: run_check(paths or ["."], options))
