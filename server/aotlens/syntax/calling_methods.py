"""Methods of plain classes that call modules: `Agent.act` calls `self.net`, and `Agent` is no module itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .definitions import Definition

_MADE = re.compile(r"^[ \t]*self\.(\w+)[ \t]*(?::[^=\n]+)?=\s*(?:(?:torch\.)?nn\.\w+|(\w+))\(", re.MULTILINE)
_CALLED = re.compile(r"\bself\.(\w+)\(")


def calling_methods(
    definitions: Sequence[Definition], modules: frozenset[str], lines: Sequence[str]
) -> Iterator[tuple[Definition, list[str]]]:
    """The classes, none of them in `modules`, that make modules, and the names of the methods that call these."""
    functions: dict[str, list[Definition]] = {}
    for each in definitions:
        if each.kind == "function":
            functions.setdefault(each.qualname.rpartition(".")[0], []).append(each)
    for owner in definitions:
        if owner.kind != "class" or owner.qualname in modules or "<locals>" in owner.qualname:
            continue
        made = {
            match[1]
            for match in _MADE.finditer("\n".join(lines[owner.line - 1 : owner.end_line]))
            if match[2] is None or match[2] in modules
        }
        methods = [
            each.qualname.rpartition(".")[2]
            for each in functions.get(owner.qualname, ())
            if made.intersection(_CALLED.findall("\n".join(lines[each.line - 1 : each.end_line])))
        ]
        found = [name for name in methods if name != "__init__"]
        if found:
            yield owner, found
