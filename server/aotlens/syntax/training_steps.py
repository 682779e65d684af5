"""The examples of training steps: what a script runs to get its modules, batch and loss. Nothing is run here."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from aotlens_tracer.wire.protocol import ExampleSource
from aotlens_tracer.wire.training_steps import StepSource, is_step

from .backward_calls import BackwardCall, all_optimizers, function_around, stepped_optimizers
from .block_source import BlockSource
from .code_blocks import whole_block
from .driven_steps import COMPUTE_LOSS, TRAINING_STEP, in_trainer
from .moments import Moment
from .nodes import text_of
from .step_branches import conditions_of
from .step_callers import Before, Others, class_around, code_before, owner_of
from .step_places import named_steps
from .step_slices import slice_step, slice_trainer
from .step_turns import StepTurn, turn_of

_MAKE_OPTIMIZERS = {TRAINING_STEP: "configure_optimizers", COMPUTE_LOSS: "create_optimizer"}
"""Methods that make the optimizers of a framework, by the method that returns the loss to it."""


def step_examples(
    path: str, text: str, qualnames: Collection[str], others: Others = lambda _: ()
) -> dict[str, ExampleSource]:
    """The examples of training steps by name. Names that are not of steps of the text are left out.

    `others` yields other files of the project that call a name: parameters are followed there.
    """
    wanted = {name for name in qualnames if is_step(name)}
    if not wanted:
        return {}
    source = BlockSource(path, whole_block(text))
    steps = ((place.qualname, backward) for place, backward in named_steps(source.tree) if place.qualname in wanted)
    found: dict[str, ExampleSource] = {}
    for name, backward in steps:
        with contextlib.suppress(RecursionError):  # code that is nested deeper than Python's stack allows
            found[name] = _example(source, backward, others)
    return found


def _example(source: BlockSource, backward: BackwardCall, others: Others) -> ExampleSource:
    """The example of a training step: its slice of the text."""
    function = function_around(backward.call)
    before = code_before(source, backward.call, others)
    is_imported = not (before.runs_on_import and before.root == source.path)
    moments = [each for each in before.moments if not (is_imported and _is_of_module(each, source))]
    optimizers, every = _optimizers(source, backward, before)
    conditions = dict(conditions_of(source, backward))
    turn = turn_of(source, backward) if not backward.of_trainer else StepTurn()
    wanted = [*every, *sorted(turn.reads.union(*conditions.values())), *before.conditions]
    if backward.of_trainer:
        sliced = slice_trainer(source, backward, moments, wanted)
    else:
        sliced = slice_step(source, backward, moments, wanted, before.unknown)
    line, column = source.place(backward.loss)
    module = tuple(moment.statement for moment in sliced.prelude if _is_of_module(moment, source))
    prelude = [moment for moment in sliced.prelude if not _is_of_module(moment, source)]
    step = StepSource(
        sliced.body,
        in_trainer(text_of(backward.loss))[1] if backward.of_trainer else source.text(backward.loss),
        line,
        column,
        inputs=sliced.inputs,
        owner=text_of(backward.loss) if backward.of_trainer else owner_of(function) if function is not None else None,
        module=None if is_imported else module,
        frame=sum(1 for moment in prelude if moment.frame > 0 or moment.made_from),
        optimizers=tuple(optimizers),
        all_optimizers=tuple(every),
        turn=turn.texts(source, sliced.prepared),
        carried=turn.carried,
        given=turn.given,
        is_usual=turn.is_usual,
        conditions=tuple(conditions),
        conditions_of_callers=tuple(before.conditions.items()),
        pinned=tuple(name for moment in prelude if moment.is_pinned for name in sorted(moment.flow.binds)),
    )
    statements = tuple(moment.statement for moment in prelude)
    return ExampleSource("", "call-site", source.path, line, column, prelude=statements, step=step)


def _optimizers(source: BlockSource, backward: BackwardCall, before: Before) -> tuple[list[str], list[str]]:
    """The optimizers that step after a backward pass, in its function or in a caller, and all of them."""
    function = function_around(backward.call)
    if backward.of_trainer:
        optimizer = f"{text_of(backward.loss)}.{_MAKE_OPTIMIZERS[COMPUTE_LOSS]}()"
        return [optimizer], [optimizer]
    scope = function if function is not None else source.root
    made = _MAKE_OPTIMIZERS.get(text_of(scope.child_by_field_name("name")))
    if made is not None and function is not None and backward.call.type == "return_statement":
        return [f"{owner_of(function)}.{made}()"], [f"{owner_of(function)}.{made}()"]
    optimizers, every = stepped_optimizers(scope, backward.call), all_optimizers(scope)
    around = list(before.around)
    if function is not None and (outer := function_around(function)) is not None:
        around.insert(0, (outer, function))
    for caller, call in around:
        if not optimizers:
            optimizers = stepped_optimizers(caller, call)
        every += [name for name in all_optimizers(caller) if name not in every] if not every else []
    owner, owning = owner_of(function) if function is not None else None, class_around(function)
    if owner is not None and owning is not None:
        methods = [each for each in all_optimizers(owning) if each.startswith(f"{owner}.")]
        every += [each for each in methods if each not in every]
    return optimizers, every


def _is_of_module(moment: Moment, source: BlockSource) -> bool:
    """Whether a statement is one of the step's file at module level, which importing the file runs."""
    return moment.is_outer and not moment.around and moment.statement.path == source.path
