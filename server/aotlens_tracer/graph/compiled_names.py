"""The user's names for the inputs and outputs of the graphs that torch.compile runs.

A value is recognized by its identity: the tensor that a graph takes is a parameter of the module, a leaf of the
arguments, or what an earlier graph returned. Only what is none of these is named by Dynamo's expression.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from ..torch_private import CompiledCall, CompiledGraph, Run, pytree
from ..wire.compiled import DynamoSource, SourceRole
from ..wire.dynamo_expressions import DynamoExpression, read_expression
from ..wire.places import Span
from .labels import argument_labels, output_labels
from .stack_traces import Sources, source_text


@dataclasses.dataclass(frozen=True)
class CompiledNames:
    """The names of the flat inputs and outputs of one graph, and the places of its inputs."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sources: tuple[DynamoSource | None, ...]


@dataclasses.dataclass(frozen=True)
class _Known:
    """A value that has a name, whatever expression Dynamo has for it."""

    role: SourceRole
    name: str


@dataclasses.dataclass(frozen=True)
class TracedCall:
    """The user's call, and the module whose parameters have names."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    module: nn.Module | None


def compiled_names(call: CompiledCall, traced: TracedCall, sources: Callable[[], Sources]) -> list[CompiledNames]:
    """Return the names of each graph of a call."""
    names = _Names(call, traced, [sources() for _ in call.graphs])
    return [names.of(index) for index in range(len(call.graphs))]


class _Names:
    def __init__(self, call: CompiledCall, traced: TracedCall, sources: Sequence[Sources]) -> None:
        self._call = call
        self._known = _registered(traced.module)
        for label, value in zip(
            argument_labels(traced.function, traced.args, traced.kwargs),
            pytree.tree_leaves((traced.args, traced.kwargs)),
        ):
            if isinstance(value, torch.Tensor):
                self._known.setdefault(id(value), _Known("argument", label))
        leaves, spec = pytree.tree_flatten(call.result)
        self._results: dict[int, str] = {}
        for label, value in zip(output_labels(spec), leaves):
            if isinstance(value, torch.Tensor):
                self._results.setdefault(id(value), label)
        self._made: dict[int, Span] = {}
        self._made_in: list[list[Span | None]] = []
        for graph, found in zip(call.graphs, sources):
            spans = [found.of_node(node) if node is not None else None for node in _returned(graph)]
            self._made_in.append(spans)
            for run in graph.runs:
                for span, value in zip(spans, run.outputs):
                    if span is not None and isinstance(value, torch.Tensor):
                        self._made.setdefault(id(value), span)
        self._locals: dict[int, str] = {}
        for graph in call.graphs:
            for position, source in enumerate(graph.sources):
                expression = _expression(source)
                if expression is None or expression.is_unnamed or expression.role != "argument":
                    continue
                for run in graph.runs:
                    self._locals.setdefault(id(run.inputs[position]), expression.name)

    def of(self, index: int) -> CompiledNames:
        graph = self._call.graphs[index]
        sources = tuple(self._source(graph, position) for position in range(len(graph.sources)))
        inputs = tuple(
            source.name if source is not None else f"args[{position}]" for position, source in enumerate(sources)
        )
        outputs = tuple(
            self._output(graph.runs[0].outputs[position], span) or f"output[{position}]"
            for position, span in enumerate(self._made_in[index])
        )
        return CompiledNames(inputs, outputs, sources)

    def _source(self, graph: CompiledGraph, position: int) -> DynamoSource | None:
        expression = _expression(graph.sources[position])
        if expression is None:
            return None
        text = _text(graph.sources[position])
        first = graph.runs[0]
        known = self._in_run(graph, first, position, expression)
        others = (self._in_run(graph, run, position, expression).name for run in graph.runs[1:])
        made_at = self._made.get(id(first.inputs[position])) if known.role == "local" else None
        return DynamoSource(
            text, known.role, known.name, made_at, tuple(name for name in dict.fromkeys(others) if name != known.name)
        )

    def _in_run(self, graph: CompiledGraph, run: Run, position: int, expression: DynamoExpression) -> _Known:
        """Return what an input is in one run of its graph."""
        value = run.inputs[position]
        if isinstance(value, torch.Tensor):
            if (known := self._known.get(id(value))) is not None:
                return known
            if expression.is_unnamed:
                span = self._made.get(id(value))
                return _Known("local", (source_text(span) if span is not None else None) or expression.name)
            role = expression.role
            if role in ("argument", "other") or id(value) in self._made:
                role = "local"
            return _Known(role, expression.name)
        if expression.base is not None:
            base = self._base(graph, run, expression.base)
            if base is not None:
                suffix = expression.name.removeprefix(read_expression(expression.base).name)
                return _Known("size", base + suffix)
            return _Known("size", expression.name)
        return _Known("number", expression.name)

    def _base(self, graph: CompiledGraph, run: Run, text: str) -> str | None:
        """Return the name of the tensor that a size is of, if the graph takes that tensor too."""
        for position, source in enumerate(graph.sources):
            if _text(source) == text:
                expression = read_expression(text)
                return self._in_run(graph, run, position, expression).name
        return None

    def _output(self, value: Any, span: Span | None) -> str | None:
        key = id(value)
        known = self._known.get(key)
        name = self._results.get(key) or (known.name if known is not None else None) or self._locals.get(key)
        return name or (source_text(span) if span is not None else None)


def _registered(module: nn.Module | None) -> dict[int, _Known]:
    """Return the parameters and buffers of a module by identity, each with its first name."""
    found: dict[int, _Known] = {}
    if module is not None:
        for name, parameter in module.named_parameters(remove_duplicate=False):
            found.setdefault(id(parameter), _Known("parameter", name))
        for name, buffer in module.named_buffers(remove_duplicate=False):
            found.setdefault(id(buffer), _Known("buffer", name))
    return found


def _returned(graph: CompiledGraph) -> list[Any]:
    """Return the node of each flat output of Dynamo's graph; None for a constant."""
    output = graph.joint.dynamo_graph.graph.output_node().args[0]
    given = output if isinstance(output, (tuple, list)) else (output,)
    return [node if isinstance(node, torch.fx.Node) else None for node in given]


def _text(source: Any) -> str:
    if source is None:
        return ""
    name = source.name
    return str(name() if callable(name) else name)


def _expression(source: Any) -> DynamoExpression | None:
    text = _text(source)
    return read_expression(text) if text else None
