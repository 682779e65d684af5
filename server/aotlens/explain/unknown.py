"""The reasons why nothing is known about a thing in the source, in words."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.model.snapshot import Snapshot, TargetState

from .blocks import Code, Line, codes, line, sentence
from .states import IN_A_HOVER, failure_in_brief, replaced_in_words, state_in_words, untraced_in_words

_PIECES = 4
"""The most pieces that are listed."""


def why_untraced(snapshot: Snapshot, state: TargetState) -> Line:
    """Why a target has no map: it is being traced, it failed, or it was not traced."""
    name = Code(state.key.qualname)
    if snapshot.trusts(state.key.path) and state.status == "failed" and state.failure is not None:
        reason = sentence(failure_in_brief(state.failure, IN_A_HOVER))
        at = state.failure.operation.span if state.failure.operation is not None else None
        if at is not None and (now := snapshot.now_of_failure(state, at)) is not None:
            from .phrases import place  # it needs the model of maps: imported with the first failure

            return line(name, " fails at ", place(now), ": ", reason)
        return line(name, " could not be traced: ", reason)
    if snapshot.trusts(state.key.path) and (words := state_in_words(state)) is not None:
        return line(name, f": {words}")
    return line(name, f" is {untraced_in_words(snapshot, state)}.")


def why_replaced(qualname: str, path: str, kept_at: int) -> Line:
    """Why a class has no map: Python keeps the later definition of its name, in line `kept_at`."""
    return line(Code(qualname), f" is {replaced_in_words(path, kept_at)}.")


def why_not_driven(callee: str, method: str) -> Line:
    """Why the call of a trainer shows no training step: no file near it has the method that it calls."""
    return line(Code(callee), " runs ", Code(method), ", which is in no file of this project that has been searched.")


def why_new(model: str) -> Line:
    """Why a line has no counterpart in a map: it was written after the trace."""
    return line("Newer than the last trace of ", Code(model), ".")


def why_inside(model: str) -> Line:
    """Why an argument is no input of the graph: it belongs to a call inside a model."""
    return line("of a call inside ", Code(model), ": only its own arguments are inputs")


def why_constant(value: str) -> Line:
    """Why an argument is no input of the graph: its value is no tensor."""
    return line("no input of the graph, which holds for ", Code(value), " alone")


def why_absent(default: str | None) -> Line:
    """Why an argument is no input of the graph: the traced call does not pass it. `default` is source text, or None."""
    more = line(", its default ", Code(default), " is part of the graph") if default is not None else ()
    return line("not given in the traced call", more)


def no_such_slot() -> Line:
    """A descriptor that no map has."""
    return line("No traced target has such a slot.")


def in_pieces(model: str, pieces: Sequence[str], wanted: str | None = None) -> Line:
    """A descriptor of a tensor subclass, of which a graph has the pieces (their labels) alone.

    `wanted` is the piece that the descriptor asks for, and that the subclass does not have; None if it asks for the
    whole.
    """
    shown = line(codes(pieces[:_PIECES]), " …" if len(pieces) > _PIECES else "")
    if wanted is not None:
        return line("No piece ", Code(wanted), " in ", Code(model), ", which has ", shown, ".")
    return line("No slot of its own in ", Code(model), ": a tensor subclass, of which the graph has ", shown, ".")
