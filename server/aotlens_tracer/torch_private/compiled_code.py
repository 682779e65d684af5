"""Code that the user has compiled by torch.compile, and what it is without that."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch._dynamo.eval_frame import OptimizedModule, innermost_fn
from torch._dynamo.output_graph import OutputGraph

__all__ = ["backend_of_all_code", "compiled_code_in_eager", "is_compiled", "without_compile"]

Backend = Callable[[torch.fx.GraphModule, Any], Callable[..., Any]]


def is_compiled(function: Callable[..., Any]) -> bool:
    """Whether a call of a module, function or bound method goes to what torch.compile has made of it."""
    if isinstance(function, OptimizedModule) or getattr(function, "_compiled_call_impl", None) is not None:
        return True
    if isinstance(function, nn.Module):
        return is_compiled(function.forward)
    return without_compile(function) is not function


def without_compile(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the user's own module, function or bound method behind a compiled one; itself if it is not compiled."""
    if isinstance(function, OptimizedModule):
        original: nn.Module = function._orig_mod
        return original
    if isinstance(function, types.MethodType):
        plain = innermost_fn(function.__func__)
        return function if plain is function.__func__ else types.MethodType(plain, function.__self__)
    return innermost_fn(function)


@contextlib.contextmanager
def backend_of_all_code(backend: Backend) -> Iterator[None]:
    """Let all graphs of Dynamo go to one backend, also those of code that has chosen another."""
    original = OutputGraph.call_user_compiler

    def call(output: Any, module: torch.fx.GraphModule, inputs: Any) -> Any:
        output.compiler_fn = backend
        return original(output, module, inputs)

    with patch.object(OutputGraph, "call_user_compiler", call):
        yield


@contextlib.contextmanager
def compiled_code_in_eager() -> Iterator[None]:
    """Let the user's compiled code run without a compiler: no kernel that one makes takes fake tensors."""
    original = OutputGraph.call_user_compiler

    def call(output: Any, module: torch.fx.GraphModule, inputs: Any) -> Any:
        # The backends of torch.compile; captures have backends of their own.
        chosen = getattr(output.compiler_fn, "_torchdynamo_orig_backend", output.compiler_fn)
        if type(chosen).__name__.startswith("_TorchCompile"):
            output.compiler_fn = _eager
        return original(output, module, inputs)

    with patch.object(OutputGraph, "call_user_compiler", call):
        yield


def _eager(module: torch.fx.GraphModule, inputs: Any) -> Callable[..., Any]:
    return module.forward
