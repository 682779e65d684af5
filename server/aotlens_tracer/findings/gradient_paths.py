"""The reason why an input gets no gradient: the place on its paths to the outputs where autograd's history ends.

It is read off Dynamo's graph, before AOTAutograd: `no_grad` and `detach` are still in it, and the value of each node is
a tensor with the history that autograd gave it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch

from ..graph.describe import Named
from ..graph.descriptors import piece_path
from ..graph.stack_traces import Sources, source_text
from ..torch_private import (
    DETACHING,
    ENTERS_INFERENCE,
    EXITS_INFERENCE,
    READS_NUMBERS,
    SETS_GRAD_MODE,
    JointCapture,
    dynamo_inputs,
    flat_inputs,
    pytree,
)
from ..wire.descriptor_map import Input
from ..wire.findings import (
    BackwardReturnsNone,
    Cut,
    Expression,
    How,
    NeverUsed,
    NoGradient,
    NoPath,
    UsedButNotReturned,
)


def reasons(joint: JointCapture, named: Named, sources: Sources) -> Callable[[Input], NoGradient | None]:
    """Return a function that says why an input of a graph that Dynamo captured gets no gradient; None if unknown."""
    values = {repr(descriptor): value for descriptor, value in flat_inputs(joint.module, named.args, named.kwargs)}
    inputs = dynamo_inputs(joint.dynamo_graph, named.function, named.args, named.kwargs)
    paths = GradientPaths(joint.dynamo_graph.graph, inputs, sources, named.called)

    def reason(slot: Input) -> NoGradient | None:
        descriptor = slot.as_descriptor()
        root = piece_path(descriptor)[0].descriptor if descriptor is not None else None
        found = paths.reason(values[root]) if root in values else None
        # The graph knows better if Dynamo reached the input by a source that cannot be followed again.
        return None if isinstance(found, NeverUsed) and slot.used else found

    return reason


class GradientPaths:
    """The paths of inputs through Dynamo's graph.

    `inputs` are the values that its placeholders stand for, `called` is the name of the traced function.
    """

    def __init__(self, graph: torch.fx.Graph, inputs: dict[torch.fx.Node, Any], sources: Sources, called: str) -> None:
        self._graph = graph
        self._called = called
        self._sources = sources
        self._placeholders: dict[int, torch.fx.Node] = {id(value): node for node, value in inputs.items()}
        self._without_history = frozenset(_without_history(graph))
        self._live = _live(graph)
        self._bits = {node: 1 << number for number, node in enumerate(graph.find_nodes(op="placeholder"))}
        self._reached, self._cut_off = self._follow()

    def reason(self, value: Any) -> NoGradient:
        """Return the reason why this input of the call gets no gradient."""
        start = self._placeholders.get(id(value))
        if start is None or not start.users:
            return NeverUsed(self._called)
        reached, cuts = self._ways(start)
        cuts = [node for node in cuts if node in self._live]
        if cuts:
            return self._cut(cuts)
        if not reached & self._live - {start}:
            used = [node for node in start.users if node.op != "output"]
            return UsedButNotReturned(self._expressions(used)) if used else NoPath()  # else it is itself returned
        functions = [node for node in self._graph.nodes if node in reached and _name(node) == "autograd_function_apply"]
        return BackwardReturnsNone(self._expressions(functions)) if functions else NoPath()

    def _follow(self) -> tuple[dict[torch.fx.Node, int], dict[torch.fx.Node, int]]:
        """Return for each node the placeholders in the history of its value, and those in its operands' histories only.

        All placeholders in one pass, each a bit: a model has thousands.
        """
        histories = Histories({id(tensor): bit for node, bit in self._bits.items() for tensor in _tensors(node)})
        reached, cut_off = dict(self._bits), {}
        for node in self._graph.nodes:
            if node.op in ("placeholder", "output"):
                continue
            before = functools.reduce(operator.or_, (reached.get(operand, 0) for operand in node.all_input_nodes), 0)
            tensors = list(_tensors(node))
            after = functools.reduce(operator.or_, map(histories.of, tensors), 0) & before
            if after:
                reached[node] = after
            if before & ~after and (tensors or _is_number_of(node)):
                cut_off[node] = before & ~after
        return reached, cut_off

    def _ways(self, start: torch.fx.Node) -> tuple[set[torch.fx.Node], list[torch.fx.Node]]:
        """Return the nodes whose values have the input in their history, and the first nodes after them that do not."""
        bit = self._bits[start]
        reached = {node for node, bits in self._reached.items() if bits & bit}
        return reached, [node for node, bits in self._cut_off.items() if bits & bit]

    def _cut(self, cuts: list[torch.fx.Node]) -> Cut:
        how = self._how(cuts[0])
        alike = [node for node in cuts if self._how(node) == how]
        others = [node for node in cuts if node not in alike]
        return Cut(how, self._expressions(alike), self._expressions(others))

    def _how(self, node: torch.fx.Node) -> How:
        """Return how a node ends the path of a gradient."""
        if _name(node) in DETACHING:
            return "detach"
        if node in self._without_history:
            return "no-grad"
        dtypes = {tensor.dtype for tensor in _tensors(node)}
        if not dtypes:
            return "number"
        if dtypes == {torch.bool}:
            return "boolean"
        if not any(dtype.is_floating_point or dtype.is_complex for dtype in dtypes):
            return "integer"
        return "no-derivative"

    def _expressions(self, nodes: list[torch.fx.Node]) -> tuple[Expression, ...]:
        """Return the expressions of nodes, one for each line; the name of an operation if no node has a line."""
        found: dict[tuple[str, int], Expression] = {}
        for node in nodes:
            span = self._sources.of_node(node)
            if span is not None:
                text = " ".join((source_text(span) or "").split())
                found.setdefault((span.path, span.line), Expression(text, span))
        return tuple(found.values()) or tuple(Expression(_name(node)) for node in nodes[:1])


def _name(node: torch.fx.Node) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))


def _tensors(node: torch.fx.Node) -> Iterator[torch.Tensor]:
    """The tensors that a node computes, with their histories."""
    for leaf in pytree.tree_leaves(node.meta.get("example_value")):
        if isinstance(leaf, torch.Tensor):
            yield leaf


def _is_number_of(node: torch.fx.Node) -> bool:
    """Whether a node takes the data of a tensor out of it. Its size and the like say nothing of the data."""
    return _name(node) in READS_NUMBERS


def _history(tensor: torch.Tensor) -> Any:
    """The `grad_fn` of a tensor; None also where a change in place has made it invalid."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


class Histories:
    """The leaves that the histories of tensors lead back to, as bits. `leaves` has the bits of tensors by their ids."""

    def __init__(self, leaves: dict[int, int]) -> None:
        self._leaves = leaves
        self._known: dict[Any, int] = {None: 0}

    def of(self, tensor: torch.Tensor) -> int:
        """The leaves that a tensor comes from, or is."""
        return self._leaves.get(id(tensor), 0) | self._of_function(_history(tensor))

    def _of_function(self, function: Any) -> int:
        pending = [function]
        while pending:
            step = pending[-1]
            following = [other for other, _ in step.next_functions] if step is not None else []
            unknown = [other for other in following if other not in self._known]
            if step not in self._known and unknown:
                pending += unknown
                continue
            if step not in self._known:
                own = self._leaves.get(id(getattr(step, "variable", None)), 0)
                self._known[step] = functools.reduce(operator.or_, map(self._known.__getitem__, following), own)
            pending.pop()
        return self._known[function]


def _without_history(graph: torch.fx.Graph) -> Iterator[torch.fx.Node]:
    """The nodes that run where autograd records nothing."""
    is_recording = torch.is_grad_enabled()
    inference = 0
    for node in graph.nodes:
        name = _name(node)
        if name == SETS_GRAD_MODE:
            is_recording = bool(node.args[0])
        elif name == ENTERS_INFERENCE:
            inference += 1
        elif name == EXITS_INFERENCE:
            inference -= 1
        elif not is_recording or inference:
            yield node


def _live(graph: torch.fx.Graph) -> set[torch.fx.Node]:
    """The nodes on which what is returned depends, or what an input holds afterwards."""
    live: set[torch.fx.Node] = set()
    tensors = {id(tensor) for node in graph.find_nodes(op="placeholder") for tensor in _tensors(node)}
    for node in reversed(graph.nodes):
        # An operation that changes a tensor in place returns that very tensor.
        is_kept = node.op != "placeholder" and any(id(tensor) in tensors for tensor in _tensors(node))
        if node.op == "output" or is_kept or any(user in live for user in node.users):
            live.add(node)
            for operand in node.all_input_nodes:
                tensors |= {id(tensor) for tensor in _tensors(operand)}
    return live
