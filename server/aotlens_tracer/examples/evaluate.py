"""From an example's expression, `CALLEE(ARGUMENTS)`, to the callable and its arguments."""

from __future__ import annotations

import ast
import contextlib
import linecache
import os
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import nn

from ..failures import EXAMPLE_FILE, TraceError, problem_of, raised_by_a_statement
from ..graph.birthplaces import Birthplaces
from ..graph.describe import name_of_called
from ..loading.importing import module_name
from ..torch_private import Autocast, FakeTensorMode, fake_mode, without_compile
from ..wire.advice import Known
from ..wire.descriptor_map import Failure, Problem
from ..wire.example_options import ExampleOptions
from ..wire.example_texts import MalformedExample, SplitExample, TextPlace, split
from ..wire.places import Span
from ..wire.problems import CalleeNotCallable, MarkedUnbacked, OnlyBuilds, WrongOption
from ..wire.protocol import ExampleSource
from ..wire.training_steps import TrainingStep
from .dataclass_trees import register_in_arguments
from .dynamic_sizes import is_marked_unbacked, mark_size
from .fake_modules import fake_constructors, light_initialization
from .guards import SideEffect
from .statements import code_of


class Turns(Protocol):
    """The loop around a training step (`scripts/turns.py`)."""

    @property
    def count(self) -> int:
        """How many turns differ."""

    def run(self, number: int) -> None:
        """Run a turn; they are numbered from 0."""

    def is_own(self, path: str | None, line: int | None) -> bool:
        """Whether a place is that of the step's own backward pass."""

    def with_graph(self) -> tuple[str, ...]:
        """Return the names that the last turn hands on with its graph."""


@dataclass(frozen=True)
class BuiltStep:
    """The facts of a training step for the map, and its functions, with their syntax that has the places of a file.

    The first function runs the step, and calls the others. `turns` run the loop around it, None if no more happens
    there than in the step.
    """

    facts: TrainingStep
    functions: tuple[tuple[types.FunctionType, ast.FunctionDef, str], ...]
    turns: Turns | None = None


@dataclass(frozen=True)
class BuiltExample:
    """A callable (module, bound method of a module, or function) and the arguments to call it with.

    `mode` is the fake mode that made them, None if they are real. `constructor` is the source of the callee, None for a
    plain function. `compiled` is the callable as the user's torch.compile made it, None if it was not compiled.
    `options` are those of the example, and `places` where it says each of its dynamic sizes, None without a file.
    `step` is there for a training step of a script, whose code is not in a file as a function. `autocast` is the one in
    which a recorded call was made, None if there was none.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    mode: FakeTensorMode | None
    constructor: str | None
    compiled: Callable[..., Any] | None = None
    options: ExampleOptions = field(default_factory=ExampleOptions)
    places: tuple[Span | None, ...] = ()
    step: BuiltStep | None = None
    autocast: Autocast | None = None

    @property
    def module(self) -> nn.Module | None:
        """The module whose state the call uses: the callable, or the owner of a bound method; None for a function."""
        owner = getattr(self.function, "__self__", None)
        candidate = owner if isinstance(owner, nn.Module) else self.function
        return candidate if isinstance(candidate, nn.Module) else None

    @property
    def called(self) -> str:
        """The name of the function that is called: `forward` for a module, and `@LOSS` for a training step."""
        return f"@{self.step.facts.loss}" if self.step is not None else name_of_called(self.function)

    @property
    def has_names_of_a_script(self) -> bool:
        """Whether the module stands for a script: its children have the names of variables."""
        return self.step is not None and self.module is self.function

    def fake(self) -> contextlib.AbstractContextManager[Any]:
        """The context in which the example lives: its fake mode, if it has one."""
        return self.mode if self.mode is not None else contextlib.nullcontext()


def build(
    source: ExampleSource,
    module: types.ModuleType,
    birthplaces: Birthplaces,
    train: bool | None,
    note: Callable[[Problem], None],
    needs_data: BaseException | None = None,
    mesh: Callable[[], Any] = lambda: None,
) -> BuiltExample:
    """Evaluate the example, after the statements that it depends on, in the namespace of `module` and `torch`.

    Everything is built with fake tensors. Code that reads data (`torch.rand(()).item()`) cannot run on them, and torch
    loses a size there that is marked unbacked: then `note` is called, and everything is built again for real. That
    happens at once with `needs_data`, the error by which the call was found to need data. The name `mesh` stands for
    what `mesh` returns, unless the file has that name or it is None. Raises TraceError for an expression that is not a
    call, and what the user's code raises.
    """
    parts = parse(source)
    namespace = namespace_of(source, module)
    if "mesh" not in namespace and any(
        isinstance(node, ast.Name) and node.id == "mesh" for node in ast.walk(parts.call)
    ):
        made = mesh()
        namespace |= {"mesh": made} if made is not None else {}
    mode = fake_mode()
    try:
        if needs_data is not None:
            raise needs_data
        with fake_constructors(mode, birthplaces):
            built = _evaluate(parts, source, namespace, mode, train)
        if not is_marked_unbacked((built.args, built.kwargs)):
            return built
        note(MarkedUnbacked())
    except Exception as error:
        if error is not needs_data and not may_be_due_to_fake_tensors(error):
            raise
        note(problem_of(error))
    with light_initialization():
        return _evaluate(parts, source, namespace, None, train)


def namespace_of(source: ExampleSource, module: types.ModuleType) -> dict[str, Any]:
    """The names that an example can use: those of the target's file, or of the Python file that it was found in."""
    if source.origin != "call-site" or source.path is None or not source.path.endswith((".py", ".ipynb")):
        return {"torch": torch, **vars(module)}
    if os.path.realpath(source.path) == os.path.realpath(getattr(module, "__file__", None) or ""):
        return {"torch": torch, **vars(module)}
    name = module_name(source.path).name
    return {"torch": torch, "__name__": name, "__package__": name.rpartition(".")[0], "__file__": source.path}


def may_be_due_to_fake_tensors(error: Exception) -> bool:
    """Whether real tensors might work: not if the user's own code has a `raise`, or a name is wrong."""
    if isinstance(error, (TraceError, NameError, ImportError, SyntaxError, SideEffect)):
        return False
    return not raised_by_a_statement(error)


def parse(source: ExampleSource) -> SplitExample:
    """The call of an example, and its options. Raises TraceError, with the place, if its text is of the wrong form."""
    try:
        return split(source.expression, EXAMPLE_FILE)
    except MalformedExample as error:
        raise TraceError(_malformed(source, error.problem, error.line, error.column)) from None


def _code(source: ExampleSource, line: int = 1) -> str | None:
    """Return a line of the example's text, counted from 1; None past its end."""
    lines = source.expression.strip().splitlines()
    return lines[line - 1].strip() or None if line <= len(lines) else None


def _malformed(source: ExampleSource, problem: Problem, line: int = 1, column: int | None = None) -> Failure:
    """Return the failure for an example of the wrong form; `line` and `column` count within it.

    The lines below the first have lost what stands before them in the file, so their columns are not known there.
    """
    known = source.path is not None and source.line is not None
    place = source.line + line - 1 if known and source.line is not None else None
    is_placed = place is not None and line == 1 and column is not None and source.column is not None
    start = source.column + column - 1 if is_placed and source.column and column else None
    advice = Known("options" if isinstance(problem, WrongOption) else "one-expression")
    return Failure("example", "error", problem, source.path, place, start, advice=advice)


def _evaluate(
    parts: SplitExample,
    source: ExampleSource,
    namespace: dict[str, Any],
    mode: FakeTensorMode | None,
    train: bool | None,
) -> BuiltExample:
    call, text = parts.call, source.expression.strip()
    linecache.cache[EXAMPLE_FILE] = (len(text), None, text.splitlines(keepends=True), EXAMPLE_FILE)
    namespace = dict(namespace)
    for statement in source.prelude:
        exec(code_of(statement), namespace)
    function = eval(compile(ast.Expression(call.func), EXAMPLE_FILE, "eval"), namespace)
    if not callable(function):
        raise TraceError(_malformed(source, CalleeNotCallable(ast.unparse(call.func), type(function).__name__)))
    if isinstance(function, type):
        raise TraceError(_malformed(source, OnlyBuilds(ast.unparse(call.func), _code(source))))
    collector = "_aotlens_arguments"
    namespace[collector] = lambda *args, **kwargs: (args, kwargs)
    arguments = ast.Call(ast.Name(collector, ast.Load()), call.args, call.keywords)
    ast.copy_location(arguments, call)
    expression = ast.fix_missing_locations(ast.Expression(arguments))
    args, kwargs = eval(compile(expression, EXAMPLE_FILE, "eval"), namespace)
    constructor = ast.get_source_segment(text, call.func) if not isinstance(function, types.FunctionType) else None
    plain = without_compile(function)
    compiled = function if plain is not function else None
    places = tuple(_span(source, place) for place in parts.places)
    built = BuiltExample(plain, args, kwargs, mode, constructor, compiled, parts.options, places)
    if parts.options.sizes:
        register_in_arguments(plain, args, kwargs)  # an option may name a tensor in one
    for size, place in zip(parts.options.sizes, parts.places):
        if (problem := mark_size(size, plain, args, kwargs)) is not None:
            raise TraceError(_malformed(source, problem, place.line, place.column))
    if train is not None and built.module is not None:
        built.module.train(train)
    return built


def _span(source: ExampleSource, place: TextPlace) -> Span | None:
    """Return the place of an option in the file; None for an example without a file. Columns as in `_malformed`."""
    if source.path is None or source.line is None:
        return None
    is_placed = place.line == 1 and source.column is not None
    column = source.column + place.column - 1 if is_placed and source.column else None
    return Span(source.path, source.line + place.line - 1, column)
