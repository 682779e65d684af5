"""The state of a target in words: it is being traced, it failed, its map is stale, or why it was not traced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aotlens.model.examples import is_to_be_completed, lacks_example
from aotlens.model.snapshot import Snapshot, TargetState

from .blocks import Note, line, sentence
from .paths import line_in_words

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap
    from aotlens_tracer.wire.failures import Failure

IN_A_LENS, IN_A_HOVER = 80, 400
"""The most characters of a failure in a code lens, and in a hover."""
TO_BE_COMPLETED = "the example is to be completed: put a value in the place of each ..."
_STAGES = {
    "import": "importing the file",
    "example": "building the example",
    "capture": "capturing the joint graph",
    "describe": "describing the graph",
    "eager": "making two training steps in eager",
    "partition": "partitioning into forward and backward",
}
_CHANGES = {
    "code": "the code has changed",
    "settings": "the settings have changed",
    "folders": "the folders of the workspace have changed",
}
_KEPT = "from the last session"


def no_forward(method: str) -> str:
    """The words for a class that is no module, in a lens: one of its methods can be traced, once it has an example."""
    return f"no forward: write an example to trace {method}"


def stage_in_words(stage: str | None) -> str:
    """The stage of a running trace; None before its first stage."""
    return "starting" if stage is None else _STAGES.get(stage, stage)


def state_in_words(state: TargetState, longest: int = IN_A_LENS) -> str | None:
    """The state of a target beyond its map: waiting, tracing, stale, failed; None if there is nothing to say.

    A failure has at most `longest` characters.
    """
    if state.status == "tracing" and state.map is not None and state.map.folded:
        return f"provisional: {folding_in_words(state.map)} …"
    if state.status == "tracing":
        return f"tracing: {stage_in_words(state.stage)} …"
    if state.status == "waiting":
        return "waiting to be traced"
    if state.status == "failed" and is_to_be_completed(state):
        return TO_BE_COMPLETED
    if state.status == "failed" and state.failure is not None:
        words = failure_in_brief(state.failure, longest)
        return words if lacks_example(state) else f"failed: {words}"
    if state.status == "cancelled":
        return "cancelled: click to trace again"
    return f"stale: {staleness_in_words(state)}" if state.stale else None


def folding_in_words(map: DescriptorMap) -> str:
    """The layers of a provisional map that were traced: `5 of 80 layers traced`."""
    return ", ".join(f"{each.traced} of {each.total} layers traced" for each in map.folded)


def staleness_in_words(state: TargetState) -> str:
    """The reason why a map is stale: `the code has changed since`."""
    return _KEPT if state.changed == "session" else f"{_CHANGES[state.changed]} since"


def untraced_in_words(snapshot: Snapshot, state: TargetState) -> str:
    """The reason why a target that could be traced was not."""
    if not snapshot.trust.is_given:
        return "not traced: this workspace is not trusted"
    if not state.key.is_in_file:
        return "not traced: this text is not in a file"
    if not snapshot.trusts(state.key.path):
        return "not traced: this file is in no trusted folder"
    if state.key.path in snapshot.excluded:
        return "not traced automatically: the file is excluded by aotlens.trace.exclude"
    if snapshot.manual:
        return "not traced automatically: aotlens.trace.run is manual"
    return "not traced yet"


NOT_TRACED = "not traced: click to trace"
"""A target in a lens that is traced only when the user asks for it."""
NOT_IN_A_MODEL = "in no traced model"
"""A class without a trace of its own, which no traced model contains."""
REPLACED_BY_UNKNOWN = "defined more than once"
"""A definition that Python drops; the document of the one that it keeps is closed."""


def replaced_in_words(path: str, line: int) -> str:
    """A definition that Python drops, because that in `line` has its name too."""
    return f"replaced by the definition in {line_in_words(path, line)}"


def staleness(state: TargetState, *, but_for_first_line: bool = False) -> tuple[Note, ...]:
    """A note that the map is older than the text, or provisional; none if it is neither.

    `but_for_first_line` says that the first line of the text is of a newer trace.
    """
    if not state.stale:
        return (provisional(state.map),) if state.map is not None and state.map.folded else ()
    stale = "Stale but for the first line" if but_for_first_line else "Stale"
    if state.failure is not None:
        words = failure_in_brief(state.failure, IN_A_HOVER)
        return (Note(line(f"{stale}: the last trace failed: ", sentence(words))),)
    if state.changed == "session":
        return (Note(line(f"{stale}: this is from the last session, and is being confirmed by a new trace.")),)
    return (Note(line(f"{stale}: {staleness_in_words(state)} this was traced.")),)


def provisional(map: DescriptorMap) -> Note:
    """A note that only some of many equal layers were traced so far."""
    return Note(line(f"Provisional: {folding_in_words(map)}, the others are like them. The exact map follows."))


def failure_in_brief(failure: Failure, longest: int = IN_A_LENS) -> str:
    """The first sentence of a failure's message, in at most `longest` characters."""
    from .failures import brief_message  # the words for all problems: imported with the first failure

    return brief_message(failure, longest) or failure.reason
