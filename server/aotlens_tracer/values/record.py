"""One call of an example, recorded."""

from __future__ import annotations

import contextlib

import torch

from ..examples.evaluate import BuiltExample
from ..graph.stack_traces import spans_of_error
from .dimensions import Dimensions
from .functions import Functions
from .recorder import Recorder


def record(
    functions: Functions, example: BuiltExample, dimensions: Dimensions | None = None
) -> tuple[Recorder, BaseException | None]:
    """Make the call; return what was recorded, and the error that ended it (None if it came to its end).

    The functions are instrumented for that time. With `dimensions`, each tensor is recorded with its
    dimensions. Code that the user has compiled runs in eager.
    """
    functions.instrument(example)
    recorder = Recorder(functions.table, example.module, dimensions.of if dimensions is not None else None)
    following = dimensions.following() if dimensions is not None else contextlib.nullcontext()
    try:
        with recorder.recording(), example.fake(), following, torch.compiler.set_stance("force_eager"):
            example.function(*example.args, **example.kwargs)
    except BaseException as error:  # user code may raise SystemExit too
        recorder.stopped_at = tuple((span.path, span.line) for span in spans_of_error(error))
        return recorder, error
    finally:
        functions.restore()
    return recorder, None
