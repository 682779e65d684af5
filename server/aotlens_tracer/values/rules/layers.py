"""Rules of convolutions, pooling, normalization, recurrent layers and losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .operation import Answer, Dims, Operation, rule


@rule("convolution", "_convolution", "conv1d", "conv2d", "conv3d", "mkldnn_convolution", "convolution_overrideable")
def convolution(operation: Operation) -> Answer:
    """Follow a convolution: channels come from the weight, places from the input."""
    given, weight, bias = operation.of("input"), operation.of("weight"), operation.tensor("bias")
    is_transposed = bool(operation.get("transposed", False))
    rank = len(weight) - 2
    batch, channels, places = given[: -rank - 1], given[-rank - 1], given[-rank:]
    made = weight[0]
    if operation.get("groups", 1) == 1:
        operation.sizes.join(channels, weight[0 if is_transposed else 1])
        made = weight[1 if is_transposed else 0]
    elif is_transposed:
        operation.sizes.join(channels, weight[0])
        made = operation.sizes.new(operation.results[0].shape[-rank - 1])
    if bias is not None:
        operation.sizes.join(made, bias[0])
    kernel = [operation.size_of(dimension) for dimension in weight[2:]]
    return [[*batch, made, *_windows(operation, places, kernel, has_more="output_padding", upwards=is_transposed)]]


@rule(
    "max_pool2d_with_indices", "max_pool3d_with_indices", "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d",
    "avg_pool2d", "avg_pool3d", "quantized_max_pool2d", "mkldnn_max_pool2d",
)  # fmt: skip
def pool(operation: Operation) -> Answer:
    """Follow a pooling: its places become fewer."""
    dims = operation.of("self")
    rank = len(operation.get("kernel_size")) if len(operation.get("kernel_size")) > 1 else _rank(operation.name)
    kernel = _each(operation.get("kernel_size"), rank)
    found = [*dims[:-rank], *_windows(operation, dims[-rank:], kernel, has_more="ceil_mode", default_stride=kernel)]
    return [list(found) for _ in operation.results]


@rule(
    "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d",
    "adaptive_max_pool2d", "adaptive_max_pool3d", "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d",
    "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "upsample_bilinear2d", "upsample_linear1d",
    "upsample_bicubic2d", "upsample_trilinear3d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa",
    "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "replication_pad1d", "replication_pad2d",
    "replication_pad3d",
)  # fmt: skip
def resized(operation: Operation) -> Answer:
    """Follow an image whose places get a size that is given."""
    dims, rank = operation.of(next(iter(operation.arguments))), _rank(operation.name)
    scales = [operation.get(name) for name in _SCALES[rank]]
    places = []
    for place, size, scale in zip(dims[-rank:], operation.results[0].shape[-rank:], scales):
        if isinstance(scale, float) and scale.is_integer() and "upsample" in operation.name:
            places.append(operation.sizes.window(place, _size(size), int(scale), 0, upwards=True))
        else:
            places.append(operation.sizes.new(_size(size)))
    return [[*dims[:-rank], *places] for _ in operation.results]


_SCALES = {1: ("scales",), 2: ("scales_h", "scales_w"), 3: ("scales_d", "scales_h", "scales_w")}
"""The arguments for how many times as large an image gets, by the number of its places."""


@rule("constant_pad_nd", "pad", "_pad_circular")
def pad(operation: Operation) -> Answer:
    """Follow what is padded: places with no padding stay."""
    dims, padding = operation.of("self"), operation.get("pad")
    for place in range(len(padding) // 2):
        if padding[2 * place] != 0 or padding[2 * place + 1] != 0:
            dims[-1 - place] = operation.sizes.new(_size(operation.results[0].shape[-1 - place]))
    return [dims]


@rule("pixel_shuffle", "pixel_unshuffle", "im2col", "col2im")
def shuffled(operation: Operation) -> Answer:
    """Follow pixels that become channels or the other way round: all but the batch is new."""
    dims, shape = operation.of("self"), operation.results[0].shape
    kept = len(dims) - (3 if "pixel" in operation.name else 2)
    return [[*dims[:kept], *(operation.sizes.new(_size(size)) for size in shape[kept:])]]


@rule("grid_sampler_2d", "grid_sampler_3d")
def grid_sampler(operation: Operation) -> Answer:
    """Follow an image that is sampled at the points of a grid."""
    return [[*operation.of("input")[:2], *operation.of("grid")[1:-1]]]


@rule("native_layer_norm", "layer_norm", "_fused_rms_norm", "rms_norm")
def layer_norm(operation: Operation) -> Answer:
    """Follow a norm over the last dimensions, which its weights share."""
    dims, rank = operation.of("input"), len(operation.get("normalized_shape"))
    for name in ("weight", "bias"):
        own = operation.tensor(name)
        if own is not None:
            operation.join(dims, own)
    reduced = [*dims[:-rank], *(operation.sizes.new(1, is_unit=True) for _ in range(rank))]
    return [dims, *(reduced for _ in operation.results[1:])]


@rule("native_group_norm", "group_norm")
def group_norm(operation: Operation) -> Answer:
    """Follow a norm over groups of channels."""
    return _channel_norm(operation, ("weight", "bias"))


@rule(
    "native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "cudnn_batch_norm",
    "_batch_norm_with_update", "_batch_norm_no_update", "batch_norm", "instance_norm", "_batch_norm_impl_index",
    "miopen_batch_norm",
)  # fmt: skip
def batch_norm(operation: Operation) -> Answer:
    """Follow a norm over channels."""
    return _channel_norm(operation, ("weight", "bias", "running_mean", "running_var"))


@rule("mkldnn_rnn_layer", "_cudnn_rnn", "miopen_rnn")
def recurrent(operation: Operation) -> Answer:
    """Follow one layer of a recurrent network: the sequence in, the sequence and the states out."""
    if operation.name != "aten::mkldnn_rnn_layer":
        return None
    given, weight, state = operation.of("input"), operation.of("weight0"), operation.of("hx_")
    inner = operation.of("weight1")
    operation.sizes.join(given[-1], weight[-1])
    operation.sizes.join(state[-1], inner[-1])
    operation.sizes.join(given[1], state[-2])
    output = [given[0], given[1], inner[-1]]
    return [output, state, state, *(None for _ in operation.results[3:])]


@rule("nll_loss_forward", "nll_loss2d_forward", "mse_loss", "binary_cross_entropy", "smooth_l1_loss", "huber_loss")
def loss(operation: Operation) -> Answer:
    """Follow a loss: one number, unless it is not reduced."""
    dims, target = operation.of("self"), operation.of("target")
    if "nll" in operation.name:
        kept = [dims[0], *dims[2:]] if len(dims) > 1 else []
        operation.join(kept, target)
    else:
        kept = operation.meet([dims, target])
    return [kept if result.dim() == len(kept) else [] if result.dim() == 0 else None for result in operation.results]


def _channel_norm(operation: Operation, names: Sequence[str]) -> Answer:
    dims = operation.of(next(name for name in operation.arguments if operation.tensor(name) is not None))
    for name in names:
        own = operation.tensor(name)
        if own is not None and len(dims) > 1:
            operation.sizes.join(own[0], dims[1])
    return [dims if result.dim() == len(dims) else None for result in operation.results]


def _windows(
    operation: Operation,
    places: Dims,
    kernel: Sequence[int | None],
    has_more: str,
    default_stride: Sequence[int | None] = (),
    upwards: bool = False,
) -> Dims:
    """Return the places of the result of a window that moves over places.

    They stay the same if each step is 1 and the padding makes up for the window.
    """
    rank = len(places)
    stride = _each(operation.get("stride") or default_stride or 1, rank)
    padding, dilation = _each(operation.get("padding", 0), rank), _each(operation.get("dilation", 1), rank)
    more = operation.get(has_more, 0)
    is_exact = not any(more) if isinstance(more, (list, tuple)) else not more
    found: Dims = []
    shape = operation.results[0].shape[-rank:]
    for axis, (place, window, step, pad, gap) in enumerate(zip(places, kernel, stride, padding, dilation)):
        size = _size(shape[axis])
        old = operation.size_of(place)
        is_known = window is not None and size is not None and old is not None and isinstance(pad, int)
        span = gap * ((window or 0) - 1) if is_known else 0
        if not is_known or not is_exact:
            found.append(operation.sizes.new(size))
        elif step == 1 and 2 * pad == span and size == old:
            found.append(place)
        elif upwards:
            found.append(operation.sizes.window(place, size, step, span + 1 - step - 2 * pad, upwards=True))
        else:
            found.append(operation.sizes.window(place, size, step, 2 * pad - span - 1 + step))
    return found


def _each(value: Any, rank: int) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        return [value] * rank
    return list(value) * rank if len(value) == 1 else list(value)


def _rank(name: str) -> int:
    """Return the number of places that the name of an operation has: `avg_pool2d`."""
    return next(rank for rank in (1, 2, 3) if f"{rank}d" in name)


def _size(size: object) -> int | None:
    return size if type(size) is int else None
