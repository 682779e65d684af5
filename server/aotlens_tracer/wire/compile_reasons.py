"""Reasons of findings about what torch.compile makes of a call. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .graph_breaks import GraphBreak
from .json_codec import Tagged


@dataclass(frozen=True)
class Broken(Tagged):
    """Torch gives up capture at a place: why, in its own words, and what follows."""

    by: GraphBreak
