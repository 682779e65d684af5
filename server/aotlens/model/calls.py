"""The function that a trace called: the one whose arguments and `return` the graph's inputs and outputs belong to."""

from __future__ import annotations

from aotlens.syntax.subjects import ClassRef
from aotlens.text.documents import Document

from .contexts import Context, contexts_of, function_context
from .snapshot import Snapshot, TargetState


def called(state: TargetState) -> str:
    """The name of the method that a trace called: `forward`, or the one in `Block(64).training_step(batch)`."""
    example = state.map.example if state.map is not None else None
    callee = example.constructor if example is not None else None
    if callee is not None and "." in callee:
        _, _, method = callee.rpartition(".")
        if method.isidentifier() and callee.removesuffix(f".{method}").endswith(")"):
            return method
    return "forward"


def called_context(snapshot: Snapshot, document: Document, owner: ClassRef | None, function: str) -> Context | None:
    """The trace that called a function or a method of the class `owner`; None if none did."""
    if owner is None:
        return function_context(snapshot, document, function)
    # Another model that contains the class may answer for the rest of it, but only the class's own trace has the call.
    own = (context for context in contexts_of(snapshot, document, owner) if context.is_own)
    return next((context for context in own if called(context.state) == function), None)
