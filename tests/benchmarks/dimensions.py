"""Holds dimensions and their names against runs with other sizes, in models of packages. Run by `make dimensions`.

Each model is built twice: with sizes many of which are equal, and with others that all differ. Dimensions that are said
to be the same must change together, and each expression must have the same names. A line says how many dimensions the
operations made, the share whose origin is known, and the share of those of recorded expressions that have names.
"""

from __future__ import annotations

import importlib
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tracer"))

from values.dimension_runs import compare, named, run  # noqa: E402

Sizes = dict[str, Any]


def _vit(file: str, name: str, **kwargs: Any) -> tuple[nn.Module, tuple[Any, ...], dict[str, Any]]:
    """Return a model of vit-pytorch, called with images of `side`."""
    batch, side, frames = kwargs.pop("batch"), kwargs.pop("side"), kwargs.get("frames")
    model = getattr(importlib.import_module(f"vit_pytorch.{file}"), name)(**kwargs)
    return model, (torch.randn(batch, 3, *([frames] if frames else []), side, side),), {}


def _transformer(name: str, kind: str, **kwargs: Any) -> tuple[nn.Module, tuple[Any, ...], dict[str, Any]]:
    """Return a model of transformers, called with texts of `length`, or with images of `side`."""
    transformers = importlib.import_module("transformers")
    batch, length, other, side = (kwargs.pop(key, None) for key in ("batch", "length", "other", "side"))
    model = getattr(transformers, name + kind)(getattr(transformers, name + "Config")(**kwargs))
    if side is not None:
        return model, (), {"pixel_values": torch.randn(batch, 3, side, side)}
    texts = {"input_ids": torch.zeros(batch, length, dtype=torch.long)}
    if other is not None:
        texts["decoder_input_ids"] = torch.zeros(batch, other, dtype=torch.long)
    return model, (), texts


_SMALL: Sizes = {"num_classes": 16, "dim": 32, "depth": 2, "heads": 4, "mlp_dim": 32, "batch": 4}
_OTHER: Sizes = {"num_classes": 19, "dim": 40, "depth": 2, "heads": 5, "mlp_dim": 44, "batch": 3}
_IMAGE: tuple[Sizes, Sizes] = (
    {**_SMALL, "image_size": 32, "patch_size": 4, "side": 32},
    {**_OTHER, "image_size": 42, "patch_size": 6, "side": 42},
)
_TEXT: tuple[Sizes, Sizes] = (
    {
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 64,
        "max_position_embeddings": 64,
        "batch": 4,
        "length": 16,
    },
    {
        "hidden_size": 48,
        "intermediate_size": 44,
        "num_hidden_layers": 2,
        "num_attention_heads": 6,
        "vocab_size": 101,
        "max_position_embeddings": 77,
        "batch": 3,
        "length": 7,
    },
)


def _both(sizes: tuple[Sizes, Sizes], one: Sizes, other: Sizes | None = None) -> tuple[Sizes, Sizes]:
    return {**sizes[0], **one}, {**sizes[1], **(one if other is None else other)}


_STAGES: tuple[Sizes, Sizes] = (
    {"num_classes": 16, "depth": (1, 1, 1, 1), "side": 224, "batch": 4},
    {"num_classes": 19, "depth": (1, 1, 1, 1), "side": 224, "batch": 3},
)
_PATCHES: Sizes = {"depth": 1, "sm_patch_size": 8, "lg_patch_size": 16}
VIT: dict[tuple[str, str], tuple[Sizes, Sizes]] = {
    ("vit", "ViT"): _both(_IMAGE, {"dim_head": 8}, {"dim_head": 6}),
    ("simple_vit", "SimpleViT"): _both(_IMAGE, {"dim_head": 8}, {"dim_head": 6}),
    ("deepvit", "DeepViT"): _both(_IMAGE, {"dim_head": 8}, {"dim_head": 6}),
    ("cait", "CaiT"): _both(_IMAGE, {"dim_head": 8, "cls_depth": 1}, {"dim_head": 6, "cls_depth": 1}),
    ("parallel_vit", "ViT"): _IMAGE,
    ("rvt", "RvT"): _IMAGE,
    ("xcit", "XCiT"): _both(_IMAGE, {"cls_depth": 1}),
    ("cross_vit", "CrossViT"): (
        {"image_size": 64, "num_classes": 16, "sm_dim": 32, "lg_dim": 64, "side": 64, "batch": 4, **_PATCHES},
        {"image_size": 96, "num_classes": 19, "sm_dim": 40, "lg_dim": 56, "side": 96, "batch": 3, **_PATCHES},
    ),
    ("cvt", "CvT"): (
        {"num_classes": 16, "s1_emb_dim": 32, "s2_emb_dim": 32, "s3_emb_dim": 32, "side": 64, "batch": 4},
        {"num_classes": 19, "s1_emb_dim": 20, "s2_emb_dim": 28, "s3_emb_dim": 44, "side": 96, "batch": 3},
    ),
    ("regionvit", "RegionViT"): _both(_STAGES, {"dim": (32, 64, 128, 256)}, {"dim": (40, 48, 56, 72)}),
    ("crossformer", "CrossFormer"): _both(_STAGES, {"dim": (32, 64, 128, 256)}, {"dim": (40, 48, 96, 160)}),
    ("sep_vit", "SepViT"): _both(
        _STAGES,
        {"dim": 32, "dim_head": 8, "heads": (1, 2, 4, 8)},
        {"dim": 40, "dim_head": 6, "heads": (1, 2, 4, 8)},
    ),
}
TRANSFORMERS: dict[tuple[str, str], tuple[Sizes, Sizes]] = {
    ("GPT2", "LMHeadModel"): (
        {"n_embd": 32, "n_head": 4, "n_layer": 2, "vocab_size": 64, "use_cache": False, "batch": 4, "length": 16},
        {"n_embd": 40, "n_head": 5, "n_layer": 2, "vocab_size": 101, "use_cache": False, "batch": 3, "length": 7},
    ),
    ("Mistral", "ForCausalLM"): _both(_TEXT, {"num_key_value_heads": 2, "use_cache": False, "sliding_window": 5}),
    ("Qwen2", "ForCausalLM"): _both(_TEXT, {"num_key_value_heads": 2, "use_cache": False}),
    ("GPTNeoX", "ForCausalLM"): _both(_TEXT, {"use_cache": False}),
    ("Bert", "Model"): _TEXT,
    ("Electra", "Model"): _both(_TEXT, {"embedding_size": 16}, {"embedding_size": 24}),
    ("DebertaV2", "Model"): _both(_TEXT, {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}),
    ("Bart", "Model"): (
        {"d_model": 32, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "vocab_size": 64}
        | {"batch": 4, "length": 16, "other": 16, "encoder_layers": 1, "decoder_layers": 1}
        | dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
        {"d_model": 40, "encoder_ffn_dim": 44, "decoder_ffn_dim": 52, "vocab_size": 101}
        | {"batch": 3, "length": 7, "other": 11, "encoder_layers": 1, "decoder_layers": 1}
        | dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 5),
    ),
    ("Swin", "Model"): (
        {"embed_dim": 32, "depths": [1, 1], "num_heads": [2, 4], "window_size": 4, "patch_size": 2, "batch": 4}
        | {"image_size": 32, "side": 32},
        {"embed_dim": 36, "depths": [1, 1], "num_heads": [2, 4], "window_size": 4, "patch_size": 2, "batch": 3}
        | {"image_size": 48, "side": 48},
    ),
    ("Segformer", "Model"): (
        {"hidden_sizes": [16, 16, 32, 32], "depths": [1, 1, 1, 1], "side": 64, "batch": 4},
        {"hidden_sizes": [10, 20, 35, 40], "depths": [1, 1, 1, 1], "side": 96, "batch": 3},
    ),
    ("ResNet", "Model"): (
        {"embedding_size": 16, "hidden_sizes": [16, 16, 32], "depths": [1, 1, 1], "side": 64, "batch": 4},
        {"embedding_size": 12, "hidden_sizes": [12, 20, 36], "depths": [1, 1, 1], "side": 96, "batch": 3},
    ),
}


def main() -> int:
    """Print a line for each model; return 1 if a dimension or a name is wrong."""
    warnings.simplefilter("ignore")
    if (
        "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None
    ):  # vit-pytorch imports it for other models than these
        for name in ("torchvision", "torchvision.models", "torchvision.transforms"):
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = []
        sys.modules["torchvision"].transforms = sys.modules["torchvision.transforms"]  # type: ignore[attr-defined]
    wrong = 0
    for build, models in ((_vit, VIT), (_transformer, TRANSFORMERS)):
        for (first, second), (sizes, others) in models.items():

            def built(
                _build: Any = build, _names: tuple[str, str] = (first, second), **kwargs: Any
            ) -> tuple[nn.Module, tuple[Any, ...], dict[str, Any]]:
                torch.manual_seed(0)
                return _build(*_names, **kwargs)

            verdict = compare(run(built, **sizes), run(built, **others))
            before, after = named(built, **sizes), named(built, **others)
            differing = [place for place, names in before.names.items() if after.names.get(place, names) != names]
            wrong += len(verdict.wrong) + len(differing)
            known = verdict.known / verdict.total
            print(
                f"{first}.{second}: {verdict.total} dimensions, {known:.1%} known, {before.share:.1%} named, "
                f"{len(verdict.wrong)} wrong, {len(differing)} names differ",
                flush=True,
            )
            for text in (*verdict.wrong[:3], *map(str, differing[:3])):
                print(f"    {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
