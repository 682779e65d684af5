"""The code of a notebook's cell without what only IPython understands: magics, shell lines, questions.

Each of these lines is replaced by one that does nothing, so that all other lines keep their numbers and columns.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_IN_PYTHON = frozenset(("time", "capture", "prun", "memit", "aotlens"))
"""The cell magics whose code runs in the user's namespace, as it would without them."""
_MOST_KEPT = 20_000
"""The characters of a cell above which its code is not remembered: a large one would be, once for each edit."""
_FIRST_SIGNS = tuple("%!?,;/")
_NAMES = re.compile(r"[\w., ]+")
_COMMAND = re.compile(r"!|%[A-Za-z]")
_QUOTE = re.compile(r"(?i)(?:\b[rbuft]{0,2})?('''|\"\"\"|'|\")")


def without_magics(cell: str) -> str:
    """Return the code of a cell as Python, with as many lines; empty lines for the cell of another language."""
    return (_kept if len(cell) <= _MOST_KEPT else _without_magics)(cell)


def _without_magics(cell: str) -> str:
    lines = _LINE.findall(cell)
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return cell
    if lines[first].startswith("%%"):
        name = lines[first][2:].split(maxsplit=1)
        if not name or name[0] not in _IN_PYTHON:
            return "".join(map(_end, lines))
        lines[first] = _end(lines[first])
    return "".join(_passed_over(lines))


_kept = lru_cache(maxsize=512)(_without_magics)


def _passed_over(lines: list[str]) -> list[str]:
    """Return the lines with those replaced that begin a statement of IPython's own."""
    state = _State()
    found: list[str] = []
    is_continued = False
    for line in lines:
        if is_continued:  # the backslash at the end of a shell line continues it
            found.append(_end(line))
        elif state.is_at_statement and _is_of_ipython(line):
            found.append(line[: len(line) - len(line.lstrip())] + "pass" + _end(line))
        else:
            found.append(line)
            state.read(line)
            continue
        is_continued = line.rstrip("\r\n").endswith("\\")
    return found


def _is_of_ipython(line: str) -> bool:
    """Return whether a line at which a statement may begin is none of Python's."""
    code = line.strip()
    is_question = code.endswith("?") and not any(sign in code for sign in "#'\"")
    names, _, value = code.partition("=")
    is_assigned = _COMMAND.match(value.lstrip()) is not None and _NAMES.fullmatch(names) is not None
    return code.startswith(_FIRST_SIGNS) or is_question or is_assigned


class _State:
    """The parts of Python open at the beginning of a line: brackets, a string of several lines, a backslash."""

    def __init__(self) -> None:
        self._brackets = 0
        self._string: str | None = None
        self._is_continued = False

    @property
    def is_at_statement(self) -> bool:
        """Whether a statement may begin here."""
        return not self._brackets and self._string is None and not self._is_continued

    def read(self, line: str) -> None:
        """Go on to the next line."""
        position = 0
        while position < len(line):
            if self._string is not None:
                position = self._after_string(line, position)
                continue
            quote = _QUOTE.match(line, position)
            if quote is not None:
                self._string, position = quote[1], quote.end()
                continue
            sign = line[position]
            if sign == "#":
                break
            if sign in "([{":
                self._brackets += 1
            elif sign in ")]}":
                self._brackets = max(0, self._brackets - 1)
            position += 1
        if self._string is not None and len(self._string) == 1:
            self._string = None  # a string of one line ends with it
        self._is_continued = self._string is None and line.rstrip("\r\n").endswith("\\")

    def _after_string(self, line: str, position: int) -> int:
        assert self._string is not None
        while position < len(line):
            if line[position] == "\\":
                position += 2
            elif line.startswith(self._string, position):
                position += len(self._string)
                self._string = None
                return position
            else:
                position += 1
        return position


def _end(line: str) -> str:
    """Return the end of a line alone."""
    return line[len(line.rstrip("\r\n")) :]
