"""Failures about examples: there is none, none works, or one is of another class."""

from __future__ import annotations

import os
import sys
from typing import Any

from ..examples.evaluate import BuiltExample
from ..failures import TraceError
from ..loading.definitions import local_definition
from ..torch_private import class_of
from ..wire.advice import Advice, BuildAndCall, ExampleOfLocal, MoveExample, PinExample, TraceWhereDefined
from ..wire.descriptor_map import Failure, Problem
from ..wire.problems import BuildsAnother, CallsNoModule, NoExample, NoExampleWorks
from .context import Context
from .import_target import Imported


def without_example(context: Context, imported: Imported) -> Failure:
    """Return the failure if there is no example, or none that works."""
    params, map = context.params, context.draft.map
    problem: Problem = NoExample(params.qualname)
    if map.attempts:
        problem = NoExampleWorks(params.qualname, map.attempts[-1].reason)
    advice = _how_to_pin(context, imported.value)
    return Failure("example", "error", problem, params.path, map.target.line, advice=advice)


def _how_to_pin(context: Context, value: Any) -> Advice:
    path, qualname, line = context.params.path, context.params.qualname, context.draft.map.target.line
    examples = context.params.examples
    elsewhere = next((item for item in examples if item.definition_line not in (None, line)), None)
    if elsewhere is not None:
        return MoveExample(elsewhere.line, elsewhere.definition_line, line, path)
    file = getattr(sys.modules.get(getattr(value, "__module__", None) or ""), "__file__", None)
    if value is not None and file is not None and os.path.realpath(file) != os.path.realpath(path):
        return TraceWhereDefined(file)
    owner, _, name = qualname.replace(".<locals>", "").rpartition(".")
    if value is None:
        function = (local_definition(path, qualname) or qualname).partition(".<locals>")[0]
        return ExampleOfLocal(function, f"{function}(…)(torch.randn(…))")
    if isinstance(value, type):
        return PinExample(f"{qualname}(…)(torch.randn(…))")
    return PinExample(f"{owner}(…).{name}(torch.randn(…))" if owner else f"{name}(torch.randn(…))")


def check_it_is_of_the_target(context: Context, imported: Imported, example: BuiltExample) -> None:
    """Raise TraceError for an example of another class (a copied comment): its map would not be the target's."""
    qualname, value = context.params.qualname, imported.value
    if value is None:
        full = local_definition(context.params.path, qualname)
        reached = [type(module) for module in example.module.modules()] if example.module else []
        if full in (getattr(item, "__qualname__", None) for item in (*reached, example.function)):
            return
    elif not isinstance(value, type):
        return
    known = context.draft.map.example
    expression = (known.expression if known is not None else None) or ""
    if example.module is None:
        problem: Problem = CallsNoModule(type(example.function).__name__, expression)
    elif value is not None and any(isinstance(module, value) for module in example.module.modules()):
        return
    else:
        problem = BuildsAnother(class_of(example.module).__name__, qualname, expression)
    span = known.source if known is not None else None
    path, line = (span.path, span.line) if span is not None else (None, None)
    raise TraceError(Failure("example", "error", problem, path, line, advice=BuildAndCall(qualname)))
