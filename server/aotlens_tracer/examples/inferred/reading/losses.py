"""The arguments of `forward` that may be left out and that lead to a loss: `targets`, `labels`, `return_loss`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..tables.losses import ASKS_FOR_LOSS, LOSS
from .definitions import definition_of
from .scope import called_name

_DEEPEST = 4
"""How many calls deep an argument is followed."""


@dataclass(frozen=True)
class LossArguments:
    """Arguments that lead to a loss if they are passed together. `is_flag` says that a True asks for the loss."""

    names: tuple[str, ...]
    is_flag: bool = False


def loss_arguments(module: nn.Module) -> list[LossArguments]:
    """Return the optional arguments of a module's `forward` that lead to a loss, in the order of the signature.

    An argument leads to a loss if it, or a view of it, is passed to a function that is named like a loss, or is read by
    a statement that computes a variable named like one.
    """
    forward = type(module).forward
    definition = definition_of(forward)
    if definition is None:
        return []
    optional = _optional(forward)
    found: list[LossArguments] = []
    for name, default in optional.items():
        if any(name in known.names for known in found):
            continue
        if ASKS_FOR_LOSS.fullmatch(name) and default in (False, None) and _is_a_flag(definition, name):
            found.append(LossArguments((name,), is_flag=True))
        elif default is None and (use := _loss_of(module, forward, name, _DEEPEST)) is not None:
            found.append(LossArguments(_together(name, use, optional)))
    return found


def asks_for_a_loss(module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call of a module passes the optional arguments that lead to a loss."""
    try:
        names = list(inspect.signature(module.forward).parameters)
    except (TypeError, ValueError):
        return False
    given = {
        name
        for name, value in (dict(zip(names, args)) | dict(kwargs)).items()
        if value is not None and value is not False
    }
    return any(given.issuperset(loss.names) for loss in loss_arguments(module))


def _optional(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the parameters of a method that are None or False if they are left out, with that default."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[1:]
    except (TypeError, ValueError):
        return {}
    return {each.name: each.default for each in parameters if each.default is None or each.default is False}


def _together(name: str, tests: Sequence[ast.expr], optional: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the arguments that the conditions around a loss want to be there, `name` among them."""
    wanted = [name]
    for test in tests:
        for each in test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]:
            read = _present(each)
            if read is not None and optional.get(read, ...) is None and read not in wanted:
                wanted.append(read)
    return tuple(sorted(wanted, key=list(optional).index))


def _present(test: ast.expr) -> str | None:
    """Return the name in `labels is not None`, None for another test."""
    is_test = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot) and isinstance(test.left, ast.Name)
    return test.left.id if is_test and isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) else None


def _is_a_flag(definition: ast.FunctionDef, name: str) -> bool:
    """Whether a function tests an argument for its truth, and does nothing else with it but pass it on."""
    tests = (node.test for node in ast.walk(definition) if isinstance(node, (ast.If, ast.IfExp)))
    return any(name in (getattr(part, "id", None) for part in _parts(test)) for test in tests)


def _parts(test: ast.expr) -> Iterator[ast.expr]:
    """Yield the conditions of a test that are joined by `and`, `or` and `not`."""
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _parts(value)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _parts(test.operand)
    else:
        yield test


def _loss_of(owner: Any, function: Callable[..., Any], name: str, depth: int) -> tuple[ast.expr, ...] | None:
    """Return the conditions under which an argument of a function leads to a loss; None if it leads to none."""
    definition = definition_of(function)
    if definition is None or not depth:
        return None
    reader = _Function(owner, function, definition, name, depth)
    return reader.block(definition.body, ())


class _Function:
    """Reads one function, in whose body the argument `name` and views of it are followed."""

    def __init__(
        self, owner: Any, function: Callable[..., Any], definition: ast.FunctionDef, name: str, depth: int
    ) -> None:
        self._globals = getattr(inspect.unwrap(function), "__globals__", {})
        arguments = definition.args.posonlyargs + definition.args.args
        self._self = arguments[0].arg if owner is not None and arguments else None
        self._owner = owner
        self._depth = depth
        self._same = {name}

    def block(self, body: Sequence[ast.stmt], tests: tuple[ast.expr, ...]) -> tuple[ast.expr, ...] | None:
        """Return the conditions around the first loss in a block; None if it has none."""
        for statement in body:
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                continue
            if isinstance(statement, ast.If):
                parts = [((*tests, statement.test), statement.body), (tests, statement.orelse)]
            else:
                parts = [(tests, getattr(statement, field, [])) for field in ("body", "orelse", "finalbody")]
            if not parts[0][1] and self._leads_to_a_loss(statement):
                return tests
            for inner, statements in parts:
                if (found := self.block(statements, inner)) is not None:
                    return found
        return None

    def _leads_to_a_loss(self, statement: ast.stmt) -> bool:
        """Whether a simple statement computes a loss of the argument; its target may be a view of the argument."""
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.expr):
            return False
        if any(isinstance(node, ast.Call) and self._is_loss(node) for node in ast.walk(value)):
            return True
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        reads = any(self._is_same(node) for node in ast.walk(value) if isinstance(node, ast.expr))
        for target in targets:
            if isinstance(target, ast.Name):
                if reads and LOSS.fullmatch(target.id):
                    return True
                if self._is_same(value):
                    self._same.add(target.id)
            elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, ast.Tuple):
                pairs = zip(target.elts, value.elts)
                self._same |= {one.id for one, of in pairs if isinstance(one, ast.Name) and self._is_same(of)}
        return False

    def _is_loss(self, call: ast.Call) -> bool:
        """Whether a call computes a loss from the argument: by its name, or in the function that it calls."""
        places: list[tuple[int | str | None, ast.expr]] = [*enumerate(call.args)]
        places += [(keyword.arg, keyword.value) for keyword in call.keywords]
        passed = [place for place, value in places if self._is_same(value)]
        if not passed:
            return False
        callee = self._resolve(call.func)
        if type(callee).__module__ == nn.MSELoss.__module__ or LOSS.fullmatch(called_name(call)):
            return True
        return any(self._is_loss_inside(callee, place) for place in passed)

    def _is_loss_inside(self, callee: Any, place: int | str | None) -> bool:
        """Whether a module, a method or a function of the user's computes a loss from one of its arguments."""
        owner: Any = None
        function = callee
        if isinstance(callee, nn.Module):
            owner, function = callee, type(callee).forward
        elif inspect.ismethod(callee):
            owner, function = callee.__self__, callee.__func__
        if not inspect.isfunction(function) or (function.__module__ or "").partition(".")[0] == "torch":
            return False
        try:
            names = list(inspect.signature(function).parameters)[owner is not None :]
        except (TypeError, ValueError):
            return False
        name = names[place] if isinstance(place, int) and place < len(names) else place
        return isinstance(name, str) and _loss_of(owner, function, name, self._depth - 1) is not None

    def _is_same(self, node: ast.expr) -> bool:
        """Whether an expression is the argument, or is made of it without a layer: `labels[:, 1:].reshape(-1)`."""
        match node:
            case ast.Name(id=name):
                return name in self._same
            case ast.Subscript(value=value) | ast.Attribute(value=value) | ast.Starred(value=value):
                return self._is_same(value) and getattr(node, "attr", None) not in ("shape", "device", "dtype")
            case ast.Call(func=ast.Attribute(value=value)) if self._is_same(value):
                return True
            case ast.Call(args=[first, *_]) if self._is_same(first):
                return not isinstance(self._resolve(node.func), nn.Module)
            case ast.BinOp(left=left, right=right):
                return self._is_same(left) or self._is_same(right)
            case ast.IfExp(body=body, orelse=orelse):
                return self._is_same(body) or self._is_same(orelse)
        return False

    def _resolve(self, node: ast.expr) -> Any:
        """Return the object that a name or a chain of attributes stands for; None if that is unknown."""
        try:
            if isinstance(node, ast.Name):
                return self._owner if node.id == self._self else self._globals.get(node.id)
            if isinstance(node, ast.Attribute):
                owner = self._resolve(node.value)
                return getattr(owner, node.attr, None) if owner is not None else None
        except Exception:  # properties of the user's may raise anything
            return None
        return None
