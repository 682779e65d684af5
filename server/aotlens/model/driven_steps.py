"""The training steps that a script lets a framework run: those of the methods that `trainer.fit(module)` calls."""

from __future__ import annotations

import itertools
from pathlib import PurePath

from aotlens.syntax.driving_calls import WORDS, DrivingCall, driving_calls
from aotlens.syntax.once import once_for_each
from aotlens.text.documents import Document
from aotlens_tracer.wire.training_steps import is_step

from .snapshot import Snapshot, TargetState


@once_for_each
def calls_in(document: Document) -> tuple[DrivingCall, ...]:
    """The calls of a document that train."""
    if not document.is_python or not any(word in document.text for word in WORDS):
        return ()
    return tuple(driving_calls(document.tree))


def driven_by(snapshot: Snapshot, document: Document, call: DrivingCall) -> TargetState | None:
    """The training step that a call runs, in the nearest file that has one; None if no file has."""
    found = [state for state in snapshot.states.values() if is_step(state.key.qualname)]
    found = [state for state in found if call.is_method_of(state.key.qualname)]

    def shared(state: TargetState) -> tuple[int, str]:
        parts = zip(PurePath(state.key.path).parts, PurePath(document.path).parts)
        return -sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], parts)), str(state.key)

    return min(found, key=shared, default=None)
