"""What a name or expression inside a function stands for: an attribute of the module, an argument, an item of one.

`self.attn`, `attn = self.attn`, `for block in self.blocks`, `first, *rest = self.blocks`, `batch["mask"]`. Syntax
alone: of several assignments the nearest one before the use counts, whatever branch it is in.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tree_sitter import Node


class Unknown(enum.Enum):
    """A step that the source does not tell."""

    ANY = "*"


ANY = Unknown.ANY


@dataclass(frozen=True)
class Key:
    """A step by a string key: `batch["mask"]`."""

    name: str


@dataclass(frozen=True)
class Items:
    """A step to any item of a slice: `self.blocks[1:]`. Not `in_order` where they were turned around or sorted."""

    start: int | None
    stop: int | None
    step: int | None = None
    in_order: bool = True

    def at(self, index: int) -> int | None:
        """Where the item at an index of the slice is in the whole; None where that depends on how long it is."""
        if self.step not in (None, 1) or not self.in_order:
            return None
        start = self.start or 0
        if index >= 0:
            return start + index if start >= 0 else None
        return index if self.stop is None else None


Step = str | int | Key | Unknown | Items
"""One step of a path: an attribute's name, an integer index (negative from the end), a key, or any of the items, of all
(`ANY`) or of a slice."""

Path = tuple[Step, ...]


@dataclass(frozen=True)
class Place:
    """What is reached from the module (`argument` is None) or from an argument of the outer function `function`."""

    argument: str | None
    function: str
    path: Path = ()

    def at(self, *steps: Step) -> Place:
        """What is reached from here by further steps."""
        return Place(self.argument, self.function, (*self.path, *steps))


@dataclass(frozen=True)
class Each:
    """Something to iterate over whose items are all `item`."""

    item: Value


@dataclass(frozen=True)
class StateDict:
    """The `state_dict()` of a module, whose keys are dotted names."""

    module: Place


Value = Place | Each | StateDict | tuple["Value", ...] | None
"""What an expression stands for; a tuple for a display of several, None where it is not known."""


@dataclass(frozen=True)
class Scope:
    """A function around the place that is asked about.

    `name` is what Python calls it within its class or module (`forward`, `outer.<locals>.inner`). `module` is the
    name of the first parameter where that is the module: the function then is a method.
    """

    node: Node
    name: str
    module: str | None


@dataclass(frozen=True)
class _Found:
    """A binding of a name; the value may well be unknown."""

    value: Value


_SAME_ITEMS = frozenset({"reversed", "iter", "sorted", "list", "tuple", "set"})
_OTHER_ORDER = frozenset({"reversed", "sorted", "set"})
_COMPREHENSIONS = ("list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression")
_DEPTH = 40
"""How far aliases of aliases are followed."""


def text_of(node: Node | None) -> str:
    """The source text of a node; empty where there is none."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


class Evaluator:
    """What expressions stand for at one place: `chain` holds the nodes around it, innermost first."""

    def __init__(self, chain: Sequence[Node], scopes: Sequence[Scope]) -> None:
        self._chain = chain
        self._scopes = scopes

    def value(self, node: Node, before: int | None = None) -> Value:
        """What the expression `node` of the chain stands for, by the bindings before the byte `before`."""
        return self._value(node, 0, node.start_byte if before is None else before, _DEPTH)

    def _value(self, node: Node | None, scope: int, before: int, depth: int) -> Value:
        if node is None or depth <= 0:
            return None
        kind = node.type
        if kind == "identifier":
            return self._name(text_of(node), scope, before, depth - 1)
        if kind == "attribute":
            base = self._value(node.child_by_field_name("object"), scope, before, depth - 1)
            name = text_of(node.child_by_field_name("attribute"))
            return base.at(name) if isinstance(base, Place) and name else None
        if kind == "subscript":
            base = self._value(node.child_by_field_name("value"), scope, before, depth - 1)
            return _subscript(base, node.children_by_field_name("subscript"))
        if kind == "call":
            return self._call(node, scope, before, depth - 1)
        if kind in ("tuple", "list", "expression_list", "pattern_list"):
            return tuple(self._value(child, scope, before, depth - 1) for child in _items(node))
        if kind == "parenthesized_expression":
            inner = _items(node)
            return self._value(inner[0], scope, before, depth - 1) if len(inner) == 1 else None
        if kind == "named_expression":
            return self._value(node.child_by_field_name("value"), scope, before, depth - 1)
        return None

    def _item_of(self, node: Node, scope: int, before: int, depth: int) -> Value:
        return _item(self._value(node, scope, before, depth))

    def _call(self, node: Node, scope: int, before: int, depth: int) -> Value:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return None
        given = [child for child in _items(arguments) if child.type != "keyword_argument"]
        if function.type == "identifier":
            return self._builtin(text_of(function), given, scope, before, depth)
        if function.type != "attribute":
            return None
        base = self._value(function.child_by_field_name("object"), scope, before, depth)
        if not isinstance(base, Place):
            return None
        method = text_of(function.child_by_field_name("attribute"))
        if not given:
            if method in ("values", "children", "parameters", "buffers"):
                return Each(base.at(ANY))
            if method in ("items", "named_children"):
                return Each((None, base.at(ANY)))
            return StateDict(base) if method == "state_dict" else None
        name = string_value(given[0])
        if name is None:
            return None
        if method in ("get_submodule", "get_parameter", "get_buffer"):
            return base.at(*name.split(".")) if name else base
        return base.at(Key(name)) if method in ("get", "pop") else None

    def _builtin(self, name: str, given: Sequence[Node], scope: int, before: int, depth: int) -> Value:
        values = [self._value(node, scope, before, depth) for node in given]
        if not values:
            return None
        if name in _SAME_ITEMS:
            item = _item(values[0])
            if name in _OTHER_ORDER and isinstance(item, Place) and item.path and isinstance(item.path[-1], Items):
                item = replace(item, path=(*item.path[:-1], replace(item.path[-1], in_order=False)))
            return Each(item)
        if name == "enumerate":
            return Each((None, _item(values[0])))
        if name == "zip":
            return Each(tuple(_item(value) for value in values))
        if name == "next":
            return _item(values[0])
        if name == "getattr" and len(given) > 1 and isinstance(values[0], Place):
            attribute = string_value(given[1])
            return values[0].at(attribute if attribute is not None else ANY)
        return None

    def _name(self, name: str, scope: int, before: int, depth: int) -> Value:
        if not name:
            return None
        if scope == 0:  # only the place itself can be inside a comprehension or lambda: a binding is a statement
            found = self._from_expressions(name, before, depth)
            if found is not None:
                return found.value
        for index in range(scope, len(self._scopes)):
            if index > scope:  # a closure sees what the outer function binds in the end
                before = self._scopes[index].node.end_byte
            found = self._in_function(name, index, before, depth)
            if found is not None:
                return found.value
        return None

    def _from_expressions(self, name: str, before: int, depth: int) -> _Found | None:
        """The binding of a comprehension or lambda around the place, up to the innermost function."""
        for node in self._chain:
            if node.type == "function_definition":
                return None
            if node.start_byte > before or node.end_byte < before:
                continue
            if node.type == "lambda":
                parameters = node.child_by_field_name("parameters")
                if any(parameter_name(child) == name for child in _items(parameters)):
                    return _Found(None)
            elif node.type in _COMPREHENSIONS:
                for clause in reversed([child for child in node.children if child.type == "for_in_clause"]):
                    left, right = clause.child_by_field_name("left"), clause.child_by_field_name("right")
                    if left is None or right is None or right.start_byte <= before < right.end_byte:
                        continue
                    # What is iterated over may itself come from an earlier clause, hence again from here.
                    found = self._bound(left, name, partial(self._item_of, right, 0, right.start_byte, depth))
                    if found is not None:
                        return found
        return None

    def _in_function(self, name: str, index: int, before: int, depth: int) -> _Found | None:
        scope = self._scopes[index]
        body = scope.node.child_by_field_name("body")
        if body is not None:
            found = self._in_block(body, name, index, before, depth)
            if found is not None:
                return found
        if name == scope.module:
            return _Found(Place(None, scope.name))
        parameters = scope.node.child_by_field_name("parameters")
        for child in _items(parameters):
            if parameter_name(child) == name:
                return _Found(Place(name, scope.name))
        return None

    def _in_block(self, block: Node, name: str, scope: int, before: int, depth: int) -> _Found | None:
        """The nearest binding of a name in a block before a byte."""
        if depth <= 0:
            return None
        for statement in reversed(block.named_children):
            if statement.start_byte < before:
                found = self._in_statement(statement, name, scope, before, depth - 1)
                if found is not None:
                    return found
        return None

    def _in_statement(self, node: Node, name: str, scope: int, before: int, depth: int) -> _Found | None:
        kind = node.type
        if kind == "expression_statement":
            for child in node.named_children:
                found = self._in_expression(child, name, scope, before, depth)
                found = found or self._in_walrus(child, name, scope, before, depth)
                if found is not None:
                    return found
            return None
        if kind == "assignment":  # within an ERROR, it stands by itself
            return self._in_expression(node, name, scope, before, depth)
        if kind in ("function_definition", "class_definition"):
            return _Found(None) if text_of(node.child_by_field_name("name")) == name else None
        if kind == "decorated_definition":
            definition = node.child_by_field_name("definition")
            return self._in_statement(definition, name, scope, before, depth) if definition is not None else None
        if kind == "for_statement":
            found = self._in_clauses(node, name, scope, before, depth)
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if found is not None or left is None or right is None or right.end_byte >= before:
                return found
            return self._bound(left, name, partial(self._item_of, right, scope, node.start_byte, depth))
        if kind == "with_statement":
            found = self._in_clauses(node, name, scope, before, depth)
            if found is None and any(name == text_of(target) for target in _with_targets(node)):
                return _Found(None)
            return found
        if kind.endswith(("_statement", "_clause")) or kind in ("block", "ERROR"):
            return self._in_clauses(node, name, scope, before, depth)
        return None

    def _in_clauses(self, node: Node, name: str, scope: int, before: int, depth: int) -> _Found | None:
        """The nearest binding in the blocks of a compound statement."""
        if depth <= 0:
            return None
        for child in reversed(node.named_children):
            if child.start_byte >= before:
                continue
            if child.type == "block":
                found = self._in_block(child, name, scope, before, depth - 1)
            elif child.type.endswith(("_clause", "_statement")) or child.type in ("assignment", "ERROR"):
                found = self._in_statement(child, name, scope, before, depth - 1)
            else:
                found = self._in_walrus(child, name, scope, before, depth - 1)
            if found is not None:
                return found
        return None

    def _in_walrus(self, node: Node, name: str, scope: int, before: int, depth: int) -> _Found | None:
        """The binding of a `:=` somewhere in an expression."""
        if depth <= 0 or node.text is None or b":=" not in node.text:
            return None
        if node.type == "named_expression":
            return self._in_expression(node, name, scope, before, depth)
        for child in reversed(node.named_children):
            found = self._in_walrus(child, name, scope, before, depth - 1)
            if found is not None:
                return found
        return None

    def _in_expression(self, node: Node, name: str, scope: int, before: int, depth: int) -> _Found | None:
        left = node.child_by_field_name("name" if node.type == "named_expression" else "left")
        if left is None or node.end_byte > before:
            return None
        if node.type == "augmented_assignment":
            return _Found(None) if text_of(left) == name else None
        right = node.child_by_field_name("value" if node.type == "named_expression" else "right")
        if right is None or node.type not in ("assignment", "named_expression"):
            return None
        if right.type == "assignment":  # a = b = value
            found = self._in_expression(right, name, scope, before, depth)
            if found is not None:
                return found
            while right is not None and right.type == "assignment":
                right = right.child_by_field_name("right")
        return self._bound(left, name, partial(self._value, right, scope, node.start_byte, depth))

    def _bound(self, target: Node, name: str, value: Callable[[], Value]) -> _Found | None:
        """What a name is bound to when a value is assigned to a target, which may be a pattern."""
        steps = _steps_to(target, name)
        if steps is None:
            return None
        result = value()
        for index, count, is_rest in steps:
            if is_rest:
                after = count - index - 1
                rest = Items(index, -after if after else None)
                result = Each(result.at(rest) if isinstance(result, Place) else _item(result))
            elif isinstance(result, tuple):
                result = result[index] if -len(result) <= index < len(result) and count == len(result) else None
            else:
                result = _indexed(result, index)
        return _Found(result)


def _steps_to(target: Node, name: str) -> list[tuple[int, int, bool]] | None:
    """Where a name is in a target, as (index, how many items, whether it takes the rest) from outside in."""
    if target.type == "identifier":
        return [] if text_of(target) == name else None
    if target.type not in ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list"):
        return None
    items = _items(target)
    splat = next((i for i, item in enumerate(items) if item.type in ("list_splat_pattern", "list_splat")), None)
    for index, item in enumerate(items):
        if index == splat:
            inner = _items(item)
            if inner and text_of(inner[0]) == name:
                return [(index, len(items), True)]
            continue
        rest = _steps_to(item, name)
        if rest is not None:
            after = splat is not None and index > splat
            return [(index - len(items) if after else index, len(items), False), *rest]
    return None


def _item(value: Value) -> Value:
    """What iterating over a value gives."""
    if isinstance(value, Place):
        return value.at(ANY)
    if isinstance(value, Each):
        return value.item
    if isinstance(value, tuple) and value and all(item == value[0] for item in value):
        return value[0]
    return None


def _indexed(value: Value, index: int) -> Value:
    if isinstance(value, Place):
        return value.at(index)
    return _item(value)


def _subscript(base: Value, subscripts: Sequence[Node]) -> Value:
    if base is None or len(subscripts) != 1:
        return None
    subscript = subscripts[0]
    if subscript.type == "slice":
        if isinstance(base, Place):
            return Each(base.at(_slice(subscript)))
        return base if isinstance(base, Each) else Each(_item(base))
    number = integer_value(subscript)
    if isinstance(base, Each):
        last = base.item.path[-1] if isinstance(base.item, Place) and base.item.path else None
        index = last.at(number) if isinstance(last, Items) and number is not None else None
        if index is None or not isinstance(base.item, Place):
            return base.item
        return Place(base.item.argument, base.item.function, (*base.item.path[:-1], index))
    if isinstance(base, StateDict):
        name = string_value(subscript)
        return base.module.at(*name.split(".")) if name else None
    if isinstance(base, tuple):
        return base[number] if number is not None and -len(base) <= number < len(base) else None
    if number is not None:
        return base.at(number)
    key = string_value(subscript)
    return base.at(Key(key) if key is not None else ANY)


def _slice(node: Node) -> Step:
    """The items that a slice takes; any where its bounds are not numbers."""
    bounds: list[int | None] = [None]
    for child in node.children:
        if child.type == ":":
            bounds.append(None)
        elif child.type != "comment":
            bounds[-1] = integer_value(child)
            if bounds[-1] is None:
                return ANY
    return Items(*bounds) if len(bounds) in (2, 3) and bounds[-1:] != [0] else ANY


def string_value(node: Node) -> str | None:
    """The value of a plain string literal; None for anything else, f-strings with fields among it."""
    if node.type != "string" or any(child.type == "interpolation" for child in node.children):
        return None
    # Escapes stay as they are: no name has any.
    parts = [text_of(child) for child in node.children if child.type in ("string_start", "string_content")]
    if not parts or "b" in parts[0].lower():
        return None
    return "".join(parts[1:])


def integer_value(node: Node) -> int | None:
    """The value of an integer literal, with its sign; None for anything else."""
    text = text_of(node).replace(" ", "")
    if node.type in ("integer", "unary_operator") and len(text) < 12 and text.removeprefix("-").isdecimal():
        return int(text)
    return None


def parameter_name(node: Node) -> str:
    """The name of a parameter in a signature, without its stars, annotation and default; empty for `*` and `/`."""
    while node.type != "identifier":
        inner = node.child_by_field_name("name")
        if inner is None:
            inner = next((child for child in node.named_children), None)
        if inner is None or node.type in ("keyword_separator", "positional_separator"):
            return ""
        node = inner
    return text_of(node)


def _items(node: Node | None) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"] if node is not None else []


def _with_targets(node: Node) -> Iterable[Node]:
    for clause in node.named_children:
        if clause.type == "with_clause":
            for item in clause.named_children:
                for pattern in item.named_children:
                    if pattern.type == "as_pattern":
                        alias = pattern.child_by_field_name("alias")
                        yield from _items(alias)
