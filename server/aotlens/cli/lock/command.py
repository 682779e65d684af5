"""`aotlens lock`: from paths to the file of locked calling conventions."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aotlens.cli.output import path_label
from aotlens.cli.project_progress import ProjectProgress
from aotlens.cli.project_run import project_folder, settings_in, trace_paths, with_usage_errors
from aotlens.explain.failures import message
from aotlens.explain.visible import visible_line
from aotlens.model.snapshot import TargetState
from aotlens.project.lock_file import read_lock, write_lock
from aotlens.project.locking import lock_of, locked_again
from aotlens.project.options import ProjectOptions
from aotlens.project.settings import CheckSettings
from aotlens.project.shared_places import refuse_leading_out
from aotlens.project.tracing import TracedProject
from aotlens.session.project_file import LOCK_NAME


@dataclass(frozen=True)
class LockOptions:
    """The options of `aotlens lock`. `lock` is the file; None for that of the project."""

    lock: str | None = None
    exclude: Sequence[str] = ()
    verbose: bool = False
    tracing: ProjectOptions = field(default_factory=ProjectOptions)


def run_lock(paths: Sequence[str], options: LockOptions) -> int:
    """Lock files and folders. Return the exit status. Raises UsageError."""
    return with_usage_errors(lambda: _run(paths, options))


def lock_path(written: str | None, settings: CheckSettings) -> Path:
    """The absolute path of the lock."""
    return Path(written).absolute() if written is not None else project_folder(settings) / LOCK_NAME


def _run(paths: Sequence[str], options: LockOptions) -> int:
    settings = settings_in(paths)
    file, folder = lock_path(options.lock, settings), project_folder(settings)
    refuse_leading_out(file, folder)
    old = read_lock(file) if os.path.exists(file) else None  # a broken one is told before anything is traced
    with ProjectProgress(options.verbose) as progress:
        project = trace_paths(paths, settings, options.tracing, progress, options.exclude)
    found = lock_of(project, file, options.tracing.convention)
    lock = locked_again(old, found, project, file) if old is not None else found.lock
    is_new = write_lock(file, lock, folder)
    failed = sum(each.failure is not None for each in found.lock.targets)
    said = f"{_count(len(found.lock.targets) - failed)} locked in {path_label(str(file))}"
    said += f", {failed} that cannot be traced" if failed else ""
    said += "" if is_new else ": nothing has changed"
    print(visible_line(said))
    _tell(found.untraced, "not locked: no example is known, or the script needs what is not here")
    _tell(found.unclear, "not locked: its trace took too much time or memory, or crashed")
    tell_unread(project, "not locked")
    is_left_out = any(failure.stage != "syntax" for failure in project.unread.values())
    return 1 if found.unclear or is_left_out else 0


def tell_unread(project: TracedProject, what: str) -> None:
    """Say on stderr of which files nothing is known, and why."""
    for path, failure in project.unread.items():
        print(visible_line(f"{path_label(path)}: {what}: {message(failure)}"), file=sys.stderr)


def _tell(states: Iterable[TargetState], why: str) -> None:
    for state in states:
        print(visible_line(f"{path_label(state.key.path)}::{state.key.qualname}: {why}"), file=sys.stderr)


def _count(number: int) -> str:
    return f"{number} target{'s' if number != 1 else ''}"
