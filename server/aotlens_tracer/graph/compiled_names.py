"""The user's names for the inputs and outputs of the graphs that torch.compile runs.

A value is recognized by its identity: the tensor that a graph takes is a parameter of the module, a leaf of the
arguments, or what an earlier graph returned. Only what is none of these is named by Dynamo's expression.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn

from ..torch_private import CompiledCall, CompiledGraph, Run, names_of_buffers, names_of_parameters, pytree
from ..wire.compiled import DynamoSource, SourceRole
from ..wire.dynamo_expressions import DynamoExpression, read_expression, without_dict
from ..wire.places import Span
from .gradient_history import GradientHistory
from .labels import argument_labels, output_labels
from .operations import SELF, Owner
from .stack_traces import Sources, source_text, span_of_summary
from .tensors import tensors_in

_NUMBERS = (bool, int, float, complex, torch.SymInt, torch.SymFloat, torch.SymBool)
_REGISTRY = re.compile(r"(?:\._orig_mod)?\._(?:modules|parameters|buffers)\b")
"""The first step from a module to one of its parameters in an expression of Dynamo's."""


@dataclasses.dataclass(frozen=True)
class CompiledNames:
    """The names of the flat inputs and outputs of one graph, and the places of its inputs.

    In `sources`, the output in `made_by` is a flat one of Dynamo's graph. `internal` are the positions of the outputs
    that the call does not return. `owner` is the module whose method was compiled; None if it is no module's, or not
    known. `cut` are the names of the inputs that require a gradient, and get none in the
    call as a whole.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sources: tuple[DynamoSource | None, ...]
    internal: frozenset[int]
    owner: Owner | None
    cut: frozenset[str]


@dataclasses.dataclass(frozen=True)
class TracedCall:
    """The user's call, and the module whose parameters have names."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    module: nn.Module | None


def compiled_names(call: CompiledCall, traced: TracedCall, sources: Callable[[], Sources]) -> list[CompiledNames]:
    """Return the names of each graph of a call."""
    values = _Values(call, traced, sources)
    return [_Graph(call, graph, values).names(index) for index, graph in enumerate(call.graphs)]


@dataclasses.dataclass(frozen=True)
class _Known:
    """A value with the role and name that it has whatever expression Dynamo has for it. Several names: it is tied."""

    role: SourceRole
    names: tuple[str, ...]

    def name(self, path: str) -> str:
        """Return the name that ends as a path does, else the first."""
        return next((name for name in self.names if f".{name}".endswith(f".{path}")), self.names[0])


@dataclasses.dataclass(frozen=True)
class _Made:
    """The flat output of a graph that a value is: the graph's number, the position, and the expression's place."""

    graph: int
    position: int
    span: Span | None


class _Values:
    """The tensors of a call by identity. All are alive, because the call keeps those of each run."""

    def __init__(self, call: CompiledCall, traced: TracedCall, sources: Callable[[], Sources]) -> None:
        self.known = _registered(traced.module)
        self.numbers: set[str] = set()
        labels = argument_labels(traced.function, traced.args, traced.kwargs)
        for label, value in zip(labels, pytree.tree_leaves((traced.args, traced.kwargs))):
            if isinstance(value, torch.Tensor):
                self.known.setdefault(id(value), _Known("argument", (label,)))
            elif isinstance(value, (int, float)):
                self.numbers.add(label)
        registered = [] if traced.module is None else [*traced.module.parameters(), *traced.module.buffers()]
        self.pieces: dict[int, tuple[torch.Tensor, str]] = {}
        for value in (*registered, *pytree.tree_leaves((traced.args, traced.kwargs))):
            for path, piece in tensors_in(value):
                if id(piece) not in self.known:
                    self.pieces.setdefault(id(piece), (value, path))
        leaves, spec = pytree.tree_flatten(call.result)
        self.results: dict[int, str] = {}
        for label, value in zip(output_labels(spec), leaves):
            if isinstance(value, torch.Tensor):
                self.results.setdefault(id(value), label)
        history = GradientHistory.of(leaves)
        self.reached = history.leaves if history is not None else None
        self.made: dict[int, _Made] = {}
        self.spans: list[list[Span | None]] = []
        self.locals: dict[tuple[int, Any], str] = {}
        for index, graph in enumerate(call.graphs):
            found = sources()
            spans = [found.of_node(node) if node is not None else None for node in _returned(graph)]
            self.spans.append(spans)
            for run in graph.runs:
                for position, (span, value) in enumerate(zip(spans, run.outputs)):
                    if isinstance(value, torch.Tensor):
                        self.made.setdefault(id(value), _Made(index, position, span))
            for position, source in enumerate(graph.sources):
                expression = expression_of(source)
                if graph.resumes_at is None or expression is None or expression.is_unnamed:
                    continue  # an argument of a function has the function's own name for it
                if expression.role == "argument":
                    for run in graph.runs:
                        if isinstance(run.inputs[position], torch.Tensor):
                            self.locals.setdefault((id(run.inputs[position]), graph.code), expression.name)


class _Graph:
    """One graph, whose inputs and outputs are named."""

    def __init__(self, call: CompiledCall, graph: CompiledGraph, values: _Values) -> None:
        self._call = call
        self._graph = graph
        self._values = values
        self._expressions = [expression_of(source) for source in graph.sources]
        self._at_break = self._expression_at_break()
        self._owner = self._module_of_method()

    def names(self, index: int) -> CompiledNames:
        sources = tuple(map(self._source, range(len(self._expressions))))
        inputs = tuple(
            source.name + source.piece if source is not None else f"args[{position}]"
            for position, source in enumerate(sources)
        )
        spans = self._values.spans[index]
        returned = zip(*(run.outputs for run in self._graph.runs), strict=True)
        passed: dict[Any, str] = dict(zip(self._graph.joint.dynamo_graph.graph.find_nodes(op="placeholder"), inputs))
        named = tuple(
            self._output(in_runs, span)
            if isinstance(in_runs[0], torch.Tensor)
            else passed.get(node) or self._text(span)
            for in_runs, span, node in zip(returned, spans, _returned(self._graph))
        )
        outputs = tuple(name or f"output[{position}]" for position, name in enumerate(named))
        internal = frozenset(
            position
            for position in range(len(spans))
            if not any(id(run.outputs[position]) in self._values.results for run in self._graph.runs)
        )
        return CompiledNames(inputs, outputs, sources, internal, self._owner, frozenset(self._cut()))

    def _cut(self) -> Iterator[str]:
        """Yield the names of the leaves that require a gradient and are not reached from the result."""
        reached = self._values.reached
        for run in self._graph.runs if reached is not None else ():
            for position, value in enumerate(run.inputs):
                expression = self._expressions[position]
                is_leaf = isinstance(value, torch.Tensor) and value.requires_grad and value.is_leaf
                if expression is not None and is_leaf and reached is not None and id(value) not in reached:
                    yield self._in_run(run, position, expression)[1]

    def _source(self, position: int) -> DynamoSource | None:
        expression = self._expressions[position]
        if expression is None:
            return None
        first, *later = (self._in_run(run, position, expression) for run in self._graph.runs)
        role, name = first
        made = self._values.made.get(id(self._graph.runs[0].inputs[position])) if role == "local" else None
        made_at = made.span if made is not None else None
        if expression.is_unnamed and made is None:
            made_at = self._at_break
        value = self._graph.runs[0].inputs[position]
        whole, piece = self._values.pieces.get(id(value), (value, ""))
        return DynamoSource(
            text_of(self._graph.sources[position]),
            role,
            name,
            made_at,
            tuple(dict.fromkeys(other for _, other in later if other != name)),
            (made.graph, made.position) if made is not None else None,
            piece,
            bool(piece) and whole.requires_grad,
        )

    def _in_run(self, run: Run, position: int, expression: DynamoExpression) -> tuple[SourceRole, str]:
        """Return the role and the name of an input in one run of the graph."""
        value = run.inputs[position]
        if expression.base is not None:
            suffix = expression.name.removeprefix(read_expression(expression.base).name)
            return "size", self._base(run, expression.base) + suffix
        if not isinstance(value, (torch.Tensor, *_NUMBERS)) and not expression.is_unnamed:  # a mesh
            return expression.role, expression.name
        if not isinstance(value, torch.Tensor) or expression.role == "number":
            return "number", self._unnamed(None) if expression.is_unnamed else expression.name
        whole, piece = self._values.pieces.get(id(value), (value, ""))
        if (known := self._values.known.get(id(whole))) is not None:
            return known.role, known.name(expression.path.removesuffix(piece))
        made = self._values.made.get(id(value))
        if expression.is_unnamed:
            return "local", self._unnamed(made)
        if expression.name in self._values.numbers and made is None:  # Dynamo passes a float as a tensor
            return "number", expression.name
        if expression.role in ("argument", "other") or made is not None:
            return "local" if made is not None or not self._is_of_the_call(expression) else "argument", expression.name
        if expression.path != expression.name and self._owner is not None and self._owner.expression == SELF:
            owner = f"{self._owner.name}." if self._owner.name else ""
            return expression.role, f"{owner}{expression.path}"
        return expression.role, expression.name

    def _is_of_the_call(self, expression: DynamoExpression) -> bool:
        """Whether an expression begins with an argument of the traced call: in its own code, before any graph break."""
        return self._graph is self._call.graphs[0] and self._graph.resumes_at is None

    def _unnamed(self, made: _Made | None) -> str:
        """Return the name of a value that the user's code gives none: the text of the expression that computed it."""
        span = made.span if made is not None else self._at_break
        return (source_text(span) if span is not None else None) or "unnamed value"

    def _base(self, run: Run, text: str) -> str:
        """Return the name of the tensor that a size is of; the one of its expression, if the graph takes no such."""
        expression = read_expression(text)
        for position, source in enumerate(self._graph.sources):
            if text_of(source) == text:
                return self._in_run(run, position, expression)[1]
        return self._unnamed(None) if expression.is_unnamed else expression.name

    def _output(self, in_runs: Sequence[Any], span: Span | None) -> str | None:
        """Return the name of an output: as the call returns it after one of the runs, else as in the first."""
        values, key = self._values, id(in_runs[0])
        known = values.known.get(key)
        name = next((values.results[id(value)] for value in in_runs if id(value) in values.results), None)
        name = name or (known.names[0] if known is not None else None)
        name = name or values.locals.get((key, self._graph.code))
        return name or self._text(span)

    @staticmethod
    def _text(span: Span | None) -> str | None:
        return source_text(span) if span is not None else None

    def _expression_at_break(self) -> Span | None:
        """Return the place of the expression at the graph break after which the graph goes on."""
        graph = self._graph
        for item in reversed(self._call.breaks[: graph.breaks_before]):
            if item.code is graph.code and item.at is not None and item.at.lineno == graph.resumes_at:
                return span_of_summary(item.at)
        return None

    def _module_of_method(self) -> Owner | None:
        """Return the module whose method the code is, by a parameter that Dynamo reaches through it."""
        found: Owner | None = None
        for source, value in zip(self._graph.sources, self._graph.runs[0].inputs):
            known = self._values.known.get(id(value))
            text = without_dict(text_of(source))
            steps = _REGISTRY.search(text)
            if known is None or known.role == "argument" or steps is None:
                continue
            path = read_expression(f"{SELF}{text[steps.start() :]}").path
            name = known.name(path)
            if f".{name}".endswith(f".{path}"):
                owner = Owner(name.removesuffix(path).removesuffix("."), text[: steps.start()])
                if owner.expression == SELF:
                    return owner
                found = found or owner
        return found


def _registered(module: nn.Module | None) -> dict[int, _Known]:
    """Return the parameters and buffers of a module by identity, each with all of its names."""
    found: dict[int, _Known] = {}

    def add(role: SourceRole, name: str, value: torch.Tensor) -> None:
        names = found[id(value)].names if id(value) in found else ()
        found[id(value)] = _Known(role, (*names, name))

    if module is not None:
        for name, buffer in names_of_buffers(module):
            add("buffer", name, buffer)
        for name, parameter in names_of_parameters(module):
            add("parameter", name, parameter)
    return found


def _returned(graph: CompiledGraph) -> Sequence[Any]:
    """Return the node of each flat output of Dynamo's graph; None for a constant."""
    output = graph.joint.dynamo_graph.graph.output_node().args[0]
    given = output if isinstance(output, (tuple, list)) else (output,)
    return [node if isinstance(node, torch.fx.Node) else None for node in given]


def text_of(source: Any) -> str:
    """Return torch's text for one of its `Source` objects; empty for None. It is a method in some versions."""
    name = source.name if source is not None else ""
    return str(name() if callable(name) else name)


def expression_of(source: Any) -> DynamoExpression | None:
    """Return one of torch's `Source` objects as an expression of the user's; None if it has no text."""
    text = text_of(source)
    return read_expression(text) if text else None
