"""Straight-line code: the statements of a block in the order in which they run, without branches.

The code in `if __name__ == …`, in contexts that change no values, and in the first turn of a loop over known items
counts as part of the block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from .block_source import BlockSource
from .dependencies import Step, bound_names, names_of, needed_names
from .nodes import text_of

_CONTEXTS = ("subTest", "catch_warnings", "warns", "no_grad", "inference_mode", "set_grad_enabled")
"""Contexts that change nothing for the code in them."""


def module_steps(source: BlockSource, is_outer: bool) -> tuple[Step, ...]:
    """The statements of a block; `is_outer` if importing the file runs them."""
    return tuple(block_steps(source, source.root, is_outer))


def block_steps(source: BlockSource, block: Node, is_outer: bool) -> Iterator[Step]:
    """The statements of a block; `is_outer` if importing the file runs them."""
    for node in block.named_children:
        if node.type == "with_statement" and _is_plain_context(node):
            body = node.child_by_field_name("body")
            yield from block_steps(source, body, is_outer) if body is not None else ()
        elif node.type == "if_statement" and "__name__" in names_of(node.child_by_field_name("condition")):
            body = node.child_by_field_name("consequence")
            yield from block_steps(source, body, is_outer=False) if body is not None else ()
        elif node.type == "for_statement" and _is_known(node.child_by_field_name("right")):
            body = node.child_by_field_name("body")
            yield _first_turn(source, node, is_outer)
            yield from block_steps(source, body, is_outer) if body is not None else ()
        elif node.type not in ("comment", "ERROR"):
            statement = source.statement(source.text(node), node)
            yield Step(statement, node, bound_names(node), needed_names(node), is_outer)


def _first_turn(source: BlockSource, loop: Node, is_outer: bool) -> Step:
    """A statement that gives the variable of a loop its first value."""
    target, iterated = loop.child_by_field_name("left"), loop.child_by_field_name("right")
    text = f"{text_of(target)} = next(iter(({source.text(iterated)})))" if iterated is not None else ""
    return Step(source.statement(text, loop), None, names_of(target), names_of(iterated), is_outer)


def calls_in(steps: Sequence[Step]) -> Iterator[tuple[int, Node]]:
    """The calls that each statement makes itself, the outer ones first, with the index of the statement."""
    for index, step in enumerate(steps):
        if step.node is not None and not step.node.type.endswith("_definition"):
            for call in _calls(step.node):
                yield index, call


def _calls(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type == "call":
            yield current
        if current.type not in ("lambda", "list_comprehension", "generator_expression", "block"):
            pending += reversed(current.named_children)


def _is_plain_context(node: Node) -> bool:
    """Whether a `with` statement enters nothing but contexts of torch or of tests, and gives them no name."""
    items = [item for child in node.named_children if child.type == "with_clause" for item in child.named_children]
    return bool(items) and all(map(_is_plain, map(text_of, items)))


def _is_plain(item: str) -> bool:
    name = item.partition("(")[0].rpartition(".")[2]
    return " as " not in item and (item.startswith("torch.") or name in _CONTEXTS)


def _is_known(iterated: Node | None) -> bool:
    """Whether a loop is over `range(…)`, or over items that are written out."""
    if iterated is None:
        return False
    if iterated.type == "call":
        return text_of(iterated.child_by_field_name("function")) == "range"
    return iterated.type in ("tuple", "list", "expression_list") and bool(iterated.named_children)
