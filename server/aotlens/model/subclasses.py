"""The trees of tensor subclasses in a graph: the piece that each slot is, the shards of DTensors, and bytes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from aotlens_tracer.wire.descriptor_map import Graph, Input, Output, Piece, Sharding, Slot, Subclass

from .by_identity import Indices
from .dtypes import bytes_of

Shape = tuple[int | str, ...]


@dataclass(frozen=True, eq=False)
class PieceOf:
    """A piece of a tensor subclass, and the way to it.

    `path` leads from the whole to the piece: its last item is the piece, the items before are the subclasses inside
    the whole that it is in.
    """

    whole: Subclass
    path: tuple[Piece, ...]

    @property
    def piece(self) -> Piece:
        """The piece itself."""
        return self.path[-1]

    @property
    def around(self) -> Subclass | Piece:
        """The subclass in whose `__tensor_flatten__` the piece is named."""
        return self.path[-2] if len(self.path) > 1 else self.whole


@dataclass(frozen=True)
class Sharded:
    """How a DTensor lies on the ranks of its mesh.

    `shape` is that of the whole tensor, `local` that of the part that the traced rank has; None if they are not known.
    `local_bytes` and `bytes` are their sizes, None if a size is symbolic, or, for the whole, if the local tensor is
    itself a tensor subclass, whose memory its shape does not tell.
    """

    sharding: Sharding
    dtype: str | None
    shape: Shape | None
    local: Shape | None
    local_bytes: int | None
    bytes: int | None


class Pieces:
    """The pieces of all subclasses of a graph, by the slots that they are."""

    def __init__(self, graph: Graph) -> None:
        self.by_input: dict[int, PieceOf] = {}
        self.by_output: dict[int, PieceOf] = {}
        self.is_sharded = False
        """Whether the graph has a DTensor, so that all sizes in it are those of one rank."""
        for subclass in graph.subclasses:
            self.is_sharded |= subclass.sharding is not None
            for path in paths_below(subclass.pieces):
                piece = path[-1]
                self.is_sharded |= piece.sharding is not None
                found = PieceOf(subclass, path)
                if piece.input is not None:
                    self.by_input.setdefault(piece.input, found)
                if piece.output is not None:
                    self.by_output.setdefault(piece.output, found)


_PIECES: Indices[Graph, Pieces] = Indices(Pieces)


def pieces_of(graph: Graph) -> Pieces:
    """The pieces of a graph; the same object for as long as the graph lives."""
    return _PIECES.of(graph)


def piece_at(slot: Slot, graph: Graph) -> PieceOf | None:
    """The piece that a slot of a graph is; None if it is none."""
    pieces = pieces_of(graph)
    return (pieces.by_input if isinstance(slot, Input) else pieces.by_output).get(slot.index)


def is_sharded(graphs: Iterable[Graph]) -> bool:
    """Whether a graph has a DTensor, so that all sizes in it are those of one rank."""
    return any(pieces_of(graph).is_sharded for graph in graphs)


def paths_below(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, ...]]:
    """The way to each of some pieces and of all pieces inside them, each before those inside it."""
    for piece in pieces:
        yield (piece,)
        for path in paths_below(piece.pieces):
            yield piece, *path


def slot_of(piece: Piece, graph: Graph) -> Input | Output | None:
    """The input or output that a piece is; None for a subclass, whose own pieces are slots."""
    if piece.input is not None:
        return graph.inputs[piece.input]
    return graph.outputs[piece.output] if piece.output is not None else None


def shards_of(of: Subclass | Piece) -> Sharded | None:
    """How a subclass lies on its mesh; None if it is no DTensor."""
    if of.sharding is None:
        return None
    local = next((piece for piece in of.pieces if piece.kind in ("tensor", "subclass")), None)
    is_plain = local is not None and local.kind == "tensor"
    return Sharded(
        of.sharding,
        of.dtype,
        of.shape,
        local.shape if local is not None else None,
        own_bytes(of.pieces),
        bytes_of(of.dtype, of.shape) if is_plain else None,
    )


def shards_at(slot: Slot, graph: Graph) -> Sharded | None:
    """How the innermost DTensor that a slot is a tensor of lies on its mesh; None if it is in none."""
    found = piece_at(slot, graph)
    if found is None or found.piece.kind != "tensor":
        return None
    around: list[Subclass | Piece] = [found.whole, *found.path[:-1]]
    return next((shards for of in reversed(around) if (shards := shards_of(of)) is not None), None)


def has_gradient_for_each_piece(of: Subclass) -> bool:
    """Whether the gradient of a subclass has the same pieces, so that each piece has a gradient of its own."""
    return of.gradient is not None and of.gradient.type == of.type


def own_bytes(pieces: Sequence[Piece]) -> int | None:
    """The bytes of all tensors in some pieces, on the traced rank; None if one of them is not known."""
    total = 0
    for piece in pieces:
        if piece.kind not in ("tensor", "subclass"):
            continue
        size = own_bytes(piece.pieces) if piece.kind == "subclass" else bytes_of(piece.dtype, piece.shape)
        if size is None:
            return None
        total += size
    return total


def likeness(of: Subclass | Piece) -> Hashable:
    """All that is shown of a subclass or piece, but for its name and its slots."""
    return (
        (of.attribute, of.kind, of.value) if isinstance(of, Piece) else (of.role, of.context, of.gradient, of.tangent),
        (of.type, of.shape, of.dtype, of.sharding),
        tuple(likeness(piece) for piece in of.pieces),
    )
