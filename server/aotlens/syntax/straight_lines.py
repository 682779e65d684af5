"""Straight-line code: the statements of a block in the order in which they run, without branches.

The code in `if __name__ == …`, in torch's contexts and in the first turn of a loop over known items counts as part of
the block. The parameters of a function count as statements if their values are known: a default, or the first case of
`pytest.mark.parametrize`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from .block_source import BlockSource
from .dependencies import Step, bound_names, names_of, needed_names
from .nodes import items_of, parse, text_of


def module_steps(source: BlockSource, is_outer: bool) -> tuple[Step, ...]:
    """The statements of a block; `is_outer` if importing the file runs them."""
    return tuple(_steps(source, source.root, is_outer))


def function_steps(source: BlockSource, function: Node) -> tuple[Step, ...]:
    """The statements of a function's body, after those that give its parameters their values.

    Empty if the value of a parameter is not known.
    """
    body = function.child_by_field_name("body")
    parameters = list(_parameters(source, function))
    known = [step for step in parameters if step is not None]
    if body is None or len(known) < len(parameters):
        return ()
    return (*known, *_steps(source, body, is_outer=False))


def _steps(source: BlockSource, block: Node, is_outer: bool) -> Iterator[Step]:
    for node in block.named_children:
        if node.type == "with_statement" and _is_torch_context(node):
            body = node.child_by_field_name("body")
            yield from _steps(source, body, is_outer) if body is not None else ()
        elif node.type == "if_statement" and "__name__" in names_of(node.child_by_field_name("condition")):
            body = node.child_by_field_name("consequence")
            yield from _steps(source, body, is_outer=False) if body is not None else ()
        elif node.type == "for_statement" and _is_known(node.child_by_field_name("right")):
            body = node.child_by_field_name("body")
            yield _first_turn(source, node, is_outer)
            yield from _steps(source, body, is_outer) if body is not None else ()
        elif node.type not in ("comment", "ERROR"):
            statement = source.statement(source.text(node), node)
            yield Step(statement, node, bound_names(node), needed_names(node), is_outer)


def _first_turn(source: BlockSource, loop: Node, is_outer: bool) -> Step:
    """A statement that gives the variable of a loop its first value."""
    target, iterated = loop.child_by_field_name("left"), loop.child_by_field_name("right")
    text = f"{text_of(target)} = next(iter(({source.text(iterated)})))" if iterated is not None else ""
    return Step(source.statement(text, loop), None, names_of(target), names_of(iterated), is_outer)


def _parameters(source: BlockSource, function: Node) -> Iterator[Step | None]:
    """A statement for each parameter that gives it its value; None if no value is known."""
    parametrized = dict(_parametrized(source, function))
    known: frozenset[str] = frozenset()
    for node in items_of(function.child_by_field_name("parameters")):
        if node.type in ("keyword_separator", "positional_separator"):
            continue
        name_node = node if node.type == "identifier" else node.child_by_field_name("name")
        name = text_of(name_node) if name_node is not None else text_of(next(iter(node.named_children), None))
        default = node.child_by_field_name("value")
        if name in parametrized:
            text = parametrized[name]
        elif default is not None:
            text = f"{name} = {source.text(default)}"
        elif name == "self" or node.type in ("list_splat_pattern", "dictionary_splat_pattern"):
            continue  # code that needs its value does not become an example
        else:
            yield None
            continue
        made = parse(text).root_node.named_children[0]
        if name not in known:
            known |= bound_names(made)
            yield Step(source.statement(text, node), None, bound_names(made), needed_names(made))


def _parametrized(source: BlockSource, function: Node) -> Iterator[tuple[str, str]]:
    """The first values that `pytest.mark.parametrize` gives, as (parameter, statement that assigns it)."""
    outer = function.parent
    for decorator in outer.named_children if outer is not None and outer.type == "decorated_definition" else ():
        call = decorator.named_children[0] if decorator.type == "decorator" and decorator.named_children else None
        if call is None or call.type != "call":
            continue
        if not text_of(call.child_by_field_name("function")).endswith("parametrize"):
            continue
        given = items_of(call.child_by_field_name("arguments"))
        if len(given) < 2 or given[0].type != "string":
            continue
        names = [name.strip() for name in text_of(given[0]).strip("\"'").split(",")]
        target = names[0] if len(names) == 1 else f"({', '.join(names)})"
        for name in names:
            yield name, f"{target} = list({source.text(given[1])})[0]"


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


def _is_torch_context(node: Node) -> bool:
    """Whether a `with` statement enters nothing but contexts of torch, and gives them no name."""
    items = [item for child in node.named_children if child.type == "with_clause" for item in child.named_children]
    return bool(items) and all(text_of(item).startswith("torch.") and " as " not in text_of(item) for item in items)


def _is_known(iterated: Node | None) -> bool:
    """Whether a loop is over `range(…)`, or over items that are written out."""
    if iterated is None:
        return False
    if iterated.type == "call":
        return text_of(iterated.child_by_field_name("function")) == "range"
    return iterated.type in ("tuple", "list", "expression_list") and bool(iterated.named_children)
