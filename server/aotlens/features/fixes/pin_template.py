"""A template of an example, which the user completes, from the signatures of the constructor and of forward."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from aotlens.syntax.definitions import Definition
from aotlens.syntax.signatures import Parameter, constructor_of, definition_node, method_parameters
from aotlens.text.documents import Document

WIDTH = 100
_TENSOR = re.compile(r"\w*Tensor\b")
_SEVERAL = re.compile(r"list|dict|tuple|sequence|mapping|iterable", re.IGNORECASE)
_FILL_IN = "..."


def template(document: Document, definition: Definition) -> str:
    """An expression that builds a class and calls it; `...` stands for each value that the user has to fill in.

    For a method it builds its class, and calls the method.
    """
    owner, _, method = definition.qualname.rpartition(".")
    around = [one for one in document.definitions if one.kind == "class" and one.qualname == owner]
    if definition.kind == "function" and around:
        definition = around[-1]
    else:
        method = ""
    node = definition_node(document, definition.line)

    def named(class_name: str) -> Iterator[Node]:
        for one in reversed(document.definitions):
            if one.kind == "class" and one.qualname.rpartition(".")[2] == class_name:
                found = definition_node(document, one.line)
                if found is not None:
                    yield found

    built = constructor_of(node, named) if node is not None else None
    called = method_parameters(node, method or "forward", named) if node is not None else None
    if built is None:
        built = [Parameter("", "rest")]
    if called is None:
        called = [Parameter("", "rest", "Tensor")]
    name, call = definition.qualname, f".{method}" if method else ""
    for optional in (True, False):
        first, second = _arguments(built, optional, _FILL_IN), _arguments(called, optional, _tensor())
        text = f"{name}({', '.join(first)}){call}({', '.join(second)})"
        if len(text) <= WIDTH:
            return text
    return f"{name}({_lines(first)}){call}({_lines(second)})"


def _arguments(parameters: Sequence[Parameter], optional: bool, unknown: str) -> list[str]:
    """An argument for each parameter; one with a default only with `optional`, and only if the default is a literal."""
    has_rest = any(parameter.kind == "rest" for parameter in parameters)
    found = []
    for parameter in parameters:
        if parameter.kind == "keywords":
            continue
        value = _value(parameter, unknown)
        by_position = parameter.kind in ("positional", "rest") or (has_rest and parameter.kind == "normal")
        if parameter.default is not None and not by_position:
            if not (optional and _is_literal(parameter.default)):
                continue
            value = parameter.default
        elif parameter.default is not None and _is_literal(parameter.default):
            value = parameter.default
        found.append(value if by_position else f"{parameter.name}={value}")
    return found


def _value(parameter: Parameter, unknown: str) -> str:
    annotation = parameter.annotation
    if annotation is None:
        return unknown
    is_tensor = _TENSOR.search(annotation) is not None and _SEVERAL.search(annotation) is None
    return _tensor() if is_tensor else _FILL_IN


def _tensor() -> str:
    return f"torch.randn({_FILL_IN})"


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _lines(arguments: Sequence[str]) -> str:
    return "".join(f"\n    {argument}," for argument in arguments) + ("\n" if arguments else "")
