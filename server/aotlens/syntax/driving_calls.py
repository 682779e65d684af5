"""Calls by which a script lets a framework train: `trainer.fit(module, loader)`, `trainer.train()`."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node, Tree

from aotlens_tracer.wire.training_steps import function_of

from .driven_steps import COMPUTE_LOSS, RUNS, TRAINING_STEP, module_in
from .named_calls import calls_named
from .nodes import text_of
from .step_callers import made_class
from .step_places import qualname_around

WORDS = tuple(f".{name}(" for name in RUNS.values())
"""A text without any of these has no such call."""


@dataclass(frozen=True)
class DrivingCall:
    """A call that trains: which method of which class the framework calls, and the place of the call.

    `kind` is the name of the class of `owner`, the expression of the object whose method is called. `trainer` is
    that of the object that trains. `function` is the qualified name of the function around the call without
    `<locals>`, empty at module level. Lines count from 1.
    """

    trainer: str
    callee: str
    owner: str
    kind: str
    method: str
    function: str
    line: int

    def is_method_of(self, qualname: str) -> bool:
        """Whether the training step of this name is that of the method."""
        return f".{function_of(qualname)}".endswith(f".{self.kind}.{self.method}")

    def is_named(self, text: str) -> bool:
        """Whether an expression is the trainer, its method or the call."""
        return text in (self.trainer, self.callee) or text.startswith(f"{self.callee}(")


def driving_calls(tree: Tree) -> list[DrivingCall]:
    """The calls that train objects which the text makes, in its order."""
    found = []
    for call in calls_named(tree.root_node, tuple(RUNS.values())):
        callee = call.child_by_field_name("function")
        trainer = callee.child_by_field_name("object") if callee is not None else None
        if callee is None or trainer is None:
            continue
        is_fit = text_of(callee.child_by_field_name("attribute")) == RUNS[TRAINING_STEP]
        owner = module_in(call) if is_fit else trainer
        kind = _kind_of(tree.root_node, owner) if owner is not None else None
        if owner is not None and kind is not None:
            method = TRAINING_STEP if is_fit else COMPUTE_LOSS
            names = text_of(trainer), text_of(callee), text_of(owner)
            found.append(DrivingCall(*names, kind, method, qualname_around(call), call.start_point.row + 1))
    return sorted(found, key=lambda each: each.line)


def _kind_of(root: Node, value: Node) -> str | None:
    """The class of which an expression is an instance; None if the text does not make it."""
    if value.type == "call":
        return made_class(value)
    pending, name = [root], text_of(value)
    while pending:
        node = pending.pop()
        if node.type == "assignment" and text_of(node.child_by_field_name("left")) == name:
            kind = made_class(node.child_by_field_name("right"))
            if kind is not None:
                return kind
        pending += reversed(node.named_children)
    return None
