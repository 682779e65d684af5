"""The names and places of training steps in a text: the code from a batch to a loss whose backward pass is run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node, Tree

from aotlens_tracer.wire.training_steps import SIGN

from .backward_calls import BackwardCall, backward_calls, function_around
from .name_flow import flow_of, reads_of
from .nodes import is_within, items_of, text_of

LOOPS = ("for_statement", "while_statement")
_LITERALS = ("integer", "float", "string", "true", "false", "none", "unary_operator", "comment")
_SEQUENCES = ("tuple", "list", "set")
_COUNTS = ("range", "trange", "count", "arange")
"""Functions that a loop over counts runs over."""


@dataclass(frozen=True)
class StepPlace:
    """A training step by the name of its target, `Trainer.fit@loss`, `@loss` at module level.

    `function` is the qualified name of the function around it without `<locals>`, empty at module level. Lines count
    from 1: `line` is that of the loss in the backward call, `start_line` that of the loop over data or the function
    around it.
    """

    qualname: str
    function: str
    line: int
    start_line: int


def step_places(tree: Tree) -> list[StepPlace]:
    """The training steps of a text, in its order."""
    return [place for place, _ in named_steps(tree)]


def named_steps(tree: Tree) -> Iterator[tuple[StepPlace, BackwardCall]]:
    """The training steps of a text, each with its backward pass.

    There are none in code that is nested deeper than Python's stack allows.
    """
    counts: dict[str, int] = {}
    before: BackwardCall | None = None
    calls: list[BackwardCall] = []
    with contextlib.suppress(RecursionError):
        calls += backward_calls(tree)
    for call in calls:
        if before is not None and is_of_other_branch(before, call):
            continue
        before = call
        function = qualname_around(call.call)
        name = f"{function}{SIGN}{call.name}"
        count = counts[name] = counts.get(name, 0) + 1
        qualname = name if count == 1 else f"{name}#{count}"
        lines = call.loss.start_point.row + 1, region_of(call).start_point.row + 1
        yield StepPlace(qualname, function, *lines), call


def is_of_other_branch(first: BackwardCall, second: BackwardCall) -> bool:
    """Whether two branches of one `if` run the backward pass of one loss, which was computed before it."""
    if text_of(first.loss) != text_of(second.loss):
        return False
    outer = first.call.parent
    while outer is not None and outer.type not in ("function_definition", "module", *LOOPS):
        if outer.type == "if_statement" and is_within(second.call, outer):
            branches = [*outer.children_by_field_name("consequence"), *outer.children_by_field_name("alternative")]
            around = [next((each for each in branches if is_within(one.call, each)), None) for one in (first, second)]
            if None in around or around[0] == around[1]:
                return False
            names = reads_of(first.loss)
            return not any(flow_of(each).all_bound & names for each in branches)
        outer = outer.parent
    return False


def region_of(backward: BackwardCall) -> Node:
    """The code in which the batch's way to the loss begins: the innermost loop over data, else the innermost loop.

    Without a loop it is the body of the function, or the module.
    """
    function = function_around(backward.call)
    loops: list[Node] = []
    outer = backward.call.parent
    root = backward.call
    while outer is not None and (function is None or outer.id != function.id):
        if outer.type in LOOPS:
            loops.append(outer)
        root, outer = outer, outer.parent
    loop = next((each for each in loops if not is_over_counts(each)), next(iter(loops), None))
    if loop is not None:
        return loop
    body = function.child_by_field_name("body") if function is not None else None
    return body if body is not None else root


def is_over_counts(loop: Node) -> bool:
    """Whether a loop is over numbers: `range(…)`, settings that are written out; `while` loops count too."""
    iterated = loop.child_by_field_name("right")
    if iterated is None:
        return True
    if iterated.type in _SEQUENCES:
        return _is_written_out(iterated)
    if iterated.type == "call":
        callee = text_of(iterated.child_by_field_name("function")).rpartition(".")[2]
        if callee in _COUNTS:
            return True
        given = items_of(iterated.child_by_field_name("arguments"))
        return bool(given) and given[0].type == "call" and is_range(given[0])
    return False


def _is_written_out(node: Node) -> bool:
    """Whether nothing but literals stands in nested lists: `((False, 1), (True, 4))`."""
    if node.type in _SEQUENCES:
        return all(_is_written_out(each) for each in node.named_children)
    return node.type in _LITERALS


def is_range(call: Node) -> bool:
    """Whether a call makes a range of numbers."""
    return text_of(call.child_by_field_name("function")).rpartition(".")[2] in _COUNTS


def qualname_around(node: Node) -> str:
    """The qualified name of the function around a node, without `<locals>`; empty at module level."""
    names: list[str] = []
    outer = node.parent
    while outer is not None:
        if outer.type in ("function_definition", "class_definition"):
            names.append(text_of(outer.child_by_field_name("name")))
        outer = outer.parent
    return ".".join(reversed(names))
