"""Give arguments the dtype that the message states or names."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import NamedDtype, WrongDtype
from ..changes import retyped
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    wanted = {fact.dtype for fact in failed.says(WrongDtype)}
    if "bool" in wanted:
        yield from retyped(failed, "bool", None, lambda value: value.is_integer)
        yield from retyped(failed, "bool", None, lambda value: value.dtype != "bool")
    elif "int64" in wanted:
        yield from retyped(failed, "int64", None, lambda value: not value.is_integer)
    if "float32" in wanted:
        yield from retyped(failed, "float32", None, lambda value: value.is_integer or value.dtype == "bool")
    if "complex64" in wanted:
        yield from retyped(failed, "complex64")
    for fact in failed.says(NamedDtype):
        yield from retyped(failed, fact.dtype)


RULE = Rule("wrong-dtype", "the dtype that a tensor must have", _propose)
