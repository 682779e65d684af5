"""Build the module with the attribute that the call reads, where the constructor sets it under a condition only."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from torch import nn

from ...building.construction import Construction
from ...reading.conditional_attributes import conditions_of
from ...values import Value, Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule

_OPPOSITE = {"True": "False", "False": "True"}


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    for owner, attribute in _missing(failed):
        cls: type = type(owner)
        for name in filter(construction.can_pass, conditions_of(cls, attribute) or ()):
            for value in _others(failed, construction, name):
                yield {**failed.arguments, name: value}
        if attribute in construction.parameters and cls is construction.cls:  # `self.conv = conv`, which is None
            for value in (construction.value(attribute), Written("torch.nn.Identity()")):
                if value.expression != "None":
                    yield {**failed.arguments, attribute: value}


def _missing(failed: FailedAttempt) -> Iterator[tuple[nn.Module, str]]:
    """The attributes that the failing statements miss: that do not exist, or that are None and are called."""
    error = failed.error
    if isinstance(error, AttributeError) and isinstance(error.obj, nn.Module) and error.name:
        yield error.obj, error.name
    if not isinstance(error, TypeError) or "'NoneType' object is not callable" not in failed.message:
        return
    place = failed.innermost()
    for node in place.nodes() if place is not None else ():
        if place is not None and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = place.value(node.func.value)
            if isinstance(owner, nn.Module) and getattr(owner, node.func.attr, ...) is None:
                yield owner, node.func.attr


def _others(failed: FailedAttempt, construction: Construction, name: str) -> Iterator[Value]:
    """Other values for a parameter of a condition."""
    given, parameter = failed.arguments.get(name), construction.parameters.get(name)
    text = given.expression if given is not None else repr(parameter.default) if parameter is not None else ""
    if text in _OPPOSITE:
        yield Written(_OPPOSITE[text])
        return
    if text == "None" and (value := construction.value(name)).expression != "None":
        yield value
    if text == "None":
        yield construction.by_name(name)
    for literal in construction.usage.literals.get(name, ()):
        if repr(literal) != text:
            yield Written(repr(literal))
    if text.isdigit():
        yield from (Written(size) for size in ("1", "2", "64", "0") if size != text)


RULE = Rule("conditional-attribute", "the condition under which the constructor sets an attribute", _propose)
