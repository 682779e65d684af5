"""Tensor subclasses in words: their types, their gradients and tangents, and what they keep beside tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotlens.model.listed_pieces import ListedPiece
from aotlens.model.subclasses import Sharded, own_bytes, piece_at, shards_at, shards_of
from aotlens.model.wholes import Item, Whole
from aotlens_tracer.wire.descriptor_map import Expected, Graph, Input, Piece, Slot, Subclass
from aotlens_tracer.wire.subclasses import PLAIN

from .blocks import Code, Facts, Line, codes, line, strong
from .shapes import bytes_in_words, object_in_brief, slot_in_brief, tensor_in_brief
from .sharding import placements_in_words, rank_bytes
from .shortening import clipped


def subclass_in_brief(of: Subclass | Piece) -> str:
    """A subclass with the shape that it shows outside: `DTensor f32[16, 16]`."""
    return " ".join(filter(None, (of.type, tensor_in_brief(of.dtype, of.shape))))


def value_in_brief(value: Whole[Item]) -> str:
    """The type of a value: `f32[8]`, `TwoTensor f32[8]`."""
    if value.subclass is not None:
        return subclass_in_brief(value.subclass)
    return slot_in_brief(value.first.slot, value.first.graph)


def value_with_facts(value: Whole[Item]) -> str:
    """The type of a value; of a DTensor with its placements and the bytes of a rank."""
    facts = facts_in_brief(value.subclass) if value.subclass is not None else ""
    return f"{value_in_brief(value)}, {facts}" if facts else value_in_brief(value)


def piece_in_brief(piece: Piece, around: Subclass | Piece) -> str:
    """The type of a piece of the subclass `around`: `f32[16, 4]`, `TwoTensor f32[4]`, `DeviceMesh(dp=2)`, `s77`."""
    if piece.kind == "subclass":
        return subclass_in_brief(piece)
    return tensor_in_brief(piece.dtype, piece.shape) if piece.kind == "tensor" else object_in_brief(piece, around)


def facts_of(of: Subclass | Piece) -> Iterator[str]:
    """The facts about a subclass beside its type: its placements and bytes, its context, its gradient and tangent."""
    if (shards := shards_of(of)) is not None:
        yield placements_in_words(shards.sharding)
        yield rank_bytes(shards)
    elif isinstance(of, Subclass) and of.pieces and (size := own_bytes(of.pieces)) is not None:
        yield f"{bytes_in_words(size)} in its tensors"
    yield context_in_words(of)
    if not isinstance(of, Subclass):
        return
    if of.gradient is not None:
        yield gradient_type(of)
    if of.tangent is not None:
        yield tangent_type(of)


def facts_in_brief(of: Subclass | Piece) -> str:
    """How a DTensor lies on the ranks, or the context of another subclass; empty for a plain piece."""
    shards = shards_of(of)
    if shards is None:
        return context_in_words(of)
    return ", ".join(filter(None, (placements_in_words(shards.sharding), rank_bytes(shards))))


def shards_in_words(shards: Sharded, times: str = "") -> Facts:
    """How a DTensor lies on the ranks: its placements, and the part of one rank; `times` is `6 × ` for six of them."""
    local, size = tensor_in_brief(shards.dtype, shards.local), rank_bytes(shards)
    return Facts((line(placements_in_words(shards.sharding)), line(times, Code(local), f", {size}" if size else "")))


def piece_of_in_words(slot: Slot, graph: Graph) -> Line:
    """`piece of weight, a DTensor f32[16, 16]: Replicate() on dp, Shard(1) on tp`; empty for a slot that is none."""
    found = piece_at(slot, graph)
    if found is None:
        return ()
    way = found.whole.label + "".join(f".{piece.attribute}" for piece in found.path[:-1])
    shards = shards_at(slot, graph)
    sharded = [placements_in_words(shards.sharding), rank_bytes(shards)] if shards is not None else []
    more = f": {', '.join(filter(None, sharded))}" if sharded else ""
    return line("piece of ", Code(way), ", a ", Code(subclass_in_brief(found.around)), more)


def context_in_words(of: Subclass | Piece) -> str:
    """The rest of what `__tensor_flatten__` returns: `with block=32`; empty if there is nothing.

    That of a DTensor is left out: its placements say it.
    """
    if of.sharding is not None:
        return ""
    texts = [f"{name}={clipped(text)}" if name else clipped(text) for name, text in of.context if text != "None"]
    return f"with {', '.join(texts)}" if texts else ""


def gradient_type(of: Subclass) -> str:
    """`its gradient is one like it`, `its gradient is a plain tensor`; empty if it has none."""
    return f"its gradient is {_expected(of.gradient, of)}" if of.gradient is not None else ""


def tangent_type(of: Subclass) -> str:
    """`its tangent is assumed to be a DTensor with Shard(0) on tp`; empty if it has none."""
    if of.tangent is None:
        return ""
    return f"its tangent is {'assumed to be ' if of.tangent.is_guessed else ''}{_expected(of.tangent, of)}"


def _expected(expected: Expected, of: Subclass) -> str:
    if expected.type == PLAIN:
        return "a plain tensor"
    if expected.type == of.type and expected.sharding == of.sharding:
        return f"a {expected.type} too" if of.sharding is None else f"a {expected.type} with the same placements"
    if expected.sharding is None:
        return f"a {expected.type}"
    return f"a {expected.type} with {placements_in_words(expected.sharding)}"


def listed_in_words(name: str, pieces: Sequence[ListedPiece], model: str) -> Line:
    """Attribute `a` of `TwoTensor` is 4 inputs and 6 outputs of `Net`."""
    kinds = dict.fromkeys(each.at.around.type for each in pieces if each.at.around.type is not None)
    of = line(" of ", codes(kinds)) if kinds else ()
    return line(strong("attribute"), " ", Code(name), of, f" is {counted_slots(pieces)} of ", Code(model))


def counted_slots(pieces: Sequence[ListedPiece]) -> str:
    """`4 inputs and 6 outputs`: the slots that some pieces are."""
    slots = {id(item.slot): item.slot for each in pieces for item in each.items}.values()
    inputs = sum(isinstance(slot, Input) for slot in slots)
    numbers = [(inputs, "input"), (len(slots) - inputs, "output")]
    return " and ".join(f"{number} {noun}{'s' if number > 1 else ''}" for number, noun in numbers if number)
