"""Checked projects without a trace, for tests of baselines and formats."""

from __future__ import annotations

from pathlib import Path

from aotlens.features.diagnostics import Diagnostic
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.project.checked import Checked
from aotlens.project.findings import Located, Untraced
from aotlens.project.selection import Selected
from aotlens.project.tracing import TracedProject
from aotlens_tracer.wire.places import Span


def located(
    path: Path | str,
    line: int = 3,
    code: str = "graph-break",
    severity: str = "warning",
    message: str = "this breaks the graph",
    within: str = "Net.forward",
    text: str = "print(x)",
    related: tuple[tuple[str, Span], ...] = (),
) -> Located:
    span = Span(str(path), line, 9, line, 17)
    return Located(str(path), within, text, Diagnostic(span, code, severity, message, related=related))


def checked(
    folder: Path,
    *findings: Located,
    known: tuple[Located, ...] = (),
    suppressed: tuple[Located, ...] = (),
    untraced: tuple[str, ...] = (),
    traced: tuple[str, ...] = (),
) -> Checked:
    """A project whose files are those of its findings and of its targets, which are named `FILE::Qualname`."""
    keys = {
        status: [TargetKey.parse(f"{folder}/{name}") for name in names]
        for status, names in (("failed", untraced), ("traced", traced))
    }
    states = {key: TargetState(key, status=status) for status, of in keys.items() for key in of}  # type: ignore[arg-type]
    paths = dict.fromkeys([*(each.path for each in (*findings, *known, *suppressed)), *(key.path for key in states)])
    project = TracedProject(tuple(Selected(path, is_found=True) for path in paths), Snapshot({}, states), {})
    left = tuple(Untraced(states[key], 7, "no example found\nwrite one") for key in keys["failed"])
    return Checked(project, findings, known, suppressed, (), left)
