"""The first step: import the user's file, and resolve the target in it."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..examples.inferred import machine, stand_ins
from ..examples.statements import code_of
from ..failures import Codebase, failure_of, put_library_back
from ..loading.definitions import line_of, module_classes, resolve
from ..loading.importing import import_file
from ..loading.notebooks import is_notebook, notebook_module
from ..loading.scripts import imports_of, script_module, statements_of, up_to_definitions
from ..torch_private import compile_bodies_in_every_stance, take_flex_attention_on_cpu
from ..wire.protocol import ExampleSource, TargetsParams
from ..wire.statements import Statement
from ..wire.training_steps import StepSource, function_of, is_step
from .context import Context
from .notices import duplicate_definition, missing_package
from .progress import Phases, Send


@dataclass(frozen=True)
class Imported:
    """The target's module and the class or function itself; None for a target that only its function can reach.

    `step` is the qualified name of a training step in whose call the target is recorded, None for the target itself.
    """

    module: types.ModuleType
    value: Any
    step: str | None = None


def list_targets(params: TargetsParams, send: Send) -> dict[str, Any]:
    """Return the module classes of a file: `{"targets": [Target], "failure": None}`, or why it cannot be imported."""
    try:
        with Phases(send).phase("import"):
            module, _ = stand_ins.importing(lambda: import_file(params.path, params.import_roots))
        return {"targets": module_classes(module, params.path), "failure": None}
    except BaseException as error:  # user code may raise SystemExit and KeyboardInterrupt too
        put_library_back()
        return {"targets": [], "failure": failure_of(error, "import", Codebase(params.path))}


def import_target(context: Context) -> Imported:
    """Import the file and resolve the target. Raises what the user's code raises, and TraceError for no such target."""
    with context.birthplaces.recording(), context.phases.phase("import"):
        module = _import(context)
    return Imported(module, _resolve(context, module))


def name_of_step(qualname: str) -> str | None:
    """Return the name of the function that a training step stands in; None for code of the module level."""
    return function_of(qualname).rpartition(".")[2] or None


def is_to_be_inferred(source: ExampleSource) -> bool:
    """Whether an example is still to be found."""
    return source.origin == "inferred" and not source.expression


def _import(context: Context) -> types.ModuleType:
    """Return the target's module. If an example may have to be inferred, stand-ins replace missing packages."""
    params = context.params
    take_flex_attention_on_cpu()
    compile_bodies_in_every_stance()
    if is_step(params.qualname):
        machine.prepare()
        return script(params.path, params.import_roots)
    if is_notebook(params.path):
        machine.prepare()
        return notebook_module(params.path, params.qualname, params.import_roots)
    if (statements := _training(context)) is not None:
        machine.prepare()
        return script(params.path, params.import_roots, up_to_definitions(statements))
    try:
        return _import_whole(context)
    except SystemExit:  # a script that ends where its command line has no arguments
        if not any(True for _ in _own_steps(context)):
            raise
        return script(params.path, params.import_roots, statements_of(params.path))


def _import_whole(context: Context) -> types.ModuleType:
    params = context.params
    if not any(map(is_to_be_inferred, params.examples)):
        return import_file(params.path, params.import_roots)
    machine.prepare()
    module, missing = stand_ins.importing(lambda: import_file(params.path, params.import_roots))
    context.draft.add_findings(
        *(missing_package(package, error, context.codebase) for package, error in missing.items())
    )
    return module


def script(path: str, import_roots: tuple[str, ...], statements: Sequence[Statement] | None = None) -> types.ModuleType:
    """Return a module for the file of a training step, with what statements of it bind. One that fails binds nothing.

    By default they are its imports.
    """
    module = script_module(path, import_roots)
    for statement in imports_of(statements_of(path)) if statements is None else statements:
        with contextlib.suppress(Exception, SystemExit):
            exec(code_of(statement), vars(module))
    return module


def _training(context: Context) -> tuple[Statement, ...] | None:
    """Return what a script runs before it trains at module level; None if importing the file trains nothing."""
    return next((step.module for step in _own_steps(context) if step.module is not None), None)


def _own_steps(context: Context) -> Iterator[StepSource]:
    """Yield the training steps of the target's own file in which it may be recorded."""
    params = context.params
    roots = [source.root for source in params.examples if source.root is not None]
    own = (source for root in roots if root.path == params.path for source in root.examples)
    return (source.step for source in own if source.step is not None)


def _resolve(context: Context, module: types.ModuleType) -> Any:
    params, draft = context.params, context.draft
    if is_step(params.qualname):
        return None
    value = resolve(module, params.path, params.qualname)
    line = line_of(value, params.path) if value is not None else None
    line = line or draft.map.target.line
    draft.update(target=replace(draft.map.target, line=line))
    others = [other for other in params.definition_lines if other != line]
    if others and line is not None:
        draft.add_findings(duplicate_definition(draft.map.target, others))
    return value
