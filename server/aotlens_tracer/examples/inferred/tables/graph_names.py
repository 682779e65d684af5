"""Names of the arguments of a graph: one row for each kind, with its value. The edges of a graph are indices of nodes.

A row has a pattern for the whole name, in lower case. The first row that matches wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set

from ..values import Tensor
from .sizes import BATCH, EDGES, LENGTH

_ENDS = (("edge_src", "edge_dst"), ("edge_source", "edge_target"), ("senders", "receivers"), ("row", "col"))
"""Pairs of arguments that are the two ends of each edge."""
_OF_GROUPS = frozenset(("index", "ptr", "dim_size"))
"""Arguments of a reduction over groups of nodes: the group of each, where each group begins, the number of groups."""
_KINDS = 2
"""Kinds of nodes and of edges are below this."""

_ROWS: tuple[tuple[str, Callable[[int], Tensor]], ...] = (
    (r"(.*_)?edge_(label_)?index", lambda width: Tensor((2, EDGES), "int64", LENGTH)),
    ("|".join(name for pair in _ENDS for name in pair), lambda width: Tensor((EDGES,), "int64", LENGTH)),
    (r"batch(_index|_idx)?|(node|x)_batch|index", lambda width: Tensor((LENGTH,), "int64", BATCH, is_sorted=True)),
    (r"edge_(weights?|lengths?|dist(ance)?s?|times?|timestamps?)|[rd]ist_ij|r_ij", lambda width: Tensor((EDGES,))),
    (r"edge_(types?|labels?|ids?)", lambda width: Tensor((EDGES,), "int64", _KINDS)),
    (r"edge_vec(tor)?s?", lambda width: Tensor((EDGES, 3))),
    (r"edge_.*|.*_ij", lambda width: Tensor((EDGES, width))),
    (r"(node|atom)_(types?|labels?|ids?)|atomic_numbers?", lambda width: Tensor((LENGTH,), "int64", _KINDS)),
    (r"pos(itions)?|coors|coords|coordinates", lambda width: Tensor((LENGTH, 3))),
    (r"(node|seed|src|dst)_(times?|timestamps?)", lambda width: Tensor((LENGTH,))),
    (r"(x|h|z)(_?\d)?|feats|features|nodes|node_.*", lambda width: Tensor((LENGTH, width))),
)
_COMPILED = tuple((re.compile(pattern), value) for pattern, value in _ROWS)


def is_of_graph(names: Set[str]) -> bool:
    """Whether arguments, or the entries of a dictionary, are those of a graph."""
    is_of_edges = "edge_index" in names or any(names >= set(pair) for pair in _ENDS)
    return is_of_edges or {"pos", "batch"} <= names or bool(of_groups(names))


def of_groups(names: Set[str]) -> tuple[str, ...]:
    """The arguments without which a reduction over groups of nodes has one group; none if this is no such reduction."""
    return ("index", "dim_size") if names >= _OF_GROUPS else ()


def of_graph(name: str, width: int) -> Tensor | None:
    """The argument of that name of a graph with `LENGTH` nodes and `EDGES` edges; None if the name says nothing."""
    return next((value(width) for pattern, value in _COMPILED if pattern.fullmatch(name.lower())), None)
