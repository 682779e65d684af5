"""The table of the price of each output."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import Cell, Column, Table, without_empty
from aotlens.explain.brief import all_names
from aotlens.explain.shapes import bytes_in_words
from aotlens.model.gradients import gradients_in
from aotlens.model.prices import Price
from aotlens_tracer.wire.descriptor_map import Graph

from .rows import fold_rows, node_cell


def price_table(costs: Sequence[Price], graph: Graph, full: bool) -> Table:
    """The work of the backward pass, and the saved bytes, that only one output needs."""
    rows = fold_rows(
        costs,
        label=lambda price: price.label,
        shown=lambda price: (len(price.operations), price.bytes, len(price.gradients)),
        full=full,
    )
    body = []
    for folded in rows:
        members, first = folded.rows, folded.first
        each = " each" if len(members) > 1 else ""
        lost = gradients_in(graph, {index for price in members for index in price.gradients})
        body.append(
            (
                Cell(folded.label),
                node_cell([graph.inputs[price.tangent].node for price in members]),
                Cell(f"{len(first.operations)}{each}"),
                Cell(f"{bytes_in_words(first.bytes)}{each}"),
                Cell(f"alone gives gradients to {', '.join(all_names(lost))}" if lost else ""),
            )
        )
    columns = (
        Column("output", "name"),
        Column("needs", "node", 1),
        Column("backward operations", "number", 0, "operations"),
        Column("saved for backward", "number", 0, "saved"),
        Column("notes", "note"),
    )
    notes = (
        "Operations and saved values that this output alone needs: they go if it is detached. What others need too is "
        "not counted. The partitioner may then save other values for the rest.",
    )
    return without_empty(Table("The price of each output", "", columns, tuple(body), notes))
