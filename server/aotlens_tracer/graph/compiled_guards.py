"""The guards of a graph that torch.compile runs: what each of them looks at, in the user's names, and on which line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from ..failures import Codebase, is_library
from ..torch_private import CompiledGraph, DynamoGuard, dynamo_guards
from ..wire.compiled import Guard, GuardedThing
from ..wire.dynamo_expressions import read_expression
from ..wire.places import Span

_THINGS: dict[str, GuardedThing] = {
    "TENSOR_MATCH": "tensor",
    "SHAPE_ENV": "size",
    "SEQUENCE_LENGTH": "container",
    "TUPLE_ITERATOR_LEN": "container",
    "RANGE_ITERATOR_MATCH": "container",
    "MAPPING_KEYS_CHECK": "container",
    "DICT_KEYS_MATCH": "container",
    "DICT_CONTAINS": "container",
    "DICT_NOT_CONTAINS": "container",
    "SET_CONTAINS": "container",
    "SET_NOT_CONTAINS": "container",
    "HASATTR": "attribute",
    "NOT_PRESENT_IN_GENERIC_DICT": "attribute",
    "BOOL_MATCH": "number",
    "NONE_MATCH": "object",
}
"""The things that the checks look at, by torch's names for them; the rest compares objects and their types."""
_USUAL = "2 <= "
"""The beginning of the condition of every symbolic size: 0 and 1 are never symbols."""
_OFTEN: tuple[GuardedThing, ...] = ("number", "size", "text", "container")
_SIZE = re.compile(r"(?:L|G)\[.+?\]\.size\(\)\[\d+\]|(?:L|G)\['\w+'\][\w.\[\]']*")


def compiled_guards(graph: CompiledGraph, codebase: Codebase) -> tuple[Guard, ...]:
    """Return the guards of a graph, each once, those that fail in ordinary use first."""
    found: dict[tuple[str, str, tuple[str, ...]], Guard] = {}
    shapes = _shapes(graph)
    for raw in dynamo_guards(graph.guards, graph.shape_guards):
        guard = _guard(raw, codebase, shapes)
        key = (guard.kind, guard.expression, guard.conditions)
        known = found.get(key)
        if known is None or (known.hint is None and guard.hint is not None):
            found[key] = guard
    order = list(_THINGS.values())
    return tuple(sorted(found.values(), key=lambda guard: (not guard.often, guard.thing not in order)))


def _guard(raw: DynamoGuard, codebase: Codebase, shapes: Mapping[str, Sequence[Any]]) -> Guard:
    expression = raw.expression
    if not expression and raw.kind == "SHAPE_ENV":
        match = _SIZE.search(raw.conditions[0])
        expression = match[0] if match else ""
    name = read_expression(expression).name if expression else ""
    span, by_library = user_place(raw.stack, codebase)
    thing = _thing(raw, expression)
    conditions = raw.conditions or tuple(_of_tensor(raw.value, shapes.get(expression)))
    is_config = by_library or name.endswith(".training") or not expression
    is_usual = conditions[:1] != () and conditions[0].startswith(_USUAL)
    often = thing in _OFTEN and not is_usual and (raw.kind == "SHAPE_ENV" or not is_config)
    return Guard(raw.kind, expression, name, conditions, thing, span, often, raw.hint, by_library)


def _thing(raw: DynamoGuard, expression: str) -> GuardedThing:
    if not expression:
        return "size" if raw.kind == "SHAPE_ENV" else "environment"
    if raw.kind in _THINGS:
        return _THINGS[raw.kind]
    if raw.kind in ("EQUALS_MATCH", "CONSTANT_MATCH"):
        value = _compared(raw.conditions)
        if isinstance(value, str):
            return "text"
        if isinstance(value, (bool, int, float, complex)):
            return "number"
    return "global" if expression.startswith("G[") and "." not in expression else "object"


def _compared(conditions: Sequence[str]) -> Any:
    """Return the value that a condition compares with: 2 in `L['self'].scale == 2`; None if it is no plain value."""
    for condition in conditions:
        try:
            tree = ast.parse(condition, mode="eval").body
            if isinstance(tree, ast.Compare) and len(tree.comparators) == 1:
                return ast.literal_eval(tree.comparators[0])
        except (SyntaxError, ValueError):
            continue
    return None


def _shapes(graph: CompiledGraph) -> dict[str, Sequence[Any]]:
    """Return the sizes of the tensors that the graph takes, by Dynamo's expression; some are symbolic."""
    nodes = graph.joint.dynamo_graph.graph.find_nodes(op="placeholder")
    named = [(source, node.meta.get("example_value")) for source, node in zip(graph.sources, nodes)]
    return {source.name: value.shape for source, value in named if source and isinstance(value, torch.Tensor)}


def _of_tensor(value: torch.Tensor | None, shape: Sequence[Any] | None) -> Iterable[str]:
    """Yield what torch compares of a tensor, in the words of its own text (`check_tensor`): None is any size."""
    if value is not None:
        yield str(value.dtype)
        yield f"requires_grad={value.requires_grad}"
        sizes = [str(size) for size in (value.shape if shape is None else shape)]
        yield f"size=[{', '.join(size if size.isdecimal() else 'None' for size in sizes)}]"


def innermost_place(stack: Sequence[Any], codebase: Codebase) -> Span | None:
    """Return the innermost line of the user's in a call chain; None if there is none."""
    return user_place(stack, codebase)[0]


def user_place(stack: Sequence[Any], codebase: Codebase) -> tuple[Span | None, bool]:
    """Return the innermost line of the user's, and whether a library needs the guard in code that this line calls."""
    frames = [frame for frame in stack if codebase.owns(frame.filename)]
    if not frames:
        return None, bool(stack)
    last, frame = stack[-1], frames[-1]
    column = getattr(frame, "colno", None)
    span = Span(frame.filename, frame.lineno or 1, column + 1 if column is not None else None)
    return span, frame is not last and (is_library(last.filename) or not codebase.owns(last.filename))
