"""The guards of a compiled graph, as Dynamo exports them (`torch/_dynamo/guards.py`)."""

from __future__ import annotations

import contextlib
import functools
import re
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

_MARKS = "_dynamo_"
"""A part of the conditions that a tensor has no marks of Dynamo's, which every tensor has."""
_OF_SHAPES = "SHAPE_ENV"
_FAKE = "torch._subclasses.fake_tensor.FakeTensor"
_REAL = "torch.Tensor"
_OF_TYPE = "___check_type_id("
_LINE = re.compile(r"# ([^\s#:]+):(\d+) in (\S+)")


@dataclass(frozen=True)
class DynamoGuard:
    """A guard in torch's own texts.

    `kind` is the name of the check that is made (`EQUALS_MATCH`), `expression` is empty if it looks at the state of the
    process. `hint` is torch's advice against recompilation, `stack` the call chain of the user's code that needs the
    guard, both absent if torch has none. `value` is the tensor that is guarded, None for all else.
    """

    kind: str
    expression: str
    conditions: tuple[str, ...]
    hint: str | None
    stack: Sequence[traceback.FrameSummary]
    value: torch.Tensor | None = None


def dynamo_guards(guards: Iterable[Any], shapes: Sequence[str]) -> list[DynamoGuard]:
    """Return torch's `Guard` objects that check something; `shapes` are the texts of the guards on symbolic sizes.

    Such a text has its condition before `  #`, and the line that needs it after that.
    """
    found = []
    for guard in guards:
        with contextlib.suppress(Exception):  # a newer torch may have other guards
            found += _read(guard)
    files = dict.fromkeys(frame.filename for item in found for frame in item.stack)
    for text in shapes:
        condition, _, line = text.partition("  #")
        found.append(DynamoGuard(_OF_SHAPES, "", (condition.strip(),), None, _frames(line, files), None))
    return found


def _frames(text: str, files: Iterable[str]) -> tuple[traceback.FrameSummary, ...]:
    """Return the line that a guard on a size is of; torch writes the end of its file's path: `net/model.py:12 in f`."""
    for path, line, name in _LINE.findall(text):
        for file in files:
            if file.endswith(path):
                return (traceback.FrameSummary(file, int(line), name),)
    return ()


def _read(guard: Any) -> list[DynamoGuard]:
    function = guard.create_fn
    hint = function.keywords.get("recompile_hint") if isinstance(function, functools.partial) else None
    made_by = str(guard.inner_create_fn().__name__)
    kinds, codes = list(guard.guard_types or ()), list(guard.code_list or ())
    stack = guard.user_stack or ()
    if made_by == _OF_SHAPES:
        return []
    name = guard.name
    expression = str(name() if callable(name) else name)
    if made_by == "TENSOR_MATCH":
        referred: Any = guard.obj_weakref
        value = referred() if callable(referred) else None
        value = value if isinstance(value, torch.Tensor) else None
        conditions = tuple(code for code in codes if _MARKS not in code)
        return [DynamoGuard(made_by, expression, conditions, hint, stack, value)]
    if not codes:
        return list(_without_text(made_by, expression, function, hint, stack))
    # The call was made with fake tensors: of these torch compares the type.
    codes = [code.replace(_FAKE, _REAL) if code.startswith(_OF_TYPE) else code for code in codes]
    if len(kinds) != len(codes):
        return [DynamoGuard(kinds[-1] if kinds else made_by, expression, tuple(codes), hint, stack)]
    return [DynamoGuard(kind, expression, (code,), hint, stack) for kind, code in zip(kinds, codes)]


def _without_text(
    made_by: str, expression: str, function: Any, hint: str | None, stack: Sequence[traceback.FrameSummary]
) -> Iterator[DynamoGuard]:
    """Yield a guard for which torch exports no text, if it checks something."""
    if not expression:  # it checks the state of the process
        yield DynamoGuard(made_by, "", (), hint, stack)
    elif made_by == "NOT_PRESENT_IN_GENERIC_DICT" and isinstance(function, functools.partial):
        condition = f"not ___dict_contains({function.keywords['attr']!r}, {expression}.__dict__)"
        yield DynamoGuard(made_by, expression, (condition,), hint, stack)
    elif made_by == "CLOSURE_MATCH":
        # Torch writes the code's id too, which means nothing to a reader.
        condition = f"___check_obj_id({expression}.__code__), type=<class 'code'>"
        yield DynamoGuard(made_by, expression, (condition,), hint, stack)
