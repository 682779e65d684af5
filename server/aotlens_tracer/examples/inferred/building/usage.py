"""How a constructor's source uses its parameters."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from typing import Any

from ..reading.definitions import constructor_of, definition_of

_OF_SEQUENCES = ("len", "zip", "enumerate", "sum", "max", "list", "reversed")
"""Functions whose argument is a sequence."""
_REORDERING = frozenset(("flatten", "transpose", "permute", "rearrange", "movedim"))


@dataclass(frozen=True)
class PassedOn:
    """A call of the constructor of `target` with `**`: beside so many positional arguments, and these names."""

    target: type
    positional: int
    names: frozenset[str | None]


class Usage:
    """The uses of the parameters of the constructor of `cls`. All is empty if its source cannot be read."""

    def __init__(self, cls: type) -> None:
        self.called: set[str] = set()
        """Parameters that the constructor calls."""
        self.modules: set[str] = set()
        """Parameters that are kept as attributes and called in `forward`."""
        self.sequences: dict[str, int] = {}
        """Parameters that are sequences, with the least length."""
        self.lists: set[str] = set()
        """Parameters to which a list is added: tuples cannot be."""
        self.literals: dict[str, list[Any]] = {}
        """Strings that a parameter is compared with."""
        self.attributes: dict[str, list[str]] = {}
        """Attributes that are read from a parameter."""
        self.kept_attributes: dict[str, list[str]] = {}
        """Attributes that are read from a parameter where it is kept: `self.encoder.pos_embedding`."""
        self.kept: set[str] = set()
        """Parameters that are kept as attributes."""
        self.instances: dict[str, list[Any]] = {}
        """Classes that `isinstance` compares a parameter with."""
        self.mappings: dict[str, PassedOn] = {}
        """Parameters that are passed on with `**` to the constructor of a class."""
        self.is_of_maps = False
        """Whether the class convolves feature maps, and never reorders their axes: its norms are those of maps."""
        definition = definition_of(constructor_of(cls))
        if definition is None:
            return
        arguments = definition.args
        self._scope = getattr(inspect.unwrap(constructor_of(cls)), "__globals__", {})
        self._names = {argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)}
        self._rest = arguments.kwarg.arg if arguments.kwarg is not None else None
        kept: dict[str, str] = {}
        for node in ast.walk(definition):
            self._look_at(node)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in self._names:
                kept |= {target.attr: node.value.id for target in node.targets if isinstance(target, ast.Attribute)}
        self.kept = set(kept.values())
        forward = definition_of(cls.forward) if hasattr(cls, "forward") else None
        self.is_of_maps = "Conv2d" in _called_in(definition) and not _REORDERING & _called_in(forward)
        self._look_where_kept(definition, kept)
        if forward is not None:
            self._look_where_kept(forward, kept)

    def _look_where_kept(self, definition: ast.FunctionDef, kept: dict[str, str]) -> None:
        """Read the uses of `self.attribute` in a method; `kept` has the parameters by the attribute."""
        for node in ast.walk(definition):
            if isinstance(node, ast.Call) and (attribute := _own_attribute(node.func)) in kept:
                self.modules.add(kept[attribute])
            if isinstance(node, ast.Attribute) and (attribute := _own_attribute(node.value)) in kept:
                _add(self.kept_attributes, kept[attribute], node.attr)

    def _look_at(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            self._addition(node)
        elif isinstance(node, ast.Assert):
            self._assertion(node)
        elif isinstance(node, ast.Compare):
            self._comparison(node)
        elif isinstance(node, (ast.For, ast.comprehension)):
            if isinstance(node.iter, ast.Name) and node.iter.id in self._names:
                self.sequences.setdefault(node.iter.id, 2)
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            self._index(node, node.value.id)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in self._names:
            if isinstance(node.targets[0], (ast.Tuple, ast.List)):
                self.sequences[node.value.id] = len(node.targets[0].elts)
        elif isinstance(node, ast.Attribute) and isinstance(owner := node.value, ast.Name):
            self._attribute(owner.id, node.attr)

    def _attribute(self, name: str, attribute: str) -> None:
        if name in self._names and name != "self":
            _add(self.attributes, name, attribute)

    def _call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in self._names:
            self.called.add(node.func.id)
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        target = self._scope.get(function)
        unpacked = [word.value.id for word in node.keywords if word.arg is None and isinstance(word.value, ast.Name)]
        for name in unpacked:
            if isinstance(target, type) and name in (*self._names, self._rest):
                names = frozenset(word.arg for word in node.keywords)
                self.mappings[name] = PassedOn(target, len(node.args), names)
        for argument in node.args if function in _OF_SEQUENCES else ():
            if isinstance(argument, ast.Name) and argument.id in self._names:
                self.sequences.setdefault(argument.id, 2)
        if function == "isinstance" and len(node.args) == 2 and isinstance(node.args[0], ast.Name):
            found = [self._scope.get(part.id) for part in ast.walk(node.args[1]) if isinstance(part, ast.Name)]
            self.instances.setdefault(node.args[0].id, []).extend(value for value in found if value is not None)

    def _addition(self, node: ast.BinOp) -> None:
        """`widths + [width]`, `[width, *rest] + widths`."""
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(one, ast.Name) and one.id in self._names and isinstance(other, (ast.List, ast.ListComp)):
                self.sequences.setdefault(one.id, 2)
                self.lists.add(one.id)

    def _assertion(self, node: ast.Assert) -> None:
        """`assert any(isinstance(student, kind) for kind in (A, B))`."""
        read = [part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)]
        if "isinstance" in read:
            found = [value for name in read if isinstance(value := self._scope.get(name), type)]
            for name in set(read) & self._names:
                self.instances.setdefault(name, []).extend(found)

    def _comparison(self, node: ast.Compare) -> None:
        """`mode == "linear"`, `mode in ("linear", "cubic")`."""
        if not isinstance(node.left, ast.Name) or node.left.id not in self._names:
            return
        for other in node.comparators:
            for item in other.elts if isinstance(other, (ast.Tuple, ast.List, ast.Set)) else [other]:
                if strings := self._strings(item):
                    self.literals.setdefault(node.left.id, []).extend(strings)

    def _strings(self, node: ast.expr) -> list[str]:
        """The strings that an expression is: a literal, or a constant of the module, which may be a collection."""
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(node, ast.Name) and node.id not in self._names:
            value = self._scope.get(node.id)
        found = list(value) if isinstance(value, (tuple, list, dict)) else [value]
        return [each for each in found if isinstance(each, str)]

    def _index(self, node: ast.Subscript, name: str) -> None:
        """`sizes[2]`, or `TABLE[mode]` for a dictionary of the module."""
        if name in self._names:
            index = node.slice.value if isinstance(node.slice, ast.Constant) else 1
            if isinstance(index, int):
                self.sequences[name] = max(self.sequences.get(name, 2), index + 1)
        elif isinstance(node.slice, ast.Name) and node.slice.id in self._names:
            table = self._scope.get(name)
            if isinstance(table, dict):
                self.literals.setdefault(node.slice.id, []).extend(key for key in table if isinstance(key, str))


def _called_in(definition: ast.FunctionDef | None) -> set[str]:
    """The last names of what a function calls."""
    calls = [node.func for node in ast.walk(definition) if isinstance(node, ast.Call)] if definition is not None else []
    return {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}


def _add(found: dict[str, list[str]], name: str, attribute: str) -> None:
    attributes = found.setdefault(name, [])
    if attribute not in attributes:
        attributes.append(attribute)


def _own_attribute(node: ast.expr) -> str | None:
    """The attribute of `self.attribute`."""
    return node.attr if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else None
