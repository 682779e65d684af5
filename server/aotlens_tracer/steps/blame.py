"""After a call failed: the operation to blame, with its operands."""

from __future__ import annotations

import contextlib

from ..eager.failed_operation import failed_operation
from ..failures import CallError, CaptureError
from .build_example import Built
from .context import Context


def blame(context: Context, built: Built, error: CallError) -> None:
    """Put the operation to blame into the error, if the call itself shows it. The call is made once more."""
    cause = error.__cause__
    if isinstance(error, CaptureError):
        cause = cause or (error.backward.__cause__ if error.backward is not None else None)
    if cause is None:
        return
    with contextlib.suppress(Exception):  # a class of the user's that cannot be recorded
        found = failed_operation(built.example, cause, context.birthplaces, context.codebase)
        if found is not None:
            error.operation, error.eager = found.operation, found.eager
