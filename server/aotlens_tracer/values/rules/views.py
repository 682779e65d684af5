"""Rules of operations that give the elements of a tensor another shape or order."""

from __future__ import annotations

from .operation import Answer, Dims, Operation, rule


@rule(
    "view", "_unsafe_view", "reshape", "_reshape_alias", "flatten", "unflatten", "view_copy", "ravel", "_reshape_copy"
)
def view(operation: Operation) -> Answer:
    """Follow a view in another shape; `view(dtype)` changes the last dimension alone."""
    dims, shape = operation.of("self"), list(operation.results[0].shape)
    if operation.get("dtype") is not None:
        same = bool(dims) and operation.size_of(dims[-1]) == shape[-1]
        return [dims if same else [*dims[:-1], operation.sizes.new(shape[-1])]]
    if any(type(size) is not int for size in shape):
        return None
    return [operation.sizes.view(dims, shape)]


@rule("permute", "permute_copy")
def permute(operation: Operation) -> Answer:
    """Follow a new order of the dimensions."""
    dims = operation.of("self")
    return [[dims[axis] for axis in operation.get("dims")]]


@rule("transpose", "swapaxes", "swapdims", "transpose_copy")
def transpose(operation: Operation) -> Answer:
    """Follow two dimensions that change their places."""
    dims = operation.of("self")
    first, second = operation.get("dim0"), operation.get("dim1")
    if dims:
        dims[first], dims[second] = dims[second], dims[first]
    return [dims]


@rule("t", "numpy_T", "mT", "matrix_H", "adjoint", "t_copy")
def transposed(operation: Operation) -> Answer:
    """Follow the transposition of a matrix."""
    dims = operation.of("self")
    return [[*dims[:-2], *dims[:-3:-1]]] if operation.name != "aten::numpy_T" else [dims[::-1]]


@rule("expand", "broadcast_to", "expand_copy")
def expand(operation: Operation) -> Answer:
    """Follow dimensions of size 1 that are repeated, and new ones before them. A batch may be one by chance."""
    dims, shape = operation.of("self"), operation.results[0].shape
    added = len(shape) - len(dims)
    found = [operation.sizes.new(_size(size)) for size in shape[:added]]
    for dimension, size, wanted in zip(dims, shape[added:], operation.get("size")[added:]):
        is_kept = operation.size_of(dimension) == _size(size) and (wanted == -1 or size != 1)
        found.append(dimension if is_kept else operation.sizes.new(_size(size)))
    return [found]


@rule("t_", "transpose_", "swapaxes_", "swapdims_", "squeeze_", "unsqueeze_", "as_strided_", "resize_", "set_")
def viewed_in_place(operation: Operation) -> Answer:
    """Forget the dimensions of a tensor whose shape changes in place."""
    return [[operation.sizes.new(_size(size)) for size in operation.results[0].shape]]


@rule("unsqueeze", "unsqueeze_copy")
def unsqueeze(operation: Operation) -> Answer:
    """Follow a new dimension of size 1."""
    dims = operation.of("self")
    dims.insert(operation.get("dim") % (len(dims) + 1), operation.sizes.new(1, is_unit=True))
    return [dims]


@rule("squeeze", "squeeze_copy")
def squeeze(operation: Operation) -> Answer:
    """Follow dimensions of size 1 that are left out."""
    dims = operation.of("self")
    axes = set(operation.axes("dim", len(dims)))
    return [[dims[axis] for axis in range(len(dims)) if axis not in axes or operation.size_of(dims[axis]) != 1]]


@rule("repeat", "tile")
def repeat(operation: Operation) -> Answer:
    """Follow copies of a tensor, put one after another."""
    dims, times = operation.of("self"), operation.get("repeats")
    found = [operation.sizes.new(_size(size)) for size in operation.results[0].shape]
    added = len(found) - len(dims)
    for place, dimension in enumerate(dims):
        if times[added + place] == 1:
            found[added + place] = dimension
    return [found]


@rule("movedim", "moveaxis")
def movedim(operation: Operation) -> Answer:
    """Follow dimensions that move to other places."""
    dims = operation.of("self")
    sources, targets = operation.axes("source", len(dims)), operation.axes("destination", len(dims))
    left = [dims[axis] for axis in range(len(dims)) if axis not in sources]
    moved = {target: dims[source] for source, target in zip(sources, targets)}
    return [[moved[place] if place in moved else left.pop(0) for place in range(len(dims))]]


@rule("diagonal", "diagonal_copy")
def diagonal(operation: Operation) -> Answer:
    """Follow the diagonal of two dimensions, which comes last."""
    dims = operation.of("self")
    first, second = operation.get("dim1", 0) % len(dims), operation.get("dim2", 1) % len(dims)
    rest = [dims[axis] for axis in range(len(dims)) if axis not in (first, second)]
    is_whole = operation.get("offset", 0) == 0 and operation.sizes.root(dims[first]) == operation.sizes.root(
        dims[second]
    )
    return [[*rest, dims[first] if is_whole else operation.sizes.new(_size(operation.results[0].shape[-1]))]]


@rule("unfold")
def unfold(operation: Operation) -> Answer:
    """Follow windows over one dimension, which come last."""
    dims, shape = operation.of("self"), operation.results[0].shape
    if not dims:
        return None
    axis = operation.get("dimension") % len(dims)
    count, window = _size(shape[axis]), _size(shape[-1])
    found: Dims = [*dims, operation.sizes.new(window)]
    if operation.get("size") == operation.get("step"):
        found[axis] = operation.sizes.piece(dims[axis], count) if count else operation.sizes.new(count)
    else:
        found[axis] = operation.sizes.new(count)
    return [found]


def _size(size: object) -> int | None:
    return size if type(size) is int else None
