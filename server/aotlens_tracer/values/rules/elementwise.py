"""Rules of operations whose result has the shape of an operand, or of all operands broadcast."""

from __future__ import annotations

import torch

from .operation import Answer, Operation, rule


def pointwise(operation: Operation) -> Answer:
    """Follow an operation that torch tags as pointwise."""
    tensors = [
        list(operation.dims_of(tensor))
        for value in operation.arguments.values()
        for tensor in (value if isinstance(value, (list, tuple)) else (value,))
        if isinstance(tensor, torch.Tensor)
    ]
    return [operation.meet(tensors)] * len(operation.results)


@rule(
    "_to_copy", "clone", "detach", "detach_", "alias", "contiguous", "lift_fresh", "lift_fresh_copy", "to", "type_as",
    "empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "randint_like", "zero_", "fill_",
    "native_dropout", "dropout", "_fused_dropout", "bernoulli", "bernoulli_",
    "_softmax", "_log_softmax", "softmax", "log_softmax", "_safe_softmax", "cumsum", "cumprod", "logcumsumexp",
    "cummax", "cummin", "cumsum_", "cumprod_", "sort", "argsort", "flip", "roll", "tril", "triu", "tril_", "triu_",
    "index_put", "index_put_", "_unsafe_index_put", "index_add", "index_add_", "index_copy", "index_copy_",
    "index_fill", "index_fill_", "index_reduce", "index_reduce_", "scatter", "scatter_", "scatter_add",
    "scatter_add_", "scatter_reduce", "scatter_reduce_", "masked_scatter", "masked_scatter_", "slice_scatter",
    "select_scatter", "diagonal_scatter", "as_strided_scatter", "uniform_", "normal_",
    "random_", "exponential_", "_weight_norm", "renorm", "_fft_c2c", "nan_to_num", "clamp",
    "_conj", "conj", "resolve_conj", "resolve_neg", "_neg_view", "cholesky", "linalg_cholesky_ex", "matrix_exp",
    "rrelu_with_noise", "rrelu_with_noise_functional", "prelu", "_prelu_kernel",
    "fake_quantize_per_tensor_affine", "_fake_quantize_learnable_per_tensor_affine", "native_channel_shuffle",
)  # fmt: skip
def same_shape(operation: Operation) -> Answer:
    """Follow an operation whose results have the shape of its first operand."""
    first = next(value for value in operation.arguments.values() if isinstance(value, torch.Tensor))
    dims = list(operation.dims_of(first))
    return [dims if result.dim() == len(dims) else None for result in operation.results]


@rule("copy_", "copy", "masked_fill", "masked_fill_", "clamp_min", "clamp_max")
def changed_in_place(operation: Operation) -> Answer:
    """Follow an operation whose other operands are broadcast to the shape of the first."""
    tensors = [list(operation.dims_of(value)) for value in operation.arguments.values() if _is_tensor(value)]
    operation.meet(tensors)
    return [tensors[0]]


@rule("where")
def where(operation: Operation) -> Answer:
    """Follow `where`: one result of three operands, or the indices of what is not zero."""
    return pointwise(operation) if operation.tensor("self") is not None else None


@rule("complex", "polar", "view_as_complex", "view_as_real")
def complex_parts(operation: Operation) -> Answer:
    """Follow views as complex or real numbers, whose last dimension has the two parts."""
    if operation.name == "aten::view_as_complex":
        return [operation.of("self")[:-1]]
    if operation.name == "aten::view_as_real":
        return [[*operation.of("self"), operation.sizes.new(2)]]
    return pointwise(operation)


def _is_tensor(value: object) -> bool:
    return isinstance(value, torch.Tensor)
