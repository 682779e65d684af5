"""The sizes of a call's arguments that may change, with the user's words and the places that mark them."""

from __future__ import annotations

from collections.abc import Mapping

from ..examples.dynamic_sizes import MarkOfArgument, marks_of_call
from ..failures import EXAMPLE_FILE
from ..graph.symbols import MarkedSize
from ..wire.places import Span
from .build_example import Built


def marked_sizes(built: Built) -> Mapping[str, MarkedSize]:
    """Return the marked sizes by the user's name for them: `x.size(0)`, and `x.a.size(0)` for a piece of a subclass."""
    return {
        f"{label}.size({dimension})": MarkedSize(mark.option.name if mark.option else None, place_of(built, mark))
        for (label, dimension), mark in marks_of_built(built).items()
    }


def marks_of_built(built: Built) -> Mapping[tuple[str, int], MarkOfArgument]:
    """Return the marked sizes of an example's arguments, by argument and dimension."""
    example = built.example
    return marks_of_call(example.function, example.args, example.kwargs, example.options.sizes)


def place_of(built: Built, mark: MarkOfArgument) -> Span | None:
    """Return the place that marks a size: the option's, or the line that calls torch's function; None if unknown."""
    options = built.example.options.sizes
    if mark.option is not None:
        return dict(zip(options, built.example.places)).get(mark.option)
    if mark.mark.place is None:
        return None
    path, line = mark.mark.place
    if path != EXAMPLE_FILE:
        return Span(path, line)
    source = built.source
    return Span(source.path, source.line + line - 1) if source.path and source.line else None
