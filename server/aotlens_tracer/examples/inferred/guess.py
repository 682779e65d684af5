"""The result of a search for an example."""

from __future__ import annotations

from dataclasses import dataclass

from ...wire.descriptor_map import Failure


@dataclass(frozen=True)
class Guess:
    """The result of a search, an example. `rule` is the last rule on the way to it; None if the first guess works.

    With `is_of_the_class`, its call fails, as any call of the class does. With a `failure`, no example was found, and
    this is the one that came furthest. `tried_with` are the optional arguments that it passes for the sake of a loss.
    `as_for` is another class of the file, whose values it has.
    """

    expression: str
    rule: str | None = None
    is_of_the_class: bool = False
    failure: Failure | None = None
    tried_with: tuple[str, ...] = ()
    as_for: str | None = None


class ClassFails(Exception):
    """The class fails whatever it is given."""

    def __init__(self, guess: Guess) -> None:
        super().__init__(guess.expression)
        self.guess = guess
