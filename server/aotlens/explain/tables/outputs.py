"""The table of the outputs of a graph."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.brief import numbers_in_brief
from aotlens.explain.paths import PathLabel, place
from aotlens.explain.shapes import slot_in_brief
from aotlens.model.folding import Folded
from aotlens.model.index import MapIndex
from aotlens_tracer.wire.descriptor_map import Graph, Output

from .rows import (
    absence,
    census,
    fold_rows,
    has_unusual,
    listing,
    node_cell,
    numbers,
    pairings,
    role_cell,
    role_of,
    sharding_note,
    type_cell,
)

_ABSENT = {
    "missing": Cell("none", "warn"),
    "graph-only": Cell("none in eager", "warn"),
    "tied": Cell("tied", "dim"),
    "outside": Cell("outside", "dim"),
    "elsewhere": Cell("in another graph", "dim"),
}


def outputs(index: MapIndex, graph: Graph, path_label: PathLabel, full: bool) -> Table:
    """The outputs with their partners among the inputs; without `full`, slots that are empty by design are counted."""
    shown = [slot for slot in graph.outputs if full or not _is_empty(slot)]
    empty = len(graph.outputs) - len(shown)
    body, notes = [], []
    for row in output_rows(index, graph, path_label, full):
        slots, first = row.rows, row.first
        body.append(
            (
                listing(numbers_in_brief([slot.index for slot in slots]), first.index),
                node_cell([slot.node for slot in slots]),
                role_cell(first),
                Cell(row.label or NOTHING),
                _ABSENT[reason] if (reason := absence(first, index, graph)) else type_cell(first, graph),
                Cell(place(first.source, path_label)),
                _partners(slots, graph),
                Cell(_output_notes(slots, graph)),
            )
        )
    if empty:
        those = (
            "is 1 more slot, empty: its input needs"
            if empty == 1
            else (f"are {empty} more slots, empty: their inputs need")
        )
        notes.append(f"There {those} no gradient.")
    columns = (
        Column("#", "index"),
        Column("node", "node", 3),
        Column("role", "prose", 0 if has_unusual(shown) else 4),
        Column("name", "name"),
        Column("type", "type"),
        Column("computed at", "place", 2),
        Column("pairs with", "node", 1),
        Column("notes", "note"),
    )
    return without_empty(Table("Outputs", census(shown, index, graph), columns, tuple(body), tuple(notes)))


def output_rows(index: MapIndex, graph: Graph, path_label: PathLabel, full: bool) -> list[Folded[Output]]:
    """The outputs of each row of the table."""
    return fold_rows(
        [slot for slot in graph.outputs if full or not _is_empty(slot)],
        label=lambda slot: slot.label,
        shown=lambda slot: (
            role_of(slot),
            absence(slot, index, graph),
            slot_in_brief(slot, graph),
            sharding_note(slot, graph),
            place(slot.source, path_label),
            pairings(slot),
            len(slot.base_of),
            slot.is_internal,
        ),
        full=full,
    )


def _is_empty(slot: Output) -> bool:
    """Whether a slot is empty by design: its input needs no gradient."""
    return slot.kind is None and slot.node is None


def _partners(slots: Sequence[Output], graph: Graph) -> Cell:
    """The inputs that belong to outputs: the parameter of a gradient, the tangent of an output."""
    first = slots[0]
    partners = []
    for pairing in ("gradient_of", "mutation_of", "token", "tangent"):
        if getattr(first, pairing) is not None:
            partners.append(node_cell([graph.inputs[getattr(slot, pairing)].node for slot in slots]))
    return Cell(
        ", ".join(cell.text for cell in partners) or NOTHING,
        brief=", ".join(cell.brief or cell.text for cell in partners),
    )


def _output_notes(slots: Sequence[Output], graph: Graph) -> str:
    bases = [index for slot in slots for index in slot.base_of]
    notes = [note] if (note := sharding_note(slots[0], graph)) else []
    notes += [f"base of output {numbers(bases)}"] if bases else []
    if slots[0].is_internal:
        notes.append("for the code after this graph")
    return "; ".join(notes)
