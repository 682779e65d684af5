"""Exceptions in words."""

from __future__ import annotations

from aotlens_tracer.wire.raised import Raised

_FOR_TORCH = (
    "\n\nSet TORCHDYNAMO_VERBOSE",
    "\n\nWhile executing %",
    "\n\n For more details about this graph",
    " Hint: the backtrace further above",
    "\nTip: To see a more detailed error message, either pass `debug=True`",
)
"""The beginnings of advice that torch appends to messages: most of it is for its own developers."""


def raised(value: Raised) -> str:
    """Return the type and the text of an exception, without torch's advice for its own developers."""
    text = value.text
    for tail in _FOR_TORCH:
        text = text.partition(tail)[0]
    return f"{value.type}: {text.strip()}" if text.strip() else value.type
