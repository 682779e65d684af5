"""Globs of paths as editors define them: `*` and `?` match within one folder, `**` across.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#documentFilter
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

_TOKEN = re.compile(r"\*\*/|\*\*|.", re.DOTALL)


@functools.lru_cache(maxsize=1024)
def matches(pattern: str, path: str) -> bool:
    """Return whether a glob matches a whole path with `/` between folders.

    It takes time in proportion to both, whatever the pattern is: a workspace can carry settings. (As a regular
    expression, ten `**` would take years.)
    """
    whole = (1 << (len(path) + 1)) - 1
    slashes = _places(path, "/".__eq__)
    others = whole >> 1 & ~slashes
    # A bit for each place in the path that the part of the pattern so far may end at.
    ends = 1
    for token in _tokens(pattern):
        if token == "**":
            ends = whole & -(ends & -ends)
        elif token == "**/":
            ends |= (slashes & -(ends & -ends)) << 1
        elif token == "*":
            ends |= ((ends & others) + others) ^ others  # the carry runs to the next slash
        elif token == "?":
            ends = (ends & others) << 1
        else:
            ends = (ends & _places(path, token.__eq__)) << 1
        if not ends:
            return False
    return bool(ends >> len(path) & 1)


@functools.lru_cache(maxsize=256)
def _tokens(pattern: str) -> Sequence[str]:
    return tuple(_TOKEN.findall(pattern))


def _places(path: str, is_one: Callable[[str], bool]) -> int:
    return sum(1 << place for place, character in enumerate(path) if is_one(character))
