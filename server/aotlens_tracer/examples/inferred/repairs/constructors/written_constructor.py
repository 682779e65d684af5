"""Build the class as its own file writes it out: in a docstring, for example, though nothing calls the module there."""

from __future__ import annotations

import ast
import inspect

from ...building.construction import Construction
from ...reading.written_constructors import constructor_calls
from ...values import Arguments, Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    yield from written_arguments(construction)


def written_arguments(construction: Construction) -> Proposals:
    """The arguments of the constructor's calls in the file of the class, by the names of its parameters."""
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [name for name, each in construction.parameters.items() if each.kind in by_position]
    for call in constructor_calls(construction.cls, construction.constructors.names.values):
        if len(call.args) > len(positional):
            continue
        arguments: Arguments = {name: Written(ast.unparse(value)) for name, value in zip(positional, call.args)}
        arguments |= {word.arg: Written(ast.unparse(word.value)) for word in call.keywords if word.arg is not None}
        if all(map(construction.can_pass, arguments)):
            yield arguments


RULE = Rule("written-constructor", "a refused argument, where the file of the class writes a call of it out", _propose)
