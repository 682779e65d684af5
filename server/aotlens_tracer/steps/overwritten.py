"""The step after an in-place error: the call is made once more and watched, to name what overwrites which value."""

from __future__ import annotations

import contextlib

from ..eager.overwritten import what_is_changed
from ..examples.eager_call import call
from ..examples.evaluate import BuiltExample
from ..examples.guards import TookTooLong, guarded
from ..examples.ladder import FOUND_SECONDS
from ..failures import CallError, changed_in_place, text_of
from .build_example import Built, evaluate, is_given
from .context import Context
from .import_target import Imported


def name_what_is_changed(
    context: Context, imported: Imported, built: Built, train: bool | None, error: CallError
) -> None:
    """Put into the error of a call what was changed in place, if that is the reason and can be found."""
    if error.__cause__ is None or not changed_in_place(text_of(error.__cause__)):
        return
    with contextlib.suppress(Exception, TookTooLong):
        with contextlib.nullcontext() if is_given(built.source) else guarded(FOUND_SECONDS):
            error.changed = what_is_changed(call, _fresh(context, imported, built, train), context.codebase)


def _fresh(context: Context, imported: Imported, built: Built, train: bool | None) -> BuiltExample:
    """Return the example built anew; one that was recorded cannot be, and is called again as it is."""
    if built.source.root is not None:
        return built.example
    return evaluate(context, imported, built.source, train, lambda _: None)
