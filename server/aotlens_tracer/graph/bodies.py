"""The bodies of higher-order operations: the graphs that an operation runs, such as the branches of `cond`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import torch

from ..torch_private import pytree
from ..wire.descriptor_map import Body, BodyCall, BodyInput, Operation
from .body_calls import Passed, Run, body_of, runs_of
from .body_lines import DynamoBodies
from .tensors import tensor_facts

_TAGGED = ("true", "false", "function", "region")
"""The roles in which a body's forward operations, as torch tags them, are the user's. A loop tags its counter too."""
Describe = Callable[[torch.fx.Node], Operation]
"""Makes the operation of a node, as if its graph were the joint graph."""


def bodies_of(graphs: Iterable[torch.fx.Graph], describe: Describe, dynamo: DynamoBodies) -> tuple[Body, ...]:
    """Return every body that some graphs run, each before those inside it. A backward graph comes after its forward."""
    bodies = _Bodies(describe, dynamo)
    return tuple(body for graph in graphs for body in bodies.of(graph, "", None))


class _Call(NamedTuple):
    """An operation of a graph, its node, and the body that it runs."""

    node: torch.fx.Node
    operation: Operation
    run: Run


class _Made(NamedTuple):
    """An operation of a forward body: its qualified name, and the operation of the joint graph that runs the body."""

    name: str
    operation: Operation
    outermost: Operation


class _Bodies:
    """Makes bodies, and finds the operations of backward bodies that repeat one of a forward body.

    Torch does not say which one. It is the one that computes the same from the same values: every value has a number,
    and equal numbers mean equal operators with equal operands.
    """

    def __init__(self, describe: Describe, dynamo: DynamoBodies) -> None:
        self._describe = describe
        self._dynamo = dynamo
        self._numbers: dict[object, int] = {}
        self._values: dict[torch.fx.Node, int] = {}
        self._made: dict[int, list[_Made]] = {}

    def of(self, graph: torch.fx.Graph, path: str, outermost: Operation | None) -> Iterator[Body]:
        """Yield the bodies that a graph runs. `path` is its own name; `outermost` runs it, None for the joint graph."""
        calls: dict[str, list[_Call]] = {}
        for node in graph.nodes:
            for run in runs_of(node):
                name = f"{path}.{run.body.target}" if path else str(run.body.target)
                calls.setdefault(name, []).append(_Call(node, self._describe(node), run))
        for name, mine in calls.items():
            yield from self._body(name, mine, outermost)

    def _body(self, name: str, calls: list[_Call], outermost: Operation | None) -> Iterator[Body]:
        module = body_of(calls[0].run.body)
        assert module is not None
        around = outermost or calls[0].operation
        backward = all(call.operation.backward for call in calls) or (outermost is not None and outermost.backward)
        is_of_one_module = len({call.operation.module for call in calls}) == 1
        lines = self._lines(module, calls[0]) if not backward else {}
        inputs: list[BodyInput] = []
        operations: list[Operation] = []
        results: Any = ()
        for node in module.graph.nodes:
            if node.op == "placeholder":
                passed = [call.run.passed[len(inputs)] for call in calls]
                self._values[node] = self._value_of_input(name, len(inputs), passed)
                facts = tensor_facts(node.meta.get("val"))
                inputs.append(BodyInput(node.name, *facts, passed[0].how, passed[0].name))
            elif node.op == "output":
                results = node.args[0]
            else:
                known = self._describe(node)
                if node in lines:
                    known = dataclasses.replace(known, frame=lines[node].frame, module=lines[node].module)
                found = self._operation(node, known, name, calls[0].run.role, around, backward)
                operations.append(found if is_of_one_module else dataclasses.replace(found, module=None))
        yield Body(
            name,
            tuple(_call(call) for call in calls),
            tuple(inputs),
            tuple(operations),
            tuple(_names(results if isinstance(results, (list, tuple)) else [results])),
            backward,
        )
        yield from self.of(module.graph, name, around)

    def _lines(self, module: torch.fx.GraphModule, call: _Call) -> dict[torch.fx.Node, Operation]:
        """Return the operations of Dynamo's graph for the nodes of a body that have the line of the call alone."""
        computing = [node for node in module.graph.nodes if node.op == "call_function"]
        without = {node for node in computing if self._describe(node).frame == call.operation.frame}
        if not without or call.operation.frame is None:
            return {}
        same = self._dynamo.same_values(call.node, call.run)
        return {node: self._describe(other) for node, other in same.items() if node in without}

    def _operation(
        self, node: torch.fx.Node, found: Operation, body: str, role: str, around: Operation, backward: bool
    ) -> Operation:
        value = self._values[node] = self._value_of_operation(node)
        if not backward:
            self._made.setdefault(value, []).append(_Made(f"{body}.{node.name}", found, around))
            return dataclasses.replace(found, backward=False, forward=None)
        repeated = self._repeated(value, around)
        if repeated is None:
            is_repeated = role in _TAGGED and node.meta.get("partitioner_tag") == "is_forward"
            return dataclasses.replace(found, backward=True, forward=None, is_repeated=is_repeated)
        return dataclasses.replace(
            found,
            backward=True,
            forward=repeated.name,
            is_repeated=True,
            frame=repeated.operation.frame,
            module=repeated.operation.module,
            annotations=repeated.operation.annotations,
        )

    def _repeated(self, value: int, around: Operation) -> _Made | None:
        """Return the forward operation with this value: of the operation that is derived, or the only one there is."""
        made = self._made.get(value, [])
        derived = [one for one in made if one.outermost.name == around.forward]
        if derived:
            return derived[0]
        return made[0] if len(made) == 1 else None

    def _value_of_input(self, body: str, index: int, passed: list[Passed]) -> int:
        first, *others = passed
        if first.how == "made":
            return self._number("made", first.name)
        if first.operand is None or others or first.how not in ("value", "element"):
            return self._number("input", body, index)
        value = self._value(first.operand)
        return value if first.how == "value" else self._number("element", value)

    def _value(self, node: torch.fx.Node) -> int:
        if node not in self._values:  # a node of the joint graph itself
            self._values[node] = self._number("node", node.name)
        return self._values[node]

    def _value_of_operation(self, node: torch.fx.Node) -> int:
        if node.op == "get_attr":
            return self._number("attribute", id(body_of(node)) if body_of(node) is not None else node.target)
        given = pytree.tree_map(self._numbered, ((*node.args,), {**node.kwargs}))
        return self._number(str(node.target), repr(given))

    def _numbered(self, leaf: Any) -> Any:
        return _Numbered(self._value(leaf)) if isinstance(leaf, torch.fx.Node) else leaf

    def _number(self, *key: object) -> int:
        return self._numbers.setdefault(key, len(self._numbers))


class _Numbered:
    """Stands for an operand in the text of arguments."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"%{self._value}"


def _call(call: _Call) -> BodyCall:
    return BodyCall(call.node.name, call.run.role, tuple(_names([passed.operand for passed in call.run.passed])))


def _names(nodes: Any) -> Iterator[str | None]:
    for node in nodes:
        yield node.name if isinstance(node, torch.fx.Node) else None
