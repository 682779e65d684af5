"""The sizes of parameters and buffers as the constructor's code writes them: `nn.Linear(dim, 4 * dim)`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence

from torch import nn

Axis = tuple[str, int]
"""A parameter or buffer by its name within the layer, and one of its axes."""

_FEATURES: Mapping[Axis, str] = {
    ("weight", 0): "out_features",
    ("bias", 0): "out_features",
    ("weight", 1): "in_features",
}
_CONVOLUTION: Mapping[Axis, str] = {
    ("weight", 0): "out_channels",
    ("bias", 0): "out_channels",
    ("weight", 1): "in_channels",
}
_TRANSPOSED: Mapping[Axis, str] = {
    ("weight", 0): "in_channels",
    ("weight", 1): "out_channels",
    ("bias", 0): "out_channels",
}
_BLOCK: Mapping[Axis, str] = {
    ("linear1.weight", 0): "dim_feedforward",
    ("linear1.weight", 1): "d_model",
    ("linear2.weight", 0): "d_model",
    ("linear2.weight", 1): "dim_feedforward",
    ("linear1.bias", 0): "dim_feedforward",
    ("linear2.bias", 0): "d_model",
    ("norm1.weight", 0): "d_model",
    ("norm2.weight", 0): "d_model",
    ("self_attn.out_proj.weight", 0): "d_model",
}
_CHANNELS = ("weight", "bias", "running_mean", "running_var")
_RECURRENT: Mapping[Axis, str] = {
    ("weight_ih_l0", 1): "input_size",
    **{(f"weight_hh_l{layer}{suffix}", 1): "hidden_size" for layer in range(8) for suffix in ("", "_reverse")},
    ("weight_ih_l0_reverse", 1): "input_size",
}
_LAYERS: Sequence[tuple[tuple[type[nn.Module], ...], Mapping[Axis, str]]] = (
    ((nn.Linear,), _FEATURES),
    ((nn.Embedding, nn.EmbeddingBag), {("weight", 0): "num_embeddings", ("weight", 1): "embedding_dim"}),
    ((nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d), _TRANSPOSED),
    ((nn.Conv1d, nn.Conv2d, nn.Conv3d), _CONVOLUTION),
    ((nn.LayerNorm, nn.RMSNorm), {("weight", 0): "normalized_shape", ("bias", 0): "normalized_shape"}),
    ((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d), {(name, 0): "num_features" for name in _CHANNELS}),
    ((nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d), {(name, 0): "num_features" for name in _CHANNELS}),
    ((nn.GroupNorm,), {(name, 0): "num_channels" for name in _CHANNELS}),
    ((nn.LSTM, nn.GRU, nn.RNN), _RECURRENT),
    ((nn.LSTMCell, nn.GRUCell, nn.RNNCell), {("weight_ih", 1): "input_size", ("weight_hh", 1): "hidden_size"}),
    (
        (nn.MultiheadAttention,),
        {("in_proj_weight", 1): "embed_dim", ("out_proj.weight", 0): "embed_dim", ("out_proj.bias", 0): "embed_dim"},
    ),
    ((nn.TransformerEncoderLayer, nn.TransformerDecoderLayer), _BLOCK),
    ((nn.Bilinear,), {("weight", 0): "out_features", ("weight", 1): "in1_features", ("weight", 2): "in2_features"}),
)
_MAKERS = ("zeros", "ones", "empty", "rand", "randn", "full", "normal")
_RESHAPING = ("view", "reshape", "expand")
_KEEPING = ("tril", "triu", "to", "float", "bool", "long", "half", "contiguous", "clone", "Parameter", "Buffer")


def size_in_constructor(layer: nn.Module, call: ast.Call, name: str, axis: int) -> ast.expr | None:
    """Return the expression that gives an axis of a layer's parameter its size, in the call that makes the layer.

    `name` is that of the parameter within the layer. None if this is not known.
    """
    if getattr(layer, "groups", 1) != 1 and axis == 1:  # a convolution in groups has a part of the channels there
        return None
    axes = next((axes for classes, axes in _LAYERS if isinstance(layer, classes)), {})
    argument = axes.get((name, axis))
    if argument is None:
        return None
    return _argument(layer, call, argument)


def _argument(layer: nn.Module, call: ast.Call, name: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    try:
        names = list(inspect.signature(type(layer)).parameters)
    except (TypeError, ValueError):
        return None
    if isinstance(layer, (nn.LSTM, nn.GRU, nn.RNN)) and names[:1] == ["args"]:
        names = ["input_size", "hidden_size"]
    if name not in names:
        return None
    place = names.index(name)
    return call.args[place] if place < len(call.args) else None


def sizes_of_tensor(call: ast.Call) -> Sequence[ast.expr] | None:
    """Return the sizes in the expression that makes a parameter or buffer: `nn.Parameter(torch.zeros(1, n, dim))`.

    None if they are not written there.
    """
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name == "register_buffer":
        value = call.args[1] if len(call.args) > 1 else None
        return _sizes(value) if value is not None else None
    return _sizes(call)


def _sizes(node: ast.expr) -> Sequence[ast.expr] | None:
    if isinstance(node, ast.BinOp):
        return _sizes(node.left) or _sizes(node.right)
    if not isinstance(node, ast.Call):
        return None
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name in _MAKERS or name in _RESHAPING:
        arguments: Sequence[ast.expr] = node.args[:1] if name == "full" else node.args
        if len(arguments) == 1 and isinstance(arguments[0], (ast.Tuple, ast.List)):
            arguments = arguments[0].elts
        return None if any(isinstance(each, ast.Starred) for each in arguments) else arguments
    if name in _KEEPING:
        inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
        return _sizes(inner) if inner is not None else None
    return None
