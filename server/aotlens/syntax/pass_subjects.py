"""Finds the things of a graph pass at a position: functions of `fx_utils`, descriptors, their fields, and nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from aotlens_tracer.wire.places import Span

from .nodes import is_same, string_value, text_of
from .open_calls import OpenCall, open_call
from .pass_hooks import PassHook, exports_itself, hook_around
from .pass_kinds import FUNCTIONS, DescriptorValue, FxKey, FxNode, FxTable, PassValue, Several
from .pass_values import FX_UTILS, PassValues, descriptor_class, fx_function, may_be_pass_code
from .source_text import SourceText, nodes_around
from .subjects import ClassRef, PassSubject


def pass_subjects(document: SourceText, chain: Sequence[Node], owner: ClassRef | None) -> Iterator[PassSubject]:
    """Yield what the innermost of some nodes is in the code of a pass; nothing if it is none of these things."""
    if not may_be_pass_code(document):
        return
    named = _named(document, chain)
    if named is None:
        return
    node, value = named
    known = _about(value)
    if known is not None:
        hook, exports = hook_around(document, chain), exports_itself(chain)
        several = isinstance(value, Several)
        yield PassSubject(owner, known, text_of(node), several, hook, exports, document.span_of(node))


def hook_at(document: SourceText, line: int, column: int) -> tuple[PassHook | None, bool]:
    """The hook that calls the function at a position, and whether that function captures the graph itself."""
    if not document.is_python or not may_be_pass_code(document):
        return None, False
    chain = nodes_around(document, line, column)
    return hook_around(document, chain), exports_itself(chain)


def called_at(document: SourceText, line: int, column: int) -> tuple[OpenCall, PassSubject] | None:
    """The function of `fx_utils`, or the class of descriptors, whose call is around a position; None without one."""
    if not document.is_python or not may_be_pass_code(document):
        return None
    call = open_call(document, line, column)
    if call is None:
        return None
    function, kind = fx_function(document, call.name), descriptor_class(document, call.name)
    value: FxTable | DescriptorValue
    if function is not None:
        value = FxTable(function, called=False)
    elif kind is not None:
        value = DescriptorValue(only=((kind,),))
    else:
        return None
    chain = nodes_around(document, line, column)
    span = Span(document.path, line, column, line, column)
    hook, exports = hook_around(document, chain), exports_itself(chain)
    return call, PassSubject(None, value, call.name, False, hook, exports, span)


def _named(document: SourceText, chain: Sequence[Node]) -> tuple[Node, PassValue] | None:
    """The expression at the token, and its value; None if there is no such expression."""
    token = chain[0]
    values = PassValues(document)
    string = next((node for node in chain[:3] if node.type == "string"), None)
    if string is not None:
        around = string.parent if string.parent is not None else string
        if around.type == "argument_list" and around.parent is not None:
            around = around.parent
        is_field = around.type in ("subscript", "call") and string_value(string) == "desc"
        return (around, values.of(around)) if is_field else None
    parent = token.parent
    if token.type != "identifier" or parent is None:
        return None
    if any(node.type == "import_from_statement" for node in chain[1:5]):
        return _imported(token, chain)
    if parent.type == "keyword_pattern" and is_same(parent.named_children[0], token):
        pattern = next((node for node in chain[2:8] if node.type == "class_pattern"), None)
        base = values.of_pattern(pattern) if pattern is not None else None
        return (token, DescriptorValue(base=base, field=text_of(token))) if base is not None else None
    if parent.type == "keyword_argument" and is_same(parent.child_by_field_name("name"), token):
        return None
    if parent.type == "attribute" and is_same(parent.child_by_field_name("attribute"), token):
        return (parent, values.of(parent))
    return (token, values.of(token))


def _imported(token: Node, chain: Sequence[Node]) -> tuple[Node, PassValue] | None:
    """The function of `fx_utils` that an import names."""
    statement = next(node for node in chain if node.type == "import_from_statement")
    module = text_of(statement.child_by_field_name("module_name")).lstrip(".")
    if module != "fx_utils" and not module.endswith(FX_UTILS):
        return None
    alias = next((node for node in chain[1:3] if node.type == "aliased_import"), None)
    name = text_of(alias.child_by_field_name("name")) if alias is not None else text_of(token)
    return (token, FxTable(name, called=False)) if name in FUNCTIONS else None


def _about(value: PassValue) -> FxTable | FxNode | FxKey | DescriptorValue | None:
    """The part of a value that something is to be said of; None without one."""
    if isinstance(value, Several):
        return _about(value.item)
    if isinstance(value, tuple):
        known = [each for each in map(_about, value) if each is not None]
        functions = {each.function for each in known if each.function}
        return FxTable(functions.pop()) if len(functions) == 1 else known[0] if known else None
    if isinstance(value, FxNode) and not value.function:
        return None
    return value
