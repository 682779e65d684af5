"""The arguments and results of a function in the recorded call."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from aotlens.syntax.expressions import arguments_of
from aotlens.syntax.returns import returns_in
from aotlens.text.documents import Document

from .snapshot import Snapshot
from .values import Had, Recording, recordings_at, value_of


@dataclass(frozen=True)
class FunctionValues:
    """The values of the arguments of a function by name, and those of its `return` statements that ran."""

    recording: Recording
    arguments: tuple[tuple[str, Had], ...]
    results: tuple[Had, ...]


def function_values(snapshot: Snapshot, document: Document, function: Node) -> FunctionValues | None:
    """The values that a function was called with and returned; None if it did not run."""
    recording = next(recordings_at(snapshot, document, document.span_of(function).line), None)
    if recording is None:
        return None
    named = [(name, value_of(snapshot, document, place)) for name, place in arguments_of(document, function)]
    returns = list(returns_in(function.child_by_field_name("body")))
    results = [value_of(snapshot, document, document.span_of(node)) for node in returns]
    return FunctionValues(
        recording,
        tuple((name, had) for name, had in named if had is not None),
        tuple(had for had in results if had is not None),
    )
