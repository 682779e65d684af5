"""Reads the signatures of functions and classes from their text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from aotlens_tracer.wire.places import Span

from .nodes import parameter_name, text_of
from .source_text import SourceText, nodes_around

Kind = Literal["positional", "normal", "rest", "keyword", "keywords"]
ClassesNamed = Callable[[str], Iterable[Node]]
"""The classes of a file with a name, the last one first."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function.

    The kind is `positional` if it cannot be given by name, `keyword` if it must be given by name, `rest` for `*args`
    and `keywords` for `**kwargs`. `annotation` and `default` are texts; None if the parameter has none.
    """

    name: str
    kind: Kind
    annotation: str | None = None
    default: str | None = None


def definition_node(document: SourceText, line: int) -> Node | None:
    """The class or function that starts on a line; None if none does."""
    text = document.line(line)
    indent = len(text) - len(text.lstrip())
    chain = nodes_around(document, line, indent + 1)
    return next((node for node in chain if node.type in ("class_definition", "function_definition")), None)


def method_of(node: Node, name: str) -> Node | None:
    """The method in a class's own text, None if there is none. Of overloads it is the last one, which runs."""
    body = node.child_by_field_name("body")
    found = None
    for child in body.named_children if body is not None else ():
        definition = child.child_by_field_name("definition") if child.type == "decorated_definition" else child
        if definition is None or definition.type != "function_definition":
            continue
        if text_of(definition.child_by_field_name("name")) == name:
            found = definition
    return found


def function_node(document: SourceText, line: int, function: str) -> Node | None:
    """The function that starts on a line, or the named method of the class that starts there; None if there is none."""
    node = definition_node(document, line)
    return method_of(node, function) if node is not None and node.type == "class_definition" else node


def parameter_span(document: SourceText, line: int, function: str, name: str) -> Span | None:
    """The span of a parameter in the signature of `function_node(document, line, function)`; None if it has none."""
    node = function_node(document, line, function)
    parameters = node.child_by_field_name("parameters") if node is not None else None
    for child in parameters.named_children if parameters is not None else ():
        if parameter_name(child) == name:
            return document.span_of(child)
    return None


def parameters_of(function: Node) -> list[Parameter]:
    """The parameters of a function or method, in their order."""
    listed = function.child_by_field_name("parameters")
    found: list[Parameter] = []
    kind: Kind = "normal"
    for child in listed.named_children if listed is not None else ():
        if child.type == "positional_separator":
            found = [Parameter(p.name, "positional", p.annotation, p.default) for p in found]
        elif child.type == "keyword_separator":
            kind = "keyword"
        elif name := parameter_name(child):
            stars = text_of(child).lstrip()
            its_kind: Kind = "keywords" if stars.startswith("**") else "rest" if stars.startswith("*") else kind
            annotation, default = child.child_by_field_name("type"), child.child_by_field_name("value")
            found.append(Parameter(name, its_kind, _text(annotation), _text(default)))
            kind = "keyword" if its_kind == "rest" else kind
    return found


def constructor_of(node: Node, named: ClassesNamed) -> list[Parameter] | None:
    """The parameters of a class's constructor; None if the file does not show them."""
    found = _inherited(node, named, _own_constructor)
    return found if isinstance(found, list) else [] if found == "plain" else None


def method_parameters(node: Node, name: str, named: ClassesNamed) -> list[Parameter] | None:
    """The parameters of a method without `self`; None if the file does not show them."""

    def own(node: Node) -> list[Parameter] | None:
        method = method_of(node, name)
        return parameters_of(method)[1:] if method is not None else None

    found = _inherited(node, named, own)
    return found if isinstance(found, list) else None


def _own_constructor(node: Node) -> list[Parameter] | None:
    method = method_of(node, "__init__")
    if method is not None:
        return parameters_of(method)[1:]
    outer = node.parent
    decorators = outer.children if outer is not None and outer.type == "decorated_definition" else ()
    if any("dataclass" in text_of(child).partition("(")[0] for child in decorators if child.type == "decorator"):
        return _fields(node)
    return None


def _fields(node: Node) -> list[Parameter]:
    """The fields of a dataclass."""
    body = node.child_by_field_name("body")
    found = []
    for statement in body.named_children if body is not None else ():
        assignment = statement.named_children[0] if statement.type == "expression_statement" else None
        if assignment is None or assignment.type != "assignment":
            continue
        annotation = assignment.child_by_field_name("type")
        left = assignment.child_by_field_name("left")
        if annotation is None or left is None or left.type != "identifier" or "ClassVar" in text_of(annotation):
            continue
        default = _text(assignment.child_by_field_name("right"))
        found.append(Parameter(text_of(left), "normal", text_of(annotation), default))
    return found


def _inherited(
    node: Node, named: ClassesNamed, own: Callable[[Node], list[Parameter] | None], depth: int = 8
) -> list[Parameter] | Literal["plain", "unknown"]:
    """The parameters that a class, or the first of its bases in the file that has them, defines.

    If none does, "plain" if the remaining bases are torch's Module alone, else "unknown".
    """
    found = own(node)
    if found is not None:
        return found
    bases = node.child_by_field_name("superclasses")
    names = [text_of(base) for base in bases.named_children if base.type != "keyword_argument"] if bases else []
    for name in names:
        for other in named(name) if depth else ():
            if other.id != node.id:
                return _inherited(other, named, own, depth - 1)
    return "plain" if all(name.rpartition(".")[2] == "Module" for name in names) else "unknown"


def _text(node: Node | None) -> str | None:
    return " ".join(text_of(node).split()) if node is not None else None
