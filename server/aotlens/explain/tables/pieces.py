"""The table of the pieces of one tensor subclass, or of several that are alike, in a hover."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.brief import names_in_brief
from aotlens.explain.shapes import slot_in_brief
from aotlens.explain.subclasses import piece_in_brief
from aotlens.model.gradients import returned_in
from aotlens.model.index import MapIndex
from aotlens.model.slots import Entry, Result
from aotlens.model.subclasses import has_gradient_for_each_piece, paths_below, slot_of
from aotlens.model.wholes import Item, Whole
from aotlens_tracer.wire.descriptor_map import Graph, Input, Output, Piece, Span, Subclass

from .inputs_in_brief import nodes_in_brief

Place = tuple[Graph, Input | Output]


def piece_table(alike: Sequence[Whole[Item]], index: MapIndex, today: Callable[[Span | None], Span | None]) -> Table:
    """One row for each piece that is a slot, with its type and its gradient, or the tangent of an output.

    The name leads to its place in the code of the class, which `today` gives in today's text.
    """
    trees = [(value.first.graph, value.subclass) for value in alike if value.subclass is not None]
    leaves = [[path for path in paths_below(tree.pieces) if not path[-1].pieces] for _, tree in trees]
    is_input = isinstance(alike[0].first, Entry)
    has_partners = not is_input or has_gradient_for_each_piece(trees[0][1])
    rows = []
    for paths in zip(*leaves, strict=True):
        first = paths[0]
        around = first[-2] if len(first) > 1 else trees[0][1]
        found = [(graph, slot_of(path[-1], graph)) for (graph, _), path in zip(trees, paths, strict=True)]
        places: list[Place] = [(graph, slot) for graph, slot in found if slot is not None]
        rows.append(
            (
                Cell(".".join(piece.attribute for piece in first), to=today(first[-1].listed)),
                Cell(_nodes(places, index)),
                Cell(_type(places, first[-1], around)),
                Cell(partner_nodes([_item(*place) for place in places], index) if has_partners else ""),
            )
        )
    columns = (
        Column("piece", "name"),
        Column("input" if is_input else "output", "node"),
        Column("type", "type"),
        Column("gradient" if is_input else "tangent", "node"),
    )
    return without_empty(Table("", "", columns, tuple(rows)))


def _type(places: Sequence[Place], piece: Piece, around: Subclass | Piece) -> str:
    return slot_in_brief(places[0][1], places[0][0]) if places else piece_in_brief(piece, around)


def _nodes(places: Sequence[Place], index: MapIndex) -> str:
    inputs = [Entry(graph, slot) for graph, slot in places if isinstance(slot, Input)]
    if inputs:
        return nodes_in_brief(inputs, index)
    return names_in_brief([slot.node for _, slot in places]) if places else ""


def _item(graph: Graph, slot: Input | Output) -> Entry | Result:
    return Entry(graph, slot) if isinstance(slot, Input) else Result(graph, slot)


def partner_nodes(items: Iterable[Entry | Result], index: MapIndex) -> str:
    """The nodes of the gradients of inputs, and of the tangents of outputs; a dash if there are none."""
    nodes: list[str | None] = []
    for item in items:
        if isinstance(item, Entry):
            nodes += [item.graph.outputs[number].node for number in returned_in(index.gradient(item))]
        elif item.tangent is not None:
            nodes.append(item.tangent.node)
    return names_in_brief(nodes) if nodes else NOTHING
