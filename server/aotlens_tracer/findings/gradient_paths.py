"""The reason why an input gets no gradient: the place on its paths to the outputs where autograd's history ends.

It is read off Dynamo's graph, before AOTAutograd: `no_grad` and `detach` are still in it, and the value of each node is
a tensor with the history that autograd gave it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch

from ..graph.describe import Named
from ..graph.descriptors import piece_path
from ..graph.stack_traces import Sources
from ..graph.tensors import pieces_of
from ..torch_private import (
    COPIES,
    CUSTOM_FUNCTION,
    DERIVATIVES,
    DETACHING,
    ENTERS_INFERENCE,
    EXITS_INFERENCE,
    METADATA,
    NEW_PARAMETER,
    READS_METADATA,
    READS_NUMBERS,
    SETS_GRAD_MODE,
    JointCapture,
    is_traceable_wrapper_subclass,
    pytree,
)
from ..wire.cut_gradients import How
from ..wire.descriptor_map import Graph, Input
from ..wire.findings import (
    BackwardReturnsNone,
    Cut,
    NeverUsed,
    NoGradient,
    NoPath,
    OnlyMetadata,
    UsedButNotReturned,
    UsedInConstructorOnly,
)
from ..wire.input_roles import fqns_of
from ..wire.places import Expression
from .constructor_uses import constructor_uses
from .expressions import PlaceOf, expressions_of, name_of
from .histories import Histories

Eager = Callable[[], Callable[[Any], NoGradient] | None]
"""Makes the call in eager, and returns what says why one of its tensors gets no gradient; None if nothing does."""


def reasons(
    joint: JointCapture, graph: Graph, named: Named, sources: Sources, is_of_dynamo: bool, eager: Eager
) -> tuple[Callable[[Input], NoGradient | None], Callable[[Input], NoGradient | None]]:
    """Return two functions that say why an input of a captured graph gets no gradient; None if unknown.

    An input that is a piece of a tensor subclass gets the answer for the whole.

    The first reads Dynamo's graph, which has the reason, if there is one. It lacks what is read of a tensor without an
    operation (its shape): the call in eager shows that, and all of a call that Dynamo refused. The second function
    makes it if it is needed.
    """
    values = {repr(descriptor): value for descriptor, value in joint.flat()}
    paths = None
    if is_of_dynamo:
        paths = GradientPaths(joint.dynamo_graph.graph, joint.given(), sources.of_node, named.called)
    made: list[Callable[[Any], NoGradient] | None] = []

    def in_eager(value: Any) -> NoGradient | None:
        if not made:
            made.append(eager())
        return made[0](value) if made[0] is not None else None

    def reason(slot: Input, seen_in_eager: Callable[[Any], NoGradient | None]) -> NoGradient | None:
        root = _whole(slot)
        if root not in values:
            return None
        if paths is not None and slot.dynamo is not None and slot.dynamo.piece:
            return paths.reason_of_piece(values[root])
        found = paths.reason(values[root]) if paths is not None else seen_in_eager(values[root])
        if not isinstance(found, NeverUsed):
            return found
        # The graph knows better if Dynamo reached the input by a source that cannot be followed again.
        if any(other.used and _whole(other) == root for other in graph.inputs):
            return None
        seen = seen_in_eager(values[root])
        return seen if isinstance(seen, OnlyMetadata) else _used_before(named, slot) or found

    return lambda slot: reason(slot, lambda value: None), lambda slot: reason(slot, in_eager)


def _whole(slot: Input) -> str | None:
    descriptor = slot.as_descriptor()
    return piece_path(descriptor)[0].descriptor if descriptor is not None else None


def _used_before(named: Named, slot: Input) -> UsedInConstructorOnly | None:
    """Return what the constructors made of a parameter that the call never uses."""
    names = fqns_of(slot)
    return constructor_uses(named.module, names[0]) if named.module is not None and names else None


class GradientPaths:
    """The paths of inputs through Dynamo's graph.

    `inputs` are the values that its placeholders stand for, `place` returns the source of a node, and `called` is the
    name of the traced function. `unrecorded` are the nodes that run where autograd records nothing, if the graph has no
    nodes that switch it on and off. `kept` are nodes whose values may reach an output unseen.
    """

    def __init__(
        self,
        graph: torch.fx.Graph,
        inputs: dict[torch.fx.Node, Any],
        place: PlaceOf,
        called: str,
        unrecorded: Mapping[torch.fx.Node, How] | None = None,
        kept: Iterable[torch.fx.Node] = (),
    ) -> None:
        self._graph = graph
        self._called = called
        self._place = place
        self._placeholders: dict[int, torch.fx.Node] = {id(value): node for node, value in inputs.items()}
        self._without_history = dict(_without_history(graph)) if unrecorded is None else unrecorded
        self._live = _live(graph, frozenset(kept))
        self._bits = {node: 1 << number for number, node in enumerate(graph.find_nodes(op="placeholder"))}
        self._reached, self._cut_off = self._follow()

    def reason(self, value: Any) -> NoGradient:
        """Return the reason why this input of the call gets no gradient."""
        start = self._placeholders.get(id(value))
        if start is None or not start.users:
            readers = self._readers_of_pieces(value)
            return Cut("piece", self._expressions(readers)) if readers else NeverUsed(self._called)
        reached, cuts = self._ways(start)
        cuts = [node for node in cuts if node in self._live]
        if cuts:
            return self._cut(cuts)
        if not reached & self._live - {start}:
            if readers := self._readers_of_metadata(reached):
                return OnlyMetadata(self._expressions(readers))
            used = [node for node in start.users if node.op != "output"]
            return UsedButNotReturned(self._expressions(used)) if used else NoPath()  # else it is itself returned
        functions = [node for node in self._graph.nodes if node in reached and name_of(node) == CUSTOM_FUNCTION]
        return BackwardReturnsNone(self._expressions(functions)) if functions else NoPath()

    def reason_of_piece(self, piece: Any) -> Cut | None:
        """Return the reason why a tensor subclass of which this piece is read gets no gradient; None if it is not."""
        start = self._placeholders.get(id(piece))
        return Cut("piece", self._expressions(start.users)) if start is not None and start.users else None

    def _follow(self) -> tuple[dict[torch.fx.Node, int], dict[torch.fx.Node, int]]:
        """Return for each node the placeholders in the history of its value, and those in its operands' histories only.

        All placeholders in one pass, each a bit: a model has thousands.
        """
        histories = Histories({id(tensor): bit for node, bit in self._bits.items() for tensor in _tensors(node)})
        reached, cut_off = dict(self._bits), {}
        for node in self._graph.nodes:
            if node.op in ("placeholder", "output"):
                continue
            before = functools.reduce(operator.or_, (reached.get(operand, 0) for operand in _value_operands(node)), 0)
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
        name = name_of(node)
        if name in DETACHING:
            return "detach"
        if name in COPIES:
            return "copy"
        if name == NEW_PARAMETER:
            return "new-parameter"
        if node in self._without_history:
            return self._without_history[node]
        # The derivative is one of the results of a call.
        if name in DERIVATIVES or any(name_of(operand) in DERIVATIVES for operand in node.all_input_nodes):
            has_graph = all(each.kwargs.get("create_graph", True) for each in (node, *node.all_input_nodes))
            return "derivative" if has_graph else "derivative-without-graph"
        if _reads_piece(node):
            return "piece"
        if isinstance(node.target, type) and any(map(is_traceable_wrapper_subclass, _tensors(node))):
            return "wrapped"
        dtypes = {tensor.dtype for tensor in _tensors(node)}
        if not dtypes:
            return "number"
        if dtypes == {torch.bool}:
            return "boolean"
        if not any(dtype.is_floating_point or dtype.is_complex for dtype in dtypes):
            return "integer"
        return "no-derivative"

    def _readers_of_pieces(self, value: Any) -> list[torch.fx.Node]:
        """Return the nodes that read a piece of a tensor subclass as a tensor of its own: `self.weight.a`."""
        found: list[torch.fx.Node] = []
        for piece in pieces_of(value):
            start = self._placeholders.get(id(piece))
            found += start.users if start is not None else self._readers_of_pieces(piece)
        return found

    def _expressions(self, nodes: Iterable[torch.fx.Node]) -> tuple[Expression, ...]:
        return expressions_of(nodes, self._place)

    def _readers_of_metadata(self, values: set[torch.fx.Node]) -> list[torch.fx.Node]:
        """Return the nodes that read the shape, dtype or device of these values, and that an output depends on."""
        readers = (node for node in self._graph.nodes if node in self._live)
        return [node for node in readers if any(operand in values for operand in _metadata_operands(node))]


def _tensors(node: torch.fx.Node) -> Iterator[torch.Tensor]:
    """The tensors that a node computes, with their histories."""
    for leaf in pytree.tree_leaves(node.meta.get("example_value")):
        if isinstance(leaf, torch.Tensor):
            yield leaf


def _reads_piece(node: torch.fx.Node) -> bool:
    """Whether a node reads an attribute of a tensor subclass that is one of its pieces."""
    if name_of(node) != "getattr" or not isinstance(node.args[0], torch.fx.Node):
        return False
    whole = node.args[0].meta.get("example_value")
    return is_traceable_wrapper_subclass(whole) and node.args[1] in whole.__tensor_flatten__()[0]


def _is_number_of(node: torch.fx.Node) -> bool:
    """Whether a node takes the data of a tensor out of it. Its size and the like say nothing of the data."""
    return name_of(node) in READS_NUMBERS


def _metadata_operands(node: torch.fx.Node) -> Iterator[torch.fx.Node]:
    """Yield the operands of which a node reads the shape, dtype or device, and not the values."""
    keys = READS_METADATA.get(name_of(node), ())
    if name_of(node) == "getattr" and node.args[1] in METADATA:
        keys = (0,)
    for key in keys:
        operand = node.kwargs.get(key) if isinstance(key, str) else next(iter(node.args[key : key + 1]), None)
        if isinstance(operand, torch.fx.Node):
            yield operand


def _value_operands(node: torch.fx.Node) -> list[torch.fx.Node]:
    """Return the operands whose values a node reads."""
    metadata = list(_metadata_operands(node))
    if not metadata:
        return node.all_input_nodes
    given: list[torch.fx.Node] = []
    torch.fx.map_arg((node.args, node.kwargs), given.append)
    for operand in metadata:
        given.remove(operand)
    return given


def _without_history(graph: torch.fx.Graph) -> Iterator[tuple[torch.fx.Node, How]]:
    """Yield the nodes that run where autograd records nothing, each with the mode that it runs in."""
    is_recording = torch.is_grad_enabled()
    inference = 0
    for node in graph.nodes:
        name = name_of(node)
        if name == SETS_GRAD_MODE:
            is_recording = bool(node.args[0])
        elif name == ENTERS_INFERENCE:
            inference += 1
        elif name == EXITS_INFERENCE:
            inference -= 1
        elif inference:
            yield node, "inference-mode"
        elif not is_recording:
            yield node, "no-grad"


def _live(graph: torch.fx.Graph, kept: frozenset[torch.fx.Node]) -> set[torch.fx.Node]:
    """The nodes on whose values what is returned or kept depends, or what an input holds afterwards."""
    live: set[torch.fx.Node] = set()
    needed = set(kept)
    tensors = {id(tensor) for node in graph.find_nodes(op="placeholder") for tensor in _tensors(node)}
    for node in reversed(graph.nodes):
        # An operation that changes a tensor in place returns that very tensor.
        is_kept = node.op != "placeholder" and any(id(tensor) in tensors for tensor in _tensors(node))
        if node.op == "output" or is_kept or node in needed:
            live.add(node)
            for operand in _value_operands(node):
                needed.add(operand)
                tensors |= {id(tensor) for tensor in _tensors(operand)}
    return live
