"""`aotlens diff`: what a change of the code did to calling conventions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from aotlens.cli.asked import NO_TEXTS
from aotlens.cli.output import print_json
from aotlens.cli.project_progress import ProjectProgress
from aotlens.cli.project_run import project_folder, settings_in, trace_paths, with_usage_errors
from aotlens.model.lock_differences import differences_of
from aotlens.project.differences import Compared, require_convention, since_lock
from aotlens.project.listener import Watcher
from aotlens.project.lock_file import read_lock
from aotlens.project.locking import lock_of
from aotlens.project.options import ProjectOptions
from aotlens.project.problems import Misuse
from aotlens.project.revision import checked_out, interpreter_for, top_of
from aotlens.project.selection import Selected
from aotlens.project.settings import CheckSettings
from aotlens.project.trace_files import lock_of_traces
from aotlens.project.tracing import TracedProject, trace_project

from .command import lock_path
from .diff_output import diff_json, print_differences


@dataclass(frozen=True)
class DiffOptions:
    """The options of `aotlens diff`. Without `rev`, what is compared with is the lock."""

    rev: str | None = None
    lock: str | None = None
    format: Literal["text", "json"] = "text"
    exclude: Sequence[str] = ()
    verbose: bool = False
    tracing: ProjectOptions = field(default_factory=ProjectOptions)


def run_diff(paths: Sequence[str], options: DiffOptions) -> int:
    """Compare, and print what differs. Return the exit status. Raises UsageError."""
    return with_usage_errors(lambda: _run(paths, options))


def compare(
    paths: Sequence[str], options: DiffOptions, watcher: Watcher, texts: Mapping[str, str] = NO_TEXTS
) -> Compared:
    """The differences. `texts` are unsaved texts of today by absolute path. Raises Misuse and CannotTrace."""
    if any(path.endswith(".json") for path in paths):
        return _of_traces(paths)
    settings = settings_in(paths)

    def traced_today() -> TracedProject:
        return trace_paths(paths, settings, options.tracing, watcher, options.exclude, texts=texts)

    if options.rev is not None:
        return _with_revision(settings, options, options.rev, watcher, traced_today)
    return _with_lock(settings, options, traced_today)


def _run(paths: Sequence[str], options: DiffOptions) -> int:
    with ProjectProgress(options.verbose) as progress:
        compared = compare(paths, options, progress)
    if options.format == "json":
        print_json(diff_json(compared))
    else:
        print_differences(compared)
    return 1 if compared.differences else 0


def _of_traces(paths: Sequence[str]) -> Compared:
    if len(paths) != 2:
        raise Misuse("two files that aotlens trace --format json has written are compared: name both")
    old, new = (lock_of_traces(Path(path)) for path in paths)
    if len(old.targets) == len(new.targets) == 1:  # whatever their names
        (target,) = new.targets
        old = replace(old, targets=(replace(old.targets[0], path=target.path, qualname=target.qualname),))
    require_convention(old, new.convention)
    found = differences_of(old.targets, new, None, Path())
    return Compared(paths[0], paths[1], old, new, found)


def _with_lock(settings: CheckSettings, options: DiffOptions, traced_today: Callable[[], TracedProject]) -> Compared:
    file = lock_path(options.lock, settings)
    old = read_lock(file)
    require_convention(old, options.tracing.convention)  # a wrong one is told before anything is traced
    return since_lock(old, traced_today(), file, options.tracing.convention)


def _with_revision(
    settings: CheckSettings,
    options: DiffOptions,
    revision: str,
    watcher: Watcher,
    traced_today: Callable[[], TracedProject],
) -> Compared:
    folder = project_folder(settings)
    top = top_of(folder).resolve()
    project = traced_today()
    new = lock_of(project, top / "lock", options.tracing.convention)
    with checked_out(top, revision) as files:
        selected = _selected_in(project, top, files)
        tracing = replace(options.tracing, use_kept=False, python=interpreter_for(folder, options.tracing.python))
        old = lock_of(trace_project(selected, tracing, watcher), files / "lock", options.tracing.convention)
    names = {each.name for each in new.lock.targets}
    known = [
        each for each in old.lock.targets if each.name in names or _is_asked(each.path, each.qualname, project, top)
    ]
    return Compared(revision, "today", old.lock, new.lock, differences_of(known, new.lock, project.snapshot, top))


def _selected_in(project: TracedProject, top: Path, files: Path) -> list[Selected]:
    """The same files in another folder, as far as they are there. Of these, all targets are traced."""
    found = (files / _below(path, top) for path in project.paths)
    return [Selected(str(path), None, True) for path in found if os.path.isfile(path)]


def _is_asked(path: str, qualname: str, project: TracedProject, top: Path) -> bool:
    asked = {(_below(each.path, top).as_posix(), each.qualname) for each in project.selected}
    return not asked.isdisjoint({(path, None), (path, qualname)})


def _below(path: str, top: Path) -> Path:
    file = Path(path)
    try:  # a link to a file is a file of its own in the repository
        return (file.parent.resolve() / file.name).relative_to(top)
    except ValueError:
        raise Misuse(f"{path} is not in the repository {top}") from None
