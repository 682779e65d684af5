"""Finds the expression that a token stands for: a name for itself, an operator or a bracket for the whole around it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node

from aotlens_tracer.wire.places import Span

from .nodes import is_same, is_within, items_of, parameter_name, text_of
from .source_text import SourceText, nodes_around, nodes_around_range
from .subjects import ClassRef, ExpressionSubject
from .surroundings import Surroundings

_WITH_OPERATOR = frozenset({"binary_operator", "unary_operator", "comparison_operator"})
_WITH_BRACKETS = frozenset(
    {
        "tuple",
        "list",
        "dictionary",
        "set",
        "subscript",
        "list_comprehension",
        "set_comprehension",
        "dictionary_comprehension",
        "parenthesized_expression",
    }
)
_PARAMETERS = frozenset(
    {
        "typed_parameter",
        "default_parameter",
        "typed_default_parameter",
        "list_splat_pattern",
        "dictionary_splat_pattern",
    }
)
_WITHOUT_VALUES = frozenset(
    {
        "type",
        "import_statement",
        "import_from_statement",
        "global_statement",
        "nonlocal_statement",
        "decorator",
        "interpolation",
        "string",
    }
)
"""Code whose names are no expressions of the function, or whose places differ between versions of Python."""
_STATEMENTS = frozenset({"block", "module", "function_definition", "class_definition"})


@dataclass(frozen=True)
class Call:
    """A call: the expression whose method is called, None for a plain function, and its arguments, by their places."""

    receiver: Span | None
    arguments: tuple[Span, ...]


def expressions_at(document: SourceText, here: Surroundings) -> Iterator[ExpressionSubject]:
    """The expressions that the innermost token stands for, the innermost first.

    The name of a method stands for what it returns; all other names for themselves alone. Keywords, literals, strings
    and comments stand for none, but the key of an item for the item.
    """
    chain = _without_key(here.chain)
    function = here.function if here.function is not None or here.owner is not None else ""
    if function is None or len(chain) < 2 or _is_without_values(chain):
        return
    argument = _argument(chain)
    for node in [argument] if argument is not None else _nodes(chain):
        if argument is not None:
            span, place = document.span_of(chain[0]), place_of_argument(document, argument)
        else:
            node = _bare(node)
            span = place = document.span_of(node)
        yield ExpressionSubject(here.owner, function, text_of(chain[0] if argument is not None else node), span, place)


def place_of_argument(document: SourceText, parameter: Node) -> Span:
    """The place of a parameter of a signature as Python counts: its name with its annotation."""
    name = parameter
    while name.type != "identifier":
        name = name.child_by_field_name("name") or name.named_children[0]
    annotation = parameter.child_by_field_name("type")
    span = document.span_of(name)
    end = document.span_of(annotation) if annotation is not None else span
    return replace(span, end_line=end.end_line, end_column=end.end_column)


def arguments_of(document: SourceText, function: Node) -> list[tuple[str, Span]]:
    """The names and places of the arguments of a function definition, without the module itself."""
    parameters = items_of(function.child_by_field_name("parameters"))
    named = [(parameter_name(each), each) for each in parameters]
    return [(name, place_of_argument(document, each)) for name, each in named if name not in ("", "self", "cls")]


def call_at(document: SourceText, span: Span) -> Call | None:
    """The call that is written in a span; None if the expression there is no call."""
    assert span.column is not None and span.end_line is not None and span.end_column is not None
    start, end = document.point(span.line, span.column), document.point(span.end_line, span.end_column)
    chain = nodes_around_range(document, start, end)
    own = itertools.takewhile(lambda node: (node.start_point, node.end_point) == (start, end), chain[1:])
    node = next((node for node in (chain[0], *own) if node.type == "call"), None)
    if node is None:
        return None
    function = node.child_by_field_name("function")
    receiver = function.child_by_field_name("object") if function is not None and function.type == "attribute" else None
    values = [
        item.child_by_field_name("value") if item.type == "keyword_argument" else item
        for item in items_of(node.child_by_field_name("arguments"))
    ]
    return Call(
        document.span_of(_bare(receiver)) if receiver is not None else None,
        tuple(document.span_of(_bare(value)) for value in values if value is not None),
    )


def calls_of_attribute(document: SourceText, owner: ClassRef, name: str) -> Iterator[Span]:
    """The calls of an attribute of the module in the methods of a class: `self.fc(x)` for `fc`."""
    for number in range(owner.line, owner.end_line + 1):
        text = document.line(number)
        if f".{name}(" not in text:
            continue
        for match in re.finditer(rf"\b\w+\.{re.escape(name)}\(", text):
            around = (node for node in nodes_around(document, number, match.start() + 1) if node.type == "call")
            call = next(around, None)
            if call is not None and text_of(call.child_by_field_name("function")) == match[0][:-1]:
                yield document.span_of(call)


def _without_key(chain: Sequence[Node]) -> Sequence[Node]:
    """The nodes around a position; in the string of `batch["mask"]`, those from its bracket on."""
    for number, node in enumerate(chain[:2]):
        if node.type == "string" and chain[number + 1].type == "subscript":
            return [node.next_sibling or node, *chain[number + 1 :]]
    return chain


def _nodes(chain: Sequence[Node]) -> Iterator[Node]:
    token, parent = chain[0], chain[1]
    if token.type == "identifier":
        yield from _of_name(chain)
    elif parent.type in _WITH_OPERATOR and not token.is_named and not token.type.isalpha():
        yield parent
    elif parent.type == "augmented_assignment" and not token.is_named:
        yield from _if_any(parent.child_by_field_name("left"))
    elif parent.type == "attribute" and token.type == ".":
        yield from _with_call(parent)
    elif parent.type == "argument_list" and token.type in ("(", ")") and chain[2].type == "call":
        yield chain[2]
    elif parent.type in _WITH_BRACKETS and token.type in ("(", ")", "[", "]", "{", "}"):
        yield parent
    else:
        yield from _around_index(chain)


def _of_name(chain: Sequence[Node]) -> Iterator[Node]:
    token, parent = chain[0], chain[1]
    is_name = is_same(parent.child_by_field_name("name"), token)
    if is_name and parent.type in ("function_definition", "class_definition", "keyword_argument"):
        return
    if parent.type == "attribute" and is_same(parent.child_by_field_name("attribute"), token):
        yield from _with_call(parent)
        return
    yield token
    # `F` of `F.relu(x)` has no value: it stands for the call.
    inner, outer = next(pair for pair in itertools.pairwise(chain) if pair[1].type != "attribute")
    if outer.type == "call" and is_same(outer.child_by_field_name("function"), inner):
        yield outer


def _with_call(attribute: Node) -> Iterator[Node]:
    """An attribute, and its call."""
    yield attribute
    call = attribute.parent
    if call is not None and call.type == "call" and is_same(call.child_by_field_name("function"), attribute):
        yield call


def _argument(chain: Sequence[Node]) -> Node | None:
    """The parameter of a signature whose name the innermost token is; None if it is no such name."""
    token = chain[0]
    for inner, node in itertools.pairwise(chain[:5]):
        if node.type in ("parameters", "lambda_parameters"):
            return inner if inner.type == "identifier" or inner.type in _PARAMETERS else None
        in_rest = any(is_within(token, node.child_by_field_name(field)) for field in ("type", "value"))
        if node.type not in _PARAMETERS or in_rest:
            return None
    return None


def _around_index(chain: Sequence[Node]) -> Iterator[Node]:
    """The item that an index stands for."""
    for inner, node in itertools.pairwise(chain[:4]):
        if node.type == "subscript":
            if not is_same(node.child_by_field_name("value"), inner):
                yield node
            return
        if inner.type not in ("integer", "unary_operator", "slice", ":", ",", "-"):
            return


def _if_any(node: Node | None) -> Iterator[Node]:
    if node is not None:
        yield node


def _bare(node: Node) -> Node:
    """An expression without the parentheses around it, which are no part of its place in Python's own tree."""
    while node.type == "parenthesized_expression" and len(inner := items_of(node)) == 1:
        node = inner[0]
    return node


def _is_without_values(chain: Sequence[Node]) -> bool:
    for node in chain:
        if node.type in _WITHOUT_VALUES:
            return True
        if node.type in _STATEMENTS:
            return False
    return False
