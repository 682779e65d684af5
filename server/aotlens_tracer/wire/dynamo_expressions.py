"""The user's names for the expressions from which Dynamo takes inputs and which it guards. Standard library only.

The expressions are those of `torch/_dynamo/source.py`: `L['self']._modules['up']._parameters['weight']`, `L['h']`,
`L['x'].size()[0]`, `G['TABLE']`, `___as_tensor(L['scale'])`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from .compiled import SourceRole

_REGISTRIES = {"_parameters": "parameter", "_buffers": "buffer", "_modules": "module"}
_WRAPPERS = (
    *("___from_numpy", "___as_tensor", "int", "float", "cast_symbool_to_symint_guardless"),
    *("___tuple_iterator_getitem", "list", "dict"),
)
"""Functions around an expression that make another form of the same value."""
_THROUGH_DICT = re.compile(r"\.__dict__\['(_modules|_parameters|_buffers)'\]")
_UNBOUND = re.compile(r"^(?:dict|list|tuple|OrderedDict|collections\.OrderedDict)\.__getitem__$")
_KEYS = re.compile(r"^(?:list\()?dict\.keys\(")
_STACK = re.compile(r"^_*stack\d+$")


@dataclass(frozen=True)
class DynamoExpression:
    """An expression of Dynamo's as the user would write it.

    `name` is that text, `self.up.weight` or `x.size(0)`, and `path` the same without a leading `self.`: the FQN of a
    parameter or buffer of the module whose code it is. `role` is what the text alone says: an `argument` may be a
    `local` of the code after a graph break. `base` is the tensor of a size, as Dynamo's expression; None for the rest.
    With `is_unnamed`, it is a value that the user's code gives no name (`___stack0`).
    """

    name: str
    path: str
    role: SourceRole
    base: str | None = None
    is_unnamed: bool = False


def without_dict(text: str) -> str:
    """Return an expression that reads modules, parameters and buffers without `__dict__`.

    Dynamo reads them through the `__dict__` of a module that the call has given a new attribute.
    """
    return _THROUGH_DICT.sub(r".\1", text)


def read_expression(text: str) -> DynamoExpression:
    """Return the user's name for an expression of Dynamo's; its own text for one that is not understood."""
    try:
        tree = ast.parse(without_dict(text.strip()), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return DynamoExpression(text, text, "other")
    reader = _Reader()
    name = reader.name(tree)
    role: SourceRole = reader.role
    base = None
    if reader.size_of is not None:
        role, base = "size", ast.unparse(reader.size_of)
    is_unnamed = _STACK.match(name) is not None
    return DynamoExpression(name, name.removeprefix("self."), role, base, is_unnamed)


class _Reader:
    """Reads one expression, from its outermost part to its innermost."""

    def __init__(self) -> None:
        self.role: SourceRole = "other"
        self.size_of: ast.expr | None = None
        self._is_outermost = True

    def name(self, node: ast.expr) -> str:
        is_outermost, self._is_outermost = self._is_outermost, False
        if isinstance(node, ast.Subscript):
            return self._subscript(node, is_outermost)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._call(node, is_outermost)
        return ast.unparse(node)

    def _subscript(self, node: ast.Subscript, is_outermost: bool) -> str:
        value, key = node.value, node.slice
        if isinstance(value, ast.Name) and value.id in ("L", "G", "SYNTHETIC_LOCAL") and isinstance(key, ast.Constant):
            if self.role == "other":
                self.role = "global" if value.id == "G" else "argument"
            return str(key.value)
        if isinstance(value, ast.Attribute) and isinstance(key, ast.Constant):
            if value.attr in _REGISTRIES:
                role = _REGISTRIES[value.attr]
                if is_outermost:
                    self.role = "parameter" if role == "parameter" else "buffer" if role == "buffer" else "other"
                return _joined(self.name(value.value), str(key.value))
            if value.attr == "__dict__":
                if is_outermost:
                    self.role = "attribute"
                return _joined(self.name(value.value), str(key.value))
            if value.attr == "__closure__":
                self.role = "closure"
                return _joined(self.name(value.value), f"closure[{key.value!r}]")
        if (method := _method(value, "size", "stride")) is not None:
            if is_outermost:
                self.size_of = method.value
            return f"{self.name(method.value)}.{method.attr}({ast.unparse(key)})"
        return f"{self.name(value)}[{self._key(key)}]"

    def _key(self, key: ast.expr) -> str:
        if isinstance(key, ast.Constant):
            return repr(key.value)
        if isinstance(key, ast.Subscript) and _KEYS.match(ast.unparse(key.value)):  # the key at a position of the dict
            return self._key(key.slice)
        return _Reader().name(key)

    def _attribute(self, node: ast.Attribute) -> str:
        if node.attr == "cell_contents":
            name = self.name(node.value)
            self.role = "closure"
            return name
        if self.role == "other":
            self.role = "attribute"
        return f"{self.name(node.value)}.{node.attr}"

    def _call(self, node: ast.Call, is_outermost: bool) -> str:
        function = ast.unparse(node.func)
        if function == "___as_tensor":
            self.role = "number"
        if function in _WRAPPERS and node.args:
            self._is_outermost = is_outermost
            return self.name(node.args[0])
        if _UNBOUND.match(function) and len(node.args) == 2:
            return f"{self.name(node.args[0])}[{self._key(node.args[1])}]"
        if function == "getattr" and len(node.args) == 2 and isinstance(node.args[1], ast.Constant):
            if is_outermost:
                self.role = "attribute"
            return _joined(self.name(node.args[0]), str(node.args[1].value))
        if isinstance(node.func, ast.Attribute) and not node.args:
            if node.func.attr == "storage_offset":
                if is_outermost:
                    self.size_of = node.func.value
                return f"{self.name(node.func.value)}.storage_offset()"
            if node.func.attr == "item":
                return self.name(node.func.value)
            return f"{self.name(node.func.value)}.{node.func.attr}()"
        if not node.args and not node.keywords:  # a weak reference
            return self.name(node.func)
        return ast.unparse(node)


def _method(node: ast.expr, *names: str) -> ast.Attribute | None:
    """Return the method that an expression calls without arguments, if it is one of these."""
    if not isinstance(node, ast.Call) or node.args or not isinstance(node.func, ast.Attribute):
        return None
    return node.func if node.func.attr in names else None


def _joined(owner: str, name: str) -> str:
    """Return the name of a part: `up.weight`, and `layers.0` as PyTorch writes it."""
    return f"{owner}.{name}" if owner else name
