"""The findings about parameters that are in no module, at the expression that makes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..wire.descriptor_map import EagerRun, Finding, Span, Target
from ..wire.findings import Place, Subject

_MOST_NAMES = 3


def of_unregistered(run: EagerRun, target: Target) -> Iterator[Finding]:
    """Yield a finding for each expression that makes parameters in no module."""
    for each in run.unregistered:
        place = each.place or each.assigned or Span(target.path, target.line or 1)
        is_elsewhere = each.assigned is not None and each.assigned.line != place.line
        places = (Place("keep", each.assigned),) if is_elsewhere and each.assigned is not None else ()
        subject = Subject("target", target.qualname)
        reason = replace(each, names=each.names[:_MOST_NAMES])
        yield Finding("unregistered-parameter", place.path, place.line, place.column, (subject,), reason, places)
