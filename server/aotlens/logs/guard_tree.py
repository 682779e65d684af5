"""The guards of one compilation, read from torch's drawing of its guard tree (`dynamo_cpp_guards_str`).

Each line is a manager, which looks at one thing, or a guard on what the manager above it looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .graphs import LoggedGuard

_LINE = re.compile(r"((?:\| )*)\+- (.*)")
_MANAGER = re.compile(r"(?:(?:Key|Value)Manager: )?\w*Manager: source=(.*?), (?:accessed_by=.*|type=.*)$")
_GUARD = re.compile(r"([A-Z_]+)(?:: (.*))?$")
_PLACE = re.compile(r"# ([^#]+?):(\d{1,9}) in [^#]+$")
_CODE = re.compile(r" {2}# ")
_HINT = re.compile(r" \(HINT: .*\)$")


def guards_of(lines: Iterable[str]) -> list[LoggedGuard]:
    """The guards in a drawing of a guard tree, in its order; guards of one kind on one thing are one.

    A guard on the relation of several things (`NO_TENSOR_ALIASING`) stands once, at the first of them.
    """
    sources: list[str | None] = []
    guards: list[LoggedGuard] = []
    for text in lines:
        line = _LINE.match(text)
        if line is None:
            continue
        depth = len(line[1]) // 2
        del sources[depth:]
        if manager := _MANAGER.match(line[2]):
            sources.append(manager[1])
            continue
        guard = _GUARD.match(line[2])
        above = sources[-1] if sources else None
        sources.append(above)
        if guard is None or guard[2] is None:
            continue
        condition, place = _parts(guard[2])
        file, number = (None, None) if place is None else (place[1], int(place[2]))
        last = guards[-1] if guards else None
        new = LoggedGuard(guard[1], above, (condition,), file, number)
        if last is not None and (last.kind, last.expression, last.file, last.line) == (guard[1], above, file, number):
            guards[-1] = LoggedGuard(guard[1], above, (*last.conditions, condition), file, number)
        else:
            guards.append(new)
    return guards


def _parts(text: str) -> tuple[str, re.Match[str] | None]:
    """A condition, and the place of the code that needs it, which torch writes behind it as a comment."""
    comment = _CODE.search(text)
    if comment is None:
        return _HINT.sub("", text).rstrip(), None
    return text[: comment.start()].rstrip(), _PLACE.search(text, comment.start())
