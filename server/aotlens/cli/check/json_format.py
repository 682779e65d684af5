"""Findings as one JSON object, schema `aotlens.check/1`."""

from __future__ import annotations

import os
from typing import Any

from aotlens import __version__
from aotlens.project.checked import SEVERITIES, Checked
from aotlens.project.findings import Located, Untraced

SCHEMA = "aotlens.check/1"


def check_json(checked: Checked) -> dict[str, Any]:
    """The object. Paths are absolute, and relative to `working_directory` if they are below it."""
    project = checked.project
    findings = [
        *(_finding(each, None) for each in checked.findings),
        *(_finding(each, "baseline") for each in checked.known),
        *(_finding(each, "comment") for each in checked.suppressed),
    ]
    order = {path: number for number, path in enumerate(checked.paths)}
    findings.sort(key=lambda item: (order[item["path"]], item["line"], item["column"] or 0))
    return {
        "schema": SCHEMA,
        "aotlens": __version__,
        "working_directory": os.getcwd(),
        "files": list(project.paths),
        "findings": findings,
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
        "path": finding.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.diagnostic.message,
        "within": finding.within or None,
        "left_out_by": left_out_by,
        "url": finding.diagnostic.link,
        "related": [
            {"message": message, "path": place.path, "line": place.line, "column": place.column}
            for message, place in finding.diagnostic.related
        ],
    }


def _untraced(untraced: Untraced) -> dict[str, Any]:
    key = untraced.state.key
    return {"target": str(key), "path": key.path, "line": untraced.line, "message": untraced.message}
