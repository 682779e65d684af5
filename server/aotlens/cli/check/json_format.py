"""Findings as one JSON object, schema `aotlens.check/1`."""

from __future__ import annotations

import os
from typing import Any

from aotlens import __version__
from aotlens.explain.paths import number_of_line
from aotlens.project.checked import SEVERITIES, Checked
from aotlens.project.findings import Located, Untraced
from aotlens.text.notebooks import cell_line

SCHEMA = "aotlens.check/1"


def check_json(checked: Checked) -> dict[str, Any]:
    """The object. Paths are absolute, and relative to `working_directory` if they are below it."""
    project = checked.project
    every = [
        *((each, None) for each in checked.findings),
        *((each, "baseline") for each in checked.known),
        *((each, "comment") for each in checked.suppressed),
    ]
    order = {path: number for number, path in enumerate(checked.paths)}
    every.sort(key=lambda item: (order[item[0].path], item[0].span.line, item[0].span.column or 0))
    return {
        "schema": SCHEMA,
        "aotlens": __version__,
        "working_directory": os.getcwd(),
        "files": list(project.paths),
        "findings": [_finding(*each) for each in every],
        "elsewhere": [_finding(each, None) for each in checked.elsewhere],
        "untraced": [_untraced(each) for each in checked.untraced],
        "summary": {
            "files": len(project.paths),
            "targets": len(project.targets),
            "traced": sum(state.status == "traced" for state in project.targets),
            "untraced": len(checked.untraced),
            **{severity: checked.by_severity[severity] for severity in SEVERITIES},
            "suppressed": len(checked.suppressed),
            "baseline": len(checked.known),
            "baseline_gone": checked.gone,
        },
    }


def _finding(finding: Located, left_out_by: str | None) -> dict[str, Any]:
    span = finding.span
    return {
        **_place(finding.path, span.line),
        "column": span.column,
        "end_line": number_of_line(finding.path, span.end_line) if span.end_line is not None else None,
        "end_column": span.end_column,
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.diagnostic.message,
        "within": finding.within or None,
        "left_out_by": left_out_by,
        "url": finding.diagnostic.link,
        "related": [
            {"message": message, **_place(place.path, place.line), "column": place.column}
            for message, place in finding.diagnostic.related
        ],
    }


def _untraced(untraced: Untraced) -> dict[str, Any]:
    key = untraced.state.key
    return {"target": str(key), **_place(key.path, untraced.line), "message": untraced.message}


def _place(path: str, line: int) -> dict[str, Any]:
    """A line of a file, and in a notebook a line of a cell."""
    found = cell_line(path, line)
    return {"path": path, "cell": found and found.cell, "line": number_of_line(path, line)}
