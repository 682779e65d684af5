"""Finds the code around a position that makes an attribute of the module."""

from __future__ import annotations

from tree_sitter import Node

from .nodes import string_value, text_of
from .paths import ANY, Path, as_attributes
from .source_text import SourceText
from .subjects import CreationSubject
from .surroundings import Surroundings
from .values import Place

_REGISTER = frozenset({"register_buffer", "register_parameter", "register_module", "add_module"})


def creation_around(document: SourceText, here: Surroundings) -> CreationSubject | None:
    """The innermost assignment or call around a position that makes an attribute of the module; None if none does."""
    for node in here.chain:
        if node.type in ("block", "function_definition", "lambda"):
            return None
        if node.type == "call":
            path = _registered(node, here)
            if path is not None:
                return CreationSubject(here.owner, path, document.span_of(node))
        if node.type == "assignment":
            left = node.child_by_field_name("left")
            if left is not None and left.type in ("attribute", "subscript"):
                value = here.value(left)
                if isinstance(value, Place) and value.argument is None and value.path and here.owner is not None:
                    return CreationSubject(here.owner, as_attributes(value.path), document.span_of(node))
    return None


def _registered(call: Node, here: Surroundings) -> Path | None:
    """The path of the attribute that `self.register_buffer("name", …)` or `setattr(self, "name", …)` makes."""
    function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if function is None or arguments is None:
        return None
    given = [child for child in arguments.named_children if child.type not in ("keyword_argument", "comment")]
    if function.type == "attribute" and text_of(function.child_by_field_name("attribute")) in _REGISTER:
        base = function.child_by_field_name("object")
        name = given[0] if given else None
    elif function.type == "identifier" and text_of(function) == "setattr" and len(given) > 1:
        base, name = given[0], given[1]
    else:
        return None
    owner = here.value(base) if base is not None else None
    if not isinstance(owner, Place) or owner.argument is not None or name is None:
        return None
    text = string_value(name)
    return (*as_attributes(owner.path), text if text is not None else ANY)
