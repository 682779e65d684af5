"""The signatures of functions and classes, as they are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tree_sitter import Node, Point, Tree

from aotlens_tracer.wire.descriptor_map import Span

from .values import parameter_name, text_of

Kind = Literal["positional", "normal", "rest", "keyword", "keywords"]


class _Text(Protocol):
    """What is needed of a document here."""

    @property
    def tree(self) -> Tree: ...

    def line(self, number: int) -> str: ...

    def point(self, line: int, column: int) -> Point: ...

    def span_of(self, node: Node) -> Span: ...


@dataclass(frozen=True)
class Parameter:
    """One parameter. `positional` cannot be given by name, `keyword` only so; `rest` is `*args`, `keywords` `**kwargs`.

    Annotation and default are their text, None where there is none.
    """

    name: str
    kind: Kind
    annotation: str | None = None
    default: str | None = None


def definition_node(document: _Text, line: int) -> Node | None:
    """The class or function that starts on a line."""
    text = document.line(line)
    indent = len(text) - len(text.lstrip())
    node: Node | None = document.tree.root_node.descendant_for_point_range(
        document.point(line, indent + 1), document.point(line, indent + 2)
    )
    while node is not None and node.type not in ("class_definition", "function_definition"):
        node = node.parent
    return node


def method_of(node: Node, name: str) -> Node | None:
    """The method of a class, as it is in the class's own text; of overloads the last, which is the one that runs."""
    body = node.child_by_field_name("body")
    found = None
    for child in body.named_children if body is not None else ():
        definition = child.child_by_field_name("definition") if child.type == "decorated_definition" else child
        is_function = definition is not None and definition.type == "function_definition"
        if is_function and text_of(definition.child_by_field_name("name")) == name:
            found = definition
    return found


def function_node(document: _Text, line: int, function: str) -> Node | None:
    """A method of the class that starts on a line, or the function itself that does."""
    node = definition_node(document, line)
    return method_of(node, function) if node is not None and node.type == "class_definition" else node


def parameter_span(document: _Text, line: int, function: str, name: str) -> Span | None:
    """Where the parameter of a function is named: of the class, or the function itself, that starts on `line`."""
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


def constructor_of(node: Node, classes: Sequence[Node]) -> list[Parameter] | None:
    """What a call of a class takes; None where its text does not tell. `classes` are those of the same file."""
    found = _inherited(node, classes, _own_constructor)
    return found if isinstance(found, list) else [] if found == "plain" else None


def method_parameters(node: Node, name: str, classes: Sequence[Node]) -> list[Parameter] | None:
    """What a method of a class takes beside `self`; None where the file does not tell."""

    def own(node: Node) -> list[Parameter] | None:
        method = method_of(node, name)
        return parameters_of(method)[1:] if method is not None else None

    found = _inherited(node, classes, own)
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
    node: Node, classes: Sequence[Node], own: Callable[[Node], list[Parameter] | None], depth: int = 8
) -> list[Parameter] | Literal["plain", "unknown"]:
    """What a class or the first of its bases in the file has.

    Where none has it: whether all that is left of its bases is torch's plain Module, or something unknown.
    """
    found = own(node)
    if found is not None:
        return found
    bases = node.child_by_field_name("superclasses")
    names = [text_of(base) for base in bases.named_children if base.type != "keyword_argument"] if bases else []
    for name in names:
        for other in reversed(classes):
            if depth and other.id != node.id and text_of(other.child_by_field_name("name")) == name:
                return _inherited(other, classes, own, depth - 1)
    return "plain" if all(name.rpartition(".")[2] == "Module" for name in names) else "unknown"


def _text(node: Node | None) -> str | None:
    return " ".join(text_of(node).split()) if node is not None else None
