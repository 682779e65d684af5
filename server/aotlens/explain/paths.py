"""Places in the source as a report shows them: `model.py:14:9`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aotlens_tracer.wire.places import Span

from .blocks import NOTHING

PathLabel = Callable[[str], str]
"""A function that turns an absolute path into the path to show."""


def place(span: Span | None, path_label: PathLabel) -> str:
    """`model.py:14`; a dash for None."""
    return f"{path_label(span.path)}:{span.line}" if span is not None else NOTHING


def position(path: str | None, line: int | None, column: int | None, path_label: PathLabel) -> str:
    """`model.py:14:9`, as far as it is known; empty without a path."""
    if path is None:
        return ""
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
    return f", line {span.line}" if span.path == path else f", line {span.line} of {span.path.rpartition('/')[2]}"
