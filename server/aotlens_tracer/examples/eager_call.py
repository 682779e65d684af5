"""The user's own call and its backward pass, without any capture. A failure here is not a limit of the tools."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import torch

from ..failures import BackwardError, ForwardError, reads_data
from ..torch_private import pytree
from .evaluate import BuiltExample


def call(example: BuiltExample) -> Any:
    """The result of the example's call, after a backward pass through it.

    Raises ForwardError, BackwardError, or what torch raises if data are read that fake tensors lack.
    """
    with _anomalies() as found:
        try:
            outputs = example.function(*example.args, **example.kwargs)
        except Exception as error:
            if reads_data(error):
                raise
            raise ForwardError from error
        results = [
            leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, torch.Tensor) and leaf.requires_grad
        ]
        try:
            if results:
                torch.autograd.backward(results, [torch.ones_like(result) for result in results])
        except Exception as error:
            if reads_data(error):
                return outputs
            stacks = [str(warning.message).partition("caused the error:")[2] for warning in found]
            raise BackwardError(next((stack for stack in stacks if stack), None)) from error
    return outputs


@contextlib.contextmanager
def _anomalies() -> Iterator[list[warnings.WarningMessage]]:
    """Let autograd remember the stack of each operation, which it puts into a warning when the derivative fails."""
    with warnings.catch_warnings(record=True) as found, torch.autograd.set_detect_anomaly(True, check_nan=False):
        warnings.simplefilter("always")
        yield found
