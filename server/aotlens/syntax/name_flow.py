"""Which names a piece of code reads before it binds them, and which it binds: for whole statements, loops included.

An attribute such as `self.loss` counts as a name of its own besides `self`, because methods hand values on in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from .nodes import items_of, parameter_name, text_of

NOTHING: frozenset[str] = frozenset()
_COMPREHENSIONS = ("list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression")
_FUNCTIONS = ("function_definition", "lambda")
_PATTERNS = ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list", "expression_list", "list_splat_pattern")


@dataclass(frozen=True)
class Flow:
    """The names of a piece of code.

    `reads` are needed before it runs. `binds` are bound after it in any case, and `may_bind` perhaps besides: in one
    branch, in a loop. `changes` are names whose objects an assignment to an attribute or an item changes.
    """

    reads: frozenset[str] = NOTHING
    binds: frozenset[str] = NOTHING
    may_bind: frozenset[str] = NOTHING
    changes: frozenset[str] = NOTHING

    @property
    def all_bound(self) -> frozenset[str]:
        """All names that the code may bind."""
        return self.binds | self.may_bind


def flow_of(node: Node | None) -> Flow:
    """The names of a statement, a block or an expression; none for None."""
    if node is None:
        return Flow()
    kind = node.type
    if kind in ("block", "module"):
        return in_order(flow_of(child) for child in node.named_children)
    if kind == "expression_statement":
        return in_order(_expression(child) for child in node.named_children)
    if kind in ("function_definition", "class_definition"):
        name = text_of(node.child_by_field_name("name"))
        return Flow(_free_names(node) - {name}, frozenset([name]))
    if kind == "decorated_definition":
        inner = flow_of(node.child_by_field_name("definition"))
        decorators = [child for child in node.named_children if child.type == "decorator"]
        return Flow(inner.reads | frozenset[str]().union(*(reads_of(each) for each in decorators)), inner.binds)
    if kind in ("import_statement", "import_from_statement", "future_import_statement"):
        return Flow(binds=frozenset(_imported(node)))
    if kind == "if_statement":
        return _branches(node)
    if kind in ("for_statement", "while_statement"):
        return _loop(node)
    if kind == "with_statement":
        return in_order((_with_items(node), flow_of(node.child_by_field_name("body"))))
    if kind in ("try_statement", "match_statement"):
        parts = [flow_of(child) for child in node.named_children]
        return Flow(_union(p.reads for p in parts), NOTHING, _union(p.all_bound for p in parts), _changed(parts))
    if kind in ("else_clause", "except_clause", "finally_clause", "elif_clause", "case_clause", "except_group_clause"):
        return in_order(flow_of(child) for child in node.named_children)
    if kind == "comment":
        return Flow()
    return _expression(node)


def in_order(parts: Iterable[Flow]) -> Flow:
    """The names of pieces of code that run one after the other."""
    reads, binds, may_bind, changes = NOTHING, NOTHING, NOTHING, NOTHING
    for part in parts:
        reads |= frozenset(name for name in part.reads if name not in binds and name.split(".")[0] not in binds)
        may_bind |= part.may_bind
        changes |= part.changes
        binds |= part.binds
    return Flow(reads, binds, may_bind - binds, changes)


def without(needed: frozenset[str], bound: frozenset[str]) -> frozenset[str]:
    """The names that are still needed before a statement that binds some of them, and so their attributes."""
    return frozenset(name for name in needed if name not in bound and name.split(".")[0] not in bound)


def reads_of(node: Node | None) -> frozenset[str]:
    """The names that an expression reads, attributes of names included: `self.net(x)` reads self, self.net and x."""
    if node is None:
        return NOTHING
    kind = node.type
    if kind == "identifier":
        return frozenset([text_of(node)])
    if kind == "attribute":
        inner = reads_of(node.child_by_field_name("object"))
        dotted = dotted_name(node)
        return inner | {dotted} if dotted is not None and dotted.count(".") == 1 else inner
    if kind == "keyword_argument":
        return reads_of(node.child_by_field_name("value"))
    if kind in _FUNCTIONS:
        return _free_names(node)
    if kind in _COMPREHENSIONS:
        bound = _union(
            target_names(child.child_by_field_name("left"))
            for child in node.named_children
            if child.type == "for_in_clause"
        )
        return _union(reads_of(child) for child in node.named_children) - bound
    if kind == "for_in_clause":
        return reads_of(node.child_by_field_name("right"))
    if kind == "named_expression":
        return reads_of(node.child_by_field_name("value"))
    if kind in ("string", "concatenated_string") and "{" not in text_of(node):
        return NOTHING
    return _union(reads_of(child) for child in node.named_children)


def target_names(node: Node | None) -> frozenset[str]:
    """The names that an assignment to a target binds; `self.x` counts as one, an item of something does not."""
    if node is None:
        return NOTHING
    if node.type == "identifier":
        return frozenset([text_of(node)])
    if node.type == "attribute":
        dotted = dotted_name(node)
        return frozenset([dotted]) if dotted is not None and dotted.count(".") == 1 else NOTHING
    if node.type in (*_PATTERNS, "as_pattern_target", "parenthesized_expression"):
        return _union(target_names(child) for child in node.named_children)
    return NOTHING


def dotted_name(node: Node | None) -> str | None:
    """The text of `name` or `name.attribute…`; None for other expressions."""
    parts: list[str] = []
    while node is not None and node.type == "attribute":
        parts.append(text_of(node.child_by_field_name("attribute")))
        node = node.child_by_field_name("object")
    return ".".join((text_of(node), *reversed(parts))) if node is not None and node.type == "identifier" else None


def root_name(node: Node | None) -> str:
    """The name that `a.b[0].c()` begins with; empty if it begins with something else."""
    while node is not None and node.type in ("attribute", "subscript", "call"):
        node = next((item for n in ("object", "value", "function") if (item := node.child_by_field_name(n))), None)
    return text_of(node) if node is not None and node.type == "identifier" else ""


def _expression(node: Node) -> Flow:
    if node.type in ("assignment", "augmented_assignment"):
        return _assignment(node)
    return Flow(reads_of(node), frozenset(_walruses(node)))


def _assignment(node: Node) -> Flow:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if right is None:  # an annotation alone
        return Flow()
    value = _expression(right)
    targets = list(_targets(left))
    written = _union(target_names(target) for target in targets)
    changed = frozenset(root_name(target) for target in targets if target.type in ("attribute", "subscript")) - {""}
    reads = value.reads | _union(reads_of(target) for target in targets if target.type == "subscript")
    reads |= frozenset(root_name(target) for target in targets if target.type == "attribute") - {""}
    if node.type == "augmented_assignment":
        reads |= reads_of(left)
    return Flow(reads, written | value.binds, NOTHING, changed | value.changes)


def _targets(node: Node | None) -> Iterator[Node]:
    if node is None:
        return
    if node.type in _PATTERNS:
        for child in node.named_children:
            yield from _targets(child)
    else:
        yield node


def _branches(node: Node) -> Flow:
    condition = reads_of(node.child_by_field_name("condition"))
    branches = [flow_of(node.child_by_field_name("consequence"))]
    is_complete = False
    for clause in node.children_by_field_name("alternative"):
        if clause.type == "elif_clause":
            condition |= reads_of(clause.child_by_field_name("condition"))
            branches.append(flow_of(clause.child_by_field_name("consequence")))
        else:
            is_complete = True
            branches.append(flow_of(clause.child_by_field_name("body")))
    certain = frozenset.intersection(*(branch.binds for branch in branches)) if is_complete else NOTHING
    reads = condition | _union(branch.reads for branch in branches)
    return Flow(reads, certain, _union(branch.all_bound for branch in branches) - certain, _changed(branches))


def _loop(node: Node) -> Flow:
    target = target_names(node.child_by_field_name("left"))
    head = reads_of(node.child_by_field_name("right")) | reads_of(node.child_by_field_name("condition"))
    body = flow_of(node.child_by_field_name("body"))
    return Flow(head | (body.reads - target), NOTHING, target | body.all_bound, body.changes)


def _with_items(node: Node) -> Flow:
    reads, binds = NOTHING, NOTHING
    for clause in node.named_children:
        if clause.type == "with_clause":
            for item in clause.named_children:
                for pattern in item.named_children:
                    if pattern.type == "as_pattern":
                        alias = pattern.child_by_field_name("alias")
                        binds |= target_names(alias)
                        reads |= _union(reads_of(child) for child in pattern.named_children if child != alias)
                    else:
                        reads |= reads_of(pattern)
    return Flow(reads, binds)


def _free_names(node: Node) -> frozenset[str]:
    """The names that the body of a function, lambda or class takes from outside, bases and defaults included."""
    body = node.child_by_field_name("body")
    parameters = node.child_by_field_name("parameters")
    own = frozenset(parameter_name(each) for each in items_of(parameters))
    inner = flow_of(body) if body is not None and body.type == "block" else Flow(reads_of(body))
    reads = inner.reads if node.type == "class_definition" else inner.reads - own - inner.all_bound
    outer = _union(reads_of(each.child_by_field_name("value")) for each in items_of(parameters))
    outer |= _union(reads_of(each.child_by_field_name("type")) for each in items_of(parameters))
    outer |= reads_of(node.child_by_field_name("superclasses"))
    return frozenset(name for name in reads if name.split(".")[0] not in own) | outer


def _imported(node: Node) -> Iterator[str]:
    for child in node.children_by_field_name("name"):
        alias = child.child_by_field_name("alias")
        name = text_of(child.child_by_field_name("name") if child.type == "aliased_import" else child)
        yield (
            text_of(alias)
            if alias is not None
            else name
            if node.type == "import_from_statement"
            else name.split(".")[0]
        )
    if any(child.type == "wildcard_import" for child in node.named_children):
        yield "*"


def _walruses(node: Node) -> Iterator[str]:
    if node.text is None or b":=" not in node.text:
        return
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type == "named_expression":
            yield text_of(current.child_by_field_name("name"))
        pending += current.named_children


def _changed(parts: Iterable[Flow]) -> frozenset[str]:
    return _union(part.changes for part in parts)


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return NOTHING.union(*sets)
