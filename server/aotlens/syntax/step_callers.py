"""Calls of a function that runs a training step: which values its parameters have, as statements before the step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node, Query, QueryCursor

from .backward_calls import function_around
from .block_source import BlockSource
from .moments import Moment, moments_before
from .name_flow import Flow, reads_of
from .nodes import PYTHON, items_of, parameter_name, text_of

_CALLS = Query(PYTHON, "(call) @call")
_DEEPEST = 5
"""The number of calls through which parameters are followed."""


def moments_until(source: BlockSource, place: Node, depth: int = _DEEPEST) -> list[Moment]:
    """The statements that run before a place, callers of the functions around it included.

    Those that importing the file runs are among them only if importing it runs the place too.
    """
    function = function_around(place)
    if function is None:
        moments = moments_before(source, place, source.root)
        return [each for each in moments if not each.is_outer] if _is_guarded(place) else moments
    body = function.child_by_field_name("body")
    own = moments_before(source, place, body) if body is not None else []
    if function_around(function) is not None:  # a closure sees the variables of the function around it
        return [*moments_until(source, function, depth), *own]
    if depth <= 0:
        return own
    call = _likeliest_call(source, function)
    if call is None:
        return [*_parameters_alone(source, function), *own]
    return [*moments_until(source, call, depth - 1), *_parameters(source, function, call), *own]


def _is_guarded(place: Node) -> bool:
    """Whether code at module level is in `if __name__ == "__main__":`."""
    outer = place.parent
    while outer is not None:
        if outer.type == "if_statement" and "__name__" in reads_of(outer.child_by_field_name("condition")):
            return True
        outer = outer.parent
    return False


def owner_of(function: Node) -> str | None:
    """The name of the first parameter of a method; None for other functions."""
    if _class_around(function) is None:
        return None
    outer = function.parent
    decorators = {text_of(child) for child in outer.children} if outer is not None else set()
    if decorators & {"@staticmethod", "@classmethod"}:
        return None
    return next((parameter_name(each) for each in items_of(function.child_by_field_name("parameters"))), None)


def _class_around(function: Node) -> Node | None:
    """The class whose method a function is; None for other functions."""
    outer = function.parent
    if outer is not None and outer.type == "decorated_definition":
        outer = outer.parent
    outer = outer.parent if outer is not None and outer.type == "block" else None
    return outer if outer is not None and outer.type == "class_definition" else None


def _likeliest_call(source: BlockSource, function: Node) -> Node | None:
    """The call of a function, or the first method call of this name, that is most likely the script's own."""
    name = text_of(function.child_by_field_name("name"))
    is_method = _class_around(function) is not None
    found = []
    for call in QueryCursor(_CALLS).captures(source.root).get("call", []):
        callee = call.child_by_field_name("function")
        if callee is None or function.start_byte <= call.start_byte < function.end_byte:
            continue
        last = callee.child_by_field_name("attribute") if callee.type == "attribute" else callee
        if last is not None and text_of(last) == name and (callee.type == "attribute") == is_method:
            found.append(call)
    return min(found, key=lambda call: call.start_byte, default=None)


def _parameters(source: BlockSource, function: Node, call: Node) -> Iterator[Moment]:
    """A statement that gives the parameters of a function the values of a call."""
    callee = call.child_by_field_name("function")
    owner = owner_of(function)
    parameters = _named(function)
    given = items_of(call.child_by_field_name("arguments"))
    names: list[str] = []
    values: list[Node] = []
    positional = [each for each in given if each.type not in ("keyword_argument", "dictionary_splat")]
    if owner is not None and parameters and callee is not None and callee.type == "attribute":
        receiver = callee.child_by_field_name("object")
        if receiver is not None:
            names, values, parameters = [owner], [receiver], parameters[1:]
    if not any(each.type == "list_splat" for each in positional):
        for (name, _), value in zip(parameters, positional):
            names.append(name)
            values.append(value)
    for each in given:
        if each.type == "keyword_argument":
            named = each.child_by_field_name("value")
            if named is not None:
                names.append(text_of(each.child_by_field_name("name")))
                values.append(named)
    missing = [(name, default) for name, default in parameters if name not in names]
    yield from _defaults(source, missing)
    if names:
        text = f"({', '.join(names)},) = ({', '.join(source.text(value) for value in values)},)"
        reads = frozenset[str]().union(*(reads_of(value) for value in values))
        yield Moment(source.statement(text, call), Flow(reads, frozenset(names)), None)


def _parameters_alone(source: BlockSource, function: Node) -> Iterator[Moment]:
    """Statements for the parameters of a function that nothing calls: their defaults."""
    yield from _defaults(source, _named(function))


def _defaults(source: BlockSource, parameters: Sequence[tuple[str, Node | None]]) -> Iterator[Moment]:
    for name, default in parameters:
        if default is not None:
            statement = source.statement(f"{name} = {source.text(default)}", default)
            yield Moment(statement, Flow(reads_of(default), frozenset([name])), None)


def _named(function: Node) -> list[tuple[str, Node | None]]:
    """The parameters of a function by name, each with its default; those that take the rest are left out."""
    found: list[tuple[str, Node | None]] = []
    for each in items_of(function.child_by_field_name("parameters")):
        if each.type in ("list_splat_pattern", "dictionary_splat_pattern", "keyword_separator", "positional_separator"):
            continue
        name = parameter_name(each)
        if name:
            found.append((name, each.child_by_field_name("value")))
    return found
