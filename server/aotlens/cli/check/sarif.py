"""Findings as a SARIF 2.1.0 log, which code scanning of GitHub and others reads.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

from aotlens import __version__
from aotlens.explain.findings.registry import KINDS
from aotlens.project.checked import Checked
from aotlens.project.findings import Located, Untraced
from aotlens.text.uris import quote_path, uri_of
from aotlens_tracer.wire.places import Span

from .places import FilePlaces, with_cell

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "information": "note", "hint": "note"}
_ROOT = "SRCROOT"
_FINGERPRINT = "aotlens/v1"
"""The name of the fingerprint. A change of how it is made needs another version."""


def sarif_log(checked: Checked) -> dict[str, Any]:
    """The log, with one run. Findings that a comment or the baseline leaves out are marked as suppressed."""
    root = os.getcwd()
    every = [
        *((each, None) for each in checked.findings),
        *((each, "external") for each in checked.known),
        *((each, "inSource") for each in checked.suppressed),
    ]
    codes = [code for code in KINDS if any(each.code == code for each, _ in every)]
    seen: Counter[str] = Counter()
    places = FilePlaces()
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "aotlens",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {_ROOT: {"uri": uri_of(os.path.join(root, ""))}},
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [_notification(each, root, places) for each in checked.untraced],
                    }
                ],
                "results": [_result(each, kind, codes, root, seen, places) for each, kind in every],
            }
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    kind = KINDS[code]
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in code.split("-")),
        "shortDescription": {"text": code.replace("-", " ").capitalize()},
        "fullDescription": {"text": kind.paragraph.replace("`", "")},
        "help": {"text": kind.paragraph.replace("`", ""), "markdown": kind.paragraph},
        "defaultConfiguration": {"level": _LEVELS[kind.severity]},
    }


def _result(
    finding: Located, suppression: str | None, codes: list[str], root: str, seen: Counter[str], places: FilePlaces
) -> dict[str, Any]:
    location = _location(finding.span, root, places)
    if finding.within:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.within}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": with_cell(finding.span, finding.diagnostic.message)},
        "locations": [location],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(finding, root, seen)},
    }
    if finding.diagnostic.related:
        result["relatedLocations"] = [
            {"id": number, **_location(place, root, places), "message": {"text": with_cell(place, message)}}
            for number, (message, place) in enumerate(finding.diagnostic.related, 1)
        ]
    if suppression is not None:
        result["suppressions"] = [{"kind": suppression}]
    return result


def _location(span: Span, root: str, places: FilePlaces) -> dict[str, Any]:
    span = places.of(span)
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(span.path, root),
            "region": {name: value for name, value in region.items() if value is not None},
        }
    }


def _artifact(path: str, root: str) -> dict[str, str]:
    relative = os.path.relpath(path, root)
    if relative.startswith(os.pardir):
        return {"uri": uri_of(path)}
    return {"uri": quote_path(Path(relative).as_posix()), "uriBaseId": _ROOT}


def _fingerprint(finding: Located, root: str, seen: Counter[str]) -> str:
    """The part of a finding that stays as code moves; equal ones are numbered."""
    parts = [_artifact(finding.path, root)["uri"], finding.code, finding.within, " ".join(finding.text.split())]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _notification(untraced: Untraced, root: str, places: FilePlaces) -> dict[str, Any]:
    key = untraced.state.key
    span = Span(key.path, untraced.line)
    return {
        "level": "note",
        "message": {"text": with_cell(span, f"{key.qualname} was not traced: {untraced.message}")},
        "locations": [_location(span, root, places)],
    }
