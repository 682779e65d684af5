"""The argument that a failed call left out."""

from __future__ import annotations

from ..calling.inputs import Inputs
from .failed_attempt import FailedAttempt


def left_out_argument(error: BaseException, inputs: Inputs | None) -> str | None:
    """The argument that was left out and that an error is about; None if it is about none."""
    if inputs is None:
        return None
    for place in FailedAttempt(error, {}, function=inputs.function).users():
        for name in place.names():
            if place.variables[name] is None and name in inputs.parameters:
                return name
    return None
