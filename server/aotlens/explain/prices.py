"""The price of an output in words."""

from __future__ import annotations

from aotlens.model.prices import Price

from .shapes import bytes_in_words


def price_in_words(price: Price) -> str:
    """`14 backward operations and 2.0 KiB saved for backward`."""
    number = len(price.operations)
    text = f"{number} backward operation{'s' if number != 1 else ''}"
    return f"{text} and {bytes_in_words(price.bytes)} saved for backward" if price.bytes else text
