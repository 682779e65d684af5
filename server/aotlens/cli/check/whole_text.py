"""A finding as text of several lines, for formats that have no field for the places that explain it."""

from __future__ import annotations

from aotlens.cli.output import path_label
from aotlens.explain.paths import position
from aotlens.project.findings import Located


def whole_text(finding: Located) -> str:
    """The message, and below it a line for each place that explains it: `model.py:12:22: it is made here`."""
    related = (
        f"{position(place.path, place.line, place.column or 1, path_label)}: {message}"
        for message, place in finding.diagnostic.related
    )
    return "\n".join([finding.diagnostic.message, *related])
