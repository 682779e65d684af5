"""The conditions under which a script comes to a backward pass: the branches around it, and around its callers."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node, Query, QueryCursor

from .backward_calls import BackwardCall, backward_calls_in
from .block_source import BlockSource
from .name_flow import flow_of, reads_of
from .nodes import is_within, text_of
from .parsing import PYTHON
from .step_places import LOOPS, is_of_other_branch

_CALLED = Query(PYTHON, "(call function: (_) @callee)")


def conditions_of(source: BlockSource, backward: BackwardCall) -> Iterator[tuple[str, frozenset[str]]]:
    """The conditions of the branches around a backward pass in its function, each as code, with the names it reads.

    Those that depend on a turn of a loop are left out, and all of them if another branch runs the same loss.
    """
    for other in backward_calls_in(source):
        if is_of_other_branch(backward, other) or is_of_other_branch(other, backward):
            return
    yield from _around(source, backward.call, _branchings(backward.call))


def conditions_of_call(source: BlockSource, call: Node) -> Iterator[tuple[str, frozenset[str]]]:
    """The same for a call of the function around a backward pass, without branches of which others make that call."""
    callee = text_of(call.child_by_field_name("function"))
    yield from _around(source, call, [each for each in _branchings(call) if _calls(each, callee) == 1])


def _branchings(place: Node) -> list[Node]:
    """The `if` statements around a place in its function, the outermost first."""
    return [each for each in reversed(_blocks(place)) if each.type == "if_statement"]


def _blocks(place: Node) -> list[Node]:
    """The nodes around a place in its function, the innermost first."""
    found: list[Node] = []
    outer = place.parent
    while outer is not None and outer.type != "function_definition":
        found.append(outer)
        outer = outer.parent
    return found


def _calls(branching: Node, callee: str) -> int:
    return sum(text_of(each) == callee for each in QueryCursor(_CALLED).captures(branching).get("callee", []))


def _around(source: BlockSource, place: Node, branchings: list[Node]) -> Iterator[tuple[str, frozenset[str]]]:
    changing = frozenset[str]().union(*(flow_of(each).all_bound for each in _blocks(place) if each.type in LOOPS))
    for branching in branchings:
        for code, reads in _of_branch(source, branching, place):
            if not reads & changing and "__name__" not in reads:
                yield code, reads


def _of_branch(source: BlockSource, branching: Node, place: Node) -> Iterator[tuple[str, frozenset[str]]]:
    """The conditions of the branch of an `if` statement that a place is in: its own, and those before negated."""
    consequence, condition = (branching.child_by_field_name(name) for name in ("consequence", "condition"))
    others = branching.children_by_field_name("alternative")
    for part, inner in ((consequence, condition), *((each, each.child_by_field_name("condition")) for each in others)):
        if part is not None and is_within(place, part):
            if inner is not None:
                yield source.text(inner), reads_of(inner)
            return
        if inner is not None:
            code = source.text(inner)
            is_plain = code.replace(".", "").isidentifier()
            yield f"not {code}" if is_plain else f"not ({code})", reads_of(inner)
