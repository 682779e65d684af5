"""Which classes of a text are modules as far as the text tells: their bases are torch's, or are such classes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .definitions import Definition

_HEAD = re.compile(r"\s*class\s+\w+\s*(?:\[[^]]*\]\s*)?\(([^)]*)\)")
# An identifier is as long as it can be, at once: to try shorter ones takes quadratic time.
_BASE = re.compile(r"(?<![\w.=])([A-Za-z_][\w.]*)(?![\w.])(?!\s*=)")
_OF_TORCH = ("Module", "Sequential", "ModuleList", "ModuleDict")
_LONGEST = 8
"""The most lines of the head of a class that are read."""


def module_classes(definitions: Sequence[Definition], line: Callable[[int], str]) -> frozenset[str]:
    """The qualified names of the classes that are modules. `line` gives a line of the text.

    The text need not parse. A class whose bases are imported from another file is not known to be one.
    """
    bases = {one.qualname: _bases(one.line, line) for one in definitions if one.kind == "class"}
    derived: dict[str, list[str]] = {}
    for name, named in bases.items():
        for base in named:
            derived.setdefault(base, []).append(name)
    found = {name for name, named in bases.items() if any(_is_of_torch(base) for base in named)}
    pending = list(found)
    while pending:
        more = [name for name in derived.get(pending.pop(), ()) if name not in found]
        found.update(more)
        pending += more
    return frozenset(found)


def _is_of_torch(base: str) -> bool:
    owner, _, name = base.rpartition(".")
    return name.endswith(_OF_TORCH) or (owner.endswith("nn") and bool(name) and name != "Parameter")


def _bases(first: int, line: Callable[[int], str]) -> frozenset[str]:
    head = _HEAD.match("\n".join(line(number) for number in range(first, first + _LONGEST)))
    return frozenset(_BASE.findall(head[1])) if head is not None else frozenset()
