"""The end of a failed trace: exceptions, whose file they come from, and the Failure that the server gets."""

from __future__ import annotations

from ..wire.class_names import name_of_type
from .advice import advice_for_operation, advice_for_refusal, raised_by_a_statement
from .codebase import EXAMPLE_FILE, HERE, Codebase, is_library
from .errors import (
    BackwardError,
    CallError,
    CaptureError,
    EndlessValue,
    ForwardError,
    JointError,
    TraceError,
    is_of_the_class,
)
from .exceptions import code_line, failure_of, shortened, user_frames
from .in_place import ChangedInPlace, at_the_change, changed_in_place, refused_in_place
from .library import LibraryForMessages, advice_for_replaced, put_library_back, remember_library
from .problems import chain, clipped, problem_of, reads_data, refusal_of, text_of
from .recomputed import RecomputedAt, at_the_checkpoint, is_of_a_checkpoint
from .shown import shown

__all__ = [
    "EXAMPLE_FILE",
    "HERE",
    "BackwardError",
    "CallError",
    "CaptureError",
    "ChangedInPlace",
    "Codebase",
    "EndlessValue",
    "ForwardError",
    "JointError",
    "LibraryForMessages",
    "RecomputedAt",
    "TraceError",
    "advice_for_operation",
    "advice_for_refusal",
    "advice_for_replaced",
    "at_the_change",
    "at_the_checkpoint",
    "chain",
    "changed_in_place",
    "clipped",
    "code_line",
    "failure_of",
    "is_library",
    "is_of_a_checkpoint",
    "is_of_the_class",
    "name_of_type",
    "problem_of",
    "put_library_back",
    "raised_by_a_statement",
    "reads_data",
    "refusal_of",
    "refused_in_place",
    "remember_library",
    "shortened",
    "shown",
    "text_of",
    "user_frames",
]
