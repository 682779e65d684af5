"""The reasons of findings about the placements of DTensors.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged
from .subclasses import Sharding, Transfer


@dataclass(frozen=True)
class OtherPlacements(Tagged):
    """The gradient of the subject lies otherwise on the mesh than the subject.

    `own` and `gradient` are the placements of both. `transfers` are the collective operations by which the gradient
    gets the placements of the subject, as in `Expected`.
    """

    own: Sharding
    gradient: Sharding
    transfers: tuple[Transfer, ...] | None
