"""Rows and cells that several tables have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from aotlens.explain.blocks import NOTHING, Cell
from aotlens.explain.brief import names_in_brief, numbers_in_brief
from aotlens.explain.phrases import plural
from aotlens.explain.shapes import slot_in_brief
from aotlens.explain.sharding import sharded_in_words
from aotlens.explain.words import USUAL
from aotlens.explain.words import role_of as role_in_words
from aotlens.model.folding import Folded, fold, unfolded
from aotlens.model.gradients import InOtherGraph, Missing, OnlyInEager, OnlyInGraph
from aotlens.model.index import MapIndex
from aotlens.model.subclasses import piece_at, shards_at
from aotlens_tracer.wire.descriptor_map import Graph, Output, Slot

Item = TypeVar("Item")


def fold_rows(
    items: Iterable[Item], label: Callable[[Item], str], shown: Callable[[Item], Hashable], full: bool
) -> list[Folded[Item]]:
    """Items with similar labels as one row, if all that is `shown` of them agrees; with `full`, one row for each item.

    Labels may be source text, which may go over several lines: a row's label is one line.
    """

    def on_one_line(item: Item) -> str:
        return " ".join(label(item).split())

    return unfolded(items, on_one_line) if full else fold(items, key=shown, label=on_one_line)


def role_of(slot: Slot) -> str:
    """The role of a slot in a few words; "no gradient" for the empty place of a gradient that nobody wants."""
    if slot.kind is None and isinstance(slot, Output) and slot.node is None:
        return "no gradient"
    return role_in_words(slot)


def role_cell(slot: Slot) -> Cell:
    """The role of a slot, which may be abbreviated."""
    what = role_of(slot)
    return Cell(what, brief=what.replace("parameter", "param").replace("argument", "arg").replace("gradient", "grad"))


def type_cell(slot: Slot, graph: Graph) -> Cell:
    """The type of a slot; that of an object which is no tensor may be abbreviated to the name of its class."""
    found = piece_at(slot, graph)
    is_opaque = found is not None and found.piece.kind == "opaque"
    return Cell(slot_in_brief(slot, graph), brief=(found.piece.type or "") if found is not None and is_opaque else "")


def sharding_note(slot: Slot, graph: Graph) -> str:
    """The whole tensor, placements and bytes of a DTensor whose local tensor a slot is; empty for other slots."""
    shards = shards_at(slot, graph)
    return sharded_in_words(shards) if shards is not None else ""


def has_unusual(slots: Iterable[Slot]) -> bool:
    """Whether a slot needs its role shown, because its name alone does not explain it."""
    return any(slot.kind is not None and slot.kind not in USUAL for slot in slots)


def pairings(slot: Slot) -> tuple[bool, ...]:
    """Which pairings a slot has; rows that differ in that do not fold."""
    names = ("gradient", "mutation", "tangent_of", "token", "tangent", "gradient_of", "mutation_of")
    return tuple(getattr(slot, name, None) is not None for name in names)


def absence(slot: Slot, index: MapIndex, graph: Graph) -> str:
    """The reason why the slot of a gradient is empty, or why the user's own backward pass does not have that gradient.

    One of "missing", "tied", "outside", "elsewhere" (in another graph) and "graph-only"; empty for every other slot.
    """
    if slot.kind != "GradAOTOutput" or not isinstance(slot, Output):
        return ""
    gradient = index.gradients(graph)[slot.gradient_of] if slot.gradient_of is not None else None
    if isinstance(gradient, OnlyInGraph):
        return "graph-only"
    if slot.node is not None:
        return ""
    return {Missing: "missing", OnlyInEager: "outside", InOtherGraph: "elsewhere"}.get(type(gradient), "tied")


def census(slots: Iterable[Slot], index: MapIndex, graph: Graph) -> str:
    """The number of slots in all and of each role: `18: 12 parameters, 2 buffers, 1 argument`."""
    roles = Counter((absence(slot, index, graph), role_of(slot)) for slot in slots)
    parts = [
        f"{counted(number, role)} in another graph"
        if missing == "elsewhere"
        else counted(number, f"{missing} {role}".strip())
        for (missing, role), number in roles.items()
    ]
    return f"{roles.total()}{': ' if parts else ''}{', '.join(parts)}"


def counted(number: int, noun: str) -> str:
    """`1 value`, `2 values`."""
    return f"{number} {plural(noun, number)}"


def node_cell(nodes: Sequence[str | None]) -> Cell:
    """Nodes, similar names folded; in brief the first."""
    return listing(names_in_brief(nodes), nodes[0] or NOTHING)


def listing(text: str, first: object) -> Cell:
    """A list of several things; in brief the first of them."""
    brief = f"{first} …"
    return Cell(text, brief=brief if len(brief) < len(text) else "")


def numbers(values: Iterable[int | None]) -> str:
    """Numbers as ranges: `1..3, 7`."""
    return numbers_in_brief([value for value in values if value is not None])
