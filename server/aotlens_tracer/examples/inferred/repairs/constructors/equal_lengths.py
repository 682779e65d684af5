"""Pass a sequence where `len(p)` has none, or one of the length that a condition or an unpacking asks for."""

from __future__ import annotations

import ast
from dataclasses import replace

from ...building.construction import Construction
from ...tables.facts import WrongRank
from ...values import Items, Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule

_LONGEST = 16


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    given = failed.arguments
    for fact in failed.says(WrongRank) if isinstance(failed.error, ValueError) else ():
        for argument, passed in given.items():
            if fact.unpacks and isinstance(passed, Items) and passed.items and fact.given in (None, len(passed.items)):
                count = fact.wanted[0]
                yield {**given, argument: replace(passed, items=(passed.items * count)[:count])}
    for place in failed.users():
        names = [name for node in place.nodes() if (name := _measured(node)) is not None]
        if failed.wants("length"):
            for name in names:
                if name in given and isinstance(place.variables.get(name), int):
                    yield {**given, name: Items((given[name],) * 2)}
            return
        for compared in place.comparisons():
            one, other = compared.left_value, compared.right_value
            for side, wanted in ((compared.left, other), (compared.right, one)):
                measured = _measured(side)
                if measured in given and type(wanted) is int and 0 < wanted < _LONGEST and one != other:
                    value, current = given[measured], place.variables.get(measured)
                    item = value.items[0] if isinstance(value, Items) and value.items else None
                    item = item or Written(repr(current[0]) if isinstance(current, (list, tuple)) and current else "2")
                    yield {**given, measured: Items((item,) * wanted)}
        if names:
            return


def _measured(node: ast.AST) -> str | None:
    """The variable of `len(variable)`."""
    is_len = isinstance(node, ast.Call) and getattr(node.func, "id", None) == "len" and len(node.args) == 1
    argument = node.args[0] if is_len and isinstance(node, ast.Call) else None
    return argument.id if isinstance(argument, ast.Name) else None


RULE = Rule("equal-lengths", "`len(...)` of an argument in a failing statement", _propose)
