"""The messages of a child, as far as the tracer understands them: user code can write into the pipe, too.

What is here are all kinds, with all their fields. Anything else, and any other field, is dropped, so that a child can
answer its own request alone. A text of a child is data: nothing is looked up, opened or called by it but the lines of
files that its frames name, and torch's operators (`torch_private/learnable.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
_LONGEST_NAME = 100
"""Characters in the name of a stage."""
_MOST_FRAMES = 100_000
"""Frames of a stack."""
_MOST_CALLS = 10_000
"""Described calls of operators in one message."""


def understood(message: Message) -> Message | None:
    """Return a message with the fields that its kind has; None if it is no message of a child."""
    if "result" in message:
        return {"result": message["result"]} if isinstance(message["result"], dict) else None
    event = message.get("event")
    fields = _EVENTS.get(event) if isinstance(event, str) else None
    if fields is None or not all(name in message and is_right(message[name]) for name, is_right in fields.items()):
        return None
    return {"event": event, **{name: message[name] for name in fields}}


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_NAME


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_index(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 31


def _is_status(value: object) -> bool:
    return type(value) is int and abs(value) < 1 << 63


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _are_calls(value: object) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_CALLS


def _is_error(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_text, value))


def _are_frames(value: object) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_FRAMES and all(map(_is_frame, value))


def _is_frame(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 3:
        return False
    path, line, function = value
    return _is_text(path) and (line is None or _is_index(line)) and _is_text(function)


_EVENTS: dict[str, dict[str, Callable[[object], bool]]] = {
    "stage": {"stage": _is_name},
    "candidate": {"index": _is_index},
    "real": {"problem": _is_object},
    "exit": {"status": _is_status, "frames": _are_frames},
    "bug": {"traceback": _is_text, "error": _is_error, "frames": _are_frames},
    "calls": {"calls": _are_calls},
    "map": {"stage": _is_name, "fields": _is_object},
    "records": {},
}
