"""A notebook as one Python text, joined from its code cells, and where each line of it stands in the notebook.

Everything but the edges knows this text alone: its lines are those of spans, maps and findings.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from aotlens.syntax.magics import without_magics
from aotlens.syntax.source import UnreadableSource

from .lines import split_keeping_ends

ENDING = ".ipynb"
KERNEL = f"In{ENDING}"
"""The name of the code that a kernel was given, in the place of a file: its cells are those of IPython's prompts."""
_MOST_REMEMBERED = 64
"""The notebooks whose cells are remembered for sentences."""


Cells = tuple[tuple[int, int, int], ...]
"""The code cells of a notebook, in their order: the number of each, its first line in the text, and its lines."""


class CellLine(NamedTuple):
    """A line of a notebook: the number of its cell among all cells, and that of the line in it, both from 1."""

    cell: int
    line: int


@dataclass(frozen=True)
class CodeCell:
    """A code cell as it is written. `number` is its place among all cells of the notebook, from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class JoinedNotebook:
    """The text and its cells."""

    text: str
    cells: Cells

    def place(self, line: int) -> CellLine | None:
        """Return where a line of the text stands; None for one behind the last cell."""
        index = bisect_right(self.cells, line, key=lambda cell: cell[1]) - 1
        if index < 0:
            return None
        number, first, count = self.cells[index]
        return CellLine(number, line - first + 1) if line < first + count else None


def is_notebook(path: str) -> bool:
    """Return whether a file with this name is a notebook."""
    return path.endswith(ENDING)


def joined(cells: Iterable[CodeCell]) -> JoinedNotebook:
    """Join the code of cells. Each has all its lines; those that only IPython understands do nothing."""
    parts: list[str] = []
    places: list[tuple[int, int, int]] = []
    first = 1
    for cell in cells:
        count = len(split_keeping_ends(cell.text))
        parts.append(without_magics(cell.text) + "\n")
        places.append((cell.number, first, count))
        first += count
    return JoinedNotebook("".join(parts), tuple(places))


def read_notebook(data: bytes, path: str) -> JoinedNotebook:
    """Return the code of a notebook file. Nothing is run. Raises UnreadableSource if it is none, or not Python."""
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UnreadableSource(path, line, f"byte 0x{data[error.start]:02x} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise UnreadableSource(path, error.lineno, f"the file is no notebook: it is not JSON ({error.msg})") from None
    except (ValueError, RecursionError):  # a number of 5,000 digits, lists in lists
        raise UnreadableSource(path, None, "the file is no notebook: its JSON cannot be read") from None
    if not isinstance(content, dict) or not isinstance(cells := content.get("cells"), list):
        reason = "the file is no notebook of format 4: it has no list of cells"
        raise UnreadableSource(path, None, reason)
    language = _language(content.get("metadata"))
    if language not in ("", "python", "ipython"):
        raise UnreadableSource(path, None, f"the cells of this notebook are {language}, not Python")
    return joined(_code_cells(cells, path))


def _code_cells(cells: list[Any], path: str) -> Iterable[CodeCell]:
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", "") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str):
            raise UnreadableSource(path, None, f"the file is no notebook of format 4: cell {number} has no source")
        if cell.get("cell_type") == "code" and _language(cell.get("metadata")) in ("", "python"):
            yield CodeCell(number, source)


def _language(metadata: Any) -> str:
    """Return the language that the metadata of a notebook or a cell names, in lower case; empty if they name none."""
    places = (("language_info", "name"), ("kernelspec", "language"), ("vscode", "languageId"))
    for table, key in places:
        inner = metadata.get(table) if isinstance(metadata, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get(key), str):
            return str(inner[key]).lower()
    return ""


_remembered: OrderedDict[str, JoinedNotebook] = OrderedDict()
_open: dict[str, JoinedNotebook] = {}
"""The notebooks whose text counts in place of their file, by path: an editor has them open."""


def remember(path: str, notebook: JoinedNotebook) -> None:
    """Let sentences about lines of a notebook name its cells as they are in this text, the latest that was read."""
    _remembered[path] = notebook
    _remembered.move_to_end(path)
    while len(_remembered) > _MOST_REMEMBERED:
        _remembered.popitem(last=False)


def opened(path: str, notebook: JoinedNotebook) -> None:
    """An editor has this text of a notebook: until `closed`, it counts, whatever is read from the file."""
    _open[path] = notebook


def opened_as_text(path: str, text: str) -> None:
    """An editor has joined the cells of a notebook itself, so that lines are named by that text."""
    if is_notebook(path):
        _open[path] = JoinedNotebook(text, ())


def closed(path: str) -> None:
    """An editor has closed a file."""
    _open.pop(path, None)


def all_opened(notebooks: Mapping[str, JoinedNotebook]) -> None:
    """These notebooks are open in an editor, by path, and no others."""
    _open.clear()
    _open.update(notebooks)


def cell_line(path: str | None, line: int | None) -> CellLine | None:
    """Return where a line stands in a notebook that was read; None for a line of another file."""
    notebook = remembered(path) if path is not None and is_notebook(path) else None
    return notebook.place(line) if notebook is not None and line is not None else None


def remembered(path: str) -> JoinedNotebook | None:
    """Return the text of a notebook that is open, or else the latest that was read; None for another file."""
    return _open.get(path) or _remembered.get(path)
