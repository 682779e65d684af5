"""The vocabulary of expressions that Python itself refuses. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Tagged
from .places import Span


@dataclass(frozen=True)
class Absent(Tagged):
    """An object lacks what the code takes from it: a key, an index or an attribute, which `what` is the text of.

    `owner` is how the code writes the object, `type` the name of its class (`NoneType`). `has` are the first names of
    what is there, and `count` how many there are in all; `has` is empty for an index. `similar` is the one that looks
    most like it, None without one.
    """

    part: Literal["key", "index", "attribute"]
    owner: str
    type: str
    what: str
    has: tuple[str, ...] = ()
    count: int = 0
    similar: str | None = None


@dataclass(frozen=True)
class Unpacked(Tagged):
    """A value is unpacked into another number of names: `given` is None if it is only known that there are more."""

    value: str
    given: int | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class OtherArguments(Tagged):
    """A function of the user's is called with other arguments than it takes.

    `function` is its qualified name, `takes` the text of its parameters without `self`, `span` its first line.
    `similar` is a parameter that looks like an argument which it does not take.
    """

    function: str
    takes: str
    span: Span | None = None
    similar: str | None = None


Misuse = Absent | Unpacked | OtherArguments
"""All that can be said about such an expression."""
