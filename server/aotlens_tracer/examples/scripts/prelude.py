"""The set-up statements of a script, run one by one: one that fails leaves its names unknown."""

from __future__ import annotations

import ast
import contextlib
import sys
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from torch.optim import Optimizer

from ...graph.birthplaces import Birthplaces
from ...loading.scripts import is_definition
from ...torch_private import FakeTensorMode, unset_fake_temporarily
from ...wire.places import Span
from ...wire.statements import Statement
from ..evaluate import may_be_due_to_fake_tensors
from ..fake_modules import fake_constructors, light_initialization
from ..statements import parsed
from .machine import Devices, machine


@dataclass
class Prelude:
    """The result of the set-up statements.

    `errors` has, for each name that a failed statement would have bound, its error, and `made_at` the statement that
    bound each name last. `guessed` are arguments of the command line that have no default, and
    `optimizers` the places of the user's code that made each optimizer, by its id.
    """

    errors: dict[str, BaseException] = field(default_factory=dict)
    made_at: dict[str, Statement] = field(default_factory=dict)
    guessed: list[str] = field(default_factory=list)
    optimizers: dict[int, Span] = field(default_factory=dict)


class Setup:
    """Runs statements on fake tensors, if there is a `mode`.

    Code that needs data (a loader that shuffles) runs on real tensors; those that are fake already stay so.
    """

    def __init__(self, mode: FakeTensorMode | None, birthplaces: Birthplaces) -> None:
        self._mode = mode
        self._birthplaces = birthplaces
        self.prelude = Prelude()
        self.devices = Devices()

    def run_module(self, statements: Sequence[Statement], module: types.ModuleType) -> None:
        """Run the statements of a script's module level in its module. Definitions stay from an earlier run."""
        names = vars(module)
        known = frozenset(names)
        with self.entered(_script(statements)):
            for statement in statements:
                if not is_definition(statement):
                    self._run(statement, names)
                elif not known.issuperset(_bound(statement)):
                    with unset_fake_temporarily():
                        self._run(statement, names)

    def run(self, statements: Sequence[Statement], namespace: dict[str, Any]) -> None:
        """Run the set-up of a step in a namespace."""
        with self.entered(_script(statements)):
            for statement in statements:
                self._run(statement, namespace)

    def run_callers(self, statements: Sequence[Statement], namespace: dict[str, Any]) -> dict[str, Any]:
        """Run the callers of a step's function in a namespace; return the arguments that the last statement passes."""
        self.run(statements, namespace)
        return {name: namespace[name] for name in _bound(statements[-1]) if name in namespace}

    @contextlib.contextmanager
    def entered(self, script: str) -> Iterator[None]:
        """The context in which code of a script is run."""
        with machine(script, self.prelude.guessed), _tensors(self._mode, self._birthplaces), self._optimizers():
            yield

    @contextlib.contextmanager
    def _optimizers(self) -> Iterator[None]:
        """Note where optimizers are made."""
        original, places = Optimizer.__init__, self.prelude.optimizers

        def initialize(optimizer: Optimizer, *args: Any, **kwargs: Any) -> None:
            span = self._birthplaces.users_line(sys._getframe(1))
            if span is not None:
                places[id(optimizer)] = span
            original(optimizer, *args, **kwargs)

        with patch.object(Optimizer, "__init__", initialize):
            yield

    def _run(self, statement: Statement, namespace: dict[str, Any]) -> None:
        bound = _bound(statement)
        try:
            self._execute(statement, namespace)
        except (Exception, SystemExit) as error:
            values = self._each_alone(statement, namespace)
            self._fail(statement, namespace, error)
            self._assign(values, statement, namespace)
        else:
            self.prelude.made_at.update(dict.fromkeys(bound, statement))
            namespace.update({name: self.devices.in_value(namespace[name]) for name in bound if name in namespace})
            for name in bound:
                self.prelude.errors.pop(name, None)

    def _fail(self, statement: Statement, namespace: dict[str, Any], error: BaseException) -> None:
        """Leave the names of a failed statement unknown, for its error or that of the statement it depends on."""
        error = self._cause(error)
        for name in _bound(statement):
            if _assigns(statement):
                namespace.pop(name, None)
            if name not in namespace:
                self.prelude.errors[name] = error

    def _cause(self, error: BaseException) -> BaseException:
        """Return the error of the statement that would have bound a name, for one that lacks it."""
        return self.prelude.errors.get(error.name or "", error) if isinstance(error, NameError) else error

    def _each_alone(self, statement: Statement, namespace: dict[str, Any]) -> dict[str, Any]:
        """Return by name those values of a failed statement, `(model, loader,) = (net, data,)`, that can be made."""
        values: dict[str, Any] = {}
        for target, value in _pairs(statement):
            with contextlib.suppress(Exception, SystemExit):
                values[target] = eval(compile(ast.Expression(value), statement.path, "eval"), namespace)
        return values

    def _assign(self, values: dict[str, Any], statement: Statement, namespace: dict[str, Any]) -> None:
        namespace.update(values)
        for name in values:
            self.prelude.errors.pop(name, None)
            self.prelude.made_at[name] = statement

    def _execute(self, statement: Statement, namespace: dict[str, Any]) -> None:
        code = compile(ast.Module(self.devices.in_code(parsed(statement)), []), statement.path, "exec")
        try:
            exec(code, namespace)
        except Exception as error:
            if self._mode is None or not may_be_due_to_fake_tensors(error):
                raise
            with unset_fake_temporarily(), light_initialization():
                exec(code, namespace)


def _tensors(mode: FakeTensorMode | None, birthplaces: Birthplaces) -> contextlib.AbstractContextManager[None]:
    return fake_constructors(mode, birthplaces) if mode is not None else light_initialization()


def _script(statements: Sequence[Statement]) -> str:
    return next((each.path for each in statements), "")


def _bound(statement: Statement) -> list[str]:
    """Return the names that a statement binds, without those inside a function or class that it defines."""
    found: list[str] = []
    waiting: list[ast.AST] = [*parsed(statement)]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(node.name)
            continue
        elif isinstance(node, ast.alias):
            found.append((node.asname or node.name).partition(".")[0])
        if not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return list(dict.fromkeys(found))


def _pairs(statement: Statement) -> list[tuple[str, ast.expr]]:
    """Return the names and values of an assignment of several values to as many names; empty for another statement."""
    nodes = parsed(statement)
    if len(nodes) != 1 or not isinstance(nodes[0], ast.Assign):
        return []
    target, value = nodes[0].targets[0], nodes[0].value
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple) or len(target.elts) != len(value.elts):
        return []
    return [(each.id, given) for each, given in zip(target.elts, value.elts) if isinstance(each, ast.Name)]


def _assigns(statement: Statement) -> bool:
    """Whether a statement is a plain assignment, after whose failure an earlier value would be a wrong one."""
    return all(isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) for node in parsed(statement))
