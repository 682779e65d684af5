"""Try other values for the arguments that a failing statement reads or the message names.

Arguments whose annotation names a module class keep their class: another one would not be what the author means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...building.construction import Construction
from ...building.parameters import declared_modules
from ...building.usage import Usage
from ...tables.sizes import WIDTH
from ...values import Items, Tensor, Value, Written
from ..failed_attempt import FailedAttempt
from ..names_read import names_read
from ..rule import Proposals, Rule

_SIZES = ("64", "128", "16", "4", "2", "1", "3", "8", "0.5")
_CALLABLES = ("torch.nn.Identity", "torch.nn.GELU", "torch.nn.LayerNorm", "torch.nn.BatchNorm2d")
_LAYERS = ("torch.nn.Identity", "torch.nn.Identity()", "torch.nn.BatchNorm2d", "'gelu'", "'relu'")
_MOST_LITERALS = 6


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    given, parameters = failed.arguments, construction.parameters
    read = names_read(failed, construction)
    named = [name for name in re.findall(r"\w+", failed.message) if name in parameters]
    declared = declared_modules(construction.cls)
    for name in dict.fromkeys((*read, *named)):
        if name in declared:
            continue
        if name in given:
            for value in _others(failed, name, given[name], construction.usage):
                yield {**given, name: value}
        elif name in parameters and construction.can_pass(name) and parameters[name].default is None:
            yield {**given, name: construction.value(name)}


def _others(failed: FailedAttempt, name: str, value: Value, usage: Usage) -> Iterator[Value]:
    """Values of another kind, or other sizes, for the parameter `name`, which was `value`."""
    text = value.expression
    is_number = re.fullmatch(r"-?[\d.]+", text) is not None
    if failed.wants("items"):
        for count in (usage.sequences.get(name, 2), 4):
            yield Items((Written(text),) * count)
            yield Items((Written(text),) * count, is_list=True)
        return
    if failed.wants("callable"):
        yield from map(Written, _CALLABLES)
        return
    if failed.wants("tensor") and is_number:
        yield from (Tensor((WIDTH, WIDTH)), Tensor((WIDTH,)))
    if failed.wants("module", "attributes"):
        yield Written("torch.nn.Identity()")
        if is_number:
            yield Written(f"torch.nn.Linear({text}, {text})")
    options: list[str] = [repr(literal) for literal in usage.literals.get(name, ())[:_MOST_LITERALS]]
    if is_number:
        options += _SIZES
    elif isinstance(value, Items) or text.startswith(("(", "[")):
        yield from (Written(option) for option in options if option != text)
        options = [text.strip("([])").split(",")[0]]
    if text.startswith("torch.nn."):
        options += _LAYERS
    yield from (Written(option) for option in options if option != text)


RULE = Rule("other-values", "the arguments that failing statements read or the message names", _propose)
