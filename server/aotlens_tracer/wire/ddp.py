"""The vocabulary of DistributedDataParallel: the parameters as it counts them. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .places import Span


@dataclass(frozen=True)
class DdpParameter:
    """A parameter of the module that is given to DDP.

    `names` are its names in the module, several if it is shared by modules; the first is that of the first module in
    the order of `named_modules()`. `definition` is its birthplace, None if unknown.
    """

    names: tuple[str, ...]
    definition: Span | None = None
