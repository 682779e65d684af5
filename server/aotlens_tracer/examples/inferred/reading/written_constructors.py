"""Calls of a class's constructor that its own file writes out, docstrings included, if their arguments are known."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import re
from collections.abc import Collection, Iterator

_LONGEST = 600
"""Characters of a call that is read."""
_MOST = 20
"""Places of the class's name that are read."""
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.)[ \t]?", re.MULTILINE)


def constructor_calls(cls: type, names: Collection[str]) -> Iterator[ast.Call]:
    """Yield the calls of the constructor in the class's docstrings, then those elsewhere in its file.

    Only calls that read no names but `names` and builtins: local variables of other code are not known here.
    """
    documented = [inspect.getdoc(value) or "" for value in (cls, vars(cls).get("__init__"), vars(cls).get("forward"))]
    texts = [*documented, _file_of(cls)]
    known = {*names, *vars(builtins)}
    seen: set[str] = set()
    for text in texts:
        for call in _calls(cls.__name__, _PROMPT.sub("", text)):
            written = ast.unparse(call)
            if written not in seen and _is_known(call, known):
                seen.add(written)
                yield call


def _file_of(cls: type) -> str:
    try:
        return "".join(linecache.getlines(inspect.getsourcefile(cls) or ""))
    except TypeError:  # its module is not imported
        return ""


def _calls(name: str, text: str) -> Iterator[ast.Call]:
    places = re.finditer(rf"(?<![\w.])(?<!class )(?:\w+\.)*{re.escape(name)}\(", text)
    for place, _ in zip(places, range(_MOST)):
        start = text[place.start() : place.start() + _LONGEST]
        for end in (index + 1 for index, sign in enumerate(start) if sign == ")"):
            try:
                node = ast.parse(start[:end], mode="eval").body
            except (SyntaxError, ValueError):
                continue
            if isinstance(node, ast.Call):
                yield node
            break


def _is_known(call: ast.Call, known: Collection[str]) -> bool:
    values = [*call.args, *(word.value for word in call.keywords)]
    is_plain = not any(isinstance(each, ast.Starred) for each in call.args) and all(word.arg for word in call.keywords)
    read = {node.id for value in values for node in ast.walk(value) if isinstance(node, ast.Name)}
    return is_plain and bool(values) and read <= set(known)
