"""Parameters that are in no module, as facts of the eager run and as the reason of a finding. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Tagged
from .places import Span


@dataclass(frozen=True)
class Unregistered(Tagged):
    """Parameters that the results of the call depend on, and that are in no module of the example.

    `count` of them are made by one expression, `place` (None if unknown): `made` says whether that runs in the
    constructor, in the call (so that they are new each time), or where the file is imported. `what` they are: the
    weights of layers, an nn.Parameter, or a plain tensor that requires a gradient. `names` are their names as code of
    the target would write them, `self.layers[0].weight`, empty if no attribute leads to them; a finding has only the
    first ones. `holder` is the attribute that holds them, `self.layers`, of the `type`, assigned at `assigned`; all
    None if unknown. `container` is the class that would register what the attribute holds, None if there is none.
    """

    what: Literal["layers", "parameters", "tensor"]
    made: Literal["constructor", "call", "import"]
    count: int
    names: tuple[str, ...] = ()
    holder: str | None = None
    type: str | None = None
    container: Literal["Parameter", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"] | None = None
    assigned: Span | None = None
    place: Span | None = None
