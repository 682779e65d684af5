"""The last step: two training steps in eager, as a witness of what the graph says about gradients."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ..eager.training_steps import two_steps
from ..eager.unregistered import unregistered
from ..eager.whole_turns import error_of_turns
from ..examples.evaluate import BuiltExample
from ..examples.guards import guarded
from ..examples.ladder import FOUND_SECONDS
from ..failures import problem_of
from ..findings.of_kept_state import with_kept_state
from ..findings.of_run import agrees, compared
from ..findings.of_steps import of_step
from ..findings.of_unregistered import of_unregistered
from ..graph.birthplaces import Birthplaces
from ..torch_private import copies_of_sharded, deep_copies, is_traceable_wrapper_subclass, pytree
from ..wire.descriptor_map import DescriptorMap
from ..wire.eager_run import EagerError, EagerRun
from ..wire.unregistered import Unregistered
from .build_example import Built, evaluate, is_given
from .context import Context
from .describe import Described
from .import_target import Imported
from .real_tensors import real_example


def untouched(context: Context, built: Built) -> Built | EagerRun:
    """Return an example for the steps that no capture will have touched, or the run that says why there is none.

    An example that has an expression is evaluated again instead, which is more exact than a copy. A recorded one has no
    expression, and its root is too expensive to call again.
    """
    if not context.params.eager or built.source.root is None:
        return built
    try:
        example = built.example
        sharded = copies_of_sharded(example.module) if example.module else contextlib.nullcontext()
        with example.fake(), deep_copies(), sharded:
            called = (example.function, example.args, example.kwargs)
            function, args, kwargs = copy.deepcopy(called, _copies_of_subclasses(example))
    except Exception as error:  # the user's objects decide whether they can be copied
        return EagerRun("fake", 0.0, problem=problem_of(error))
    return Built(built.source, replace(example, function=function, args=args, kwargs=kwargs))


def _copies_of_subclasses(example: BuiltExample) -> dict[int, Any]:
    """Return copies of the parameters and buffers that are tensor subclasses, by id, and of arguments.

    `copy.deepcopy` wants to give the copy of a fake DTensor a storage (`Tensor.__deepcopy__`, torch 2.13 to 2.15).
    """
    module, copies = example.module, dict[int, Any]()
    tensors = (*module.parameters(), *module.buffers()) if module is not None else ()
    for tensor in (*tensors, *pytree.tree_leaves((example.args, example.kwargs))):
        if isinstance(tensor, torch.Tensor) and tensor.is_leaf and is_traceable_wrapper_subclass(tensor):
            copied = torch.Tensor.clone(tensor.detach())
            made = nn.Parameter(copied, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else copied
            copies[id(tensor)] = made.requires_grad_(tensor.requires_grad)
    return copies


def run_two_steps(
    context: Context, imported: Imported, built: Built | EagerRun, train: bool | None, described: Sequence[Described]
) -> None:
    """Make two training steps with an untouched example, and put the run and its findings into the draft."""
    with context.phases.phase("eager"):
        cuts = [each.captured.cut for each in described]
        run = built if isinstance(built, EagerRun) else _checked_run(context, imported, built, train, cuts)
        if not isinstance(built, EagerRun) and run.problem is None:
            run = replace(run, error=_error_of_turns(context, imported, built, train, run.error))
        draft = context.draft
        findings = with_kept_state(draft.map.findings, run, draft.map.target, draft.map.graphs)
        draft.update(eager_run=run, findings=(*findings, *of_unregistered(run, draft.map.target)))
        if run.problem is None:
            found = compared(draft.map, run, [each.why_in_eager for each in described], cuts)
            draft.update(graphs=found.graphs, findings=of_step(found.findings, draft.map.step))


def _checked_run(
    context: Context, imported: Imported, built: Built, train: bool | None, cuts: Sequence[frozenset[str]]
) -> EagerRun:
    """Return the run; if it differs from the graph on fake tensors, that on real ones, which libraries treat better.

    State that outlives the example, such as a global, would mix both.
    """
    run = _run(context, imported, built, train)
    outlives = any(kept.change != "constructor" and kept.kind != "buffer" for kept in run.kept)
    if run.on == "real" or outlives or agrees(context.draft.map, run, cuts):
        return run

    try:
        with guarded(FOUND_SECONDS):
            example = real_example(context, imported, built, train, context.draft.map.graphs)
            if example is None:
                return run
            real = two_steps(example, context.codebase, lambda: _evaluated(context, imported, built, train))
    except BaseException:  # user code may raise SystemExit and KeyboardInterrupt too
        return run
    if real.problem is not None:
        return run
    return replace(real, kept=run.kept, unregistered=run.unregistered, seconds=round(run.seconds + real.seconds, 3))


def _error_of_turns(
    context: Context, imported: Imported, built: Built, train: bool | None, error: EagerError | None
) -> EagerError | None:
    """Return the error in the whole turns of a script's loop; that of the two steps if these are no such turns."""
    step = built.source.step
    if step is None or not step.turn or (error is not None and error.step == 1):
        return error
    if step.is_usual and _is_scalar(context.draft.map):
        return error
    try:
        with guarded(FOUND_SECONDS):
            example = _evaluated(context, imported, built, train)
            again = functools.partial(_evaluated, context, imported, built, train)
            return error_of_turns(example, context.codebase, again, error)
    except BaseException:  # user code may raise SystemExit and KeyboardInterrupt too
        return error


def _is_scalar(map: DescriptorMap) -> bool:
    """Whether what the graphs return is one number each, as a loss is."""
    returned = (slot for graph in map.graphs for slot in graph.outputs if slot.kind == "PlainAOTOutput")
    return all(size == 1 for slot in returned for size in slot.shape or ())


def _run(context: Context, imported: Imported, built: Built, train: bool | None) -> EagerRun:
    try:
        if is_given(built.source):
            return _fresh_run(context, imported, built, train)
        with guarded(FOUND_SECONDS):
            return _fresh_run(context, imported, built, train)
    except BaseException as error:  # user code may raise SystemExit and KeyboardInterrupt too
        return EagerRun("fake" if built.example.mode is not None else "real", 0.0, problem=problem_of(error))


def _fresh_run(context: Context, imported: Imported, built: Built, train: bool | None) -> EagerRun:
    def fresh() -> BuiltExample:
        return _evaluated(context, imported, built, train)

    def unregistered_parameters() -> tuple[Unregistered, ...]:
        def build(places: Birthplaces) -> BuiltExample:
            return evaluate(replace(context, birthplaces=places), imported, built.source, train, lambda _: None)

        return unregistered(build, context.codebase, context.birthplaces)

    if built.source.root is not None:
        return two_steps(built.example, context.codebase)
    return two_steps(fresh(), context.codebase, fresh, unregistered_parameters)


def _evaluated(context: Context, imported: Imported, built: Built, train: bool | None) -> BuiltExample:
    return evaluate(context, imported, built.source, train, lambda _: None)
