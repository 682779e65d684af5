"""Values in the code of a graph pass, as far as the syntax shows them: descriptors, nodes, what `fx_utils` returns."""

from __future__ import annotations

import re

from tree_sitter import Node

from .imports import full_name
from .nodes import integer_value, items_of, string_value, text_of
from .once import once_for_each
from .pass_facts import Bound, Case, Condition, facts_before
from .pass_kinds import (
    FUNCTIONS,
    LISTED,
    DescriptorValue,
    FxNode,
    FxTable,
    PassValue,
    Several,
    item_of,
    key_of,
    pair_of,
    with_classes,
)
from .source_text import SourceText

FX_UTILS = "_aot_autograd.fx_utils"
"""The end of the full name of torch's module `fx_utils`."""
_CLASS = re.compile(r"[A-Z]\w*AOT(?:Input|Output)|AOT(?:Input|Output)")
_SAME_ITEMS = frozenset({"list", "tuple", "sorted", "reversed", "iter", "set", "frozenset"})
_PATTERNS = ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list")
_DEPTH = 24


@once_for_each
def may_be_pass_code(document: SourceText) -> bool:
    """Whether a file may have to do with descriptors at all. The whole text is looked at once."""
    text = document.text
    return "fx_utils" in text or "AOTInput" in text or "AOTOutput" in text or (".meta" in text and "torch" in text)


def fx_function(document: SourceText, name: str) -> str | None:
    """The function of `fx_utils` that a dotted name stands for; None for anything else."""
    module, _, function = (full_name(document, name) or "").rpartition(".")
    is_there = module == "fx_utils" or module.endswith(FX_UTILS)
    return function if is_there and function in FUNCTIONS else None


def descriptor_class(document: SourceText, name: str) -> str | None:
    """The class of descriptors that a dotted name stands for, through its import; None for anything else."""
    name = (full_name(document, name) or name).rpartition(".")[2]
    return name if _CLASS.fullmatch(name) else None


class PassValues:
    """The values of the expressions of one document."""

    def __init__(self, document: SourceText) -> None:
        self._document = document

    def of(self, node: Node | None, depth: int = _DEPTH) -> PassValue:
        """The value of an expression where it stands."""
        if node is None or depth <= 0:
            return None
        match node.type:
            case "identifier":
                return self._name(node, depth)
            case "attribute":
                return self._attribute(node, depth)
            case "call":
                return self._call(node, depth)
            case "subscript":
                return self._subscript(node, depth)
            case "parenthesized_expression" | "type" if node.named_children:
                return self.of(node.named_children[0], depth - 1)
            case "named_expression":
                return self.of(node.child_by_field_name("value"), depth - 1)
        return None

    def bound(self, target: Node, name: str, value: PassValue) -> PassValue:
        """The value of a name in a target that is assigned a value."""
        if target.type == "identifier":
            return value if text_of(target) == name else None
        if target.type not in _PATTERNS:
            return None
        for index, item in enumerate(items_of(target)):
            part = value[index] if isinstance(value, tuple) and index < len(value) else item_of(value)
            found = self.bound(item, name, part)
            if found is not None:
                return found
        return None

    def of_pattern(self, pattern: Node) -> DescriptorValue | None:
        """The descriptor that a class pattern of a `case` matches; None if its class is no class of descriptors."""
        kind = self._pattern_class(pattern)
        return DescriptorValue(only=((kind,),)) if kind is not None else None

    def _name(self, node: Node, depth: int) -> PassValue:
        function = fx_function(self._document, text_of(node))
        if function is not None:
            return FxTable(function, called=False)
        return self._narrowed(node, text_of(node), depth)

    def _narrowed(self, node: Node, name: str, depth: int, value: PassValue = None) -> PassValue:
        """The value of a name or of an expression that begins with it, with what conditions say of it.

        `value` is that of an expression that is no name.
        """
        text = text_of(node)
        conditions: list[Condition | Case] = []
        for fact in facts_before(node, name):
            if isinstance(fact, Bound):
                if text == name:
                    value = self._binding(fact, name, depth - 1)
                break
            conditions.append(fact)
        for condition in reversed(conditions):
            if isinstance(condition, Case):
                value = self._matched(condition, text, value)
            else:
                value = self._true(condition.node, condition.holds, text, value)
        return value

    def _binding(self, fact: Bound, name: str, depth: int) -> PassValue:
        annotated = self._annotated(fact.annotation)
        if annotated is not None:
            return annotated
        match fact.how:
            case "value":
                return self.bound(fact.target, name, self.of(fact.value, depth))
            case "item":
                return self.bound(fact.target, name, item_of(self.of(fact.value, depth)))
            case "case":
                return self._captured(fact.target, name, self.of(fact.value, depth))
            case "unknown":
                return None

    def _annotated(self, annotation: Node | None) -> PassValue:
        """A value of an annotated type: `ParamAOTInput`, `ParamAOTInput | BufferAOTInput`, `fx.Node` stays unknown."""
        while annotation is not None and annotation.type in ("type", "parenthesized_expression"):
            annotation = annotation.named_children[0] if annotation.named_children else None
        classes = self._classes(annotation)
        return DescriptorValue(only=(classes,)) if classes else None

    def _classes(self, node: Node | None) -> tuple[str, ...]:
        """The classes of descriptors that an expression names, in a tuple or with `|`; empty if there are others."""
        if node is None:
            return ()
        if node.type in ("tuple", "binary_operator", "parenthesized_expression", "union_type"):
            found: tuple[str, ...] = ()
            for each in items_of(node):
                if text_of(each) == "None":
                    continue
                inner = self._classes(each)
                if not inner:
                    return ()
                found += inner
            return found
        if node.type == "string":
            names = [each.strip().rpartition(".")[2] for each in (string_value(node) or "").split("|")]
            return tuple(names) if all(map(_CLASS.fullmatch, names)) else ()
        name_ = descriptor_class(self._document, text_of(node))
        return (name_,) if name_ is not None else ()

    def _attribute(self, node: Node, depth: int) -> PassValue:
        function = fx_function(self._document, text_of(node))
        if function is not None:
            return FxTable(function, called=False)
        base = self.of(node.child_by_field_name("object"), depth - 1)
        if not isinstance(base, DescriptorValue):
            return None
        value = DescriptorValue(base=base, field=text_of(node.child_by_field_name("attribute")))
        return self._narrowed(node, _first_name(node), depth, value)

    def _call(self, node: Node, depth: int) -> PassValue:
        function = node.child_by_field_name("function")
        arguments = items_of(node.child_by_field_name("arguments"))
        if function is None:
            return None
        if (name := fx_function(self._document, text_of(function))) is not None:
            return FxTable(name)
        if (kind := descriptor_class(self._document, text_of(function))) is not None:
            return DescriptorValue(only=((kind,),))
        if function.type == "identifier":
            return self._of_builtin(text_of(function), arguments, depth)
        if function.type != "attribute":
            return None
        method, receiver = text_of(function.child_by_field_name("attribute")), function.child_by_field_name("object")
        if method == "find_nodes":
            op = next((each for each in arguments if text_of(each).startswith("op=")), None)
            value = op.child_by_field_name("value") if op is not None else None
            return Several(FxNode(op=string_value(value) or "")) if value is not None else None
        if method == "output_node" and not arguments:
            return FxNode(op="output")
        if method == "get" and arguments and _is_meta(receiver) and string_value(arguments[0]) == "desc":
            return self._desc(node, receiver, depth)
        base = self.of(receiver, depth - 1)
        if isinstance(base, FxTable) and base.function not in LISTED:
            if method in ("items", "values", "keys") and not arguments:
                key, value_ = key_of(base), pair_of(base)
                return Several({"items": (key, value_), "values": value_, "keys": key}[method])
            return pair_of(base) if method in ("get", "pop") and arguments else None
        return None

    def _of_builtin(self, name: str, arguments: list[Node], depth: int) -> PassValue:
        if not arguments or name not in _SAME_ITEMS | {"enumerate", "zip", "next"}:
            return None
        values = [self.of(each, depth - 1) for each in arguments]
        items = [item_of(value) for value in values]
        if name == "zip":
            return Several(tuple(items)) if any(item is not None for item in items) else None
        if items[0] is None:
            return None
        if name == "enumerate":
            return Several((None, items[0]))
        return items[0] if name == "next" else Several(items[0])

    def _subscript(self, node: Node, depth: int) -> PassValue:
        value = node.child_by_field_name("value")
        subscripts = node.children_by_field_name("subscript")
        if len(subscripts) != 1:
            return None
        if _is_meta(value) and string_value(subscripts[0]) == "desc":
            return self._desc(node, value, depth)
        base = self.of(value, depth - 1)
        if isinstance(base, FxTable) and base.function not in LISTED:
            return pair_of(base)
        if subscripts[0].type == "slice":
            return base if isinstance(base, Several) else None
        if isinstance(base, tuple):
            index = integer_value(subscripts[0])
            return base[index] if index is not None and -len(base) <= index < len(base) else None
        return item_of(base) if not isinstance(base, DescriptorValue) else None

    def _desc(self, node: Node, meta: Node | None, depth: int) -> PassValue:
        """The value of `node.meta["desc"]`: a list of descriptors for the output of a graph."""
        owner = meta.child_by_field_name("object") if meta is not None else None
        known = self.of(owner, depth - 1)
        if isinstance(known, FxNode) and known.part == 1 and "tangent" not in known.function:
            return None  # a gradient is computed by an ordinary node, which has no descriptor
        if not isinstance(known, FxNode) and owner is not None:
            known = self._narrowed(owner, _first_name(owner), depth, FxNode())
        if not isinstance(known, FxNode):
            known = FxNode()
        if known.op == "output":
            return Several(DescriptorValue(node=known))
        return self._narrowed(node, _first_name(node), depth, DescriptorValue(node=known))

    def _true(self, condition: Node, holds: bool, text: str, value: PassValue) -> PassValue:
        """A value, given that a condition holds, or does not."""
        match condition.type:
            case "parenthesized_expression" if condition.named_children:
                return self._true(condition.named_children[0], holds, text, value)
            case "not_operator":
                inner = condition.child_by_field_name("argument")
                return self._true(inner, not holds, text, value) if inner is not None else value
            case "boolean_operator":
                if (text_of(condition.child_by_field_name("operator")) == "and") == holds:
                    for side in ("left", "right"):
                        inner = condition.child_by_field_name(side)
                        value = self._true(inner, holds, text, value) if inner is not None else value
            case "call" if text_of(condition.child_by_field_name("function")) == "isinstance":
                arguments = items_of(condition.child_by_field_name("arguments"))
                if len(arguments) == 2 and text_of(arguments[0]) == text:
                    return with_classes(value, self._classes(arguments[1]), holds)
            case "comparison_operator" if len(condition.named_children) == 2:
                left, right = condition.named_children
                is_equal = any(child.type in ("==", "is") for child in condition.children)
                if text_of(left) == f"type({text})" and is_equal:
                    return with_classes(value, self._classes(right), holds)
                if text_of(left) == f"{text}.op" and is_equal and holds and isinstance(value, FxNode | None):
                    return FxNode(op=string_value(right) or "")
        return value

    def _matched(self, case: Case, text: str, value: PassValue) -> PassValue:
        if text_of(case.subject) != text:
            return value
        found: tuple[str, ...] = ()
        for pattern in _alternatives(case.pattern):
            name = self._pattern_class(pattern)
            if name is None:
                return value
            found += (name,)
        return with_classes(value, found, True)

    def _captured(self, pattern: Node, name: str, value: PassValue) -> PassValue:
        """The value of a name that a pattern of a `case` binds."""
        for each in _alternatives(pattern):
            if each.type == "dotted_name" and text_of(each) == name:
                return value
            if each.type == "as_pattern":
                inner, alias = each.named_children[0], each.named_children[-1]
                if text_of(alias) == name:
                    return self._captured_class(inner, value)
                found = self._captured(inner, name, value)
                if found is not None:
                    return found
            if each.type == "class_pattern":
                of_class = self._captured_class(each, value)
                for part in each.named_children[1:]:
                    found = self._captured_field(part, name, of_class)
                    if found is not None:
                        return found
        return None

    def _captured_field(self, part: Node, name: str, value: PassValue) -> PassValue:
        """The value of a name that one part of a class pattern binds: `target=name`, `base=PlainAOTInput() as name`."""
        for each in _alternatives(part):
            # The grammar puts `as` around the keyword.
            alias = each.named_children[-1] if each.type == "as_pattern" else None
            keyword = _alternatives(each.named_children[0])[0] if alias is not None else each
            if keyword.type != "keyword_pattern" or not isinstance(value, DescriptorValue):
                continue
            field = DescriptorValue(base=value, field=text_of(keyword.named_children[0]))
            inner = keyword.named_children[-1]
            if alias is not None and text_of(alias) == name:
                return self._captured_class(inner, field)
            found = self._captured(inner, name, field)
            if found is not None:
                return found
        return None

    def _captured_class(self, pattern: Node, value: PassValue) -> PassValue:
        for each in _alternatives(pattern):
            name = self._pattern_class(each)
            return with_classes(value, (name,) if name is not None else (), True)
        return value

    def _pattern_class(self, pattern: Node) -> str | None:
        inner = pattern.named_children[0] if pattern.type == "as_pattern" else pattern
        inner = next(iter(_alternatives(inner)), inner)
        if inner.type != "class_pattern":
            return None
        return descriptor_class(self._document, text_of(inner.named_children[0]))


def _alternatives(pattern: Node) -> list[Node]:
    """The patterns of which one must fit: those around `|`, or the pattern itself."""
    while pattern.type in ("case_pattern", "group_pattern") and len(pattern.named_children) == 1:
        pattern = pattern.named_children[0]
    return list(pattern.named_children) if pattern.type == "union_pattern" else [pattern]


def _is_meta(node: Node | None) -> bool:
    return node is not None and node.type == "attribute" and text_of(node.child_by_field_name("attribute")) == "meta"


def _first_name(node: Node) -> str:
    """The variable with which an expression begins; empty if it begins with something else."""
    inner: Node | None = node
    while inner is not None and inner.type in ("attribute", "subscript", "call"):
        field = {"attribute": "object", "subscript": "value", "call": "function"}[inner.type]
        inner = inner.child_by_field_name(field)
    return text_of(inner) if inner is not None and inner.type == "identifier" else ""
