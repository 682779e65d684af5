"""Rules of operations that take parts of tensors, or put tensors together."""

from __future__ import annotations

import sys

import torch

from .operation import Answer, Dims, Operation, rule


@rule("slice", "slice_copy", "narrow")
def cut(operation: Operation) -> Answer:
    """Follow a slice. One whose end is written may be whole by chance: its dimension is a new one."""
    dims = operation.of("self")
    axis = operation.get("dim", 0) % len(dims)
    if operation.name == "aten::narrow":
        is_whole = False
    else:
        start, end, step = operation.get("start"), operation.get("end"), operation.get("step", 1)
        is_whole = start in (None, 0) and (end is None or end == sys.maxsize) and step == 1
    if not is_whole:
        dims[axis] = operation.sizes.new(_size(operation.results[0].shape[axis]))
    return [dims]


@rule("select", "select_copy")
def select(operation: Operation) -> Answer:
    """Follow one item of a dimension, which goes away."""
    dims = operation.of("self")
    del dims[operation.get("dim", 0) % len(dims)]
    return [dims]


@rule("unbind", "unbind_copy")
def unbind(operation: Operation) -> Answer:
    """Follow all items of a dimension, which goes away."""
    dims = operation.of("self")
    del dims[operation.get("dim", 0) % len(dims)]
    return [list(dims) for _ in operation.results]


@rule(
    "split", "split_with_sizes", "chunk", "tensor_split", "split_copy", "split_with_sizes_copy", "unsafe_split",
    "unsafe_chunk", "unsafe_split_with_sizes",
)  # fmt: skip
def split(operation: Operation) -> Answer:
    """Follow the pieces of a dimension: those of equal size are the same unless sizes are listed."""
    dims = operation.of("self")
    axis = operation.get("dim", 0) % len(dims)
    are_equal = len({result.shape[axis] for result in operation.results}) == 1 and "with_sizes" not in operation.name
    shared = None
    found: list[Dims | None] = []
    for result in operation.results:
        piece = shared
        if piece is None:
            size = _size(result.shape[axis])
            is_part = (
                are_equal and size is not None and (operation.sizes.are_pieces_counted or "chunk" in operation.name)
            )
            piece = operation.sizes.piece(dims[axis], size or 0) if is_part else operation.sizes.new(size)
            shared = piece if are_equal and size is not None else None
        found.append([*dims[:axis], piece, *dims[axis + 1 :]])
    return found


@rule("cat", "concat", "concatenate")
def cat(operation: Operation) -> Answer:
    """Follow tensors that are put one after another. An empty vector among them is left out, as torch does."""
    tensors = [list(operation.dims_of(tensor)) for tensor in operation.get("tensors")]
    rank = operation.results[0].dim()
    tensors = [dims for dims in tensors if len(dims) == rank]
    axis = operation.get("dim", 0) % rank
    found = list(tensors[0])
    for dims in tensors[1:]:
        for place, dimension in enumerate(dims):
            if place != axis:
                operation.sizes.join(found[place], dimension)
    found[axis] = operation.sizes.sum([dims[axis] for dims in tensors])
    return [found]


@rule("stack")
def stack(operation: Operation) -> Answer:
    """Follow tensors that are put along a new dimension."""
    tensors = [list(operation.dims_of(tensor)) for tensor in operation.get("tensors")]
    for dims in tensors[1:]:
        operation.join(tensors[0], dims)
    found = list(tensors[0])
    found.insert(operation.get("dim", 0) % (len(found) + 1), operation.sizes.new(len(tensors)))
    return [found]


@rule("index_select")
def index_select(operation: Operation) -> Answer:
    """Follow items of one dimension that an index chooses."""
    dims = operation.of("self")
    index = operation.of("index")
    if not dims or not index:
        return None
    dims[operation.get("dim") % len(dims)] = index[0]
    return [dims]


@rule("gather")
def gather(operation: Operation) -> Answer:
    """Follow items that an index chooses: they have its shape."""
    return [operation.of("index")]


@rule("take")
def take(operation: Operation) -> Answer:
    """Follow items of the flat tensor that an index chooses."""
    return [operation.of("index")]


@rule("embedding")
def embedding(operation: Operation) -> Answer:
    """Follow rows of a table that indices choose."""
    return [[*operation.of("indices"), operation.of("weight")[-1]]]


@rule("index", "_unsafe_index")
def index(operation: Operation) -> Answer:
    """Follow indices by tensors. Those of a mask have a size that depends on data, and so has what they choose."""
    dims, indices = operation.of("self"), list(operation.get("indices"))
    if any(isinstance(index, torch.Tensor) and index.dtype in (torch.bool, torch.uint8) for index in indices):
        return _by_mask(operation, dims, indices)
    used = [place for place, index in enumerate(indices) if index is not None]
    chosen = operation.meet([list(operation.dims_of(indices[place])) for place in used])
    rest = [dimension for place, dimension in enumerate(dims) if place not in used]
    are_adjacent = used == list(range(used[0], used[-1] + 1))
    start = used[0] if are_adjacent else 0
    return [[*rest[:start], *chosen, *rest[start:]]]


def _by_mask(operation: Operation, dims: Dims, indices: list[torch.Tensor | None]) -> Answer:
    """Follow one mask from the first dimension on."""
    mask = indices[0]
    if mask is None or any(index is not None for index in indices[1:]):
        return None
    covered = list(operation.dims_of(mask))
    operation.join(covered, dims[: len(covered)])
    return [[operation.sizes.new(None), *dims[len(covered) :]]]


def _size(size: object) -> int | None:
    return size if type(size) is int else None
