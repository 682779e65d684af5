"""The vocabulary of a changed call for which no values were found. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged
from .raised import Raised


@dataclass(frozen=True)
class NoValueFound(Tagged):
    """The call was to pass these arguments too, and no values were found with which it runs.

    `first` is what the likeliest values raised; None if there are no values to try, or if they failed otherwise.
    """

    arguments: tuple[str, ...]
    first: Raised | None = None
