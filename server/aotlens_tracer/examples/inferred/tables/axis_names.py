"""Names of axes and their meaning: in annotations, docstrings, comments, einops patterns and `b, n, d = x.shape`."""

from __future__ import annotations

from .sizes import BATCH, EDGES, FRAMES, HEAD, HEADS, LENGTH

AXES: dict[str, int | None] = {
    "b": BATCH, "batch": BATCH, "bs": BATCH, "bsz": BATCH, "batch_size": BATCH, "B": BATCH, "N": BATCH,
    "c": None, "C": None, "channels": None, "channel": None, "dim": None, "d": None, "D": None, "hidden_size": None,
    "num_channels": None, "embed_dim": None, "hidden_dim": None, "e": None,
    "f": FRAMES, "frames": FRAMES, "T": FRAMES, "num_frames": FRAMES,
    "num_nodes": LENGTH, "n_nodes": LENGTH, "num_edges": EDGES, "n_edges": EDGES,
    "heads": HEADS, "num_heads": HEADS, "nh": HEADS, "head_dim": HEAD,
}  # fmt: skip
"""Axes by the size that they usually have; None is the width of the model."""
CHANNELS = frozenset(("c", "C", "channels", "channel", "dim", "d"))
"""The axis of the channels of a feature map."""
SPATIAL = frozenset(("h", "w", "H", "W", "height", "width", "x", "y"))
"""Axes of an image or a feature map."""
SEQUENCES = frozenset(
    (
        "n", "l", "t", "i", "j", "L", "S", "seq", "seq_len", "tgt_len", "src_len", "q_len", "length",
        "sequence_length", "num_patches", "tokens",
    )
)  # fmt: skip
"""The axis of a sequence."""
