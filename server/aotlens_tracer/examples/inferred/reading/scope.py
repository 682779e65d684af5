"""The variables of a function and their values: the argument that is followed, tensors with its shape, modules."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import nn

from ..tables.operations import SAME_SHAPE_FUNCTIONS, SAME_SHAPE_METHODS
from .definitions import definition_of, positional_names
from .demand import NOTHING, Demand


class Asked(Protocol):
    """Answers what modules and functions demand of their arguments."""

    def of_place(self, module: nn.Module, place: int | str, depth: int) -> Demand:
        """The demand of a module on the argument at a position or with a name."""

    def of_function(self, function: Callable[..., Any], owner: Any, parameter: str, depth: int) -> Demand:
        """The demand of a function on a parameter; `owner` is the object that a method is bound to, else None."""


class Scope:
    """The variables of one function, while its statements are read in order. `parameter` is the one that is followed.

    It may also be an entry of a parameter, as `entry_of` writes it.
    `owner` is the value of the first parameter of a method; None for a function.
    """

    def __init__(
        self,
        asked: Asked,
        function: Callable[..., Any],
        definition: ast.FunctionDef,
        owner: Any,
        parameter: str,
        depth: int,
    ) -> None:
        self.asked = asked
        self.depth = depth
        self._parameter = parameter
        self._is_of_entry = not parameter.isidentifier()
        self.same = {parameter}
        """Names of tensors that have the argument's shape."""
        self.cuts: set[str] = set()
        """Names of slices of the argument: `ids[:, :-1]`."""
        self.joined: set[str] = set()
        """Names of tensors that are concatenated of the argument and others."""
        self.known: dict[str, Any] = {}
        """Values by name, as far as they are known without running the function."""
        self.rearranged: dict[str, ast.Call] = {}
        """Names of tensors that einops made of the argument, with the call."""
        self._globals = getattr(function, "__globals__", {})
        arguments = definition.args.posonlyargs + definition.args.args
        if owner is not None and arguments:
            self.known[arguments[0].arg] = owner

    # --- assignments

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """`target = value`."""
        if not isinstance(target, (ast.Tuple, ast.List)):
            rearranged = self.rearrangement(value)
            is_joined = self.is_joined(value)
            self._name(target, self.is_same(value), self.resolve(value), self.is_cut(value))
            if isinstance(target, ast.Name):
                (self.joined.add if is_joined else self.joined.discard)(target.id)
            if rearranged is not None and isinstance(target, ast.Name):
                self.rearranged[target.id] = rearranged
        elif isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
            found = [(self.is_same(item), self.resolve(item), self.is_cut(item)) for item in value.elts]
            for element, properties in zip(target.elts, found):
                self._name(element, *properties)
        else:
            for element in target.elts:
                self._name(element, False, None)

    def bind_loop(self, target: ast.expr, iterated: ast.expr) -> None:
        """`for target in iterated`, for the first item."""
        self._bind(target, self._first_of(iterated))

    def _name(self, target: ast.expr, same: bool, resolved: Any, is_cut: bool = False) -> None:
        if not isinstance(target, ast.Name):
            return
        self.rearranged.pop(target.id, None)
        (self.same.add if same else self.same.discard)(target.id)
        (self.cuts.add if is_cut else self.cuts.discard)(target.id)
        if resolved is not None:
            self.known[target.id] = resolved
        else:
            self.known.pop(target.id, None)

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._name(target, False, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = _items(value)
            for index, element in enumerate(target.elts):
                self._bind(element, items[index] if index < len(items) else None)

    def _first_of(self, iterated: ast.expr) -> Any:
        """The first item that a loop goes over, if it is a module: through zip, enumerate and slices."""
        if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name):
            if iterated.func.id == "zip":
                return [self._first_of(argument) for argument in iterated.args]
            if iterated.func.id == "enumerate" and iterated.args:
                return [None, self._first_of(iterated.args[0])]
            if iterated.func.id in ("reversed", "list", "tuple") and iterated.args:
                return self._first_of(iterated.args[0])
        if isinstance(iterated, ast.Subscript) and isinstance(iterated.slice, ast.Slice):
            return self._first_of(iterated.value)
        value = self.resolve(iterated)
        return next(iter(_items(value)), None)

    # --- expressions

    def resolve(self, node: ast.expr) -> Any:
        """The module, tensor or function that an expression of names, attributes and constant indices stands for.

        None if that is unknown.
        """
        try:
            if isinstance(node, ast.Name):
                return self.known[node.id] if node.id in self.known else self._globals.get(node.id)
            if isinstance(node, ast.Attribute):
                owner = self.resolve(node.value)
                return getattr(owner, node.attr, None) if owner is not None else None
            if isinstance(node, ast.Subscript):
                owner = self.resolve(node.value)
                if isinstance(owner, (nn.ModuleList, nn.Sequential, nn.ModuleDict, list, tuple, dict)) and len(owner):
                    index: Any = node.slice.value if isinstance(node.slice, ast.Constant) else 0
                    return owner[index]
        except Exception:  # properties of the user's may raise anything
            return None
        return None

    def is_same(self, node: ast.expr) -> bool:
        """Whether an expression has the argument's shape."""
        if isinstance(node, ast.Name):
            return node.id in self.same
        if self._is_of_entry and isinstance(node, ast.Subscript):
            return ast.unparse(node) == self._parameter
        if isinstance(node, ast.IfExp):
            return self.is_same(node.body) or self.is_same(node.orelse)
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
            return self.is_same(node.right if isinstance(node.left, ast.Constant) else node.left)
        if not isinstance(node, ast.Call):
            return False
        method = node.func if isinstance(node.func, ast.Attribute) else None
        if method is not None and method.attr in SAME_SHAPE_METHODS and self.is_same(method.value):
            return True
        callee = self.resolve(node.func)
        if callee is torch.where and any(map(self.is_same, node.args[1:])):
            return True
        if not node.args or not self.is_same(node.args[0]):
            return False
        if isinstance(callee, nn.Module):
            return self.asked.of_place(callee, 0, self.depth).same_shape
        return called_name(node) in SAME_SHAPE_FUNCTIONS

    def is_cut(self, node: ast.expr) -> bool:
        """Whether an expression is a slice of the argument that has all its axes."""
        if isinstance(node, ast.Name):
            return node.id in self.cuts
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
            return False
        is_slice = all(isinstance(element, ast.Slice) for element in node.slice.elts)
        return is_slice and (self.is_same(node.value) or self.is_cut(node.value))

    def is_joined(self, node: ast.expr) -> bool:
        """Whether an expression concatenates the argument and others: it has its rank."""
        if isinstance(node, ast.Name):
            return node.id in self.joined
        if not isinstance(node, ast.Call) or called_name(node) not in ("cat", "concat") or not node.args:
            return False
        parts = node.args[0].elts if isinstance(node.args[0], (ast.List, ast.Tuple)) else []
        return len(parts) > 1 and any(map(self.is_same, parts))

    def is_shape(self, node: ast.expr) -> bool:
        """Whether an expression is the argument's shape: `x.shape`, `x.size()`."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "size":
            return not node.args and self.is_same(node.func.value)
        return isinstance(node, ast.Attribute) and node.attr == "shape" and self.is_same(node.value)

    def rearrangement(self, node: ast.expr) -> ast.Call | None:
        """The call of einops that makes an expression from the argument; None if there is none."""
        if isinstance(node, ast.Name):
            return self.rearranged.get(node.id)
        is_call = isinstance(node, ast.Call) and len(node.args) > 1 and self.is_same(node.args[0])
        return node if is_call and isinstance(node, ast.Call) and called_name(node) == "rearrange" else None

    def of_callee(self, callee: Any, place: int | str) -> Demand:
        """The demand of a module, or of a function of the user's, on the argument at a position or with a name."""
        if isinstance(callee, nn.Module):
            return self.asked.of_place(callee, place, self.depth)
        if isinstance(callee, types.MethodType):
            function, owner = callee.__func__, callee.__self__
            names = positional_names(function)
        elif isinstance(callee, types.FunctionType) and not (callee.__module__ or "").startswith(_LIBRARIES):
            function, owner = callee, None
            definition = definition_of(callee)
            names = [a.arg for a in (*definition.args.posonlyargs, *definition.args.args)] if definition else []
        else:
            return NOTHING
        parameter = place if isinstance(place, str) else names[place] if place < len(names) else None
        if parameter is None:
            return NOTHING
        return self.asked.of_function(function, owner, parameter, self.depth + 1)


_LIBRARIES = ("torch.", "einops")


def called_name(node: ast.Call) -> str:
    """The last name of what is called; empty if it has none."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _items(value: Any) -> list[Any]:
    """The items of a value that holds modules by index; none for another one."""
    if not isinstance(value, (nn.ModuleList, nn.Sequential, list, tuple)):
        return []
    try:
        return list(value)
    except Exception:  # a subclass of the user's may refuse
        return []
