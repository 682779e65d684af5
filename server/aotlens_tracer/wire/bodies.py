"""The bodies of a graph by name: their nodes under names of their own, and what these stand for.

Two bodies may have nodes of one name. Here a node of a body has the name `BODY.NODE`, which no node of a graph has.
Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from .operations import Body, BodyCall, BodyInput, Operation


@dataclass(frozen=True)
class Argument:
    """An input of a body. `calls` has each operation that runs the body, with the node that it passes, or None."""

    node: str
    input: BodyInput
    body: Body
    calls: tuple[tuple[str, str | None], ...]

    @property
    def is_used(self) -> bool:
        """Whether the body reads or returns it."""
        name, body = self.input.node, self.body
        return name in body.results or any(name in operation.operands for operation in body.operations)

    @property
    def operand(self) -> str | None:
        """The node that every call passes; None if they pass several, or none."""
        passed = {operand for _, operand in self.calls}
        return next(iter(passed)) if len(passed) == 1 else None


class Bodies:
    """Some bodies by name, with names of nodes that are unique among them and the graph that runs them."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.by_name: Mapping[str, Body] = {body.name: body for body in bodies}

    def read_by(self, operation: Operation, scope: str) -> Body | None:
        """The body that an operation of the graph, or of the body `scope`, reads; None if it reads none."""
        return self.by_name.get(node_in(scope, operation.arguments)) if operation.op == "get_attr" else None

    def below(self, body: Body) -> Iterator[Body]:
        """A body, and those inside it."""
        for name, other in self.by_name.items():
            if name == body.name or name.startswith(f"{body.name}."):
                yield other

    @cached_property
    def arguments(self) -> Mapping[str, Argument]:
        """The inputs of all bodies by name."""
        found = {}
        for body in self.by_name.values():
            for index, slot in enumerate(body.inputs):
                calls = tuple(
                    (node_in(scope_of(body), call.operation), _passed(call, index, scope_of(body)))
                    for call in body.calls
                )
                argument = Argument(node_in(body.name, slot.node), slot, body, calls)
                found[argument.node] = argument
        return found

    def run_by(self, operation: str) -> list[Body]:
        """The bodies that an operation runs."""
        return [
            body
            for body in self.by_name.values()
            if any(node_in(scope_of(body), call.operation) == operation for call in body.calls)
        ]

    @cached_property
    def callers(self) -> frozenset[str]:
        """The operations that run bodies."""
        bodies = self.by_name.values()
        return frozenset(node_in(scope_of(body), call.operation) for body in bodies for call in body.calls)

    @cached_property
    def passed(self) -> Mapping[str, frozenset[str]]:
        """The nodes that an operation passes to its bodies."""
        found: dict[str, set[str]] = {}
        for argument in self.arguments.values():
            for operation, operand in argument.calls:
                found.setdefault(operation, set()).update([operand] if operand is not None else [])
        return {operation: frozenset(operands) for operation, operands in found.items()}

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The operations of all bodies. Their operands are the nodes outside that are passed for inputs, if any are."""
        return tuple(
            replace(
                operation,
                name=node_in(body.name, operation.name),
                operands=tuple(dict.fromkeys(self._outside(body.name, operation))),
            )
            for body in self.by_name.values()
            for operation in body.operations
        )

    def without_passed(self, operation: Operation) -> Operation:
        """An operation of the graph without the operands that it only passes to its bodies."""
        passed = self.passed.get(operation.name)
        if not passed:
            return operation
        return replace(operation, operands=tuple(operand for operand in operation.operands if operand not in passed))

    def _outside(self, scope: str, operation: Operation) -> Iterator[str]:
        handed_on = self.passed.get(node_in(scope, operation.name), frozenset())
        for operand in operation.operands:
            name = node_in(scope, operand)
            if name not in handed_on:
                yield from self.stands_for(name)

    def stands_for(self, node: str) -> list[str]:
        """The nodes outside that an input of a body stands for, through all bodies around it; else the node itself."""
        argument = self.arguments.get(node)
        passed = [operand for _, operand in argument.calls if operand is not None] if argument is not None else []
        return [outer for operand in passed for outer in self.stands_for(operand)] if passed else [node]


def node_in(body: str, node: str) -> str:
    """The name of a node of a body; an empty body is the graph itself."""
    return f"{body}.{node}" if body else node


def scope_of(body: Body) -> str:
    """The name of the body around a body; empty if it lies in the graph itself."""
    return body.name.rpartition(".")[0]


def _passed(call: BodyCall, index: int, scope: str) -> str | None:
    operand = call.operands[index] if index < len(call.operands) else None
    return node_in(scope, operand) if operand is not None else None
