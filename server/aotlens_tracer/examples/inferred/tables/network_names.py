"""Names of parameters that are whole networks, and the networks of torch's modules that can stand for one."""

from __future__ import annotations

import re

from .sizes import CLASSES, HEADS, PATCH, VOCABULARY, WIDTH

WHOLE = re.compile(
    r"(.*_)?(net|network|model|encoder|decoder|backbone|vit|student|teacher|transformer|trunk|unet|autoencoder|vae)"
)
"""Parameters, in lower case, that are whole networks rather than one layer or function."""
_LAYER = f"torch.nn.Linear({WIDTH}, {WIDTH})"
OF_IMAGES = (
    f"torch.nn.Sequential(torch.nn.Conv2d(3, {WIDTH}, {PATCH}, stride={PATCH}), torch.nn.AdaptiveAvgPool2d(1), "
    f"torch.nn.Flatten(), torch.nn.Linear({WIDTH}, {CLASSES}))"
)
"""A network from images to classes."""
OF_SEQUENCES = f"torch.nn.Sequential({_LAYER}, torch.nn.GELU(), {_LAYER})"
OF_MAPS = f"torch.nn.Conv2d({WIDTH}, {WIDTH}, 1)"
"""A network from feature maps to feature maps."""
LAYERS: tuple[tuple[str, frozenset[str]], ...] = (
    (_LAYER, frozenset(("weight", "bias", "in_features", "out_features"))),
    (
        f"torch.nn.Conv2d({WIDTH}, {WIDTH}, 3, padding=1)",
        frozenset(("weight", "bias", "in_channels", "out_channels", "kernel_size", "stride", "padding", "groups")),
    ),
    (
        f"torch.nn.Embedding({VOCABULARY}, {WIDTH})",
        frozenset(("weight", "num_embeddings", "embedding_dim", "padding_idx", "max_norm", "scale_grad_by_freq")),
    ),
    (
        f"torch.nn.MultiheadAttention({WIDTH}, {HEADS})",
        frozenset(
            (
                "in_proj_weight",
                "in_proj_bias",
                "out_proj",
                "embed_dim",
                "num_heads",
                "head_dim",
                "dropout",
                "batch_first",
            )
        ),
    ),
    (f"torch.nn.LayerNorm({WIDTH})", frozenset(("weight", "bias", "normalized_shape", "eps", "elementwise_affine"))),
    (
        f"torch.nn.BatchNorm2d({WIDTH})",
        frozenset(("weight", "bias", "num_features", "eps", "momentum", "running_mean", "running_var")),
    ),
)
"""Layers by the attributes that are read from them."""
