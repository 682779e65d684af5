"""A run on a real GPU: what autograd keeps of one call, and the types of its outputs, for small models.

A plain script: `python tests/gpu/kept_bytes.py [NAME...]`. It needs torch alone, and takes CUDA if there is some. It
prints one JSON object, in a line of its own: for each model the types of its outputs, the bytes that autograd keeps
apart from parameters, buffers and arguments, and the type and shape of each value. `kept_bytes.json` has those of CUDA.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

MARK = "KEPT BYTES "
"""The beginning of the line of output that has the JSON: torch prints too."""


class Called(nn.Module):
    """A model whose forward is one function, with a projection before it so that its input needs a gradient."""

    def __init__(self, function: Callable[..., Any], features: int = 64, *parts: nn.Module) -> None:
        super().__init__()
        self.lin = nn.Linear(64, features)
        self.parts = nn.ModuleList(parts)
        self.function = function

    def forward(self, x: torch.Tensor, *rest: Any) -> Any:
        return self.function(self.lin(x), *self.parts, *rest)


def _heads(y: torch.Tensor) -> list[torch.Tensor]:
    batch, length, _ = y.shape
    return list(y.view(batch, length, 3, 4, -1).permute(2, 0, 3, 1, 4))


def _attention(**options: Any) -> Callable[..., Any]:
    def call(y: torch.Tensor, mask: torch.Tensor | None = None) -> Any:
        return F.scaled_dot_product_attention(*_heads(y), attn_mask=mask, **options)

    return call


def _maps(y: torch.Tensor) -> torch.Tensor:
    return y.view(y.shape[0], -1, 16, 16)


def _on_maps(*parts: nn.Module) -> Called:
    return Called(lambda y, *parts: nn.Sequential(*parts)(_maps(y)), 64, *parts)


def _part(*parts: nn.Module) -> Called:
    return Called(lambda y, *parts: nn.Sequential(*parts)(y), 64, *parts)


def _first(part: nn.Module) -> Called:
    return Called(lambda y, part: part(y)[0], 64, part)


_X = (8, 32, 64)
MODELS: dict[str, tuple[Callable[[], nn.Module], Callable[[Any], tuple[Any, ...]]]] = {
    "linear_relu": (lambda: _part(nn.ReLU(), nn.Linear(64, 64), nn.GELU(), nn.SiLU()), lambda d: (_x(d),)),
    "layer_norm": (lambda: _part(nn.LayerNorm(64)), lambda d: (_x(d),)),
    "rms_norm": (lambda: _part(nn.RMSNorm(64)), lambda d: (_x(d),)),
    "group_norm": (lambda: _on_maps(nn.GroupNorm(2, 8)), lambda d: (_x(d),)),
    "batch_norm": (lambda: _on_maps(nn.BatchNorm2d(8)), lambda d: (_x(d),)),
    "instance_norm": (lambda: _on_maps(nn.InstanceNorm2d(8, affine=True)), lambda d: (_x(d),)),
    "conv2d": (lambda: _on_maps(nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Conv2d(16, 4, 1)), lambda d: (_x(d),)),
    "depthwise": (lambda: _on_maps(nn.Conv2d(8, 8, 3, groups=8)), lambda d: (_x(d),)),
    "transposed": (lambda: _on_maps(nn.ConvTranspose2d(8, 8, 2, 2)), lambda d: (_x(d),)),
    "max_pool": (lambda: _on_maps(nn.MaxPool2d(2)), lambda d: (_x(d),)),
    "avg_pool": (lambda: _on_maps(nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1)), lambda d: (_x(d),)),
    "adaptive_max_pool": (lambda: _on_maps(nn.AdaptiveMaxPool2d(2)), lambda d: (_x(d),)),
    "upsample": (lambda: _on_maps(nn.Upsample(scale_factor=2, mode="bilinear")), lambda d: (_x(d),)),
    "grid_sample": (
        lambda: Called(lambda y, g: F.grid_sample(_maps(y), g, align_corners=False)),
        lambda d: (_x(d), torch.rand(8, 4, 4, 2, device=d)),
    ),
    "softmax": (lambda: Called(lambda y: y.softmax(-1).log()), lambda d: (_x(d),)),
    "cross_entropy": (
        lambda: Called(lambda y, t: F.cross_entropy(y.flatten(0, 1), t)),
        lambda d: (_x(d), torch.randint(64, (256,), device=d)),
    ),
    "nll_weighted": (
        lambda: Called(lambda y, t: F.nll_loss(y.flatten(0, 1).log_softmax(-1), t, ignore_index=3)),
        lambda d: (_x(d), torch.randint(64, (256,), device=d)),
    ),
    "bce": (
        lambda: Called(lambda y, t: F.binary_cross_entropy_with_logits(y, t)),
        lambda d: (_x(d), torch.rand(8, 32, 64, device=d)),
    ),
    "mse_l1": (
        lambda: Called(lambda y, t: F.mse_loss(y, t) + F.smooth_l1_loss(y, t)),
        lambda d: (_x(d), torch.rand(8, 32, 64, device=d)),
    ),
    "ctc": (
        lambda: Called(lambda y, t, m, n: F.ctc_loss(y.log_softmax(-1).transpose(0, 1), t, m, n)),
        lambda d: (_x(d), torch.randint(1, 64, (8, 10), device=d), torch.full((8,), 32), torch.full((8,), 10)),
    ),
    "embedding": (
        lambda: Called(lambda y, e, i: y + e(i), 64, nn.Embedding(100, 64)),
        lambda d: (_x(d), torch.randint(100, (8, 32), device=d)),
    ),
    "embedding_bag": (
        lambda: Called(lambda y, e, i: y.mean(1) + e(i), 64, nn.EmbeddingBag(100, 64, mode="mean")),
        lambda d: (_x(d), torch.randint(100, (8, 5), device=d)),
    ),
    "embedding_bag_max": (
        lambda: Called(lambda y, e, i: y.mean(1) + e(i), 64, nn.EmbeddingBag(100, 64, mode="max")),
        lambda d: (_x(d), torch.randint(100, (8, 5), device=d)),
    ),
    "dropout": (lambda: _part(nn.Dropout(0.1)), lambda d: (_x(d),)),
    "dropout2d": (lambda: _on_maps(nn.Dropout2d(0.1)), lambda d: (_x(d),)),
    "alpha_dropout": (lambda: _part(nn.AlphaDropout(0.1)), lambda d: (_x(d),)),
    "rrelu": (lambda: _part(nn.RReLU()), lambda d: (_x(d),)),
    "prelu": (lambda: _part(nn.PReLU()), lambda d: (_x(d),)),
    "attention": (lambda: Called(_attention(), 192), lambda d: (_x(d),)),
    "attention_causal": (lambda: Called(_attention(is_causal=True), 192), lambda d: (_x(d),)),
    "attention_dropout": (lambda: Called(_attention(dropout_p=0.1), 192), lambda d: (_x(d),)),
    "attention_mask": (lambda: Called(_attention(), 192), lambda d: (_x(d), torch.zeros(32, 32, device=d))),
    "attention_bias": (
        lambda: Called(_attention(), 192),
        lambda d: (_x(d), torch.zeros(8, 4, 32, 32, device=d, requires_grad=True)),
    ),
    "attention_half": (
        lambda: Called(_attention(is_causal=True), 192).bfloat16(),
        lambda d: (_x(d).bfloat16(),),
    ),
    "attention_half_dropout": (
        lambda: Called(_attention(dropout_p=0.1), 192).bfloat16(),
        lambda d: (_x(d).bfloat16(),),
    ),
    "attention_half_odd": (
        lambda: Called(_attention(), 60).bfloat16(),
        lambda d: (_x(d).bfloat16(),),
    ),
    "attention_odd_length": (lambda: Called(_attention(), 192), lambda d: (torch.randn(8, 29, 64, device=d),)),
    "attention_double": (lambda: Called(_attention(), 192).double(), lambda d: (_x(d).double(),)),
    "multihead": (
        lambda: Called(
            lambda y, a: a(y, y, y, need_weights=False)[0], 64, nn.MultiheadAttention(64, 4, batch_first=True)
        ),
        lambda d: (_x(d),),
    ),
    "multihead_weights": (
        lambda: Called(lambda y, a: a(y, y, y)[0], 64, nn.MultiheadAttention(64, 4, batch_first=True)),
        lambda d: (_x(d),),
    ),
    "encoder_layer": (
        lambda: _part(nn.TransformerEncoderLayer(64, 4, 128, 0.1, batch_first=True)),
        lambda d: (_x(d),),
    ),
    "lstm": (lambda: _first(nn.LSTM(64, 64, 2, batch_first=True)), lambda d: (_x(d),)),
    "gru": (lambda: _first(nn.GRU(64, 64, batch_first=True)), lambda d: (_x(d),)),
    "rnn": (lambda: _first(nn.RNN(64, 64, batch_first=True)), lambda d: (_x(d),)),
    "lstm_cell": (lambda: Called(lambda y, c: c(y[:, 0])[0], 64, nn.LSTMCell(64, 64)), lambda d: (_x(d),)),
    "gru_cell": (lambda: Called(lambda y, c: c(y[:, 0]), 64, nn.GRUCell(64, 64)), lambda d: (_x(d),)),
    "bilinear": (lambda: Called(lambda y, b: b(y, y), 64, nn.Bilinear(64, 64, 8)), lambda d: (_x(d),)),
    "cumulative": (lambda: Called(lambda y: y.cumsum(-1).cumprod(-1).sum()), lambda d: (_x(d),)),
    "sort_topk": (lambda: Called(lambda y: y.sort(-1)[0].sum() + y.topk(4)[0].sum()), lambda d: (_x(d),)),
    "scatter_gather": (
        lambda: Called(lambda y, i: y.gather(-1, i).sum() + y.scatter_add(-1, i, y).sum()),
        lambda d: (_x(d), torch.randint(64, (8, 32, 64), device=d)),
    ),
    "linalg": (
        lambda: Called(lambda y: torch.linalg.solve(y[:, :, :32] + 50 * torch.eye(32, device=y.device), y[:, :, 32:])),
        lambda d: (_x(d),),
    ),
    "linalg_svd": (lambda: Called(lambda y: torch.linalg.svdvals(y).sum()), lambda d: (_x(d),)),
    "cholesky": (
        lambda: Called(lambda y: torch.linalg.cholesky(y @ y.mT + 10 * torch.eye(32, device=y.device))),
        lambda d: (_x(d),),
    ),
    "einsum_bmm": (lambda: Called(lambda y: torch.einsum("bij,bkj->bik", y, y).exp()), lambda d: (_x(d),)),
    "fft": (lambda: Called(lambda y: torch.fft.rfft(y).abs().sum()), lambda d: (_x(d),)),
    "where_clamp": (lambda: Called(lambda y: torch.where(y > 0, y, y.exp()).clamp(-1, 1)), lambda d: (_x(d),)),
    "norm_std": (lambda: Called(lambda y: y.norm(dim=-1).sum() + y.std() + y.logsumexp(-1).sum()), lambda d: (_x(d),)),
    "weight_norm": (lambda: _part(nn.utils.parametrizations.weight_norm(nn.Linear(64, 64))), lambda d: (_x(d),)),
    "spectral_norm": (lambda: _part(nn.utils.parametrizations.spectral_norm(nn.Linear(64, 64))), lambda d: (_x(d),)),
    "cdist": (lambda: Called(lambda y: torch.cdist(y, y).sum()), lambda d: (_x(d),)),
    "gumbel": (lambda: Called(lambda y: F.gumbel_softmax(y)), lambda d: (_x(d),)),
    "unfold": (lambda: Called(lambda y: F.unfold(_maps(y), 3)), lambda d: (_x(d),)),
    "glu": (lambda: Called(lambda y: F.glu(y).sum() + F.softplus(y).sum() + F.hardswish(y).sum()), lambda d: (_x(d),)),
    "batch_norm_1d": (lambda: Called(lambda y, n: n(y.flatten(0, 1)), 64, nn.BatchNorm1d(64)), lambda d: (_x(d),)),
    "batch_norm_half": (lambda: _on_maps(nn.BatchNorm2d(8)).bfloat16(), lambda d: (_x(d).bfloat16(),)),
    "group_norm_half": (lambda: _on_maps(nn.GroupNorm(2, 8)).bfloat16(), lambda d: (_x(d).bfloat16(),)),
    "layer_norm_half": (lambda: _part(nn.LayerNorm(64)).bfloat16(), lambda d: (_x(d).bfloat16(),)),
    "rms_norm_half": (lambda: _part(nn.RMSNorm(64)).bfloat16(), lambda d: (_x(d).bfloat16(),)),
    "batch_norm_channels_last": (
        lambda: Called(lambda y, n: n(_maps(y).contiguous(memory_format=torch.channels_last)), 64, nn.BatchNorm2d(8)),
        lambda d: (_x(d),),
    ),
    "dropout_eval_attention": (
        lambda: Called(_attention(dropout_p=0.0, is_causal=True), 192).eval(),
        lambda d: (_x(d),),
    ),
}


def _x(device: Any) -> torch.Tensor:
    return torch.randn(*_X, device=device)


def _in_autocast(make: Callable[[], nn.Module], arguments: Callable[[Any], tuple[Any, ...]], dtype: torch.dtype) -> Any:
    class InAutocast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = make()

        def forward(self, *values: Any) -> Any:
            with torch.autocast("cuda", dtype):
                return self.inner(*values)

    return InAutocast, arguments


_AUTOCAST: dict[str, tuple[Callable[[], nn.Module], Callable[[Any], tuple[Any, ...]]]] = {
    "softmax": (lambda: Called(lambda y: y.softmax(-1)), lambda d: (_x(d),)),
    "exp_log_pow": (lambda: Called(lambda y: (y.exp(), y.abs().log(), y.pow(2), 2**y, y**y)), lambda d: (_x(d),)),
    "reductions": (
        lambda: Called(
            lambda y: (
                y.sum(),
                y.sum(-1),
                y.mean(),
                y.cumsum(-1),
                y.prod(-1),
                y.norm(),
                y.norm(dim=-1),
                y.std(),
                y.max(),
            )
        ),
        lambda d: (_x(d),),
    ),
    "given_dtypes": (
        lambda: Called(
            lambda y: (y.sum(-1, dtype=torch.bfloat16), y.softmax(-1, torch.float16), y.cumsum(0, dtype=y.dtype))
        ),
        lambda d: (_x(d),),
    ),
    "mixed": (
        lambda: Called(
            lambda y, x: (
                torch.cat([y, x]),
                torch.stack([y, x]),
                y + x,
                y * 2,
                y @ x.mT,
                torch.einsum("bij,bkj->bik", y, x),
            )
        ),
        lambda d: (_x(d), _x(d)),
    ),
    "promoted": (
        lambda: Called(
            lambda y, x: (
                torch.addcmul(x, y, y),
                torch.atan2(y, x),
                torch.cross(y[..., :3], x[..., :3], dim=-1),
                y.index_put((y > 0,), x[y > 0]),
            )
        ),
        lambda d: (_x(d), _x(d)),
    ),
    "double": (lambda: Called(lambda y, x: (x @ x.mT, x.exp())), lambda d: (_x(d), _x(d).double())),
    "losses": (
        lambda: Called(
            lambda y, t, x: (
                F.mse_loss(y, x),
                F.l1_loss(y, x),
                F.smooth_l1_loss(y, x),
                F.kl_div(y.log_softmax(-1), x.softmax(-1)),
                F.binary_cross_entropy_with_logits(y, x.sigmoid()),
                F.cross_entropy(y.flatten(0, 1), t),
                F.cosine_similarity(y, x),
                F.huber_loss(y, x),
            )
        ),
        lambda d: (_x(d), torch.randint(64, (256,), device=d), _x(d)),
    ),
    "refused": (lambda: Called(lambda y: F.binary_cross_entropy(y.sigmoid(), y.sigmoid())), lambda d: (_x(d),)),
    "activations": (
        lambda: Called(lambda y: (F.gelu(y), F.silu(y), F.softplus(y), F.relu(y), y.sigmoid(), y.tanh(), F.mish(y))),
        lambda d: (_x(d),),
    ),
    "resized": (
        lambda: Called(
            lambda y: (
                F.interpolate(_maps(y), scale_factor=2),
                F.interpolate(_maps(y), scale_factor=2, mode="bilinear"),
                F.avg_pool2d(_maps(y), 2),
                F.max_pool2d(_maps(y), 2),
                F.pad(_maps(y), (1, 1), mode="reflect"),
            )
        ),
        lambda d: (_x(d),),
    ),
    "distances": (
        lambda: Called(lambda y, x: (torch.cdist(y, x), F.normalize(y), y.logsumexp(-1))),
        lambda d: (_x(d), _x(d)),
    ),
    "recurrent_cells": (
        lambda: Called(lambda y, a, b: (a(y[:, 0])[0], b(y[:, 0])), 64, nn.LSTMCell(64, 64), nn.GRUCell(64, 64)),
        lambda d: (_x(d),),
    ),
    "linear_algebra": (
        lambda: Called(
            lambda y, x: (
                torch.mv(y[0], y[0, 0]),
                torch.dot(y[0, 0], x[0, 0]),
                torch.linalg.multi_dot([y[0].mT, y[0], x[0].mT]),
            )
        ),
        lambda d: (_x(d), _x(d)),
    ),
    "scattered": (
        lambda: Called(
            lambda y, x, i: (
                x.scatter_add(-1, i, y) if x.dtype == y.dtype else torch.scatter_add(x, -1, i, y),
                y.gather(-1, i),
            )
        ),
        lambda d: (_x(d), _x(d), torch.randint(64, (8, 32, 64), device=d)),
    ),
    "complex": (lambda: Called(lambda y: torch.fft.rfft(y.float()).abs()), lambda d: (_x(d),)),
    "nested_off": (lambda: _NestedOff(), lambda d: (_x(d),)),
}
"""Models that are called in an autocast for CUDA, besides some of `MODELS`."""
_ALSO = (
    *("linear_relu", "layer_norm", "rms_norm", "group_norm", "batch_norm", "instance_norm", "conv2d", "transposed"),
    *(
        "grid_sample",
        "prelu",
        "embedding",
        "attention",
        "attention_mask",
        "multihead",
        "lstm",
        "gru",
        "rnn",
        "bilinear",
    ),
    *("upsample", "weight_norm", "einsum_bmm", "cholesky", "linalg", "norm_std", "glu"),
)


class _NestedOff(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(64, 64)

    def forward(self, x: torch.Tensor) -> Any:
        y = self.lin(x)
        with torch.autocast("cuda", enabled=False):
            z = self.lin(y.float())
        return y, z, self.lin(z), torch.is_autocast_enabled("cuda"), torch.get_autocast_dtype("cuda")


for _name, (_make, _arguments) in {**{each: MODELS[each] for each in _ALSO}, **_AUTOCAST}.items():
    for _dtype in (torch.bfloat16, torch.float16):
        MODELS[f"autocast_{_name}_{str(_dtype)[6:]}"] = _in_autocast(_make, _arguments, _dtype)


def _types(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return str(value.dtype)[6:]
    return [_types(each) for each in value] if isinstance(value, (tuple, list)) else str(value)


def kept(name: str, device: str) -> dict[str, Any]:
    """The types of a model's outputs, the bytes that autograd keeps of the call, and type and shape of each value."""
    make, arguments = MODELS[name]
    torch.manual_seed(0)
    model = make().to(device)
    values = arguments(device)
    given = {t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers()]}
    given |= {t.untyped_storage().data_ptr() for t in values if isinstance(t, torch.Tensor)}
    storages: dict[int, tuple[int, str, Any]] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in given and storage.nbytes():
            text = f"{str(tensor.dtype)[6:]}{list(tensor.shape)}"
            storages[storage.data_ptr()] = (storage.nbytes(), text, storage)
        return tensor

    try:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            out = model(*values)
    except Exception as error:
        return {"problem": f"{type(error).__name__}: {error}"[:300]}
    kept = sorted(text for _, text, _ in storages.values())
    return {"outputs": _types(out), "bytes": sum(size for size, _, _ in storages.values()), "values": kept}


def main(names: list[str]) -> None:
    """Measure the models, all without names, on CUDA if there is some, else on the CPU."""
    warnings.simplefilter("ignore")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    found: dict[str, Any] = {"torch": torch.__version__, "models": {}}
    if device == "cuda":
        found["device"] = torch.cuda.get_device_name()
    found["models"] = {name: kept(name, device) for name in names or list(MODELS)}
    print(f"\n{MARK}{json.dumps(found)}")


if __name__ == "__main__":
    main(sys.argv[1:])
