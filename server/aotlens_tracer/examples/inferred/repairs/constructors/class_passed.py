"""Pass a class where the constructor builds with an argument: that of the instance, or one with a class's attribute."""

from __future__ import annotations

import ast
import re

from torch import nn

from ...building.construction import Construction
from ...building.networks import look_alikes
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule

_CALLED = re.compile(r"(\w+)\.forward\(\) (?:got an unexpected keyword|missing|takes)|'(\w+)' object is not callable")
_MOST = 3
"""Classes that are proposed."""


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    given, error = failed.arguments, failed.error
    if isinstance(error, TypeError) and (match := _CALLED.search(failed.message)) is not None:
        name = match[1] or match[2]
        for argument, value in given.items():
            built = ast.parse(value.expression, mode="eval").body
            if isinstance(built, ast.Call) and ast.unparse(built.func).rpartition(".")[2] == name:
                yield {**given, argument: Written(ast.unparse(built.func))}
    if isinstance(error, AttributeError) and error.name and isinstance(error.obj, type):
        missing = error.name
        found = [cls for cls in look_alikes(construction.cls, [missing]) if hasattr(cls, missing)]
        for argument, value in given.items():
            if value.expression.rpartition(".")[2] == error.obj.__name__ and issubclass(error.obj, nn.Module):
                for cls in found[:_MOST]:
                    yield {**given, argument: Written(construction.constructors.names.of(cls))}


RULE = Rule("class-passed", "an instance that is called to build, an attribute that a class lacks", _propose)
