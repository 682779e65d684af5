"""The values of every expression: a process of its own makes the example's call once, as soon as it is built."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from ..examples.evaluate import BuiltExample
from ..failures import is_library, reads_data
from ..graph.birthplaces import Birthplaces
from ..graph.stack_traces import spans_of_error
from ..values.dimensions import Dimensions
from ..values.functions import Functions
from ..values.named import with_dimensions
from ..values.record import record
from ..values.recorder import Recorder
from ..values.results import cut_short, values_of
from ..values.rewriting import without_dimensions
from ..values.waiting import can_be_recorded_apart
from ..wire.class_names import module_of_type
from ..wire.descriptor_map import Span, Values
from ..wire.json_codec import to_json
from ..wire.protocol import SHAPES
from .build_example import Built, evaluate
from .context import Context
from .import_target import Imported
from .real_tensors import real_example

_KNOWN = len(sys.modules)
"""The number of modules before any of the user's was imported, or fewer."""


def start_recording(context: Context, imported: Imported, built: Built, train: bool | None) -> None:
    """Record the values of the example's call in a process of its own, which sends them as the stage `shapes`.

    If none can be made, `finish_recording` records them.
    """

    def run() -> None:
        for _ in send_recorded(context, imported, built, train):
            context.recording.is_sent()

    def later() -> None:
        fresh = replace(built, example=evaluate(context, imported, built.source, train, lambda _: None))
        for values in _recorded(context, imported, fresh, train):
            context.draft.update(values=cut_short(values))

    if context.recording.start(run, later, may_be_by_tracer=can_be_recorded_apart(built.source)):
        context.draft.is_sent_elsewhere("values")


def send_recorded(context: Context, imported: Imported, built: Built, train: bool | None) -> Iterator[Values]:
    """Record the values of the example's call, and send them; yield them after that."""
    for values in _recorded(context, imported, built, train):
        context.send({"event": "map", "stage": SHAPES, "fields": {"values": to_json(cut_short(values))}})
        yield values


def finish_recording(context: Context) -> None:
    """Wait for the process that records the values; record them here if there is none."""
    if context.recording.later is not None:
        with contextlib.suppress(Exception):
            context.recording.later()
    context.recording.wait()


def _recorded(context: Context, imported: Imported, built: Built, train: bool | None) -> Iterator[Values]:
    """Yield the values of the call: as soon as they are known, and again when more is known of them.

    A call that fails on fake tensors is made on real ones too, if they are small: it may read data, or need an
    operation that fake tensors lack.
    """
    start = time.perf_counter()
    functions = Functions(_files(context, built.example))
    example = built.example
    recorder, error = record(functions, example)
    values = _values(recorder, error, example, start)
    is_limit = error is not None and values.failed is None
    if not is_limit:
        yield values
    if error is not None and example.mode is not None:
        real = _with_data(context, imported, built, train, functions, start)
        if real is not None and (is_limit or real[1].failed != values.failed):
            example, values = real
            yield values
        elif is_limit:
            yield values
    named = _with_dimensions(example, functions, context.birthplaces, values)
    if named is not None:
        yield named


def _with_data(
    context: Context, imported: Imported, built: Built, train: bool | None, functions: Functions, start: float
) -> tuple[BuiltExample, Values] | None:
    """Return the example with real tensors, and the values of its call; None if it cannot be built so."""
    try:
        real = real_example(context, imported, built, train, ())
    except Exception:
        return None
    return (real, _values(*record(functions, real), real, start)) if real is not None else None


def _values(recorder: Recorder, error: BaseException | None, example: BuiltExample, start: float) -> Values:
    """Return what was recorded. Fake tensors that lack data are no failure of the call."""
    is_limit = error is not None and example.mode is not None and reads_data(error)
    failed = _failed(recorder, error) if error is not None and not is_limit else None
    weights = "fake" if example.mode is not None else "real"
    return values_of(recorder, failed, weights, round(time.perf_counter() - start, 3))


def _with_dimensions(
    example: BuiltExample, functions: Functions, birthplaces: Birthplaces, values: Values
) -> Values | None:
    """Return the values with names and origins of their sizes, from a second call.

    None if that call is another one, because the first has changed the module's state.
    """
    dimensions = Dimensions(example, birthplaces)
    recorder, error = record(functions, example, dimensions)
    failed = _failed(recorder, error) if error is not None and values.failed is not None else None
    again = values_of(recorder, failed, values.weights, values.seconds)
    if without_dimensions(again) != without_dimensions(values):
        return None
    return with_dimensions(again, dimensions)


def _failed(recorder: Recorder, error: BaseException) -> Span | None:
    """Return the innermost expression of code that was recorded at which an error passed."""
    paths = {function.path for function in recorder.table.functions}
    return next((span for span in reversed(spans_of_error(error)) if span.path in paths), None)


def _files(context: Context, example: BuiltExample) -> Iterator[str]:
    """Yield the user's files, and those of the classes in the module tree."""
    tree = example.module.modules() if example.module is not None else ()
    kinds = {type(module) for module in tree}
    names = {module_of_type(each) for kind in kinds for each in kind.__mro__}
    # The newest are the last. To look at all of them would copy much memory that this process shares with its parent.
    newest = list(itertools.islice(reversed(sys.modules), max(len(sys.modules) - _KNOWN, 0)))
    for name in {*names, *newest}:
        path = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(path, str) and not is_library(path) and (name in names or context.codebase.owns(path)):
            yield path
