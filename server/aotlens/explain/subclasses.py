"""Tensor subclasses in words: their types, their gradients and tangents, and what they keep beside tensors."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.model.subclasses import own_bytes, shards_of
from aotlens_tracer.wire.descriptor_map import Expected, Piece, Subclass

from .blocks import NOTHING
from .shapes import bytes_in_words, tensor_in_brief
from .sharding import placements_in_words, rank_bytes

PLAIN = "Tensor"
"""The class of a tensor that is no subclass, as AOTAutograd's metadata has it."""


def type_of_piece(of: Subclass | Piece) -> str:
    """`DTensor f32[16, 16]` with the shape that it shows outside, `f32[16, 4]`, `DeviceMesh((dp=2, tp=4))`, `s77`."""
    if isinstance(of, Piece) and of.kind not in ("tensor", "subclass"):
        return of.value or of.type or NOTHING
    outer = tensor_in_brief(of.dtype, of.shape)
    return " ".join(filter(None, (of.type if not isinstance(of, Piece) or of.kind == "subclass" else "", outer)))


def facts_of(of: Subclass | Piece) -> Iterator[str]:
    """The facts about a subclass beside its type: its placements and bytes, its context, its gradient and tangent."""
    if (shards := shards_of(of)) is not None:
        yield placements_in_words(shards.sharding)
        yield rank_bytes(shards)
    elif of.pieces and (size := own_bytes(of.pieces)) is not None:
        yield f"{bytes_in_words(size)} in its tensors"
    if not isinstance(of, Subclass):
        return
    if of.context and shards is None:
        yield f"with {', '.join(f'{name}={text}' for name, text in of.context)}"
    if of.gradient is not None:
        yield gradient_type(of)
    if of.tangent is not None:
        yield tangent_type(of)


def gradient_type(of: Subclass) -> str:
    """`its gradient is one like it`, `its gradient is a plain tensor`; empty if it has none."""
    return f"its gradient is {_expected(of.gradient, of)}" if of.gradient is not None else ""


def tangent_type(of: Subclass) -> str:
    """`its incoming gradient is taken to be a DTensor with Shard(0) on tp`; empty if it has none."""
    if of.tangent is None:
        return ""
    guess = ", which AOTAutograd guesses from the output" if of.tangent.is_guessed else ""
    return f"its incoming gradient is {_expected(of.tangent, of)}{guess}"


def _expected(expected: Expected, of: Subclass) -> str:
    if expected.type == PLAIN:
        return "a plain tensor"
    if expected.type == of.type and expected.sharding == of.sharding:
        return f"a {expected.type} too" if of.sharding is None else f"a {expected.type} with the same placements"
    if expected.sharding is None:
        return f"a {expected.type}"
    return f"a {expected.type} with {placements_in_words(expected.sharding)}"
