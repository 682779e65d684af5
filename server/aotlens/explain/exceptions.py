"""Exceptions in words."""

from __future__ import annotations

from aotlens_tracer.wire.raised import Raised

_FOR_TORCH = (
    "\n\nSet TORCHDYNAMO_VERBOSE",
    "\n\nWhile executing %",
    "\n\n For more details about this graph",
    " Hint: the backtrace further above",
)
"""The beginnings of advice for torch's own developers, which torch appends to messages."""


def raised(value: Raised) -> str:
    """Return the type and the text of an exception, without torch's advice for its own developers."""
    text = value.text
    for tail in _FOR_TORCH:
        text = text.partition(tail)[0]
    return f"{value.type}: {text.strip()}" if text.strip() else value.type
