"""`aotlens check`: from paths to printed findings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aotlens.cli.asked import NO_TEXTS
from aotlens.cli.lock.command import lock_path
from aotlens.cli.output import path_label, print_json
from aotlens.cli.project_progress import ProjectProgress
from aotlens.cli.project_run import project_folder, settings_in, trace_paths, with_usage_errors
from aotlens.explain.visible import visible, visible_line
from aotlens.project.baseline import compare, read_baseline, write_baseline
from aotlens.project.checked import Checked, Choice, check
from aotlens.project.codes import known_codes
from aotlens.project.differences import require_convention
from aotlens.project.listener import Watcher
from aotlens.project.lock_findings import CODE as LOCK_CODE
from aotlens.project.lock_findings import AgainstLock, against_lock
from aotlens.project.options import ProjectOptions
from aotlens.project.problems import Misuse
from aotlens.project.retained import for_findings, for_locks
from aotlens.project.settings import CheckSettings, FailOn
from aotlens.project.shared_places import refuse_leading_out
from aotlens.project.tracing import TracedProject

from .github import github_commands
from .json_format import check_json
from .junit import junit_xml
from .sarif import sarif_log
from .text import print_findings, print_summary

DEFAULT_BASELINE = "aotlens-baseline.json"


@dataclass(frozen=True)
class CheckOptions:
    """The options of `aotlens check`; None stands for the project's setting, and else for the default.

    With `locked`, targets are compared with the file `lock`.
    """

    format: Literal["text", "json", "sarif", "github", "junit"] = "text"
    fail_on: FailOn | None = None
    select: Sequence[str] | None = None
    ignore: Sequence[str] | None = None
    exclude: Sequence[str] | None = None
    force_exclude: bool = False
    baseline: str | None = None
    write_baseline: bool = False
    show_untraced: bool = False
    show_hints: bool = False
    locked: bool = False
    lock: str | None = None
    verbose: bool = False
    tracing: ProjectOptions = field(default_factory=ProjectOptions)


def run_check(paths: Sequence[str], options: CheckOptions) -> int:
    """Check files and folders. Return the exit status. Raises UsageError."""
    return with_usage_errors(lambda: _run(paths, options))


def checked_paths(
    paths: Sequence[str], options: CheckOptions, watcher: Watcher, texts: Mapping[str, str] = NO_TEXTS
) -> Checked:
    """The findings of files and folders. `texts` are unsaved texts by absolute path. Raises Misuse and CannotTrace."""
    settings = settings_in(paths)
    choice = _choice(options, settings)
    against = _against(options, settings)
    if choice.baseline is not None:
        read_baseline(choice.baseline)  # a wrong one is told before anything is traced
    return check(_traced(paths, settings, options, watcher, texts), choice, against)


def _run(paths: Sequence[str], options: CheckOptions) -> int:
    settings = settings_in(paths)
    if options.write_baseline:
        choice, against = _choice(options, settings), _against(options, settings)
        folder = project_folder(settings)
        file = choice.baseline or folder / DEFAULT_BASELINE
        refuse_leading_out(file, folder)
        with ProjectProgress(options.verbose) as progress:
            project = _traced(paths, settings, options, progress, NO_TEXTS)
        return _write_baseline(check(project, _without_baseline(choice), against), file, folder)
    with ProjectProgress(options.verbose) as progress:
        checked = checked_paths(paths, options, progress)
    fail_on = options.fail_on or settings.fail_on or "warning"
    _print(checked, options, fail_on)
    return 1 if checked.fails(fail_on) else 0


def _against(options: CheckOptions, settings: CheckSettings) -> AgainstLock | None:
    """The lock to compare with, which is read before anything is traced; None if none is."""
    if not options.locked:
        if options.lock is not None:
            raise Misuse("--lock names the lock of --locked: give both")
        return None
    against = against_lock(lock_path(options.lock, settings), options.tracing.convention)
    require_convention(against.lock, against.convention)
    return against


def _traced(
    paths: Sequence[str], settings: CheckSettings, options: CheckOptions, watcher: Watcher, texts: Mapping[str, str]
) -> TracedProject:
    excluded, is_forced = options.exclude or (), options.force_exclude
    retain = for_locks if options.locked else for_findings
    return trace_paths(paths, settings, options.tracing, watcher, excluded, is_forced, texts, retain)


def _choice(options: CheckOptions, settings: CheckSettings) -> Choice:
    select, ignore = _codes(options.select, "--select"), _codes(options.ignore, "--ignore")
    if select is None and settings.select is not None:
        select = settings.select | {LOCK_CODE} if options.locked else settings.select
    return Choice(
        select,
        (settings.ignore or frozenset()) if ignore is None else ignore,
        Path(options.baseline).absolute() if options.baseline is not None else settings.baseline,
        options.show_hints,
    )


def _without_baseline(choice: Choice) -> Choice:
    return Choice(choice.select, choice.ignore, None, choice.hints)


def _codes(written: Sequence[str] | None, option: str) -> frozenset[str] | None:
    """The codes of an option, which may be given several times, with several codes each."""
    if not written:
        return None
    return known_codes((code.strip() for item in written for code in item.split(",") if code.strip()), option)


def _write_baseline(checked: Checked, file: Path, folder: Path) -> int:
    kept = None
    if os.path.exists(file):  # entries of what was not looked at stay
        kept = compare(file, read_baseline(file), checked.findings, checked.project.whole).unseen
    write_baseline(file, checked.findings, kept, folder)
    number = len(checked.findings)
    print(visible_line(f"{number} finding{'s' if number != 1 else ''} written to {path_label(str(file))}"))
    return 0


def _print(checked: Checked, options: CheckOptions, fail_on: FailOn) -> None:
    if options.format == "json":
        print_json(check_json(checked))
    elif options.format == "sarif":
        print_json(sarif_log(checked))
    elif options.format == "junit":
        print(visible(junit_xml(checked, fail_on)), end="")
    elif options.format == "github":
        for command in github_commands(checked):
            print(visible_line(command))
    else:
        print_findings(checked, options.show_untraced)
    print_summary(checked, options.show_untraced, to_stderr=options.format != "text")
