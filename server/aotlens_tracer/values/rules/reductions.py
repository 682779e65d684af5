"""Rules of operations that reduce dimensions."""

from __future__ import annotations

from .operation import Answer, Operation, rule


@rule(
    "sum", "mean", "amax", "amin", "max", "min", "argmax", "argmin", "any", "all", "prod", "logsumexp", "var", "std",
    "var_mean", "std_mean", "norm", "linalg_vector_norm", "median", "nanmedian", "mode", "kthvalue", "aminmax",
    "nansum", "nanmean", "count_nonzero", "nanquantile",
)  # fmt: skip
def reduction(operation: Operation) -> Answer:
    """Follow a reduction. `max` of two tensors is elementwise."""
    dims = operation.of("self")
    other = operation.tensor("other")
    if other is not None:
        return [operation.meet([dims, other])]
    if (
        "dim" not in operation.arguments
        and operation.results[0].dim() == len(dims)
        and "kthvalue" not in operation.name
    ):
        axes = list(range(len(dims)))
    elif operation.name == "aten::kthvalue":
        axes = [operation.get("dim", -1) % len(dims)]
    else:
        axes = operation.axes("dim", len(dims))
    keeps = operation.get("keepdim", False)
    found = []
    for axis, dimension in enumerate(dims):
        if axis not in axes:
            found.append(dimension)
        elif keeps:
            found.append(operation.sizes.new(1, is_unit=True))
    return [list(found) for _ in operation.results]


@rule("topk")
def topk(operation: Operation) -> Answer:
    """Follow the largest items of one dimension, whose number is an argument."""
    dims = operation.of("self")
    axis = operation.get("dim", -1) % len(dims) if dims else 0
    if dims:
        size = operation.get("k")
        dims[axis] = operation.sizes.new(size if type(size) is int else None)
    return [list(dims), list(dims)]


@rule("multinomial")
def multinomial(operation: Operation) -> Answer:
    """Follow samples of each row."""
    size = operation.get("num_samples")
    return [[*operation.of("self")[:-1], operation.sizes.new(size if type(size) is int else None)]]


@rule("one_hot")
def one_hot(operation: Operation) -> Answer:
    """Follow classes as vectors."""
    return [[*operation.of("self"), operation.sizes.new(operation.results[0].shape[-1])]]


@rule("_cdist_forward")
def cdist(operation: Operation) -> Answer:
    """Follow the distances between two sets of points."""
    one, other = operation.of("x1"), operation.of("x2")
    operation.sizes.join(one[-1], other[-1])
    return [[*operation.meet([one[:-2], other[:-2]]), one[-2], other[-2]]]


@rule("glu")
def glu(operation: Operation) -> Answer:
    """Follow a gate, which halves one dimension."""
    dims = operation.of("self")
    axis = operation.get("dim", -1) % len(dims)
    dims[axis] = operation.sizes.piece(dims[axis], operation.results[0].shape[axis])
    return [dims]
