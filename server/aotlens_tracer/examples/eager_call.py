"""The user's own call and its backward pass, without any capture. A failure here is not a limit of the tools."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from ..failures import BackwardError, ForwardError, reads_data, text_of
from ..torch_private import TorchDynamoException, pytree
from .evaluate import BuiltExample

_DERIVATIVE = re.compile(r"Error detected in (\w+)\. ")
"""The beginning of the warning in which autograd names the derivative that raises an error."""


_NEEDS_COMPILING = "found no compiled frames"
"""A part of the error of code that compiles itself, and must not be made in eager."""


@dataclass(frozen=True)
class Called:
    """The result of a call. `needs_data` is the error of a backward pass that reads data, which fake tensors lack."""

    outputs: Any
    needs_data: BackwardError | None = None


def call(example: BuiltExample) -> Called:
    """The result of the example's call, after a backward pass through it.

    Raises ForwardError, BackwardError, or what torch raises if `forward` reads data that fake tensors lack.
    """
    with _anomalies() as found:
        try:
            outputs = _forward(example)
        except Exception as error:
            if reads_data(error):
                raise
            raise ForwardError from error
        try:
            backward(outputs)
        except Exception as error:
            failed = _backward_error(found)
            if not reads_data(error):
                raise failed from error
            failed.__cause__ = error
            return Called(outputs, failed)
    return Called(outputs)


def backward(outputs: Any, of_loss: bool = False) -> None:
    """Make the backward pass from all results that require a gradient, each with an incoming gradient of ones.

    With `of_loss`, it begins at the scalars alone, if there are any: one of them is the loss.
    """
    try:
        leaves = pytree.tree_leaves(outputs)
    except RecursionError:  # a result that contains itself has no end: the tools refuse it, the backward pass does not
        return
    results = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.requires_grad]
    losses = [result for result in results if result.dim() == 0] if of_loss else []
    results = losses or results
    if results:
        torch.autograd.backward(results, [torch.ones_like(result) for result in results])


def _forward(example: BuiltExample) -> Any:
    """Make the call. A submodule that is compiled by itself, and that Dynamo refuses, is called in eager.

    Eager everywhere would not do: `flex_attention` compiles itself, and fails if it may not.
    """
    try:
        return example.function(*example.args, **example.kwargs)
    except TorchDynamoException:
        try:
            with torch.compiler.set_stance("force_eager"):
                return example.function(*example.args, **example.kwargs)
        except Exception as error:
            if _NEEDS_COMPILING not in text_of(error):
                raise
        raise


def _backward_error(warned: list[warnings.WarningMessage]) -> BackwardError:
    """Return the error for a backward pass, with what autograd's anomaly mode warned of."""
    for text in (str(warning.message) for warning in warned):
        _, _, stack = text.partition("caused the error:")
        if stack:
            name = _DERIVATIVE.search(text)
            return BackwardError(stack, name[1] if name is not None else None)
    return BackwardError(None)


@contextlib.contextmanager
def _anomalies() -> Iterator[list[warnings.WarningMessage]]:
    """Let autograd remember the stack of each operation, which it puts into a warning when the derivative fails."""
    with warnings.catch_warnings(record=True) as found, torch.autograd.set_detect_anomaly(True, check_nan=False):
        warnings.simplefilter("always")
        yield found
