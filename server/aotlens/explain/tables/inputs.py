"""The table of the inputs of a graph."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.compiled import name_of_graph, outputs_made_by
from aotlens.explain.paths import PathLabel, place
from aotlens.explain.phrases import tied
from aotlens.explain.shapes import slot_in_brief
from aotlens.model.folding import Folded
from aotlens.model.gradients import (
    Gradient,
    InOtherGraph,
    Missing,
    NotWanted,
    OnlyInEager,
    OnlyInGraph,
    Tied,
    returned_in,
)
from aotlens.model.index import MapIndex
from aotlens.model.slots import is_unused, made_at
from aotlens_tracer.wire.descriptor_map import Graph, Input

from .rows import (
    census,
    fold_rows,
    has_unusual,
    node_cell,
    numbers,
    pairings,
    role_cell,
    role_of,
    sharding_note,
    type_cell,
)


def inputs(index: MapIndex, graph: Graph, path_label: PathLabel, full: bool) -> Table:
    """The inputs with their gradients and with what happens to them.

    With `full`, those of a graph that torch.compile runs have the expression from which Dynamo takes them.
    """
    known = index.gradients(graph)
    body, notes = [], []
    for row in input_rows(index, graph, path_label, full):
        slots, first = row.rows, row.first
        body.append(
            (
                node_cell([slot.node for slot in slots]),
                role_cell(first),
                Cell(row.label or NOTHING),
                type_cell(first, graph),
                Cell(place(made_at(first), path_label)),
                _gradient([known[slot.index] for slot in slots], index),
                Cell(_input_notes(slots, index, graph)),
                Cell(first.dynamo.expression if full and first.dynamo is not None else ""),
            )
        )
    if not graph.joint:
        notes.append("The graph is forward only: there are no tangents and no gradients.")
    columns = (
        Column("node", "node"),
        Column("role", "prose", 0 if has_unusual(graph.inputs) else 2),
        Column("name", "name"),
        Column("type", "type"),
        Column("made at", "place", 3),
        Column("gradient", "index", 1, "grad"),
        Column("notes", "note"),
        Column("taken from", "note", 4),
    )
    return without_empty(Table("Inputs", census(graph.inputs, index, graph), columns, tuple(body), tuple(notes)))


def input_rows(index: MapIndex, graph: Graph, path_label: PathLabel, full: bool) -> list[Folded[Input]]:
    """The inputs of each row of the table."""
    known = index.gradients(graph)
    return fold_rows(
        graph.inputs,
        label=lambda slot: slot.label,
        shown=lambda slot: (
            role_of(slot),
            slot_in_brief(slot, graph),
            sharding_note(slot, graph),
            place(made_at(slot), path_label),
            _gradient_state(known[slot.index], index),
            pairings(slot),
            slot.tied_to,
            slot.stands_for,
            is_unused(slot),
            slot.is_written,
            slot.is_unchanged,
            (slot.dynamo.others, slot.dynamo.made_by and slot.dynamo.made_by[0]) if slot.dynamo is not None else (),
        ),
        full=full,
    )


def _gradient(gradients: Sequence[Gradient], index: MapIndex) -> Cell:
    """The cell for gradients of one kind: the numbers of their outputs, or the reason why there are none."""
    if outputs := [index for gradient in gradients for index in returned_in(gradient)]:
        return Cell(f"#{numbers(outputs)}", brief="yes")
    match gradients[0]:
        case Missing():
            return Cell("none", "warn")
        case OnlyInGraph():
            outputs = [index for each in gradients if isinstance(each, OnlyInGraph) for index in each.outputs]
            return Cell(f"none in eager, #{numbers(outputs)}", "warn", brief="none")
        case OnlyInEager():
            return Cell("outside", "dim")
        case InOtherGraph(graph=number):
            return Cell(f"in {name_of_graph(index.graphs[number], number)}", "dim")
        case Tied():
            return Cell("tied", "dim")
        case NotWanted(because="frozen"):
            return Cell("frozen", "dim")
        case NotWanted(because="elsewhere"):
            return Cell("in another step", "dim")
    return Cell(NOTHING, "dim")


def _gradient_state(gradient: Gradient, index: MapIndex) -> str:
    """The text of a gradient without its numbers: rows that differ in it do not fold."""
    cell = _gradient([gradient], index)
    return cell.brief or cell.text


def _input_notes(slots: Sequence[Input], index: MapIndex, graph: Graph) -> str:
    first = slots[0]
    notes = [note] if (note := sharding_note(first, graph)) else []
    if first.dynamo is not None and first.dynamo.made_by is not None:
        notes.append(outputs_made_by([slot.dynamo for slot in slots if slot.dynamo is not None], index))
    if first.mutation is not None and first.is_unchanged:
        notes.append(f"not changed, returned as output {numbers(slot.mutation for slot in slots)}")
    elif first.mutation is not None:
        notes.append(f"changed in place, new value is output {numbers(slot.mutation for slot in slots)}")
    elif first.is_written:
        notes.append("changed in place by the graph itself")
    if first.token is not None:
        notes.append(f"leaves as output {numbers(slot.token for slot in slots)}")
    if first.stands_for:
        notes.append(f"in place of {', '.join(first.stands_for)}")
    if first.tied_to:
        notes.append(f"{tied(first)} {', '.join(first.tied_to)}")
    if first.dynamo is not None and first.dynamo.others:
        notes.append(f"runs again with {', '.join(first.dynamo.others)}")
    if is_unused(first):
        notes.append("not used")
    return "; ".join(notes)
