"""Build the module with other sizes, where those that it was built with do not fit each other in its call.

No two arguments are made equal: a class that mixes up two of its sizes runs only then.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...building.construction import Construction
from ...tables.facts import SizesDiffer, WrongSize
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    defaults = {name: str(each.default) for name, each in construction.parameters.items() if type(each.default) is int}
    sizes = defaults | {name: value.expression for name, value in failed.arguments.items()}
    for one, other in _pairs(failed):
        for name, text in sizes.items():
            others = {each for key, each in sizes.items() if key != name}
            is_given = name in failed.arguments
            for size in _others(text, one, other) if is_given else [other] * (text == str(one)):
                if str(size) not in others:
                    yield {**failed.arguments, name: Written(str(size))}
        for name, value in failed.arguments.items():
            for text in _with_inner_size(value.expression, one, other):
                yield {**failed.arguments, name: Written(text)}


def _pairs(failed: FailedAttempt) -> Iterator[tuple[int, int]]:
    """The sizes that clash, either way round."""
    pairs = [(fact.one, fact.other) for fact in failed.says(SizesDiffer)]
    pairs += [(fact.got, fact.want) for fact in failed.says(WrongSize)]
    if (cut := failed.unpacked) is not None and cut.size is not None and cut.wanted_size is not None:
        pairs.append((cut.size, cut.wanted_size))
    place = failed.innermost()
    for compared in place.comparisons() if place is not None else ():
        if type(compared.left_value) is int and type(compared.right_value) is int:
            pairs.append((compared.left_value, compared.right_value))
    for one, other in pairs:
        if one == other or min(one, other) < 2:
            continue
        yield one, other
        yield other, one


def _others(text: str, one: int, other: int) -> Iterator[int]:
    """Sizes for an argument that is `one`, or that `one` is computed from, so that it becomes `other`."""
    size = int(text) if text.isdigit() else 0
    if size > 1 and (size == one or one % size == 0) and (size * other) % one == 0 and size * other // one > 0:
        yield size * other // one


def _with_inner_size(text: str, one: int, other: int) -> Iterator[str]:
    """The call of another constructor, with one of its arguments changed from `one` to `other`."""
    tree = ast.parse(text, mode="eval")
    for word in [node for node in ast.walk(tree.body) if isinstance(node, ast.keyword)]:
        if isinstance(word.value, ast.Constant) and word.value.value == one and type(word.value.value) is int:
            word.value = ast.Constant(other)
            yield ast.unparse(tree)
            word.value = ast.Constant(one)


RULE = Rule("agreeing-sizes", "two sizes that clash in the call, or the pieces of one that are unpacked", _propose)
