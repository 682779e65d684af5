"""Demands of the layers of torch, and of layers that are shaped like them, on their first input."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import nn

from ....torch_private import BATCH_NORMS
from .demand import SAME, Demand

_POOLING = re.compile(r"(Adaptive)?(Max|Avg|LP)Pool(\d)d|(Pixel(?:Uns|S)huffle|Fold|Unfold)|Upsample.*")


def of_layer(module: nn.Module) -> Demand | None:
    """The demand of a layer on its first input; None if the module is no layer that is known."""
    kind = type(module)
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return Demand(2, {}, dtype="int64", high=module.num_embeddings)
    if isinstance(module, nn.MultiheadAttention):
        return Demand(3, {-1: module.embed_dim})
    if isinstance(module, nn.RNNBase):
        return Demand(3, {-1: module.input_size})
    if isinstance(module, nn.Bilinear):
        return Demand(None, {-1: module.in1_features})
    in_features, weight = getattr(module, "in_features", None), getattr(module, "weight", None)
    if isinstance(in_features, int) and isinstance(weight, torch.Tensor):
        return Demand(None, {-1: in_features})
    in_channels, kernel = getattr(module, "in_channels", None), getattr(module, "kernel_size", None)
    if isinstance(in_channels, int) and isinstance(kernel, tuple) and isinstance(weight, torch.Tensor):
        return Demand(2 + len(kernel), {1: in_channels})
    if isinstance(module, BATCH_NORMS):
        dimensions, features = re.search(r"(\d)d$", kind.__name__), getattr(module, "num_features", None)
        if dimensions is None or not isinstance(features, int):
            return SAME
        return Demand(2 + int(dimensions[1]), {1: features}, same_shape=True)
    if isinstance(module, nn.GroupNorm):
        return Demand(None, {1: module.num_channels}, same_shape=True)
    shape = getattr(module, "normalized_shape", None)
    if isinstance(shape, Sequence) and all(isinstance(size, int) for size in shape):
        return Demand(None, {index - len(shape): size for index, size in enumerate(shape)}, same_shape=True)
    pooling = _POOLING.fullmatch(kind.__name__)
    if pooling and kind.__module__.startswith("torch."):
        return Demand(2 + int(pooling[3] or 2))
    if kind.__module__.startswith("torch.nn.modules.") and not list(module.children()):
        return SAME
    return None
