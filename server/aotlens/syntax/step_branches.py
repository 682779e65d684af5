"""The conditions under which a script comes to a backward pass: those of the branches around it."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from .backward_calls import BackwardCall, backward_calls
from .block_source import BlockSource
from .name_flow import flow_of, reads_of
from .nodes import is_within
from .step_places import LOOPS, is_of_other_branch


def conditions_of(source: BlockSource, backward: BackwardCall) -> Iterator[tuple[str, frozenset[str]]]:
    """The conditions of the branches around a backward pass in its function, each as code, with the names it reads.

    Those that depend on a turn of a loop are left out, and all of them if another branch runs the same loss.
    """
    for other in backward_calls(source.tree):
        if is_of_other_branch(backward, other) or is_of_other_branch(other, backward):
            return
    around: list[Node] = []
    outer = backward.call.parent
    while outer is not None and outer.type != "function_definition":
        around.append(outer)
        outer = outer.parent
    changing = frozenset[str]().union(*(flow_of(each).all_bound for each in around if each.type in LOOPS))
    for branching in reversed(around):
        if branching.type != "if_statement":
            continue
        for code, reads in _of_branch(source, branching, backward.call):
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
