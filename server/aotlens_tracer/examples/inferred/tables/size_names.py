"""Names of attributes and settings that hold sizes, the likeliest first."""

from __future__ import annotations

import re

WIDTH_NAMES = (
    "hidden_size", "embed_dim", "d_model", "dim", "hidden_dim", "embedding_dim", "width", "n_embd", "channels",
    "in_channels", "num_features", "inner_dim", "emb_dim", "in_features",
)  # fmt: skip
"""The width of a model."""
INNER_WIDTH_NAMES = re.compile(
    r"(mlp|ff|ffn|feed_?forward|intermediate)_?(hidden_?)?(dim|size|width)|d_?ff|dim_feedforward"
)
"""The width inside the feed-forward layers of a model, which is not that of the model."""
LAYER_WIDTH_NAMES = ("in_features", "in_channels", "embedding_dim")
"""The width of one layer of torch."""
HEAD_NAMES = ("head_dim", "dim_head", "attention_head_size", "head_size", "d_head")
"""The width of one attention head."""
IMAGE_NAMES = ("image_size", "img_size", "input_resolution", "resolution", "input_size", "input_shape", "image_shape")
"""The height of an image, or its height and width."""
MELS_NAMES = ("num_mel_bins", "n_mels", "num_mels", "mel_bins", "n_mel_channels")
VOCABULARY_NAMES = ("vocab_size", "vocabulary_size", "num_tokens", "n_vocab", "num_embeddings")
CHANNEL_LISTS = re.compile(r"(.*_)?(channels|chans|dims|feats?|features|filters|widths|planes)(_list)?")
"""Channels of several feature maps, in lower case."""
OF_INPUTS = re.compile(r"(encoder|in|input|backbone|feat|feature|skip)s?_")
"""The beginning of such a name, if the feature maps are inputs."""
