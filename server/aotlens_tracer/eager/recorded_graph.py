"""A call in eager as a graph: each function of torch's that it calls is a node, with its value and its place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

from ..examples.evaluate import BuiltExample
from ..failures import Codebase
from ..torch_private import CUSTOM_FUNCTION, DERIVATIVES, DETACHING, NEW_PARAMETER, functorch_layers, pytree
from ..wire.cut_gradients import How
from ..wire.descriptor_map import Span
from .call_recorder import CallRecorder
from .calls import Call


@dataclass(frozen=True)
class RecordedGraph:
    """The graph of a call. `inputs` are what its placeholders stand for, `places` the sources of its nodes.

    `unrecorded` are the nodes that run where autograd records nothing, each with the mode.
    """

    graph: torch.fx.Graph = field(default_factory=torch.fx.Graph)
    inputs: dict[torch.fx.Node, Any] = field(default_factory=dict)
    places: dict[torch.fx.Node, Span | None] = field(default_factory=dict)
    unrecorded: dict[torch.fx.Node, How] = field(default_factory=dict)


def recorded_graph(example: BuiltExample, codebase: Codebase) -> RecordedGraph | None:
    """Make the example's call, and return its graph; None if the call goes through something that is not recorded.

    The call may change the example's tensors in place. Raises what it raises.
    """
    recorder = _GraphRecorder(codebase)
    module = example.module
    given = [*module.parameters(), *module.buffers()] if module is not None else []
    with torch.compiler.set_stance("force_eager"), example.fake():
        for tensor in (*given, *pytree.tree_leaves((example.args, example.kwargs))):
            recorder.add_input(tensor)
        with recorder.recording():
            result = example.function(*example.args, **example.kwargs)
    return recorder.finished(result)


class _GraphRecorder(CallRecorder):
    """Records calls as nodes. The tensors are kept alive by the nodes, so that Python does not reuse their ids."""

    def __init__(self, codebase: Codebase) -> None:
        super().__init__(codebase)
        self._found = RecordedGraph()
        self._nodes: dict[int, torch.fx.Node] = {}
        self._is_complete = True
        self._depth = 0

    def add_input(self, value: Any) -> None:
        """Add a placeholder for a tensor."""
        if isinstance(value, torch.Tensor) and id(value) not in self._nodes:
            node = self._found.graph.placeholder(f"input_{len(self._nodes)}")
            node.meta["example_value"] = value
            self._nodes[id(value)] = node
            self._found.inputs[node] = value

    def finished(self, result: Any) -> RecordedGraph | None:
        """Return the graph with its output."""
        tensors = [leaf for leaf in pytree.tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        if not self._is_complete or any(id(tensor) not in self._nodes for tensor in tensors):
            return None
        self._found.graph.output(tuple(self._nodes[id(tensor)] for tensor in tensors))
        return self._found

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record everything that is called while this is entered, new parameters included."""
        make: Callable[..., Any] = nn.Parameter.__new__

        def recorded_make(cls: type, *args: Any, **kwargs: Any) -> Any:
            return self._call(Call(make, (cls, *args), kwargs, self.site_here()))

        with super().recording(), patch.object(nn.Parameter, "__new__", recorded_make):
            yield

    def _call(self, call: Call) -> Any:
        self._depth += 1
        try:
            result = super()._call(call)
        finally:
            self._depth -= 1
        if self._depth == 0:  # a custom function counts as one call
            self._add(call, result)
        return result

    def _add(self, call: Call, result: Any) -> None:
        name, args, kwargs = _named(call)
        made = result
        if name in ("__setitem__", "copy_") or (name.startswith("__i") and result is None):
            made = call.args[0]
        arguments = pytree.tree_map(self._argument, list(args))
        keywords = {key: pytree.tree_map(self._argument, value) for key, value in kwargs.items()}
        node = self._found.graph.call_method(name, tuple(arguments), keywords)
        node.meta["example_value"] = made
        self._found.places[node] = call.site.span
        if not torch.is_grad_enabled():
            self._found.unrecorded[node] = "inference-mode" if torch.is_inference_mode_enabled() else "no-grad"
        for leaf in pytree.tree_leaves(made):
            if isinstance(leaf, torch.Tensor):
                self._nodes[id(leaf)] = node

    def _argument(self, value: Any) -> Any:
        """Return what stands for an argument in the graph: a node for a tensor; simple values stay."""
        if not isinstance(value, torch.Tensor):
            return value if isinstance(value, (bool, int, float, str, type(None))) else None
        if id(value) not in self._nodes:
            # A constant is no node. A value with a history, or of a transform, was made by something unrecorded.
            self._is_complete &= value.grad_fn is None and len(list(functorch_layers(value))) == 1
        return self._nodes.get(id(value))


def _named(call: Call) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """Return the name and the arguments of a call, as Dynamo would have them in its graph."""
    function, args, kwargs = call.function, call.args, call.kwargs
    if call.is_custom:
        return CUSTOM_FUNCTION, args, kwargs
    name: str = getattr(function, "__name__", type(function).__name__)
    if name == "__new__":
        return NEW_PARAMETER, args[1:], kwargs
    if function is torch.autograd.grad:
        has_graph = kwargs.get("create_graph", args[4] if len(args) > 4 else False)
        return DERIVATIVES[0], args, {"create_graph": has_graph}
    if name == "__get__":
        attribute: str = getattr(function.__self__, "__name__", name)  # type: ignore[attr-defined]  # a slot's getter
        return (DETACHING[0], args, {}) if attribute == "data" else ("getattr", (args[0], attribute), {})
    return name, args, kwargs
