"""The operations of the joint graph, and of the forward and backward graph that the partitioner makes from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..torch_private import is_operator, names_of_modules
from ..wire.descriptor_map import Body, Operation, Partition
from .annotations import annotations_of
from .bodies import bodies_of
from .body_lines import DynamoBodies
from .stack_traces import Sources
from .tensors import tensor_facts

_LONGEST = 80
"""Characters of a constant among the arguments that are kept."""
SELF = "L['self']"
"""The module whose method Dynamo captures, as its expressions begin."""
_STEP = re.compile(r"\._modules\[['\"]([^'\"]+)['\"]\]|@\d+$")


@dataclass(frozen=True)
class Owner:
    """A module of the traced one: its name there, empty for the root, and the expression that Dynamo has for it."""

    name: str
    expression: str


ROOT = Owner("", SELF)


class Operations:
    """Makes operations of nodes.

    `dynamo` is the graph that Dynamo captured, None for a direct capture. `owner` is the module whose method was
    captured; None if it is no module's.
    """

    def __init__(
        self,
        module: nn.Module | None,
        sources: Sources,
        dynamo: torch.fx.GraphModule | None = None,
        owner: Owner | None = ROOT,
    ) -> None:
        self._dynamo = DynamoBodies(dynamo)
        self._modules = frozenset(name for name, _ in names_of_modules(module)) if module else ()
        self._sources = sources
        self._owner = owner
        self._known: dict[str, tuple[int, Operation]] = {}
        self._bodies: tuple[Body, ...] = ()
        self._derived: dict[int, str] = {}
        self._untagged: frozenset[str] = frozenset()

    def of_joint(self, graph: torch.fx.Graph) -> tuple[Operation, ...]:
        """Return every operation of the joint graph. Call it once, and first."""
        nodes = _operations(graph)
        self._untagged = _untagged_backward(graph)
        for node in nodes:
            # The first operation with a sequence number made the autograd node; later ones with that number made none.
            if not self._is_backward(node) and node.op != "get_attr" and "seq_nr" in node.meta:
                self._derived.setdefault(node.meta["seq_nr"], node.name)
        found = tuple(map(self._operation, nodes))
        self._known = {operation.name: (index, operation) for index, operation in enumerate(found)}
        return found

    def bodies_of_joint(self, graph: torch.fx.Graph) -> tuple[Body, ...]:
        """Return every body that the joint graph runs. Call it once, after `of_joint`."""
        self._bodies = bodies_of([graph], self._operation, self._dynamo)
        return self._bodies

    def partition(self, forward: torch.fx.Graph, backward: torch.fx.Graph) -> Partition:
        """Return the two graphs, by the indices of their operations."""
        added: list[Operation] = []
        indices: list[list[int]] = []
        for graph in (forward, backward):
            indices.append([])
            for node in _operations(graph):
                operation = self._operation(node)
                index, known = self._known.get(node.name, (-1, None))
                if known != operation:
                    index = len(self._known) + len(added)
                    added.append(operation)
                indices[-1].append(index)
        returned = backward.output_node().args[0]
        assert isinstance(returned, (list, tuple))
        names = (node.name if isinstance(node, torch.fx.Node) else None for node in returned)
        bodies = bodies_of([forward, backward], self._operation, self._dynamo)
        changed = tuple(body for body in bodies if body not in self._bodies)
        return Partition(tuple(indices[0]), tuple(indices[1]), tuple(added), tuple(names), changed)

    def _operation(self, node: torch.fx.Node) -> Operation:
        backward = self._is_backward(node)
        is_sum = node.meta.get("is_gradient_acc", False)
        forward = self._derived.get(node.meta.get("seq_nr", -1)) if backward and not is_sum else None
        return Operation(
            node.name,
            _name(node.target) if node.op == "call_function" else node.op,
            _arguments(node),
            tuple(operand.name for operand in node.all_input_nodes),
            backward,
            *tensor_facts(node.meta.get("val")),
            self._sources.frame_of(node),
            self.module_of(node),
            forward,
            bool(getattr(node.target, "is_view", False)),
            annotations=annotations_of(node),
            is_custom=node.name in self._untagged,
        )

    def _is_backward(self, node: torch.fx.Node) -> bool:
        return _has_tag(node, "is_backward") or node.name in self._untagged

    def module_of(self, node: torch.fx.Node) -> str | None:
        """Return the name of the innermost module that called the operation, or that it computes a gradient of."""
        stack = node.meta.get("nn_module_stack") or node.meta.get("fwd_nn_module_stack")
        if not stack:
            # An operation of the root itself has no stack of modules; nor has a sum of gradients, which is no module's.
            is_known = "stack_trace" in node.meta and not node.meta.get("is_gradient_acc")
            return self._owner.name if is_known and self._modules and self._owner is not None else None
        path, _ = list(stack.values())[-1]
        owner = self._owner or ROOT
        steps = str(path).replace('"', "'").removeprefix(owner.expression)
        name = _STEP.sub(lambda match: f".{match[1]}" if match[1] else "", steps).removeprefix(".")
        name = ".".join(part for part in (owner.name, name) if part)
        return name if name in self._modules else None


def _operations(graph: torch.fx.Graph) -> list[torch.fx.Node]:
    return [node for node in graph.nodes if node.op not in ("placeholder", "output")]


def _has_tag(node: torch.fx.Node, tag: str) -> bool:
    return bool(node.meta.get("partitioner_tag") == tag)


def _untagged_backward(graph: torch.fx.Graph) -> frozenset[str]:
    """Return the backward operations without a tag: those of a custom function's `backward`, run after the forward.

    The joint graph is traced in order. A graph without a tagged tangent has no backward part.
    """
    if not any(_has_tag(node, "is_backward") for node in graph.nodes):
        return frozenset()
    nodes = _operations(graph)
    last = max((index for index, node in enumerate(nodes) if _has_tag(node, "is_forward")), default=len(nodes))
    return frozenset(node.name for node in nodes[last + 1 :] if "partitioner_tag" not in node.meta)


def _name(target: Any) -> str:
    """Return torch's text for an operator; the bare name of a function."""
    return str(target) if is_operator(target) else getattr(target, "__name__", str(target))


def _arguments(node: torch.fx.Node) -> str:
    if node.op == "get_attr":
        return str(node.target)
    given = [_text(value) for value in node.args]
    return ", ".join([*given, *(f"{name}={_text(value)}" for name, value in node.kwargs.items())])


def _text(value: Any) -> str:
    if isinstance(value, torch.fx.Node):
        return value.name
    if isinstance(value, (list, tuple)):
        return f"[{_joined(value)}]"
    if isinstance(value, slice):
        return f"slice({_joined((value.start, value.stop, value.step))})"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _joined(values: Iterable[Any]) -> str:
    return ", ".join(map(_text, values))
