"""Private parts of `nn.Module`."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

CALL_CODE: types.CodeType = nn.Module._call_impl.__code__
"""The code of the frame in which a module is called; its local `self` is the module."""
CONVERSION_CODE: types.CodeType = nn.Module._apply.__code__
"""The code of the frame in which `.to()`, `.half()` and the like convert the tensors of a module."""
BATCH_NORMS: type[nn.Module] = nn.modules.batchnorm._NormBase
"""The base class of batch norms and instance norms."""


@contextlib.contextmanager
def calls_of_modules(begin: Callable[[nn.Module], None], end: Callable[[], None]) -> Iterator[None]:
    """Tell `begin` of each call of a module, and `end` as it ends, also by an error.

    Hooks would not do: they run within the call, and a module that has none takes a shorter way.
    """
    original: Callable[..., Any] = nn.Module._call_impl

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        begin(module)
        try:
            return original(module, *args, **kwargs)
        finally:
            end()

    with patch.object(nn.Module, "_call_impl", call):
        yield


def has_no_forward(cls: type[nn.Module]) -> bool:
    """Whether a module class defines no `forward`."""
    return getattr(cls.forward, "__name__", "") == "_forward_unimplemented"


def own_tensor(owner: nn.Module, name: str) -> torch.Tensor | None:
    """Return the parameter or buffer that a module registers as `name`, else None. A scripted module has them too."""
    for tensors in (owner._parameters, owner._buffers):
        if name in tensors:
            return tensors[name]
    return None


def own_module(owner: nn.Module, name: str) -> nn.Module | None:
    """Return the module that a module registers as `name`, else None. A scripted module has them too."""
    if name not in owner._modules:  # that of a scripted module is no dict, and has no `get`
        return None
    return owner._modules[name]


_STANDARD = frozenset(vars(nn.Module()))
"""The attributes that each module has; it keeps its tensors and hooks in some of them."""


def kept_by(module: nn.Module) -> Iterator[tuple[str, Any, bool]]:
    """Yield the buffers and the plain attributes of a module, each with its name and whether it is a buffer."""
    for name, buffer in list(module._buffers.items()):
        yield name, buffer, True
    for name, value in list(vars(module).items()):
        if name not in _STANDARD:
            yield name, value, False


def kept_as(module: nn.Module, name: str) -> Any:
    """Return what `kept_by` has under a name, without looking at the others; None if there is nothing."""
    buffers = module._buffers
    return buffers[name] if name in buffers else vars(module).get(name)


def hooks_of(module: nn.Module) -> Iterator[Callable[..., Any]]:
    """Yield the functions that are hooked onto the calls of a module."""
    yield from module._forward_pre_hooks.values()
    yield from module._forward_hooks.values()


def share_state(wrapper: nn.Module, owner: nn.Module) -> None:
    """Let `wrapper` have the parameters, buffers and submodules of `owner`, under their names.

    They are shared, not copied: a functional call swaps tensors in these very dictionaries.
    """
    for name in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"):
        wrapper.__dict__[name] = owner.__dict__[name]
    wrapper.training = owner.training


Convert = Callable[[torch.Tensor], torch.Tensor]


@contextlib.contextmanager
def patched_conversions(
    is_taken: Callable[[nn.Module], bool],
    replaced: Callable[[nn.Parameter, Convert], nn.Parameter],
    finished: Callable[[], None],
) -> Iterator[None]:
    """Let `.to(dtype)`, `.half()` and the like put `replaced(parameter, convert)` in the place of each parameter.

    Only of the modules that `is_taken` accepts; `finished` is called after each outermost conversion. Torch's own
    `nn.Module._apply` swaps tensors, which fails once anything refers to them weakly (torch 2.13 to 2.15).
    """
    original = nn.Module._apply
    depth = 0

    def apply(module: nn.Module, convert: Convert, recurse: bool = True) -> nn.Module:
        nonlocal depth
        if not is_taken(module):
            original(module, convert, recurse)  # type: ignore[no-untyped-call]  # torch has no types
            return module
        depth += 1
        try:
            if recurse:
                for child in module.children():
                    child._apply(convert)  # type: ignore[no-untyped-call]  # torch has no types
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    module._parameters[name] = replaced(parameter, convert)
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = convert(buffer)
            return module
        finally:
            depth -= 1
            if depth == 0:
                finished()

    with patch.object(nn.Module, "_apply", apply):
        yield
