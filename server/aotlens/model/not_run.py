"""The reason why lines did not run in a recorded call: the condition that was not as they need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aotlens.syntax.nodes import text_of
from aotlens.syntax.untaken import Condition, conditions_before, parameters_around, parts_to_blame
from aotlens.text.documents import Document

from .contexts import class_at
from .recorded import Plain
from .snapshot import Snapshot, TargetKey
from .values import Recording, is_skipped, recordings_at, value_of

_FALSE = frozenset({"False", "None", "0", "0.0"})
"""Texts of plain values that are false."""


@dataclass(frozen=True)
class NotRun:
    """Lines that ran in no call of a recording, although their function ran.

    `expression` is the condition, or the part of it, that is to blame, and `value` what it was: `None`, `not None`, or
    another plain value. Both are None if no single condition is to blame. `is_own` says that the call is that of the
    class that the lines are in. `argument` is the optional argument of the
    traced class's own `forward` that the expression is, with which the lines might run; None for anything else.
    """

    recording: Recording
    expression: str | None = None
    value: str | None = None
    argument: str | None = None
    is_own: bool = False

    @property
    def is_left_out(self) -> bool:
        """Whether the lines did not run because the argument was left out of the call."""
        return self.argument is not None and self.value in _FALSE


def not_run(snapshot: Snapshot, document: Document, line: int) -> NotRun | None:
    """Why a line of today's text ran in no call of the recording that answers for it; None if it ran or is unknown."""
    recording = next(recordings_at(snapshot, document, line), None)
    if recording is None or not is_skipped(snapshot, document, recording, line):
        return None
    first = line
    while first > 1 and (not document.line(first - 1).strip() or is_skipped(snapshot, document, recording, first - 1)):
        first -= 1
    while first <= line:
        conditions = list(conditions_before(document, first))
        if conditions:
            return _with_reason(snapshot, document, recording, conditions)
        first += 1
    return NotRun(recording)


def _with_reason(
    snapshot: Snapshot, document: Document, recording: Recording, conditions: Sequence[Condition]
) -> NotRun:
    """The reason among some conditions, of which at least one is to blame."""
    blamed = [part for condition in conditions for part in parts_to_blame(condition)]
    if len(blamed) > 1:  # the values of the call tell
        blamed = [part for part in blamed if _has_value(snapshot, document, part)]
    if not blamed:
        return NotRun(recording)
    part = blamed[0]
    compared = part.compared_with_none
    name = compared[0] if compared is not None else part.node if part.is_name else None
    expression, value = part.text, str(part.is_true)
    if compared is not None:
        expression, value = text_of(compared[0]), "None" if compared[1] else "not None"
    elif part.is_name:
        value = _plain(snapshot, document, part) or value
    elif (passed := _only_argument(part)) is not None and _plain(snapshot, document, passed) == "None":
        expression, value, name = passed.text, "None", passed.node  # `exists(mask)`
    owner = class_at(document, part.node.start_point[0] + 1)
    is_own = owner is not None and recording.state.key == TargetKey(document.path, owner.qualname)
    argument = expression if is_own and name is not None and _is_optional(part, expression) else None
    return NotRun(recording, expression, value, argument, is_own)


def _has_value(snapshot: Snapshot, document: Document, part: Condition) -> bool:
    """Whether a condition, or the name in it, was recorded with the value for which it is blamed."""
    compared = part.compared_with_none
    if compared is not None:
        had = value_of(snapshot, document, document.span_of(compared[0]))
        values = [case.value for case in had.cases] if had is not None else []
        return bool(values) and all((value == Plain("NoneType", "None")) == compared[1] for value in values)
    text = _plain(snapshot, document, part)
    return text is not None and (text not in _FALSE) == part.is_true


def _plain(snapshot: Snapshot, document: Document, part: Condition) -> str | None:
    """The text of the one plain value that a condition had; None if it had others, or was not recorded."""
    had = value_of(snapshot, document, document.span_of(part.node))
    return had.value.text if had is not None and isinstance(had.value, Plain) else None


def _only_argument(part: Condition) -> Condition | None:
    """The name that is the only argument of a call; None for other conditions."""
    if part.node.type != "call":
        return None
    arguments = part.node.child_by_field_name("arguments")
    names = arguments.named_children if arguments is not None else []
    return Condition(names[0], part.is_true) if len(names) == 1 and names[0].type == "identifier" else None


def _is_optional(part: Condition, name: str) -> bool:
    """Whether a name is an argument of `forward` that may be left out."""
    function, optional = parameters_around(part.node)
    return function is not None and text_of(function.child_by_field_name("name")) == "forward" and name in optional
