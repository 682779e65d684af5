"""`aotlens/slots`: the inputs and outputs of the graph at a position, for a view of the client's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from aotlens.features import slots as feature
from aotlens.features.slot_rows import Row
from aotlens.lsp.context import Context
from aotlens.lsp.methods import SLOTS
from aotlens.lsp.positions import from_position
from aotlens_tracer.wire.places import Span

from .beside import found
from .position import position_in, uri_in


async def slots(context: Context, params: Any) -> dict[str, Any] | None:
    """The view at a position; without its groups if the client says that it has them."""
    document = context.documents.get(uri_in(params, SLOTS))
    if document is None:
        return None
    line, _ = from_position(document, position_in(params, SLOTS), context.encoding)
    context.session.focus(document.path, line)
    view = await found(document, partial(feature.view, context.session.snapshot(), document, line))
    if view is None:
        return None
    answer = {
        "target": str(view.key),
        "title": view.title,
        "call": view.call,
        "state": view.state,
        "mark": view.mark,
        "graphs": [
            {"target": str(each.key), "title": each.title, "module": each.module, "kinds": each.kinds}
            for each in view.graphs
        ],
    }
    if view.mark and params.get("known") == view.mark:
        return answer
    ranges = await context.places.ranges(dict.fromkeys(_spans(view.groups)))
    places = {span: {"uri": context.places.uri(span.path), "range": one} for span, one in ranges.items()}
    groups = [
        {
            "kind": group.kind,
            "title": group.title,
            "summary": group.summary,
            "rows": [_row(row, places) for row in group.rows],
        }
        for group in view.groups
    ]
    return {**answer, "groups": groups}


def _row(row: Row, places: Mapping[Span, Any]) -> dict[str, Any]:
    return {
        "label": row.label,
        "type": row.type,
        "nodes": row.nodes,
        "note": row.note,
        "concern": row.concern,
        "descriptor": row.descriptor,
        "location": places.get(row.place) if row.place is not None else None,
        "labels": row.labels,
        "members": [_row(member, places) for member in row.members],
    }


def _spans(groups: tuple[feature.Group, ...]) -> Iterator[Span]:
    pending = [row for group in groups for row in group.rows]
    while pending:
        row = pending.pop()
        pending += row.members
        if row.place is not None:
            yield row.place
