"""The user's expressions that nodes of a graph stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

from ..graph.stack_traces import source_text
from ..torch_private import is_operator
from ..wire.places import Expression, Span

PlaceOf = Callable[[torch.fx.Node], Span | None]
"""Returns the source of a node; None if it is not known."""


def expressions_of(nodes: Iterable[torch.fx.Node], place: PlaceOf) -> tuple[Expression, ...]:
    """Return the expressions of nodes, one for each line; the name of an operation if no node has a line."""
    found: dict[tuple[str, int], Expression] = {}
    names = []
    for node in nodes:
        span = place(node)
        names.append(name_of(node))
        if span is not None:
            text = " ".join((source_text(span) or "").split())
            found.setdefault((span.path, span.line), Expression(text, span))
    return tuple(found.values()) or tuple(Expression(name) for name in names[:1])


def name_of(node: torch.fx.Node) -> str:
    """Return the name of the function, method or operator that a node calls: `detach`, `zeros_like`."""
    if isinstance(node.target, str):
        return node.target
    name: str = getattr(node.target, "__name__", str(node.target))
    return name.partition(".")[0] if is_operator(node.target) else name
