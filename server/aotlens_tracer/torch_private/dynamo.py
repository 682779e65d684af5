"""Capture by Dynamo: the forward of a module as one graph, and what its placeholders stand for."""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import torch
import torch._dynamo
import torch._dynamo.config
from torch import nn
from torch._dynamo import symbolic_convert
from torch._dynamo.exc import TorchDynamoException, Unsupported
from torch._dynamo.functional_export import dynamo_graph_capture_for_export
from torch._dynamo.symbolic_convert import InstructionTranslatorBase
from torch.nn.attention import flex_attention

from .compiled_code import without_compile
from .einops_recipes import CONSTANT_RESULT, constant_einops_recipes
from .refused_marks import noting_conditions

__all__ = [
    "TorchDynamoException",
    "Unsupported",
    "compiling",
    "dynamo_capture",
    "dynamo_inputs",
    "dynamo_settings",
    "take_flex_attention_on_cpu",
]


def take_flex_attention_on_cpu() -> None:
    """Let `flex_attention` take tensors on a CPU that need a gradient, if there is no CUDA.

    It refuses them because no kernel exists (torch 2.13 to 2.15); a trace runs no kernel.
    """
    if not torch.cuda.is_available():
        flex_attention._validate_device = lambda query, key, value: None


@contextlib.contextmanager
def compiling() -> Iterator[None]:
    """Let `torch.compiler.is_compiling()` be true, as it is within Dynamo."""
    with patch.object(torch.compiler, "_is_compiling_flag", True):
        yield


def dynamo_capture(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.fx.GraphModule:
    """Return the forward of a module, function or bound method as one Dynamo graph. Raises what Dynamo raises."""
    with dynamo_settings():
        with constant_einops_recipes() as are_given:
            try:
                return _captured(function, args, kwargs)
            except Exception as error:
                # A pattern that fits no tensor, which the call may catch; an operation of the user's in `reduce`.
                if not are_given or (isinstance(error, TorchDynamoException) and CONSTANT_RESULT not in str(error)):
                    raise
        return _captured(function, args, kwargs)


def _captured(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.fx.GraphModule:
    if isinstance(function, nn.Module):
        held = function.forward  # read once: each reading may make another
        forward = without_compile(held)
        function = function if forward == held else forward
    graph_module: torch.fx.GraphModule = dynamo_graph_capture_for_export(_with_code(function))(*args, **kwargs)
    return graph_module


def _with_code(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what is captured: a function or bound method of Python's, or a module whose `forward` is one.

    Dynamo takes other callables inside of a call, but not as the call itself (torch 2.13 to 2.15): a `forward` may be a
    `functools.partial`, a `partialmethod`, a builtin, another module, or what a decorator made.
    """
    called = function.forward if isinstance(function, nn.Module) else function
    if inspect.isfunction(called) or (inspect.ismethod(called) and inspect.isfunction(called.__func__)):
        return function
    if isinstance(function, torch.fx.GraphModule):
        return function
    return types.MethodType(_call, function)


def _call(self: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return self(*args, **kwargs)


@contextlib.contextmanager
def dynamo_settings() -> Iterator[None]:
    """Take RNNs and pass over loggers: neither changes what the graph's inputs and outputs are."""
    settings = torch._dynamo.config.patch(allow_rnn=True, ignore_logging_functions=_logging_functions())
    with (
        settings,
        whole_spans(),
        noting_conditions(),
        _remembered_carets(),
        _no_names_in_log(),
        warnings.catch_warnings(),
    ):
        # Meant for those who would run the exported module: mutated buffers are what our findings report.
        warnings.filterwarnings("ignore", "While compiling, we found certain side effects")
        yield


def _remembered_carets() -> AbstractContextManager[Any]:
    """Let the traceback module parse an expression once: Dynamo makes the text of each node's stack anew.

    Python 3.11 to 3.13 have this function, which looks for the operator that the carets mark.
    """
    name = "_extract_caret_anchors_from_line_segment"
    anchors = getattr(traceback, name, None)
    if anchors is None:
        return contextlib.nullcontext()
    return patch.object(traceback, name, functools.lru_cache(anchors))


def _no_names_in_log() -> AbstractContextManager[Any]:
    """Let Dynamo not read whole files for the names of functions, which it needs for lines of its log alone.

    It makes them for every operation, also where the log is off (torch 2.13 to 2.15), and torch's own files are long.
    """
    return patch.object(symbolic_convert, "get_funcname", lambda filename, lineno: None)


def _logging_functions() -> set[Callable[..., Any]]:
    """Return the logging methods of loggers, those included that a library adds (transformers: `warning_once`).

    Dynamo lets them return None: with `isEnabledFor` nothing is enabled.
    """
    names = ("debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log", "isEnabledFor")
    found = {getattr(logging.Logger, name) for name in names if hasattr(logging.Logger, name)}
    added = [value for name, value in vars(logging.Logger).items() if not name.startswith("_") and callable(value)]
    return found | {value for value in added if getattr(value, "__module__", None) != logging.__name__}


@contextlib.contextmanager
def whole_spans() -> Iterator[None]:
    """Let Dynamo's stack traces mark where an expression ends.

    Its frame summaries carry columns but no end line, so that the traceback module marks everything up to the end of
    the line (torch 2.13 to 2.15).
    """
    original = InstructionTranslatorBase.frame_summary

    def frame_summary(translator: InstructionTranslatorBase) -> traceback.FrameSummary:
        summary = original(translator)
        positions = translator.current_instruction.positions
        if positions is not None and getattr(summary, "end_lineno", 0) is None:
            summary.end_lineno = positions.end_lineno  # type: ignore[attr-defined]  # Python 3.10 has none
        return summary

    with patch.object(InstructionTranslatorBase, "frame_summary", frame_summary):
        yield


def dynamo_inputs(
    graph_module: torch.fx.GraphModule, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[torch.fx.Node, Any]:
    """Return what the placeholders of Dynamo's graph stand for: the parameters, buffers and arguments themselves.

    A placeholder is left out if Dynamo reached its value in a way that cannot be repeated from here.
    """
    inner = function.forward if isinstance(function, nn.Module) else function
    owner = function if isinstance(function, nn.Module) else getattr(function, "__self__", None)
    local = {"self": owner} if owner is not None else {}
    # A decorator's wrapper is what Dynamo sees called, with names of its own: `args[0]` may be the module.
    plain = getattr(inner, "__func__", inner)
    if _with_code(function) != function:
        owner, plain = function, _call
    given = args if plain is inner else (owner, *args)
    with contextlib.suppress(Exception):
        local |= inspect.signature(plain, follow_wrapped=False).bind(*given, **kwargs).arguments
    known = {"L": local, "G": getattr(plain, "__globals__", {})}
    found = {}
    for node in graph_module.graph.find_nodes(op="placeholder"):
        source: Any = getattr(node, "_dynamo_source", None)
        with contextlib.suppress(Exception):
            name = source.name() if callable(source.name) else source.name
            found[node] = eval(name, dict(known))
    return found
