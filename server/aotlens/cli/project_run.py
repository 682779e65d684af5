"""How commands about whole projects select files, trace them, and end after wrong usage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aotlens.explain.visible import visible_line
from aotlens.project.listener import Watcher
from aotlens.project.options import ProjectOptions
from aotlens.project.problems import Misuse
from aotlens.project.retained import Retain, for_locks
from aotlens.project.selection import Excluded, select
from aotlens.project.settings import CheckSettings, settings_for
from aotlens.project.tracing import CannotTrace, TracedProject, trace_project

from .asked import NO_TEXTS
from .options import UsageError
from .output import path_label
from .problems import advice_for

_MOST_NAMED = 3


def with_usage_errors(run: Callable[[], int]) -> int:
    """The exit status of a command. Raises UsageError for a misuse, and without a tracer."""
    try:
        return run()
    except Misuse as error:
        raise UsageError(str(error)) from None
    except CannotTrace as error:
        raise UsageError(f"{error}\n{advice_for(error.status.problem, error.status.interpreter)}") from None


def settings_in(paths: Sequence[str]) -> CheckSettings:
    """The settings of the project that holds the files of these paths. Raises Misuse."""
    return settings_for([path.partition("::")[0] for path in paths])


def project_folder(settings: CheckSettings) -> Path:
    """The folder of the project file; without one, the working directory."""
    return settings.project.parent if settings.project is not None else Path.cwd()


def trace_paths(
    paths: Sequence[str],
    settings: CheckSettings,
    tracing: ProjectOptions,
    watcher: Watcher,
    exclude: Sequence[str] = (),
    force_exclude: bool = False,
    texts: Mapping[str, str] = NO_TEXTS,
    retain: Retain = for_locks,
) -> TracedProject:
    """Trace what paths stand for. `texts` are unsaved texts by absolute path. Raises Misuse and CannotTrace.

    `retain` makes of each target what stays in memory.
    """
    excluded = Excluded((*settings.exclude, *exclude), project_folder(settings), force_exclude)
    planted: list[str] = []
    selected = select(paths, excluded, planted.append)
    for project in settings.passed_over:
        print(visible_line(_not_obeyed(project)), file=sys.stderr)
    if planted:
        print(visible_line(_left_out(planted)), file=sys.stderr)
    if not selected:
        print("warning: there is no Python file to check", file=sys.stderr)
    return trace_project(selected, tracing, watcher, texts, retain)


def _not_obeyed(project: Path) -> str:
    return f"warning: {project} is not obeyed: it belongs to another user, or everybody may change it"


def _left_out(planted: Sequence[str]) -> str:
    named = [path_label(path) for path in planted[:_MOST_NAMED]]
    more = [f"{len(planted) - _MOST_NAMED} more"] if len(planted) > _MOST_NAMED else []
    return (
        f"warning: left out, as another user has put it into a folder that everybody may write to: "
        f"{', '.join([*named, *more])}; name a file to have it traced"
    )
