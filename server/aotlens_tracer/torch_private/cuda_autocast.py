"""The autocast around a call, and `torch.autocast("cuda")` without CUDA, which gives the types that CUDA gives.

Without CUDA, torch disables such an autocast, and all types and saved bytes would be those of a run without it. The
CPU's own autocast is no substitute: it keeps `layer_norm`, `softmax`, `exp` and others in the lower precision, which
CUDA's runs in float32. So while an autocast for CUDA is entered, the CPU's autocast is, with CUDA's policies for the
operators in which the two differ (`aten/src/ATen/autocast_mode.h`, the lists `AT_FORALL_*`).
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
import torch._functorch.config
from torch import _C
from torch.amp.autocast_mode import autocast

__all__ = [
    "Autocast",
    "AutocastOfCuda",
    "autocast_now",
    "autocast_of_cuda",
    "in_autocast",
    "take_autocast_of_cpu_for_cuda",
]

_LOWER = (
    *("_convolution", "convolution", "addmv", "addr", "einsum", "mv", "chain_matmul", "linalg_multi_dot"),
    *("_thnn_fused_lstm_cell", "_thnn_fused_gru_cell", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"),
)
"""Operators that run in the lower precision on CUDA, and not by the CPU's policies."""
_RECURRENT = ("lstm.input", "lstm.data", "gru.input", "gru.data", "rnn_tanh.input", "rnn_tanh.data", "rnn_relu.input")
"""Operators that run cuDNN's kernel on CUDA. Its policy is float16, whatever the autocast's dtype is."""
_FLOAT32 = (
    *("acos", "asin", "cosh", "erfinv", "exp", "expm1", "log", "log10", "log2", "log1p", "reciprocal", "rsqrt"),
    *("sinh", "tan", "pow.Tensor_Scalar", "pow.Tensor_Tensor", "pow.Scalar", "softplus", "layer_norm"),
    *("native_layer_norm", "rms_norm", "group_norm", "frobenius_norm.dim", "nuclear_norm", "nuclear_norm.dim"),
    *("cosine_similarity", "dist", "pdist", "renorm", "logsumexp", "upsample_nearest1d", "_upsample_nearest_exact1d"),
    *("upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_nearest3d", "_upsample_nearest_exact3d"),
    *("upsample_linear1d", "upsample_bilinear2d", "_upsample_bilinear2d_aa", "upsample_trilinear3d"),
    *("upsample_bicubic2d", "_upsample_bicubic2d_aa"),
)
"""Operators that run in float32 on CUDA, and not by the CPU's policies."""
_FLOAT32_RESULT = (
    *("softmax.int", "log_softmax.int", "cumprod", "cumsum", "linalg_vector_norm", "linalg_matrix_norm"),
    *("linalg_matrix_norm.str_ord", "sum", "sum.dim_IntList", "prod", "prod.dim_int"),
)
"""Operators with an optional `dtype`, which is float32 on CUDA unless it is given."""
_NORMS = {"norm.Scalar": "norm.ScalarOpt_dtype", "norm.ScalarOpt_dim": "norm.ScalarOpt_dim_dtype"}
"""Operators for which CUDA's autocast runs an overload with a `dtype`, in float32."""
_PROMOTED = (
    *("addcdiv", "addcmul", "atan2", "bilinear", "cross", "dot", "vdot", "grid_sampler", "index_put"),
    *("tensordot", "scatter_add"),
)
"""Operators whose arguments get the widest of their types on CUDA."""
_KEPT = ("mkldnn_rnn_layer",)
"""Operators with a policy on the CPU alone that is kept: they are inside of `_RECURRENT`."""

_KEY = _C.DispatchKey.AutocastCPU
_AutocastKernel = Callable[..., Any]


class _Policies:
    """CUDA's policies in the place of the CPU's, while they are installed. They are put in at their first use."""

    def __init__(self) -> None:
        self._library: Any = None

    def install(self) -> None:
        """Put them in the place of the CPU's."""
        if self._library is None:
            self._library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]  # torch has no types for it
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # each of them is in the place of another one
                for name, kernel in _kernels():
                    self._library.impl(name, kernel, "AutocastCPU", allow_override=True)

    def remove(self) -> None:
        """Put the CPU's back."""
        if self._library is not None:
            self._library._destroy()
            self._library = None


class AutocastOfCuda:
    """Whether an autocast for CUDA was entered, and whether one for the CPU stands for it."""

    def __init__(self) -> None:
        self.is_used = False
        self.is_that_of_cpu = False


_states: list[AutocastOfCuda] = []


def take_autocast_of_cpu_for_cuda() -> None:
    """Let an autocast for the CPU be one for CUDA from now on.

    Code that wants CUDA and gets the CPU in its place asks its tensors or variables for the device: `x.device.type`.
    """
    for state in _states:
        state.is_that_of_cpu = True


@contextlib.contextmanager
def autocast_of_cuda(state: AutocastOfCuda) -> Iterator[None]:
    """Let an autocast for CUDA work on tensors of the CPU if there is no CUDA, and note in `state` that it was used.

    Its dtype is float16 unless it is given, as on CUDA, and `torch.is_autocast_enabled("cuda")` is true in it.
    """
    if torch.cuda.is_available():
        yield
        return
    policies = _Policies()
    original: Callable[..., None] = autocast.__init__
    enter: Callable[..., Any] = autocast.__enter__
    leave: Callable[..., Any] = autocast.__exit__

    @functools.wraps(original)
    def initialized(
        self: Any, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if device_type != "cuda" and not (device_type == "cpu" and state.is_that_of_cpu):
            original(self, device_type, dtype, enabled, cache_enabled)
            return
        original(self, "cpu", dtype or torch.get_autocast_dtype("cuda"), enabled, cache_enabled)
        self.device, self.is_of_cuda = "cuda", True  # Dynamo reads the device of an instance that decorates a function

    @functools.wraps(enter)
    def entered(self: Any) -> Any:
        if not getattr(self, "is_of_cuda", False):
            if self.device == "cpu" and self._enabled:
                policies.remove()
            return enter(self)
        self.state_of_cuda = (torch.is_autocast_enabled("cuda"), torch.get_autocast_dtype("cuda"))
        torch.set_autocast_enabled("cuda", self._enabled)
        torch.set_autocast_dtype("cuda", self.fast_dtype)
        if self._enabled:
            policies.install()
            state.is_used = True
        return _on_the_cpu(self, enter)

    @functools.wraps(leave)
    def left(self: Any, *error: Any) -> Any:
        if not getattr(self, "is_of_cuda", False):
            return leave(self, *error)
        enabled, dtype = self.state_of_cuda
        torch.set_autocast_enabled("cuda", enabled)
        torch.set_autocast_dtype("cuda", dtype)
        return _on_the_cpu(self, leave, *error)

    with (
        patch.object(autocast, "__init__", initialized),
        patch.object(autocast, "__enter__", entered),
        patch.object(autocast, "__exit__", left),
    ):
        _states.append(state)
        try:
            yield
        finally:
            _states.remove(state)
            policies.remove()


def _on_the_cpu(context: Any, function: Callable[..., Any], *args: Any) -> Any:
    context.device = "cpu"
    try:
        return function(context, *args)
    finally:
        context.device = "cuda"


@dataclass(frozen=True)
class Autocast:
    """An autocast that is entered: the type of its device, and its dtype."""

    device: str
    dtype: torch.dtype


def autocast_now() -> Autocast | None:
    """Return the autocast around the code that runs; None if there is none."""
    for device in ("cuda", "cpu"):
        if torch.is_autocast_enabled(device):
            return Autocast(device, torch.get_autocast_dtype(device))
    return None


@contextlib.contextmanager
def in_autocast(around: Autocast | None) -> Iterator[None]:
    """Run code in an autocast, if there is one. Its derivatives are computed without: `backward()` stands outside."""
    if around is None:
        yield
        return
    outside = {"backward_pass_autocast": "off"} if hasattr(torch._functorch.config, "backward_pass_autocast") else {}
    with torch.autocast(around.device, around.dtype), torch._functorch.config.patch(outside):
        yield


def _kernels() -> Iterator[tuple[str, Any]]:
    own = {name.removeprefix("aten::") for name in _C._dispatch_get_registrations_for_dispatch_key("AutocastCPU")}
    cuda = {name.removeprefix("aten::") for name in _C._dispatch_get_registrations_for_dispatch_key("AutocastCUDA")}
    for name in sorted(own - cuda - set(_KEPT)):
        yield name, torch.library.fallthrough_kernel
    kinds: tuple[tuple[tuple[str, ...], Callable[[Any], _AutocastKernel]], ...] = (
        (_LOWER, _lower),
        (_RECURRENT, lambda operator: _fixed(operator, torch.float16)),
        (_FLOAT32, lambda operator: _fixed(operator, torch.float32)),
        (_FLOAT32_RESULT, _float32_result),
        (tuple(_NORMS), _norm),
        (_PROMOTED, _promoted),
        (("binary_cross_entropy",), _refused),
    )
    for names, kind in kinds:
        for name in names:
            operator = _operator(name)
            if operator is not None:
                yield name, kind(operator)


def _operator(name: str) -> Any:
    """Return an operator; None if this version of torch has none of that name."""
    packet, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, packet, None), overload or "default", None)


def _below(operator: Any, args: Any, kwargs: Any) -> Any:
    with _C._ExcludeDispatchKeyGuard(_C.DispatchKeySet(_KEY)):
        return operator(*args, **kwargs)


def _cast(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(each, dtype) for each in value)
    return value.to(dtype) if _is_eligible(value) else value


def _is_eligible(value: Any) -> bool:
    is_floating = isinstance(value, torch.Tensor) and value.is_floating_point()
    return is_floating and value.device.type == "cpu" and value.dtype != torch.float64


def _in(operator: Any, dtype: torch.dtype, args: Any, kwargs: Any) -> Any:
    kwargs = {name: _cast(value, dtype) for name, value in kwargs.items()}
    return _below(operator, [_cast(each, dtype) for each in args], kwargs)


def _lower(operator: Any) -> _AutocastKernel:
    return lambda *args, **kwargs: _in(operator, torch.get_autocast_dtype("cpu"), args, kwargs)


def _fixed(operator: Any, dtype: torch.dtype) -> _AutocastKernel:
    return lambda *args, **kwargs: _in(operator, dtype, args, kwargs)


def _float32_result(operator: Any) -> _AutocastKernel:
    names = [argument.name for argument in operator._schema.arguments]
    place = names.index("dtype")

    def kernel(*args: Any, **kwargs: Any) -> Any:
        is_given = kwargs.get("dtype") is not None or (len(args) > place and args[place] is not None)
        if not is_given and _is_eligible(args[0]):
            if len(args) > place:
                args = (*args[:place], torch.float32, *args[place + 1 :])
            else:
                kwargs = {**kwargs, "dtype": torch.float32}
        return _below(operator, args, kwargs)

    return kernel


def _norm(operator: Any) -> _AutocastKernel:
    with_dtype = _operator(_NORMS[operator._schema.name.removeprefix("aten::") + f".{operator._schema.overload_name}"])
    names = [argument.name for argument in operator._schema.arguments]

    def kernel(*args: Any, **kwargs: Any) -> Any:
        if not _is_eligible(args[0]):
            return _below(operator, args, kwargs)
        given = {**{a.name: a.default_value for a in operator._schema.arguments if a.has_default_value()}, **kwargs}
        given.update(zip(names, args, strict=False))
        return _below(with_dtype, [given[name] for name in names], {"dtype": torch.float32})

    return kernel


def _promoted(operator: Any) -> _AutocastKernel:
    def kernel(*args: Any, **kwargs: Any) -> Any:
        flat = [each for value in (*args, *kwargs.values()) for each in (value if isinstance(value, list) else [value])]
        types = {each.dtype for each in flat if isinstance(each, torch.Tensor) and each.is_floating_point()}
        if torch.float64 in types:
            return _below(operator, args, kwargs)
        widest = torch.float32 if torch.float32 in types else torch.get_autocast_dtype("cpu")
        return _in(operator, widest, args, kwargs)

    return kernel


def _refused(operator: Any) -> _AutocastKernel:
    """An operator that CUDA's autocast refuses: torch's own kernel raises the error."""
    of_cuda = _C.DispatchKeySet(_C.DispatchKey.AutocastCUDA)
    return lambda *args, **kwargs: operator.redispatch(of_cuda, *args, **kwargs)
