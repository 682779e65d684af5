"""The definitions of a text that does not parse for a moment, because somebody is typing.

An open bracket makes the parser lose the class around it, or the classes below it. What is shown at a class must not
come and go with each bracket. So a definition stays for as long as the line of its `class` or `def` is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from aotlens.syntax.definitions import Definition
from aotlens.syntax.pins import pins_above

_HEAD = re.compile(r"\s*(class|(?:async\s+)?def)\s+(\w+)")


def with_lost(
    found: Sequence[Definition], before: Sequence[Definition], now: Callable[[int], int | None], lines: Sequence[str]
) -> tuple[Definition, ...]:
    """The definitions that a broken text has, with those that the parser lost, in the order of the lines.

    `before` are the definitions of an earlier text, and `now` gives the line of today for a line of it, None if it is
    gone. Where both have a definition on one line, that of the earlier text is right about its qualified name. A name
    that the parser took from another line is none.
    """
    kept: dict[int, Definition] = {}
    gone: set[str] = set()
    for one in before:
        line = now(one.line)
        if line is None or not _defines(lines[line - 1], one) or (gone and _around(one) in gone):
            gone.add(one.qualname)
        else:
            kept[line] = _moved(one, line, now, lines)
    for one in found:
        known = kept.get(one.line)
        is_new = known is None and _defines(lines[one.line - 1], one)
        is_longer = known is not None and known.qualname == one.qualname and known.end_line < one.end_line
        if is_new or is_longer:
            kept[one.line] = one
    return tuple(kept[line] for line in sorted(kept))


def _defines(text: str, definition: Definition) -> bool:
    head = _HEAD.match(text)
    kind = "class" if head is not None and head[1] == "class" else "function"
    return head is not None and (kind, head[2]) == (definition.kind, definition.qualname.rpartition(".")[2])


def _around(definition: Definition) -> str:
    """The qualified name of the definition around one; empty at the top level."""
    return definition.qualname.rpartition(".")[0].removesuffix(".<locals>")


def _moved(one: Definition, line: int, now: Callable[[int], int | None], lines: Sequence[str]) -> Definition:
    start = min(now(one.start_line) or line, line)
    end = max(line, min(now(one.end_line) or line + one.end_line - one.line, len(lines)))
    pins = tuple(pins_above(lines, start - 1))
    if (line, start, end, pins) == (one.line, one.start_line, one.end_line, one.pins):
        return one
    return Definition(one.qualname, one.kind, line, start, end, pins)
