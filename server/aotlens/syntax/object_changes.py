"""Statements that change an object without binding a name: `model.freeze()`, `losses.append(loss)`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from .name_flow import dotted_name, flow_of, reads_of, root_name
from .nodes import items_of, text_of

_KEPT_OUT = re.compile(
    r"(?i)^(load_state_dict|apply|zero_grad|step|save\w*|state_dict|print\w*|log\w*|write\w*|close|push\w*|info|debug|"
    r"warning|watch|summary|update|set_description|set_postfix|synchronize|wait_for_everyone|set_epoch)$"
)
"""Methods whose calls change nothing that a trace shows: values, files, logs."""
_MODES = ("train", "eval")
_MUTATORS = frozenset(
    ("append", "extend", "update", "add", "insert", "setdefault", "pop", "popitem", "remove", "discard", "clear")
)
"""Methods of Python's containers that change them."""
_PREPARATIONS = re.compile(
    r"(?i)(init|setup|set|prepare|configure|freeze|unfreeze|add|wrap|convert|patch|replace|inject|apply|mark|fully_shard|"
    r"quantize\w*|enable|disable|register|parallelize)(_|$)"
)
"""Functions of other files and packages that change an object that they get."""
_SETTINGS = re.compile(r"torch\.(set_|manual_seed|use_deterministic)")


def mutated(node: Node) -> frozenset[str]:
    """The names of the containers and tensors that code changes in place: by a method, an item, or `del`."""
    found: set[str] = set()
    for inner in _below(node):
        if inner.type == "call":
            method = _method(inner)
            if method in _MUTATORS or (method.endswith("_") and not method.endswith("__")):
                found.add(_object(inner))
        elif inner.type in ("assignment", "augmented_assignment"):
            left = inner.child_by_field_name("left")
            if left is not None and left.type == "subscript":
                found.add(_name_of(left))
        elif inner.type == "delete_statement":
            found |= {_name_of(child) for child in inner.named_children}
    return frozenset(found) - {""}


def sets_mode(node: Node, needed: frozenset[str]) -> bool:
    """Whether a statement sets a needed module to training or evaluation."""
    call = _call_of(node)
    return call is not None and _method(call) in _MODES and _object(call) in needed


def sets_torch(node: Node | None) -> bool:
    """Whether a statement changes how torch computes: `torch.set_default_dtype(…)`."""
    call = _call_of(node) if node is not None else None
    return call is not None and bool(_SETTINGS.match(text_of(call.child_by_field_name("function"))))


def prepares(node: Node, needed: frozenset[str]) -> bool:
    """Whether a statement before the step changes a needed object: by a method, its parts in a loop, a function."""
    if node.type == "for_statement":
        return bool(reads_of(node.child_by_field_name("right")) & needed) and "requires_grad" in text_of(node)
    if node.type in ("if_statement", "with_statement", "else_clause", "elif_clause", "try_statement", "block"):
        return any(prepares(child, needed) for child in node.named_children)
    call = _call_of(node)
    if call is None:
        return False
    method = _method(call)
    if method:
        if _object(call) not in needed:
            return bool(_PREPARATIONS.match(method)) and _gets(call, needed)
        if _KEPT_OUT.match(method):
            return False
        if method in _MODES and not _is_instance_of_file(node, _object(call), method):
            return True
        defined = _definition(node, method)
        return defined is None or _sets_attributes(defined)
    name = text_of(call.child_by_field_name("function"))
    if name == "exec" and node.parent is not None and node.parent.type == "module":
        return True  # a script that reads its settings
    if not _gets(call, needed):
        return False
    defined = _definition(node, name)
    if defined is None:
        return bool(_PREPARATIONS.match(name))
    return _sets_attributes(defined) or "requires_grad" in text_of(defined)


def _gets(call: Node, needed: frozenset[str]) -> bool:
    """Whether a needed object is an argument of a call."""
    given = items_of(call.child_by_field_name("arguments"))
    return any(dotted_name(each.child_by_field_name("value") or each) in needed for each in given)


def calls_below(node: Node) -> Iterator[Node]:
    """The calls in a piece of code."""
    return (inner for inner in _below(node) if inner.type == "call")


def _below(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if current.type not in ("function_definition", "class_definition", "lambda"):
            pending += current.named_children


def _call_of(node: Node) -> Node | None:
    """The call that an expression statement is; None for other statements."""
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    return inner if inner.type == "call" else None


def _method(call: Node) -> str:
    """The method that is called; empty for a call of a function."""
    callee = call.child_by_field_name("function")
    return text_of(callee.child_by_field_name("attribute")) if callee is not None and callee.type == "attribute" else ""


def _object(call: Node) -> str:
    """The name of the object whose method is called, as `name_flow` has it."""
    callee = call.child_by_field_name("function")
    return _name_of(callee.child_by_field_name("object")) if callee is not None else ""


def _name_of(node: Node | None) -> str:
    """`name`, or `name.attribute` of a longer chain; empty if the expression does not begin with a name."""
    while node is not None and node.type in ("subscript", "call"):
        node = node.child_by_field_name("value" if node.type == "subscript" else "function")
    dotted = dotted_name(node)
    return ".".join(dotted.split(".")[:2]) if dotted is not None else root_name(node)


def _definition(node: Node, name: str) -> Node | None:
    """The function or method of the file with a name; None if it has none or several."""
    found = [each for each in _functions(root_of(node)) if text_of(each.child_by_field_name("name")) == name]
    return found[0] if len(found) == 1 else None


def _is_instance_of_file(node: Node, name: str, method: str) -> bool:
    """Whether a name is that of an object whose class the file defines with this method, such as a trainer."""
    text = text_of(root_of(node))
    for function in _functions(root_of(node)):
        if text_of(function.child_by_field_name("name")) == method and not _is_of_module(function):
            outer = function.parent
            while outer is not None and outer.type != "class_definition":
                outer = outer.parent
            owner = text_of(outer.child_by_field_name("name")) if outer is not None else ""
            if owner and re.search(rf"\b{re.escape(name)}\s*=\s*{re.escape(owner)}\(", text):
                return True
    return False


def root_of(node: Node) -> Node:
    """The root of the tree of a node."""
    while node.parent is not None:
        node = node.parent
    return node


def defined_functions(root: Node) -> frozenset[str]:
    """The functions that a file defines at module level, by name, and those that it imports by a lower-case name."""
    found = {text_of(each.child_by_field_name("name")) for each in _functions(root) if _is_of_module(each)}
    for node in root.named_children:
        if node.type == "import_from_statement":
            found |= {name for name in flow_of(node).binds if name.islower()}
    return frozenset(found)


def _is_of_module(function: Node) -> bool:
    outer = function.parent
    if outer is not None and outer.type == "decorated_definition":
        outer = outer.parent
    return outer is not None and outer.type == "module"


def _functions(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "function_definition":
            yield node
        elif node.type in ("module", "class_definition", "decorated_definition", "block", "if_statement"):
            pending += node.named_children


def _sets_attributes(function: Node) -> bool:
    """Whether a function assigns to attributes of its first parameter, and runs no backward pass."""
    if b"backward(" in (function.text or b""):
        return False
    flow = flow_of(function.child_by_field_name("body"))
    return any("." in name for name in flow.all_bound) or bool(flow.changes)
