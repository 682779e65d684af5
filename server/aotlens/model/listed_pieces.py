"""The pieces of tensor subclasses by the strings that name them in the code of their classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aotlens.syntax.subjects import PieceNameSubject
from aotlens_tracer.wire.descriptor_map import Graph, Input, Piece, Span

from .index import MapIndex, index_of
from .slots import Entry, Result
from .snapshot import Snapshot, TargetState
from .subclasses import PieceOf, paths_below, slot_of

Place = tuple[str, int]
"""A path, and a line from 1."""


@dataclass(frozen=True, eq=False)
class ListedPiece:
    """A piece in its graph, and the inputs or outputs that it is: itself, or all that are inside it."""

    graph: Graph
    at: PieceOf
    items: tuple[Entry | Result, ...]


def listed_pieces(index: MapIndex) -> dict[Place, list[ListedPiece]]:
    """The pieces of all graphs of a map by the lines that name them, in the text that was traced."""
    return index.once("listed pieces", lambda: _listed_pieces(index.graphs))


def pieces_in_lines(
    snapshot: Snapshot, state: TargetState, index: MapIndex, path: str, first: int, last: int
) -> dict[str, list[ListedPiece]]:
    """The pieces in the map of a state that some lines of today's text name, by their names."""
    listed = listed_pieces(index)
    found: dict[str, list[ListedPiece]] = {}
    for line in range(first, last + 1) if any(place[0] == path for place in listed) else ():
        then = snapshot.then(state, path, line, 1)
        for each in listed.get((path, then[0]), ()) if then is not None else ():
            found.setdefault(each.at.piece.attribute, []).append(each)
    return found


def lines_with_names(snapshot: Snapshot, path: str) -> list[int]:
    """The lines of today's text that name a piece in the map of some state, in their order."""
    found = set()
    for state in snapshot.models():
        assert state.map is not None
        for place in listed_pieces(index_of(state.map)):
            now = snapshot.now(state, Span(*place)) if place[0] == path else None
            if now is not None:
                found.add(now.line)
    return sorted(found)


def pieces_listed_at(
    snapshot: Snapshot, state: TargetState, index: MapIndex, subject: PieceNameSubject, line: int, column: int
) -> list[ListedPiece]:
    """The pieces in the map of a state that a string at a position of today's text names."""
    listed = listed_pieces(index)
    then = snapshot.then(state, subject.span.path, line, column) if listed else None
    if then is None:
        return []
    return [each for each in listed.get((subject.span.path, then[0]), ()) if each.at.piece.attribute == subject.text]


def _listed_pieces(graphs: Sequence[Graph]) -> dict[Place, list[ListedPiece]]:
    found: dict[Place, list[ListedPiece]] = {}
    for graph in graphs:
        for subclass in graph.subclasses:
            for path in paths_below(subclass.pieces):
                span = path[-1].listed
                items = tuple(_items(path[-1], graph))
                if span is not None and items:
                    piece = ListedPiece(graph, PieceOf(subclass, path), items)
                    found.setdefault((span.path, span.line), []).append(piece)
    return found


def _items(piece: Piece, graph: Graph) -> Iterator[Entry | Result]:
    slot = slot_of(piece, graph)
    if slot is not None:
        yield Entry(graph, slot) if isinstance(slot, Input) else Result(graph, slot)
    for inner in piece.pieces:
        yield from _items(inner, graph)
