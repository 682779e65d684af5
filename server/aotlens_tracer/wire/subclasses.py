"""The vocabulary of tensor subclasses: the tree of their pieces, and how a DTensor lies on a mesh of devices.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .places import Span

PLAIN = "Tensor"
"""The type of a tensor that is no subclass."""


@dataclass(frozen=True)
class Mesh:
    """A mesh of devices (`torch.distributed.device_mesh.DeviceMesh`).

    `shape` and `names` have one entry for each dimension; `names` is None if the code gave none. `coordinate` is that
    of the traced rank, None if it is not in the mesh. `device` is its type, `cpu` or `cuda`.
    """

    shape: tuple[int, ...]
    names: tuple[str, ...] | None
    coordinate: tuple[int, ...] | None
    device: str


@dataclass(frozen=True)
class Placement:
    """The placement of a DTensor on one dimension of its mesh (`torch.distributed.tensor.placement_types`).

    `kind` is the name of its class (`Shard`, `Replicate`, `Partial`), `text` its repr. `dimension` is the dimension of
    the tensor that `Shard` splits, `reduction` the operation that a `Partial` still needs; None for the others.
    """

    kind: str
    text: str
    dimension: int | None = None
    reduction: str | None = None


@dataclass(frozen=True)
class Sharding:
    """The mesh of a DTensor, and its placement on each dimension of it."""

    mesh: Mesh
    placements: tuple[Placement, ...]


@dataclass(frozen=True)
class Piece:
    """One piece of a tensor subclass: what one name in the list of `__tensor_flatten__` stands for, or a symbolic size.

    `kind` is `tensor`, `subclass` (it has `pieces` of its own), `opaque` (no tensor, such as a mesh), `size` or
    `stride`. `attribute` is the name in that list; for a size or stride it is the text of torch's expression,
    `size(0)`. `type` is the name of the class of a subclass or an opaque object. `shape`, `dtype` and `stride` (in
    elements) are those of the tensor, for a subclass those that it shows outside; None for others. `input` and `output`
    are the indices of the slot that the piece is in the graph; None if it is none, as for a subclass, whose pieces are.
    `value` is the text of an opaque object (`DeviceMesh((dp=2, tp=4), 'cpu', stride=(4, 1))`), or of a size. `context`,
    `sharding`, `flatten` and `definition` are those of a subclass, as in `Subclass`. `listed` is the place of the
    string with the attribute's name in the code of the class, in `__tensor_flatten__` or in a list of the class that
    this returns; None if there is none.
    """

    attribute: str
    kind: str
    type: str | None = None
    shape: tuple[int | str, ...] | None = None
    dtype: str | None = None
    input: int | None = None
    output: int | None = None
    value: str | None = None
    sharding: Sharding | None = None
    pieces: tuple[Piece, ...] = ()
    flatten: Span | None = None
    definition: Span | None = None
    stride: tuple[int | str, ...] | None = None
    context: tuple[tuple[str, str], ...] = ()
    listed: Span | None = None


@dataclass(frozen=True)
class Transfer:
    """One collective operation of a redistribution: fields as in `Collective` (`wire/collectives.py`).

    `kind` is torch's name of it (`all_reduce`). `bytes` is the size of the tensor that the rank gives into it, `ranks`
    the size of its group, and `dimension` the name or number of the mesh dimension that this group is; None if unknown.
    """

    kind: str
    bytes: int | None
    ranks: int | None
    dimension: str | None


@dataclass(frozen=True)
class Expected:
    """The type that AOTAutograd takes a tangent or a gradient to have, from its metadata of the capture.

    `type` is the name of the class, `Tensor` for a plain tensor. `sharding` is that of a DTensor. `is_guessed` says
    that AOTAutograd assumed it from the forward output, and a real run may hand in another one.

    `transfers` are the collective operations by which the gradient of a DTensor gets the placements of the tensor that
    it is the gradient of; empty if none is needed. None if that is not known, and for a tangent.
    """

    type: str
    sharding: Sharding | None = None
    is_guessed: bool = False
    transfers: tuple[Transfer, ...] | None = None


@dataclass(frozen=True)
class Subclass:
    """A tensor subclass that AOTAutograd unpacked.

    `label` is the user's name for the tensor, `type` the name of its class, None if unknown. `inputs` and `outputs` are
    the indices of the slots of its pieces. `flatten` is the place of the class's `__tensor_flatten__`, which lists the
    pieces; None if that is not written in Python. `definition` is the line of the `class` statement, None if unknown.

    `role` is that of an input (`wire/input_roles.py`: `parameter`, `buffer`, `argument`, `tangent` and others), or
    `output`, `gradient`, `mutation`; None if it is not known. `descriptor` is torch's text of the descriptor of the
    whole, which no slot has. `about` is the label of what a gradient, a tangent or a mutation belongs to.

    `shape`, `stride` and `dtype` are those that the tensor shows outside (of a DTensor: of the whole tensor on all
    ranks), None if unknown. `pieces` is the tree below it, and `context` the rest of what `__tensor_flatten__` returns,
    as names and texts: the keys of a dict, the names that the code puts into a tuple, else numbers; an empty name if it
    is one value. `sharding` is that of a DTensor. `gradient` is the type of its gradient for a parameter, buffer or
    argument, `tangent` that of the incoming gradient for an output; None if it has none.

    `handed` is known for an output that torch.compile hands to a later graph of the call: the types of the gradients
    that later graphs give it, which need not be as assumed. Their `transfers` lead to the placements of `tangent`. It
    is empty if the rest of the call gives it no gradient, although the backward pass of its graph runs: torch then
    passes plain zeros.
    """

    label: str
    type: str | None
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    flatten: Span | None = None
    role: str | None = None
    shape: tuple[int | str, ...] | None = None
    stride: tuple[int | str, ...] | None = None
    dtype: str | None = None
    pieces: tuple[Piece, ...] = ()
    context: tuple[tuple[str, str], ...] = ()
    sharding: Sharding | None = None
    gradient: Expected | None = None
    tangent: Expected | None = None
    definition: Span | None = None
    descriptor: str | None = None
    about: str | None = None
    handed: tuple[Expected, ...] | None = None
