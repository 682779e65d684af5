"""The rule of each operation, by its name."""

from __future__ import annotations

from ..calls import Call
from . import layers, products, shapes
from .sides import Found, Given, Rule, clashing_in_broadcast


def clashing_sizes(name: str, call: Call) -> Found | None:
    """Return the sizes for which torch refuses a call of the function with this name; None if no rule finds any."""
    rule = _RULES.get(name.rpartition(".")[2].strip("_"))
    if rule is None and name.startswith("torch.Tensor.__"):
        rule = _RULES.get(name.rpartition(".")[2].strip("_").lstrip("ri"))  # `__rsub__`, `__imul__`
    try:
        return rule(Given(call)) if rule is not None else None
    except (TypeError, ValueError, IndexError, AttributeError):  # the call itself is wrong
        return None


def _broadcast(given: Given) -> Found | None:
    return clashing_in_broadcast(given.all())


_ELEMENTWISE = (
    *(
        "add",
        "sub",
        "subtract",
        "mul",
        "multiply",
        "div",
        "divide",
        "true_divide",
        "truediv",
        "floordiv",
        "floor_divide",
    ),
    *("pow", "mod", "remainder", "fmod", "maximum", "minimum", "max", "min", "where", "lerp", "addcmul", "addcdiv"),
    *("eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "and", "or", "xor", "atan2"),
    *(
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "masked_fill",
        "masked_scatter",
        "copy",
        "hypot",
        "broadcast_tensors",
    ),
    *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "cosine_similarity", "pairwise_distance"),
    *("prelu", "rsub", "xlogy", "clamp", "dist", "heaviside", "isclose", "masked_select"),
)
_RULES: dict[str, Rule] = {
    **dict.fromkeys(_ELEMENTWISE, _broadcast),
    "linear": products.linear,
    "bilinear": products.bilinear,
    **dict.fromkeys(("matmul", "mv", "dot", "inner", "vdot"), products.matmul),
    "rmatmul": products.reversed_matmul,
    "bmm": products.bmm,
    "mm": products.mm,
    **dict.fromkeys(("addmm", "baddbmm", "addbmm", "addmv"), products.addmm),
    "tensordot": products.tensordot,
    **dict.fromkeys(("cat", "concat", "concatenate"), shapes.cat),
    "stack": shapes.stack,
    **dict.fromkeys(("view", "reshape"), shapes.view),
    **dict.fromkeys(("view_as", "reshape_as"), shapes.view_as),
    "unflatten": shapes.unflatten,
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), shapes.expand),
    **{f"conv{n}d": layers.convolution(n) for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": layers.convolution(n, transposed=True) for n in (1, 2, 3)},
    **dict.fromkeys(("batch_norm", "instance_norm"), layers.batch_norm),
    "group_norm": layers.group_norm,
    **dict.fromkeys(("layer_norm", "rms_norm"), layers.layer_norm),
    **dict.fromkeys(("cross_entropy", "nll_loss"), layers.cross_entropy),
    **dict.fromkeys(("binary_cross_entropy", "binary_cross_entropy_with_logits"), layers.equal_shapes),
    "scaled_dot_product_attention": products.attention,
    "einsum": products.einsum,
    **dict.fromkeys(("getitem", "setitem"), shapes.item),
    "permute": shapes.permute,
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), shapes.dimension(1, 2)),
    **dict.fromkeys(
        ("sum", "mean", "softmax", "log_softmax", "argmax", "unbind", "size", "squeeze"), shapes.dimension(1)
    ),
    **dict.fromkeys(("split", "split_with_sizes", "tensor_split"), shapes.split),
    **dict.fromkeys(("select", "narrow"), shapes.pick),
}
"""The rules by the last part of the function's name, without underscores around it."""
