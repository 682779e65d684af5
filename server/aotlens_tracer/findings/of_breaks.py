"""Findings about graph breaks."""

from __future__ import annotations

from collections.abc import Iterable

from ..wire.compile_reasons import Broken
from ..wire.descriptor_map import Target
from ..wire.findings import Finding, Place, Subject
from ..wire.graph_breaks import GraphBreak


def break_findings(target: Target, breaks: Iterable[GraphBreak]) -> list[Finding]:
    """Return a finding for each graph break: at its line, or at the target if it has none."""
    subject = Subject("target", target.qualname)
    return [
        Finding(
            "graph-break",
            item.path or target.path,
            item.line or target.line,
            subjects=(subject,),
            reason=Broken(item),
            places=(Place("stop", item.inside),) if item.inside is not None else (),
        )
        for item in breaks
    ]
