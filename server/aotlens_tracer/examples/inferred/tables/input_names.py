"""Names of the arguments of `forward` and their usual meaning: one row for each kind of input, with its shapes.

A row has a pattern for the whole name, in lower case. The first row that matches wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..values import Items, Tensor, Value, Written
from .sizes import BATCH, CLASSES, EDGES, FRAMES, HEAD, IMAGE, LENGTH, MELS, SAMPLES, SPECTRA

_BOX_SIDE = 100
"""Coordinates of boxes that are integers are below this."""
_STEPS = 100
"""Time steps that are integers are below this."""


@dataclass(frozen=True)
class Kind:
    """A kind of input: which names mean it, and its shapes for a model of a certain width, the likeliest first."""

    name: str
    pattern: re.Pattern[str]
    shapes: Callable[[int], list[Value]]


def _kind(name: str, pattern: str, shapes: Callable[[int], list[Value]]) -> Kind:
    return Kind(name, re.compile(pattern), shapes)


KINDS: tuple[Kind, ...] = (
    _kind(
        "boxes",
        r"(.*_)?(bbox|bboxes|boxes|box)",
        lambda width: [Tensor((BATCH, LENGTH, 4), "int64", _BOX_SIDE), Tensor((BATCH, LENGTH, 4))],
    ),
    _kind(  # cosines and sines
        "rotary",
        r"(.*_)?(position_embeddings|rotary_pos_emb|rotary_embeddings?|freqs_cos_sin|cos_sin|rope|image_rotary_emb)",
        lambda width: [Items((Tensor((BATCH, LENGTH, HEAD)),) * 2), Tensor((LENGTH, HEAD))],
    ),
    _kind(
        "positions",
        r"(.*_)?(position_ids|positions?|pos_ids|cache_position|pos)",
        lambda width: [Tensor((BATCH, LENGTH), "int64", LENGTH), Tensor((LENGTH,), "int64", LENGTH)],
    ),
    _kind(  # of a graph
        "edges",
        r"(.*_)?edge_index(es)?|edges|edge_idx|adj_t",
        lambda width: [Tensor((2, EDGES), "int64", LENGTH)],
    ),
    _kind(
        "mask",
        r"(.*_)?(mask|masks|padding|padding_positions|padding_mask|attention_mask|bool_masked_pos|masked_pos|valid|is_.*|"
        r"attn_mask|key_padding_mask)",
        lambda width: [
            Tensor((BATCH, LENGTH), "bool"),
            Tensor((BATCH, 1, LENGTH, LENGTH), "bool"),
            Tensor((LENGTH, LENGTH), "bool"),
        ],
    ),
    _kind(
        "tokens",
        r"(.*_)?(input_ids|ids|tokens?|token_ids|seq_tokens|labels?|targets?|text|texts|words|input_tokens|idx|indices|"
        r"tgt_seq|src_seq|inp|caption|captions|decoder_input_ids|codes|class_labels|input_seq|prompt_ids|token_type_ids)",
        lambda width: [Tensor((BATCH, LENGTH), "int64", CLASSES), Tensor((BATCH,), "int64", CLASSES)],
    ),
    _kind(
        "videos",
        r"(.*_)?(video|videos|pixel_values_videos|clip|clips|frames)(_?\d)?",
        lambda width: [Tensor((BATCH, 3, FRAMES, IMAGE, IMAGE)), Tensor((BATCH, FRAMES, 3, IMAGE, IMAGE))],
    ),
    _kind(
        "image",
        r"(.*_)?(img|imgs|image|images|pixel_values|pixels|im|frame|photo|photos|rgb|sample_image|picture)(_?\d)?",
        lambda width: [Tensor((BATCH, 3, IMAGE, IMAGE))],
    ),
    _kind(  # of diffusion
        "times",
        r"(t|ts|time|times|timesteps?|time_?steps?|noise_levels?|sigmas?|step|diffusion_step|time_cond)",
        lambda width: [Tensor((BATCH,)), Tensor((BATCH,), "int64", _STEPS), Tensor((BATCH, width))],
    ),
    _kind(
        "audio",
        r"(.*_)?(wav|wavs|waveforms?|audio|audios|raw_audio|signal|input_values|speech|sound|mixture)",
        lambda width: [Tensor((BATCH, SAMPLES)), Tensor((BATCH, 1, SAMPLES))],
    ),
    _kind(
        "spectrum",
        r"(.*_)?(mel|mels|spec|spectrograms?|melspec|mel_spec|input_features|spectrum|fbank|spectro)",
        lambda width: [
            Tensor((BATCH, MELS, SPECTRA)),
            Tensor((BATCH, SPECTRA, MELS)),
            Tensor((BATCH, 1, MELS, SPECTRA)),
        ],
    ),
    _kind(  # a second sequence, for cross-attention
        "memory",
        r"(.*_)?(context|memory|encoder_hidden_states|encoder_output|enc_out|encoder_out|cond|conditioning|"
        r"key_value_states|kv|cross_states|ctx|key|value|k|v|keys|values)",
        lambda width: [Tensor((BATCH, LENGTH, width))],
    ),
    _kind(  # one vector for each sample, which modulates or conditions
        "vector",
        r"(.*_)?(temb|t_emb|time_?emb(ed)?(ding)?s?|timestep_emb(ed)?(ding)?s?|class_emb(edding)?s?|style_emb(edding)?|"
        r"pooled(_projections?|_embeds?|_output)?|modulation|vec|y_vec|conditioning_embedding)",
        lambda width: [Tensor((BATCH, width)), Tensor((BATCH, LENGTH, width))],
    ),
    _kind("size", r"(.*_)?(h|w|height|width)", lambda width: [Written("4")]),
)


def input_kind(name: str) -> str | None:
    """The kind of input that an argument of that name usually is; None for an unknown name."""
    kind = _kind_of(name)
    return kind.name if kind is not None else None


def kind_shapes(kind: str | None, width: int) -> list[Value]:
    """The shapes that an input of that kind usually has, the likeliest first; none for None."""
    return next((row.shapes(width) for row in KINDS if row.name == kind), [])


def _kind_of(name: str) -> Kind | None:
    return next((kind for kind in KINDS if kind.pattern.fullmatch(name.lower())), None)
