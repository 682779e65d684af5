"""What ended a trace: exceptions, whose file they come from, and the Failure that the server gets."""

from __future__ import annotations

from .codebase import EXAMPLE_FILE, Codebase, is_library
from .errors import BackwardError, CaptureError, ForwardError, JointError, TraceError
from .exceptions import code_line, failure_of, first_line, reads_data, shortened, text_of, user_frames

__all__ = [
    "EXAMPLE_FILE",
    "BackwardError",
    "CaptureError",
    "Codebase",
    "ForwardError",
    "JointError",
    "TraceError",
    "code_line",
    "failure_of",
    "first_line",
    "is_library",
    "reads_data",
    "shortened",
    "text_of",
    "user_frames",
]
