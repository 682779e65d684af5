"""Finds code that looks something up in a model by name: `model.get_parameter("head.weight")`, `state_dict()["…"]`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from aotlens_tracer.wire.places import Span

from .nodes import string_value, text_of
from .source_text import SourceText, nodes_around, nodes_around_range

_ASKED = re.compile(r"\bget_(?:parameter|buffer|submodule)\(\s*(?=[\"'])|\bstate_dict\(\)\s*\[\s*(?=[\"'])")
_KEPT = re.compile(r"^\s*(\w+)\s*=\s*[\w.]+\.state_dict\(\)\s*(?:#.*)?$")
_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_SAME_MODEL = frozenset({"to", "cuda", "cpu", "eval", "train", "half", "float", "double", "bfloat16", "requires_grad_"})
"""Methods of a module that return the module itself."""
_BINDERS = {
    "assignment": "left",
    "augmented_assignment": "left",
    "for_statement": "left",
    "named_expression": "name",
    "as_pattern": None,
    "parameters": None,
}
"""Nodes that bind variables, each with the field that holds the bound names; None for the whole node."""


@dataclass(frozen=True)
class Access:
    """A lookup of a name in a model. The name is a string literal.

    `span` is the name without its quotes. `wants_module` says that the name should be that of a submodule. `model` is
    the class whose call made the model, as it is written in the code (`zoo.Decoder`); None if the code does not show
    it, as for `self`.
    """

    name: str
    span: Span
    wants_module: bool
    model: str | None


def accesses(document: SourceText, lines: Sequence[str]) -> list[Access]:
    """Every lookup in a document, in its order. `lines` are the lines of the document."""
    kept = {match[1] for text in lines if "state_dict" in text and (match := _KEPT.match(text))}
    of_kept = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, kept)))})\[\s*(?=[\"'])") if kept else None
    found = []
    for number, text in enumerate(lines, 1):
        if "get_" not in text and not ("[" in text and (kept or "state_dict" in text)):
            continue
        matches = [*_ASKED.finditer(text), *(of_kept.finditer(text) if of_kept is not None else ())]
        for match in sorted(matches, key=lambda match: match.end()):
            access = _access(document, number, match.end() + 1)
            if access is not None:
                found.append(access)
    return found


def _access(document: SourceText, line: int, column: int) -> Access | None:
    chain = nodes_around(document, line, column)
    around = itertools.dropwhile(lambda node: node.type != "string", chain)
    node, parent, outer = (next(around, None) for _ in range(3))
    if node is None or parent is None:
        return None
    name = string_value(node)
    if name is None or not _NAME.fullmatch(name):
        return None
    whole = document.span_of(node)
    if whole.line != whole.end_line or whole.column is None:
        return None
    first = whole.column + document.line(line)[whole.column - 1 :].find(name)
    span = Span(whole.path, line, first, line, first + len(name))
    if parent.type == "subscript":
        receiver = _model_of_state(document, parent.child_by_field_name("value"))
        return Access(name, span, False, _model(document, receiver)) if receiver is not None else None
    call = outer if parent.type == "argument_list" else None
    function = call.child_by_field_name("function") if call is not None else None
    if function is None or function.type != "attribute":
        return None
    method = text_of(function.child_by_field_name("attribute"))
    model = _model(document, function.child_by_field_name("object"))
    return Access(name, span, method == "get_submodule", model)


def _model_of_state(document: SourceText, node: Node | None) -> Node | None:
    """The model whose `state_dict()` an expression or variable is; None for anything else."""
    if node is not None and node.type == "identifier":
        node = _bound(document, node)
    function = node.child_by_field_name("function") if node is not None and node.type == "call" else None
    if function is None or text_of(function.child_by_field_name("attribute")) != "state_dict":
        return None
    return function.child_by_field_name("object")


def _model(document: SourceText, node: Node | None, depth: int = 8) -> str | None:
    """The class whose call made the value of an expression; None if the code does not show it."""
    if node is None or depth == 0:
        return None
    if node.type == "identifier":
        return _model(document, _bound(document, node), depth - 1)
    function = node.child_by_field_name("function") if node.type == "call" else None
    if function is None:
        return None
    name = text_of(function)
    if function.type == "attribute" and text_of(function.child_by_field_name("attribute")) in _SAME_MODEL:
        return _model(document, function.child_by_field_name("object"), depth - 1)
    return name if _NAME.fullmatch(name) and name.rpartition(".")[2][0].isupper() else None


def _bound(document: SourceText, name: Node) -> Node | None:
    """The only value that the function or file around a variable assigns to it; None if anything else may bind it."""
    for scope in nodes_around_range(document, name.start_point, name.end_point):
        if scope.type in ("function_definition", "module"):
            setters = list(_setters(scope, text_of(name)))
            if setters:
                setter = setters[0] if len(setters) == 1 else None
                return setter if setter is not None and setter.start_byte < name.start_byte else None
    return None


def _setters(scope: Node, name: str) -> Iterator[Node | None]:
    """The right side of each assignment to a name in a scope; None for every other binding of it."""
    stack = [scope]
    while stack:
        node = stack.pop()
        if node is not scope and node.type in ("function_definition", "class_definition", "lambda"):
            continue
        if node.type in _BINDERS:
            field = _BINDERS[node.type]
            bound = node.child_by_field_name(field) if field is not None else node
            if bound is not None and _holds(bound, name):
                is_plain = node.type == "assignment" and bound.type == "identifier"
                yield node.child_by_field_name("right") if is_plain else None
        stack += reversed(node.named_children)


def _holds(node: Node, name: str) -> bool:
    """Whether a name occurs in a node as a variable."""
    if node.type == "identifier":
        return text_of(node) == name
    if node.type == "attribute":
        return False
    return any(_holds(child, name) for child in node.named_children)
