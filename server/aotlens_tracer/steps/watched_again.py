"""The step after an error of the backward pass that names no place: the call is made once more and watched."""

from __future__ import annotations

import contextlib

from ..eager.overwritten import what_is_changed
from ..eager.recomputed import what_is_recomputed
from ..examples.eager_call import call
from ..examples.evaluate import BuiltExample
from ..examples.guards import TookTooLong, guarded
from ..examples.ladder import FOUND_SECONDS
from ..failures import CallError, changed_in_place, is_of_a_checkpoint, text_of
from .build_example import Built, evaluate, is_given
from .context import Context
from .import_target import Imported


def name_what_happens(context: Context, imported: Imported, built: Built, train: bool | None, error: CallError) -> None:
    """Put into the error of a call what was changed in place, or computed otherwise by a checkpoint, if that is it."""
    cause = error.__cause__
    if cause is None or not (changed_in_place(text_of(cause)) or is_of_a_checkpoint(cause)):
        return
    with contextlib.suppress(Exception, TookTooLong):
        with contextlib.nullcontext() if is_given(built.source) else guarded(FOUND_SECONDS):
            example = _fresh(context, imported, built, train)
            if is_of_a_checkpoint(cause):
                error.recomputed = what_is_recomputed(call, example, context.codebase)
            else:
                error.changed = what_is_changed(call, example, context.codebase)


def _fresh(context: Context, imported: Imported, built: Built, train: bool | None) -> BuiltExample:
    """Return the example built anew; one that was recorded cannot be, and is called again as it is."""
    if built.source.root is not None:
        return built.example
    return evaluate(context, imported, built.source, train, lambda _: None)
