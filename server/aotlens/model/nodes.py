"""Nodes of the graphs of a map. Each graph of a map has names of its own: `primals_1` is in every one."""

from __future__ import annotations

from typing import NamedTuple


class Node(NamedTuple):
    """A node: the number of its graph in the map, from 0, and its name there; in a body it is `BODY.NODE`."""

    graph: int
    name: str
