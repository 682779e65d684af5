"""Calls that a package writes out: the texts that it passes to one of its own classes or functions."""

from __future__ import annotations

import functools
import linecache
import re
import sys

_MOST_MODULES = 200
"""Modules of a package whose source is read."""


@functools.cache
def texts_passed_to(name: str, file: str, package: str) -> tuple[str, ...]:
    """The string literals in `name("...")`, in the source of a file and of a package, docstrings included.

    Those of the file come first, in the order of the source, then the shortest. Empty if there are none.
    """
    call = re.compile(rf"\b{re.escape(name)}\(\s*(\"[^\"\\\n]+\"|'[^'\\\n]+')\s*\)")
    modules = [value for module, value in sorted(sys.modules.items()) if module.partition(".")[0] == package]
    others = [path for value in modules if isinstance(path := getattr(value, "__file__", None), str)]
    elsewhere = {text for other in others[:_MOST_MODULES] for text in _found(call, other)}
    return tuple(dict.fromkeys((*_found(call, file), *sorted(elsewhere, key=lambda text: (len(text), text)))))


def _found(call: re.Pattern[str], file: str) -> list[str]:
    return [match[1][1:-1] for match in call.finditer("".join(linecache.getlines(file)))]
