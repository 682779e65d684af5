"""The vocabulary of exceptions. It stands apart from the other problems because the protocol needs no more of them.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged


@dataclass(frozen=True)
class Raised(Tagged):
    """An exception: its type and its own text.

    `cause` is the exception that it was raised from or after, if that says what went wrong in the first place; None
    for an exception that stands for itself.
    """

    type: str
    text: str
    cause: Raised | None = None
