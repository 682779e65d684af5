"""The body of a training step as a function, `forward(self, x, y)`, that keeps the lines and columns of the script."""

from __future__ import annotations

import ast
import types
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch

from ...wire.statements import Statement
from ...wire.training_steps import StepSource
from ..statements import parsed

_Kept = ast.stmt | list[ast.stmt] | None


_OF_DICTS = ("items", "keys", "values", "get", "pop")


def body_of(step: StepSource) -> list[ast.stmt]:
    """Return the statements of the body and the `return` of the loss. Raises TraceError for what is not Python."""
    statements = [node for statement in step.body for node in parsed(statement)]
    left = _Leaving()
    body = [kept for node in statements for kept in _listed(left.visit(node))]
    path = step.body[0].path if step.body else "<loss>"
    # In brackets, since it may have several lines.
    (loss,) = parsed(Statement(f"({step.loss})", path, step.loss_line, step.loss_column - 1))
    assert isinstance(loss, ast.Expr)
    return [*body, ast.copy_location(ast.Return(loss.value), loss.value)]


class _Leaving(ast.NodeTransformer):
    """Leaves out what leaves the step before its loss: `if skip: continue`. The step is one that comes to its end."""

    def visit_If(self, node: ast.If) -> _Kept:
        if not node.orelse and isinstance(node.body[-1], (ast.Continue, ast.Break, ast.Return)):
            return None
        node.body = self._suite(node.body)
        node.orelse = self._suite(node.orelse) if node.orelse else []
        return node

    def visit_With(self, node: ast.With) -> _Kept:
        node.body = self._suite(node.body)
        return node

    def visit_For(self, node: ast.For) -> _Kept:
        return node

    def visit_While(self, node: ast.While) -> _Kept:
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> _Kept:
        return node

    def visit_Continue(self, node: ast.Continue) -> _Kept:
        return ast.copy_location(ast.Return(None), node)

    def visit_Break(self, node: ast.Break) -> _Kept:
        return ast.copy_location(ast.Return(None), node)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> _Kept:
        return None

    def _suite(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        kept = [each for node in body for each in _listed(self.visit(node))]
        return kept or [ast.copy_location(ast.Pass(), body[0])]


def _listed(kept: _Kept) -> list[ast.stmt]:
    return kept if isinstance(kept, list) else [kept] if kept is not None else []


def free_names(body: Sequence[ast.stmt]) -> list[str]:
    """Return the names that a body needs from outside: those that are read before the body itself binds them."""
    known: set[str] = set()
    found: dict[str, None] = {}
    for node in body:
        for name in _read(node):
            if name not in known:
                found[name] = None
        known |= stored_names([node])
    return list(found)


def _read(node: ast.AST) -> list[str]:
    """Return the names that a statement reads, without those that only its own comprehensions and lambdas bind."""
    inner = {
        each.id
        for part in ast.walk(node)
        if isinstance(part, ast.comprehension)
        for each in ast.walk(part.target)
        if isinstance(each, ast.Name)
    }
    inner |= {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    if isinstance(node, (ast.With, ast.If, ast.For, ast.FunctionDef)):
        # A name that an earlier line of the block binds is none from outside.
        found: dict[str, None] = {}
        heads = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
        for child in heads:
            found.update(dict.fromkeys(_read(child)))
        bound = stored_names(heads)
        suites = (node.body, *([node.orelse] if isinstance(node, (ast.If, ast.For)) else []))
        for suite in suites:
            found.update((name, None) for name in free_names(suite) if name not in bound)
        return [name for name in found if name not in inner]
    loads = [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        loads.append(node.target.id)
    return [name for name in loads if name not in inner]


def stored_names(body: Sequence[ast.AST]) -> set[str]:
    """Return the names that statements bind."""
    nodes = [each for node in body for each in ast.walk(node)]
    stored = {each.id for each in nodes if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)}
    return stored | {each.name for each in nodes if isinstance(each, (ast.FunctionDef, ast.ClassDef))}


def place_of_name(name: str, body: Sequence[ast.stmt]) -> ast.Expression:
    """Return the expression that first reads a name, to be evaluated where it stands."""
    nodes = (each for node in body for each in ast.walk(node))
    found = [node for node in nodes if isinstance(node, ast.Name) and node.id == name]
    place = next((node for node in found if isinstance(node.ctx, ast.Load)), found[0])
    return ast.Expression(ast.copy_location(ast.Name(name, ast.Load()), place))


def is_called(name: str, body: Sequence[ast.stmt]) -> bool:
    """Whether a body calls a name, or an attribute of it that tensors do not have: then no tensor stands for it."""
    for node in (each for part in body for each in ast.walk(part)):
        if isinstance(node, ast.Call) and _is_name(node.func, name):
            return True
        if isinstance(node, ast.Attribute) and _is_name(node.value, name) and not _is_of_data(node.attr):
            return True
    return False


def _is_of_data(attribute: str) -> bool:
    return hasattr(torch.Tensor, attribute) or attribute in _OF_DICTS


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def places_in(
    body: Sequence[ast.stmt],
    owner: str,
    children: Mapping[str, str],
    bound: Collection[str],
    called: Mapping[str, str],
) -> list[ast.stmt]:
    """Put `OWNER.PATH` in the place of names that stand for modules, and new functions, which get the owner, of others.

    Names that the body itself binds stay. Changes the body.
    """
    places = _Places(owner, children, called, bound)
    return [places.visit(node) for node in body]


class _Places(ast.NodeTransformer):
    def __init__(
        self, owner: str, children: Mapping[str, str], called: Mapping[str, str], bound: Collection[str]
    ) -> None:
        self._owner = owner
        self._children = {name: child for name, child in children.items() if name not in bound}
        self._called = {name: new for name, new in called.items() if name not in bound}

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in self._called:
            node.func = ast.copy_location(ast.Name(self._called[node.func.id], ast.Load()), node.func)
            node.args.insert(0, ast.copy_location(ast.Name(self._owner, ast.Load()), node.func))
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        path = self._children.get(node.id)
        if path is None or not isinstance(node.ctx, ast.Load):
            return node
        found: ast.expr = ast.copy_location(ast.Name(self._owner, ast.Load()), node)
        for part in path.split("."):
            found = ast.copy_location(ast.Attribute(found, part, ast.Load()), node)
        return found


def definition_of_step(
    name: str,
    owner: str,
    body: Sequence[ast.stmt],
    inputs: Mapping[str, Any],
    children: Mapping[str, str],
    called: Mapping[str, str],
    outer: Mapping[str, Any],
) -> ast.FunctionDef:
    """Return the function of a step. `children` are the paths, below the root, of the names that are modules.

    `called` are new names of functions that take the root first.

    `outer` are values of the script that the body reads before it gives their names other values (`total = total + x`):
    globals under other names, as `outer_name` has them.

    The function takes copies of dicts and lists: a step may change its batch (`batch.pop("labels")`), and is called
    several times.
    """
    made = places_in(body, owner, children, stored_names(body), called)
    first = body[0]
    given = [ast.copy_location(ast.arg(each), place_of_name(each, made).body) for each in inputs]
    given.insert(0, ast.copy_location(ast.arg(owner), first))
    arguments = ast.arguments([], given, None, [], [], None, [])
    template = ast.parse("def _(): pass").body[0]
    assert isinstance(template, ast.FunctionDef)  # it has the fields of this version of Python
    template.name, template.args, template.body = name, arguments, made
    template.body[:0] = [
        *(_assigned(each, each, type(value), made) for each, value in inputs.items() if type(value) in (dict, list)),
        *(_assigned(each, outer_name(each), type(value), made) for each, value in outer.items()),
    ]
    ast.copy_location(template, first)
    template.end_lineno, template.end_col_offset = body[-1].end_lineno, body[-1].end_col_offset
    return ast.fix_missing_locations(template)


def outer_name(name: str) -> str:
    """Return the name of the global that holds the script's value of a name that the body binds anew."""
    return f"_aotlens_{name}"


def _assigned(name: str, source: str, kind: type, body: Sequence[ast.stmt]) -> ast.stmt:
    """Return `name = source`, of a dict or list a copy, at the place where the name is first read."""
    value = f"{{**{source}}}" if kind is dict else f"[*{source}]" if kind is list else source
    statement = ast.parse(f"{name} = {value}").body[0]
    place = place_of_name(name, body).body
    for node in ast.walk(statement):
        ast.copy_location(node, place)
    return statement


def function_of(definition: ast.FunctionDef, path: str, namespace: dict[str, Any]) -> types.FunctionType:
    """Compile the function of a step; its globals are `namespace`."""
    found: dict[str, Any] = {}
    exec(compile(ast.Module([definition], []), path, "exec"), namespace, found)
    function: types.FunctionType = found[definition.name]
    return function
