"""The values of every expression: a process of its own makes the example's call once, as soon as it is built."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from ..examples.evaluate import BuiltExample
from ..failures import is_library, reads_data
from ..graph.birthplaces import Birthplaces
from ..graph.stack_traces import spans_of_error
from ..values.dimensions import Dimensions
from ..values.functions import Functions
from ..values.named import with_dimensions
from ..values.record import record
from ..values.results import values_of
from ..values.rewriting import without_dimensions
from ..wire.descriptor_map import Span, Values
from ..wire.json_codec import to_json
from ..wire.protocol import SHAPES
from .build_example import Built
from .context import Context
from .import_target import Imported
from .real_tensors import real_example


def start_recording(context: Context, imported: Imported, built: Built, train: bool | None) -> None:
    """Record the values of the example's call in a process of its own, which sends them as the stage `shapes`."""

    def run() -> None:
        functions = Functions(_files(context, built.example))
        example, values = _recorded(context, imported, built, train, functions)
        context.send({"event": "map", "stage": SHAPES, "fields": {"values": to_json(values)}})
        named = _with_dimensions(example, functions, context.birthplaces, values)
        if named is not None:
            context.send({"event": "map", "stage": SHAPES, "fields": {"values": to_json(named)}})

    if context.recording.start(run):
        context.draft.is_sent_elsewhere("values")


def _recorded(
    context: Context, imported: Imported, built: Built, train: bool | None, functions: Functions
) -> tuple[BuiltExample, Values]:
    """Return the values of the call, and the example that was called."""
    start = time.perf_counter()
    example = built.example
    recorder, error = record(functions, example)
    if error is not None and example.mode is not None and reads_data(error):
        real = real_example(context, imported, built, train, ())
        if real is not None:
            example = real
            recorder, error = record(functions, example)
    failed = _failed(error) if error is not None else None
    weights = "fake" if example.mode is not None else "real"
    return example, values_of(recorder, failed, weights, round(time.perf_counter() - start, 3))


def _with_dimensions(
    example: BuiltExample, functions: Functions, birthplaces: Birthplaces, values: Values
) -> Values | None:
    """Return the values with names and origins of their sizes, from a second call.

    None if that call is another one, because the first has changed the module's state.
    """
    dimensions = Dimensions(example, birthplaces)
    recorder, error = record(functions, example, dimensions)
    failed = _failed(error) if error is not None else None
    again = values_of(recorder, failed, values.weights, values.seconds)
    if without_dimensions(again) != without_dimensions(values):
        return None
    return with_dimensions(again, dimensions)


def _failed(error: BaseException) -> Span | None:
    """Return the innermost expression of code that was recorded at which an error passed."""
    spans = [span for span in spans_of_error(error) if not is_library(span.path)]
    return spans[-1] if spans else None


def _files(context: Context, example: BuiltExample) -> Iterator[str]:
    """Yield the user's files, and those of the classes in the module tree."""
    modules = {type(module).__module__ for module in example.module.modules()} if example.module is not None else set()
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and not is_library(path) and (name in modules or context.codebase.owns(path)):
            yield path
