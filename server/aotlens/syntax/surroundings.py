"""The class and the functions around a position, and the values of expressions there. Broken code is read as well."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from tree_sitter import Node

from .bindings import Scope
from .evaluate import Evaluator
from .nodes import integer_value, parameter_name, string_value, text_of
from .paths import ANY, Key, Step
from .source_text import SourceText
from .subjects import ClassRef
from .values import Place, Value

_DEFINITIONS = ("class_definition", "function_definition")
_REACH = 3000
"""The number of lines upward in which the enclosing class of broken code is searched."""
_CLASS_LINE = re.compile(r"(\s*)class\s+(\w+)")
_DEF_LINE = re.compile(r"(\s*)(?:async\s+)?def\s+(\w+)\s*\(\s*(\w+)?")


class Surroundings:
    """The surroundings of a position in a Python document.

    `owner` is the innermost class around it, `function` the innermost function within that class (by its name there);
    both are None if there is none. `scopes` are all functions around it, innermost first. `chain` are the nodes around
    the position, innermost first.
    """

    def __init__(self, document: SourceText, line: int, chain: Sequence[Node]) -> None:
        self.chain = chain
        self.function: str | None = None
        self.owner: ClassRef | None = None
        self.scopes: list[Scope] = []
        self._module_name: str | None = None
        self._enter()
        if document.tree.root_node.has_error:
            self._correct_by_indentation(document, line)
        self._evaluator = Evaluator(chain, self.scopes)

    @property
    def prefix(self) -> str:
        """The qualified name of a definition at this position, up to its own name."""
        prefix = f"{self.owner.qualname}." if self.owner is not None else ""
        return prefix + (f"{self.function}.<locals>." if self.function else "")

    def value(self, node: Node, before: int | None = None) -> Value:
        """The value of an expression. Bindings before the byte `before` count; by default, before the expression."""
        if self._module_name is not None:
            return _value_in_broken_code(node, self._module_name, self.function or "")
        return self._evaluator.value(node, before)

    def _enter(self) -> None:
        """Find the class and the functions around the position in the tree."""
        names: list[tuple[str, Node]] = []
        for node in reversed(self.chain):
            if node.type in _DEFINITIONS:
                names.append((text_of(node.child_by_field_name("name")), node))
        # A position on a definition's decorators, bases or name is not inside of it.
        if names and not _is_inside(names[-1][1], self.chain):
            names.pop()
        qualname, local = "", ""
        for index, (name, node) in enumerate(names):
            in_class = index > 0 and names[index - 1][1].type == "class_definition"
            if node.type == "class_definition":
                qualname, local = qualname + name, ""
                self.owner = class_ref(qualname, node)
                qualname += "."
                continue
            module = _module_parameter(node) if in_class else None
            self.scopes.insert(0, Scope(node, local + name, module))
            local += f"{name}.<locals>."
            qualname += f"{name}.<locals>."
        # In the body of a class, but in none of its methods, a function around the class does not count.
        self.function = self.scopes[0].name if local else None

    def _correct_by_indentation(self, document: SourceText, line: int) -> None:
        """Let indentation decide: in broken code the tree may lose a class, or one class may swallow the next."""
        around = [node for node in self.chain if node.type in _DEFINITIONS]
        if around and not around[-1].has_error:
            return
        text = document.line(line)
        indent = len(text) - len(text.lstrip())
        function: str | None = None
        module: str | None = None
        owner: ClassRef | None = None
        for number in range(line - 1, max(0, line - _REACH), -1):
            text = document.line(number)
            definition, is_class = _DEF_LINE.match(text), _CLASS_LINE.match(text)
            if definition and len(definition[1]) < indent and function is None:
                function, module = definition[2], definition[3]
                indent = len(definition[1])
            elif is_class and len(is_class[1]) < indent:
                owner = ClassRef(is_class[2], number, line)
                break
        known = self.owner.line if self.owner is not None else None
        if owner is None or (known == owner.line and self.function is not None):
            return
        self.owner, self.function, self._module_name = owner, function, module
        self.scopes = []


def class_ref(qualname: str, node: Node) -> ClassRef:
    """A reference to the class that a node defines."""
    return ClassRef(qualname, node.start_point.row + 1, node.end_point.row + 1)


def _is_inside(definition: Node, chain: Sequence[Node]) -> bool:
    """Whether the chain comes from a definition's body, or from a function's parameters."""
    for node, outer in itertools.pairwise(chain):  # `node.parent` would come down from the root each time
        if outer.id == definition.id:
            return node.type in ("block", "parameters", "comment", "ERROR")
    return chain[0].id == definition.id


def _module_parameter(function: Node) -> str | None:
    """The name of a method's first parameter, which is the module; None for static and class methods."""
    outer = function.parent
    if outer is not None and outer.type == "decorated_definition":
        decorators = {text_of(child) for child in outer.children if child.type == "decorator"}
        if decorators & {"@staticmethod", "@classmethod"}:
            return None
    parameters = function.child_by_field_name("parameters")
    for child in parameters.named_children if parameters is not None else ():
        if child.type != "comment":
            return parameter_name(child) or None
    return None


def _value_in_broken_code(node: Node, module: str, function: str) -> Value:
    """The value of an expression if nothing but the name of the module is known."""
    steps: list[Step] = []
    while node.type in ("attribute", "subscript"):
        if node.type == "attribute":
            steps.append(text_of(node.child_by_field_name("attribute")))
            inner = node.child_by_field_name("object")
        else:
            subscripts = node.children_by_field_name("subscript")
            number = integer_value(subscripts[0]) if len(subscripts) == 1 else None
            key = string_value(subscripts[0]) if len(subscripts) == 1 else None
            steps.append(number if number is not None else Key(key) if key is not None else ANY)
            inner = node.child_by_field_name("value")
        if inner is None:
            return None
        node = inner
    if node.type != "identifier" or text_of(node) != module:
        return None
    return Place(None, function, tuple(reversed(steps)))
