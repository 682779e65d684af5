"""The third step: capture the joint graph, by Dynamo, or by AOTAutograd alone if Dynamo refuses the call."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..examples.dataclass_trees import register_in_arguments, register_in_result
from ..examples.eager_call import call
from ..examples.evaluate import BuiltExample
from ..failures import BackwardError, CaptureError, ForwardError, JointError, is_of_a_checkpoint, text_of
from ..graph.labels import argument_labels, output_labels
from ..graph.operations import ROOT, Owner
from ..graph.slot_labels import Labels
from ..torch_private import (
    KNOWN_TYPES,
    CompiledCall,
    JointCapture,
    dynamo_capture,
    joint_capture,
    pytree,
    share_state,
)
from ..wire.compiled import Compiled, DynamoSource

_ALIKE = 40
"""The number of characters in which two messages have to agree."""


@dataclass(frozen=True)
class CapturedGraph:
    """A joint graph, by which way it was captured, and the names of its inputs and outputs.

    `called` is the name of the function that the call runs. `owner` is the module whose method was captured; None if it
    is no module's. `cut` are the names of inputs that get no gradient in the
    call as a whole. The other fields are those of `Named`.
    """

    joint: JointCapture
    capture: str
    labels: Labels
    called: str
    dynamo: Sequence[DynamoSource | None] = ()
    compiled: Compiled | None = None
    internal: frozenset[int] = frozenset()
    owner: Owner | None = ROOT
    cut: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Captured:
    """The graphs of a call, and the error with which Dynamo refused it as a whole, if it did.

    `compiled` has the facts of torch.compile's run; None in the export convention. `reached` are the identities of the
    tensors to which that call as a whole gives a gradient; None if that is not known.
    """

    graphs: tuple[CapturedGraph, ...]
    dynamo_error: Exception | None = None
    compiled: CompiledCall | None = None
    reached: frozenset[int] | None = None


@contextlib.contextmanager
def capture(example: BuiltExample) -> Iterator[Captured]:
    """Yield the joint graph of the example's call; it is valid while entered.

    Raises ForwardError, BackwardError or CaptureError.
    """
    with contextlib.ExitStack() as stack:
        register_in_arguments(example.function, example.args, example.kwargs)
        try:
            captured = Captured((_through_dynamo(example, stack),))
        except Exception as error:
            stack.enter_context(example.fake())
            captured = _without_dynamo(example, error, stack)
        yield captured


def _through_dynamo(example: BuiltExample, stack: contextlib.ExitStack) -> CapturedGraph:
    # Outside the example's fake mode: Dynamo makes its own, and refuses inputs that are views within another.
    graph_module = dynamo_capture(example.function, example.args, example.kwargs)
    # A value that AOTAutograd takes as no input (a dtype, a device) is a constant in that graph by now.
    args, kwargs = pytree.tree_map(_known, (example.args, example.kwargs))
    try:
        joint, outputs = stack.enter_context(joint_capture(graph_module, args, kwargs, example.function))
    except Exception as error:
        raise JointError from error
    return _captured(example, joint, outputs, "dynamo")


def _captured(example: BuiltExample, joint: JointCapture, outputs: pytree.TreeSpec, way: str) -> CapturedGraph:
    labels = Labels(argument_labels(example.function, example.args, example.kwargs), output_labels(outputs))
    return CapturedGraph(joint, way, labels, example.called)


def _known(leaf: Any) -> Any:
    return leaf if isinstance(leaf, tuple(KNOWN_TYPES)) else str(leaf)


def _without_dynamo(example: BuiltExample, dynamo_error: Exception, stack: contextlib.ExitStack) -> Captured:
    """Capture the module directly, after Dynamo refused; if that fails too, raise the user's own error if there is one.

    The call itself is made last: it may change the example's tensors in place.
    """
    try:
        module = as_module(example.function, example.module)
        joint, outputs = stack.enter_context(joint_capture(module, example.args, example.kwargs, None))
        return Captured((_captured(example, joint, outputs, "direct"),), dynamo_error)
    except Exception as error:
        direct_error = error
    try:
        called = call(example)
    except ForwardError as error:
        # A leftover of the attempted capture, in a cache of the module's, is no mistake of the user's.
        if error.__cause__ is not None and "FunctionalTensor" in text_of(error.__cause__):
            raise CaptureError(dynamo_error, direct_error) from None
        raise
    except BackwardError as error:
        # Our own backward pass may cause another error, as on a graph that the call itself went back through.
        cause = error.__cause__
        refusals = (direct_error, dynamo_error.__cause__)  # the second is AOTAutograd's, of the graph that Dynamo made
        is_known = any(_are_alike(cause, refusal) for refusal in refusals) or _takes_nested(example)
        if not is_known and not (cause is not None and is_of_a_checkpoint(cause)):
            raise CaptureError(dynamo_error, direct_error) from None
        raise
    except Exception as error:  # it reads data
        raise CaptureError(dynamo_error) from error
    if _takes_nested(example):
        raise CaptureError(dynamo_error) from dynamo_error.__cause__ or dynamo_error
    if register_in_result(called.outputs):  # only now does torch know that an output's type holds tensors
        return Captured((_through_dynamo(example, stack),))
    raise CaptureError(dynamo_error, direct_error, called.needs_data)


def _takes_nested(example: BuiltExample) -> bool:
    """Whether an argument is a nested tensor. AOTAutograd alone cannot take one: it has no symbols for its sizes."""
    leaves = pytree.tree_leaves((example.args, example.kwargs))
    return any(isinstance(leaf, torch.Tensor) and leaf.is_nested for leaf in leaves)


def _are_alike(one: BaseException | None, other: BaseException | None) -> bool:
    """Whether two errors say the same, as far as they do not name operations or sizes."""
    return type(one) is type(other) and str(one)[:_ALIKE] == str(other)[:_ALIKE]


def as_module(function: Callable[..., Any], owner: nn.Module | None) -> nn.Module:
    """Return a module whose forward is `function` and whose parameters have the names that they have in `owner`."""
    if isinstance(function, nn.Module):
        return function
    wrapper = _Wrapper(function)
    if owner is not None:
        share_state(wrapper, owner)
    return wrapper


class _Wrapper(nn.Module):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        object.__setattr__(self, "_function", function)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        call: Callable[..., Any] = self.__dict__["_function"]
        return call(*args, **kwargs)
