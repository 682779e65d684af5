"""The vocabulary of dynamic shapes: what a symbol of a graph's shapes stands for.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .places import Span


@dataclass(frozen=True)
class Symbol:
    """A symbol in the shapes of a graph, such as `s77`.

    `name` is the user's name for it (`batch`), from the example or from the code; None if there is none. `sources` are
    the sizes that it is, in the user's names (`x.size(0)`). `hint` is the size in the example. `minimum` and `maximum`
    bound it, None if there is no bound. `definition` is the place that marks it as dynamic.
    """

    symbol: str
    name: str | None
    sources: tuple[str, ...]
    hint: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    definition: Span | None = None
