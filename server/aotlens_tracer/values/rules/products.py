"""Rules of matrix products and of attention."""

from __future__ import annotations

from .operation import Answer, Dims, Operation, rule


@rule("mm", "_int_mm", "_scaled_mm")
def mm(operation: Operation) -> Answer:
    """Follow the product of two matrices."""
    left, right = operation.of("self"), operation.of("mat2")
    operation.sizes.join(left[1], right[0])
    return [[left[0], right[1]]]


@rule("addmm", "_addmm_activation", "addmm_")
def addmm(operation: Operation) -> Answer:
    """Follow the product of two matrices to which a third tensor is added."""
    left, right = operation.of("mat1"), operation.of("mat2")
    operation.sizes.join(left[1], right[0])
    result = [left[0], right[1]]
    operation.meet([result, operation.of("self")])
    return [result]


@rule("bmm", "baddbmm", "baddbmm_")
def bmm(operation: Operation) -> Answer:
    """Follow products of matrices."""
    added = operation.name != "aten::bmm"
    left, right = operation.of("batch1" if added else "self"), operation.of("batch2" if added else "mat2")
    operation.sizes.join(left[2], right[1])
    result = [operation.sizes.meet(left[0], right[0]), left[1], right[2]]
    if added:
        operation.meet([result, operation.of("self")])
    return [result]


@rule("mv", "addmv")
def mv(operation: Operation) -> Answer:
    """Follow the product of a matrix and a vector."""
    left = operation.of("mat" if operation.name == "aten::addmv" else "self")
    operation.sizes.join(left[1], operation.of("vec")[0])
    return [[left[0]]]


@rule("dot", "vdot")
def dot(operation: Operation) -> Answer:
    """Follow the product of two vectors."""
    operation.join(operation.of("self"), operation.of("tensor" if operation.name == "aten::dot" else "other"))
    return [[]]


@rule("matmul")
def matmul(operation: Operation) -> Answer:
    """Follow `matmul`, which is whole in inference mode alone."""
    return [_matmul(operation, operation.of("self"), operation.of("other"))]


@rule("linear")
def linear(operation: Operation) -> Answer:
    """Follow `linear`, which is whole in inference mode and on some devices alone."""
    given, weight, bias = operation.of("input"), operation.of("weight"), operation.tensor("bias")
    operation.join(given[-1:], weight[-1:])
    result = [*given[:-1], *weight[:-1]]
    if bias is not None:
        operation.meet([result, bias])
    return [result]


@rule("mkldnn_linear", "_mkldnn_linear")
def other_linear(operation: Operation) -> Answer:
    """Follow `linear` of another library."""
    given, weight = operation.of("self"), operation.of("weight")
    operation.join(given[-1:], weight[-1:])
    return [[*given[:-1], *weight[:-1]]]


@rule("outer", "ger")
def outer(operation: Operation) -> Answer:
    """Follow the outer product of two vectors."""
    return [[*operation.of("self"), *operation.of("vec2")]]


@rule("_trilinear")
def bilinear(operation: Operation) -> Answer:
    """Follow a bilinear layer, whose operands have dimensions put in for those that they lack."""
    sizes, summed = operation.sizes, set(operation.get("sumdim"))
    operands: list[Dims] = []
    rank = len(operation.of("i1")) + len(operation.get("expand1"))
    for name, expanded in (("i1", "expand1"), ("i2", "expand2"), ("i3", "expand3")):
        dims = operation.of(name)
        for axis in sorted(operation.get(expanded)):
            dims.insert(axis, sizes.new(1, is_unit=True))
        operands.append(dims)
    met = operation.meet(operands)
    return [[met[axis] for axis in range(rank) if axis not in summed]]


@rule(
    "scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_attention_math",
    "_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention", "_scaled_dot_product_fused_attention_overrideable",
    "_scaled_dot_product_attention_math_for_mps",
)  # fmt: skip
def attention(operation: Operation) -> Answer:
    """Follow attention. Keys may have fewer heads than queries: then these are not the same."""
    query, key, value = operation.of("query"), operation.of("key"), operation.of("value")
    operation.sizes.join(query[-1], key[-1])
    operation.sizes.join(key[-2], value[-2])
    operation.meet([key[:-2], value[:-2]])
    batch = query[:-2]
    if [*map(operation.size_of, query[:-2])] == [*map(operation.size_of, key[:-2])]:
        batch = operation.meet([batch, key[:-2]])
    elif len(query) == 4:
        batch = [operation.sizes.meet(query[0], key[0]), query[1]]
    mask = operation.tensor("attn_mask") or operation.tensor("attn_bias")
    if mask is not None:
        operation.meet([[*batch, query[-2], key[-2]], mask])
    return [[*batch, query[-2], value[-1]], *[None] * (len(operation.results) - 1)]


def _matmul(operation: Operation, left: Dims, right: Dims) -> Dims:
    operation.sizes.join(left[-1], right[-2] if len(right) > 1 else right[-1])
    batch = operation.meet([left[:-2], right[:-2]])
    return [*batch, *(left[-2:-1] if len(left) > 1 else []), *(right[-1:] if len(right) > 1 else [])]
