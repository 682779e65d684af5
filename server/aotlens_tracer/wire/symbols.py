"""The vocabulary of dynamic shapes: what a symbol of a graph's shapes stands for.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .places import Span


@dataclass(frozen=True)
class Symbol:
    """A symbol in the shapes of a graph, such as `s77`.

    `name` is the user's name for it (`batch`), from the example; None if there is none. `sources` are the sizes of
    inputs that it is, in the user's names (`x.size(0)`); empty for one that depends on data. `hint` is the size in the
    example, None without one. `minimum` and `maximum` bound it as torch knows it after the capture, None if there is no
    bound. `definition` is the place that marks it as dynamic, or makes a size that depends on data; None if it is not
    known. `is_backed` says that torch knows its value in the call: it does not for a size that depends on data, or that
    `mark_unbacked` marks.
    `shared_name` is the user's name for it if another size has that name already, and torch does not take both as
    equal; then `name` is None. With `is_ragged`, it is the ragged dimension of a jagged tensor, which has no one size.
    """

    symbol: str
    name: str | None
    sources: tuple[str, ...]
    hint: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    definition: Span | None = None
    is_backed: bool = True
    shared_name: str | None = None
    is_ragged: bool = False
