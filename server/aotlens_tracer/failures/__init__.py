"""The end of a failed trace: exceptions, whose file they come from, and the Failure that the server gets."""

from __future__ import annotations

from .codebase import EXAMPLE_FILE, Codebase, is_library
from .errors import BackwardError, CaptureError, ForwardError, JointError, TraceError
from .exceptions import code_line, failure_of, shortened, user_frames
from .problems import clipped, problem_of, reads_data, refusal_of, text_of

__all__ = [
    "EXAMPLE_FILE",
    "BackwardError",
    "CaptureError",
    "Codebase",
    "ForwardError",
    "JointError",
    "TraceError",
    "clipped",
    "code_line",
    "failure_of",
    "is_library",
    "problem_of",
    "reads_data",
    "refusal_of",
    "shortened",
    "text_of",
    "user_frames",
]
