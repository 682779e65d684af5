"""Keeps what is computed of a text, for as long as that text lives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

Text = TypeVar("Text")
Result = TypeVar("Result")


def once_for_each(compute: Callable[[Text], Result]) -> Callable[[Text], Result]:
    """Keep the results of a function of a document, or of a block of code, as long as that lives.

    A result must not hold what it is of: it would keep itself alive.
    """
    kept: WeakKeyDictionary[Text, Result] = WeakKeyDictionary()

    @functools.wraps(compute)
    def known(document: Text) -> Result:
        try:
            return kept[document]
        except KeyError:
            return kept.setdefault(document, compute(document))

    return known
