"""Operations of torch, by their names in the source, and what they say of the tensor that they are applied to."""

from __future__ import annotations

SAME_SHAPE_METHODS = frozenset(
    (
        "float", "half", "bfloat16", "double", "long", "int", "bool", "to", "type", "type_as", "contiguous",
        "clone", "detach", "requires_grad_", "relu", "sigmoid", "tanh", "exp", "log", "sqrt", "square", "abs",
        "neg", "clamp", "clamp_", "softmax", "masked_fill", "masked_fill_", "mul", "add", "sub", "div", "add_",
        "mul_", "cuda", "cpu",
    )
)  # fmt: skip
"""Methods of a tensor whose result has its shape."""
SAME_SHAPE_FUNCTIONS = frozenset(
    (
        "relu", "gelu", "silu", "sigmoid", "tanh", "softmax", "log_softmax", "dropout", "leaky_relu", "elu",
        "normalize", "softplus", "exp", "log", "sqrt", "abs", "clamp", "checkpoint", "default", "dropout1d",
        "dropout2d", "dropout3d", "relu6", "hardswish", "mish", "selu",
    )
)  # fmt: skip
"""Functions whose result has the shape of their first argument."""
RANKS = {
    "bmm": 3, "max_pool1d": 3, "avg_pool1d": 3, "adaptive_avg_pool1d": 3,
    "max_pool2d": 4, "avg_pool2d": 4, "adaptive_avg_pool2d": 4, "adaptive_max_pool2d": 4, "interpolate": 4,
    "pixel_shuffle": 4, "pixel_unshuffle": 4, "unfold": 4, "grid_sample": 4,
    "max_pool3d": 5, "avg_pool3d": 5, "adaptive_avg_pool3d": 5,
}  # fmt: skip
"""Functions by the rank of their first argument."""
WEIGHTED = frozenset(("linear", "conv1d", "conv2d", "conv3d", "embedding", "matmul", "layer_norm", "conv_transpose2d"))
"""Functions whose second argument is a weight, which says sizes of the first."""
DIMS_AFTER = {
    "mean": 0, "sum": 0, "amax": 0, "amin": 0, "var": 0, "std": 0, "softmax": 0, "log_softmax": 0, "logsumexp": 0,
    "cumsum": 0, "argmax": 0, "argmin": 0, "size": 0, "squeeze": 0, "unbind": 0, "select": 0, "flatten": 0,
    "norm": 1, "chunk": 1, "split": 1, "topk": 1,
}  # fmt: skip
"""Methods by the position of the axis among their arguments, when it is passed without its name."""
NEW_AXIS = frozenset(("unsqueeze", "stack"))
"""Operations whose axis is a new one of the result."""
SIZED = frozenset(("arange", "range", "zeros", "ones", "full", "eye", "empty", "randn", "rand"))
"""Functions whose arguments are sizes."""
