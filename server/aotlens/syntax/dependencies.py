"""The statements that a piece of straight-line code depends on: which names each binds, needs and changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from aotlens_tracer.wire.statements import Statement

from .nodes import names_in, text_of

SAME_MODULE = ("eval", "train", "to", "cuda", "cpu", "half", "float", "double", "bfloat16", "requires_grad_")
"""Methods of a module that return the module itself, and may change what a trace of it shows."""
DEFINITIONS = ("function_definition", "class_definition", "decorated_definition")
_IMPORTS = ("import_statement", "import_from_statement")
_BRANCHES = ("if_statement", "try_statement", "block", "else_clause", "elif_clause", "except_clause")


@dataclass(frozen=True)
class Step:
    """A statement of straight-line code: the names that it binds and those that it needs.

    `node` is None if the statement is not in the text but made up for it, as for a parameter with a default.
    `is_outer` says that importing the file runs it.
    """

    statement: Statement
    node: Node | None
    binds: frozenset[str]
    needs: frozenset[str]
    is_outer: bool = False


@dataclass(frozen=True)
class Import:
    """A name that an import statement binds: `local` here, `name` there. `module` is None for `import name`."""

    local: str
    name: str
    module: str | None


def needed_steps(
    steps: Sequence[Step], needed: frozenset[str], attributes: frozenset[str] = frozenset()
) -> tuple[tuple[Step, ...], frozenset[str]]:
    """The steps that these names depend on, in their order, and the names that none of them binds.

    `attributes` are those of `self` that are needed, of all that a test keeps there.
    """
    kept: list[Step] = []
    for step in reversed(steps):
        if step.binds & needed:
            needed = (needed - step.binds) | step.needs
        elif step.node is None or not _changes(step.node, needed):
            continue
        elif _stored_in_self(step.node) in (None, *attributes):
            needed |= step.needs
        else:
            continue
        attributes |= kept_in_self(step.node)
        kept.append(step)
    return tuple(reversed(kept)), needed


def kept_in_self(node: Node | None) -> frozenset[str]:
    """The attributes of `self` in a piece of code: `model` for `self.model(x)`."""
    found: set[str] = set()
    pending = [node] if node is not None else []
    while pending:
        current = pending.pop()
        if current.type == "attribute" and text_of(current.child_by_field_name("object")) == "self":
            found.add(text_of(current.child_by_field_name("attribute")))
        pending += current.named_children
    return frozenset(found)


def _stored_in_self(statement: Node) -> str | None:
    """The attribute that `self.model = …` assigns; None for other statements."""
    inner = statement.named_children[0] if statement.named_children else None
    left = inner.child_by_field_name("left") if inner is not None and inner.type == "assignment" else None
    if left is None or left.type != "attribute" or text_of(left.child_by_field_name("object")) != "self":
        return None
    return text_of(left.child_by_field_name("attribute"))


def names_of(node: Node | None) -> frozenset[str]:
    """The variables in a piece of code; none for an import."""
    return frozenset(names_in(node, skipped=_IMPORTS))


def bound_names(node: Node) -> frozenset[str]:
    """The names that a statement binds for those after it; none for a loop, which is not followed."""
    if node.type == "decorated_definition":
        definition = node.child_by_field_name("definition")
        return bound_names(definition) if definition is not None else frozenset()
    if node.type in DEFINITIONS:
        return frozenset([text_of(node.child_by_field_name("name"))])
    if node.type in _IMPORTS:
        return frozenset(each.local for each in _imports(node))
    if node.type in _BRANCHES:
        return frozenset().union(*(bound_names(child) for child in node.named_children))
    if node.type != "expression_statement" or not node.named_children:
        return frozenset()
    names: set[str] = set()
    inner: Node | None = node.named_children[0]
    while inner is not None and inner.type in ("assignment", "augmented_assignment"):
        left = inner.child_by_field_name("left")
        if left is not None and left.type not in ("attribute", "subscript"):
            names |= names_of(left)
        inner = inner.child_by_field_name("right")
    return frozenset(names)


def needed_names(node: Node) -> frozenset[str]:
    """The names that must be bound before a statement runs."""
    if node.type != "expression_statement" or not node.named_children:
        return names_of(node) - (bound_names(node) if node.type in DEFINITIONS else frozenset())
    inner = node.named_children[0]
    needed = names_of(inner.child_by_field_name("right")) if inner.type == "assignment" else names_of(inner)
    left = inner.child_by_field_name("left")
    return needed if left is None or left.type not in ("attribute", "subscript") else needed | names_of(left)


def assigned_value(statement: Node | None, name: str) -> Node | None:
    """The value that a plain assignment gives a name, or `self.name`, also in `a, b = f(), g()`; None for others."""
    if statement is None or statement.type != "expression_statement" or not statement.named_children:
        return None
    inner = statement.named_children[0]
    left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
    if inner.type != "assignment" or left is None or right is None:
        return None
    if left.type in ("identifier", "attribute"):
        return right if text_of(left) == name else None
    if right.type == "expression_list" and len(right.named_children) == len(left.named_children):
        pairs = zip(left.named_children, right.named_children, strict=True)
        return next((value for target, value in pairs if text_of(target) == name), None)
    return None


def imported_class(dotted: str, steps: Sequence[Step]) -> tuple[str, str | None]:
    """A class's own name and the module that it was imported from; None if the imports in the steps do not name it."""
    first, _, rest = dotted.partition(".")
    prefix, _, last = dotted.rpartition(".")
    for step in reversed(steps):
        if step.node is None or step.node.type not in _IMPORTS:
            continue
        for each in _imports(step.node):
            if each.local != first:
                continue
            if not rest:
                return each.name, each.module
            if each.local == each.name.split(".")[0]:  # `import package.module`, or `from package import module`
                whole = each.local if each.module is None else f"{each.module}.{each.name}"
            else:
                whole = each.name if each.module is None else f"{each.module}.{each.name}"
            return last, prefix.replace(each.local, whole, 1)
    return last, prefix or None


def _imports(node: Node) -> Iterator[Import]:
    module = text_of(node.child_by_field_name("module_name")) if node.type == "import_from_statement" else None
    for child in node.children_by_field_name("name"):
        alias = child.child_by_field_name("alias")
        name = text_of(child.child_by_field_name("name") if child.type == "aliased_import" else child)
        if alias is not None:
            yield Import(text_of(alias), name, module)
        else:
            yield Import(name if module is not None else name.split(".")[0], name, module)
    if any(child.type == "wildcard_import" for child in node.named_children):
        yield Import("*", "*", module)


def _changes(node: Node, needed: frozenset[str]) -> bool:
    """Whether a statement changes one of the values in place: `config.depth = 2`, `model.eval()`."""
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    if inner.type in ("assignment", "augmented_assignment"):
        left = inner.child_by_field_name("left")
        return left is not None and left.type in ("attribute", "subscript") and _root(left) in needed
    if inner.type == "call":
        callee = inner.child_by_field_name("function")
        if callee is None or callee.type != "attribute" or _root(callee) not in needed:
            return False
        method = text_of(callee.child_by_field_name("attribute"))
        return method in SAME_MODULE or (method.endswith("_") and not method.endswith("__"))
    return False


def _root(node: Node | None) -> str:
    """The name that `a.b[0].c` begins with; empty if it begins with something else."""
    while node is not None and node.type in ("attribute", "subscript", "call"):
        node = next((item for n in ("object", "value", "function") if (item := node.child_by_field_name(n))), None)
    return text_of(node) if node is not None and node.type == "identifier" else ""
