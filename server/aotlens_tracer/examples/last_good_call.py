"""After an edit, a call fails with which the class was traced before: the class is wrong, or it wants another call.

The call has worked, so its failure comes from the edit. Only what was guessed about the call may have changed on
purpose: the sizes, ranks and types that the class demands of its arguments. If values that the class itself computes no
longer fit together, no other call is tried: one that runs would do so by accident.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from torch import nn

from ..failures import (
    EXAMPLE_FILE,
    BackwardError,
    CallError,
    CaptureError,
    Codebase,
    ForwardError,
    TraceError,
    raised_by_a_statement,
    reads_data,
)
from ..wire.operands import FailedOperation, Operand
from .guards import SideEffect, TookTooLong
from .recorded import NotCalled

Fault = Literal["class", "arguments", "open", "call"]
"""The reasons why a call fails that has worked before.

`class`: the class is wrong. `arguments`: it may want other arguments. `open`: it may have to be built in another way,
too. `call`: the call no longer fits the class, or never reaches it.
"""


class NoOtherCall(Exception):
    """A guess that was made because the last good call fails is no answer to that failure."""


@dataclass(frozen=True)
class FailedCall:
    """The last good call, which fails now. `operation` is the operation to blame, None if it is not known.

    `expression` is empty for a call that was recorded in that of another class.
    """

    expression: str
    fault: Fault
    operation: FailedOperation | None

    def is_answered_by(self, guess: str) -> bool:
        """Whether a guess that runs shows that the class wants another call.

        If it may want other arguments, it has to be built in the same way. An image that was square is still. Two sizes
        of one tensor that were different must not have become equal, unless a parameter or buffer demands a size: where
        only arguments meet, they fit by accident.
        """
        if self.fault != "arguments" or not self.expression:
            return True
        return _is_answer(self.expression, guess, self.operation)


def fault_of(error: BaseException, codebase: Codebase) -> Fault:
    """Return why a call that has worked before ended with this error."""
    cause = error.__cause__ if isinstance(error, CallError) and error.__cause__ is not None else error
    if isinstance(error, CaptureError):
        return "open" if reads_data(cause) else "class"
    if isinstance(error, BackwardError):
        return "class"
    if isinstance(cause, (SideEffect, TookTooLong, NotCalled, TraceError)) or not _is_in_user_code(cause, codebase):
        return "call"
    if reads_data(cause) or (raised_by_a_statement(cause) and type(cause).__name__ != "EinopsError"):
        return "open"
    if isinstance(cause, NameError) and not isinstance(cause, UnboundLocalError):
        return "class"
    if isinstance(cause, AttributeError) and isinstance(cause.obj, nn.Module):
        return "class"
    operation = error.operation if isinstance(error, ForwardError) else None
    return "open" if operation is None else _fault_of_operation(operation)


def failed_call(expression: str, error: BaseException, codebase: Codebase) -> FailedCall | None:
    """Return the last good call, which ended with this error; None if it no longer fits the class."""
    fault = fault_of(error, codebase)
    operation = error.operation if isinstance(error, CallError) else None
    return FailedCall(expression, fault, operation) if fault != "call" else None


def _is_answer(call: str, guess: str, operation: FailedOperation | None) -> bool:
    one, other = _call(call), _call(guess)
    if one is None or other is None or ast.unparse(one.func) != ast.unparse(other.func):
        return False
    shapes = list(zip(_shapes(one), _shapes(other)))
    if any(_is_square(before) and len(before) == len(after) and not _is_square(after) for before, after in shapes):
        return False
    if operation is not None and any(operand.role in ("parameter", "buffer") for operand in _clashing(operation)):
        return True
    return not any(_became_equal(*pair) for pair in shapes)


def _fault_of_operation(operation: FailedOperation) -> Fault:
    clashing = _clashing(operation)
    arguments = {operand.origin for operand in clashing if operand.role == "argument"}
    if not arguments:
        return "class"
    if operation.misuse is not None:
        return "open"
    is_about_one = len(arguments) == 1 and all(operand.role == "argument" for operand in clashing)
    has_number = operation.clash is None or any(part.operand is None for part in operation.clash.parts)
    return "class" if is_about_one and len(clashing) > 1 and not has_number else "arguments"


def _clashing(operation: FailedOperation) -> list[Operand]:
    """Return the operands that do not fit together; all of them if that is not known."""
    if operation.clash is not None:
        return [operation.operands[part.operand] for part in operation.clash.parts if part.operand is not None]
    return [operand for operand in operation.operands if operand.is_culprit] or list(operation.operands)


def _is_in_user_code(error: BaseException, codebase: Codebase) -> bool:
    """Whether the innermost frame of the user's is in a file, and not in the example."""
    innermost = EXAMPLE_FILE
    traceback = error.__traceback__
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        innermost = name if codebase.owns(name) else innermost
        traceback = traceback.tb_next
    return innermost != EXAMPLE_FILE


def _call(expression: str) -> ast.Call | None:
    try:
        body = ast.parse(expression, mode="eval").body
    except SyntaxError:
        return None
    return body if isinstance(body, ast.Call) else None


def _shapes(call: ast.Call) -> Iterator[tuple[int, ...]]:
    """Yield the sizes that the calls within a call's arguments are given, in their order."""
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        for node in ast.walk(argument):
            if isinstance(node, ast.Call):
                yield tuple(size for part in node.args for size in _sizes(part))


def _sizes(node: ast.expr) -> Iterator[int]:
    for part in node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]:
        if isinstance(part, ast.Constant) and type(part.value) is int:
            yield part.value


def _became_equal(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    if len(before) != len(after):
        return False
    pairs = [(i, j) for i in range(len(after)) for j in range(i)]
    return any(before[i] != before[j] and after[i] == after[j] for i, j in pairs)


def _is_square(shape: tuple[int, ...]) -> bool:
    """Whether a shape may be that of square images."""
    return len(shape) > 3 and shape[-1] == shape[-2]
