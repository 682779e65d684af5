"""The vocabulary of communication: the collective operations of a graph.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .places import Span


@dataclass(frozen=True)
class Collective:
    """One collective operation that the traced rank takes part in.

    `operation` is its index in `Graph.operations`, and `kind` torch's name of it (`all_gather_into_tensor`). `bytes`
    is the size of the tensor that the rank gives into it. `ranks` is the size of its group, and `dimension` the name
    or number of the mesh dimension that this group is; None if it is none of a mesh. `is_backward` says that it runs
    in the backward pass.

    `source` is the user's expression that caused it, `label` its text, and `module` the innermost module that runs it.
    `is_implicit` says that no call in the user's code asks for it: DTensor redistributes an operand. `before` and
    `after` are then the placements of that operand as texts; None if they are not known.
    """

    operation: int
    kind: str
    bytes: int
    ranks: int
    dimension: str | None = None
    is_backward: bool = False
    source: Span | None = None
    label: str | None = None
    module: str | None = None
    is_implicit: bool = False
    before: str | None = None
    after: str | None = None
