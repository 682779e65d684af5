"""Places in the source as reports and sentences name them: `model.py:14:9`, `train.ipynb, cell 3, line 4`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from aotlens.text.notebooks import KERNEL, cell_line
from aotlens_tracer.wire.places import Span

from .blocks import NOTHING

PathLabel = Callable[[str], str]
"""A function that turns an absolute path into the path to show."""
_IN_PACKAGES = re.compile(r"^.*[/\\](?:site-packages|dist-packages)[/\\]")


def from_packages(path_label: PathLabel) -> PathLabel:
    """A label that names a file of an installed package from there: `transformers/models/bert/modeling_bert.py`.

    It is for readers on other machines.
    """
    return lambda path: _IN_PACKAGES.sub("", path_label(path))


def file_name(path: str) -> str:
    """The last part of a path of any system."""
    return re.split(r"[/\\]", path)[-1]


def at_line(path: str, line: int, path_label: PathLabel = file_name) -> str:
    """`model.py:14`; in a notebook `train.ipynb, cell 3, line 4`, in a kernel `In [3], line 4`."""
    found = cell_line(path, line)
    if found is None:
        return f"{path_label(path)}:{line}"
    if file_name(path) == KERNEL:
        return f"In [{found.cell}], line {found.line}"
    return f"{path_label(path)}, cell {found.cell}, line {found.line}"


def line_in_words(path: str | None, line: int) -> str:
    """`line 14`; in a notebook `line 4 of cell 3`, in a kernel `line 4 of In [3]`."""
    found = cell_line(path, line)
    if found is None:
        return f"line {line}"
    is_kernel = path is not None and file_name(path) == KERNEL
    return f"line {found.line} of {f'In [{found.cell}]' if is_kernel else f'cell {found.cell}'}"


def lines_in_words(path: str | None, lines: Sequence[int]) -> str:
    """`line 3, 14`, and in a notebook `line 3 of cell 2, line 4 of cell 3`."""
    if all(cell_line(path, line) is None for line in lines):
        return f"line {', '.join(map(str, lines))}"
    return ", ".join(line_in_words(path, line) for line in lines)


def number_of_line(path: str, line: int) -> int:
    """The number of a line in its file, or in its cell."""
    found = cell_line(path, line)
    return line if found is None else found.line


def place(span: Span | None, path_label: PathLabel) -> str:
    """`model.py:14`; a dash for None."""
    return at_line(span.path, span.line, path_label) if span is not None else NOTHING


def position(path: str | None, line: int | None, column: int | None, path_label: PathLabel) -> str:
    """`model.py:14:9`, as far as it is known; empty without a path. In a notebook without the column."""
    if path is None:
        return ""
    if line is not None and cell_line(path, line) is not None:
        return at_line(path, line, path_label)
    return ":".join(str(part) for part in (path_label(path), line, column) if part is not None)


def target_label(target: str, path_label: PathLabel) -> str:
    """`/path/model.py::Net` with the path that is shown."""
    path, separator, qualname = target.rpartition("::")
    return f"{path_label(path)}{separator}{qualname}"


def places(spans: Sequence[Span], path_label: PathLabel) -> str:
    """`model.py:14 and 2 more`; a dash if there are no places."""
    shown = list(dict.fromkeys(place(span, path_label) for span in spans))
    if not shown:
        return NOTHING
    return shown[0] + (f" and {len(shown) - 1} more" if len(shown) > 1 else "")


def in_line(span: Span | None, path: str | None) -> str:
    """A place after what stands there: `, line 4`, with the name of the file if it is another one than `path`."""
    if span is None:
        return ""
    if span.path == path:
        return f", {line_in_words(path, span.line)}"
    return f", {line_in_words(span.path, span.line)} of {file_name(span.path)}"
