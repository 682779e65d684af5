"""One call of an example, recorded."""

from __future__ import annotations

import torch

from ..examples.evaluate import BuiltExample
from .functions import Functions
from .recorder import Recorder


def record(functions: Functions, example: BuiltExample) -> tuple[Recorder, BaseException | None]:
    """Make the call; return what was recorded, and the error that ended it (None if it came to its end).

    The functions are instrumented for that time. Code that the user has compiled runs in eager.
    """
    functions.instrument()
    recorder = Recorder(functions.table, example.module)
    try:
        with recorder.recording(), example.fake(), torch.compiler.set_stance("force_eager"):
            example.function(*example.args, **example.kwargs)
    except BaseException as error:  # user code may raise SystemExit too
        return recorder, error
    finally:
        functions.restore()
    return recorder, None
