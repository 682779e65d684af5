"""Whole turns of a script's loop in eager: errors of autograd that one step with one backward pass does not show."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch

from ..examples.evaluate import BuiltExample
from ..failures import Codebase, at_the_change, failure_of, text_of
from ..torch_private import unset_fake_temporarily
from ..wire.eager_run import EagerError, InTurn
from .overwritten import what_is_changed

_TEXTS: dict[str, InTurn] = {
    "backward through the graph a second time": "freed",
    "modified by an inplace operation": "overwritten",
    "can be implicitly created only for scalar outputs": "not-scalar",
}
"""The reasons for which autograd refuses, by a part of its message."""


def error_of_turns(
    example: BuiltExample, codebase: Codebase, again: Callable[[], BuiltExample], otherwise: EagerError | None
) -> EagerError | None:
    """Return the error of autograd in the first turns of the loop around a step; None if there is none.

    It is `otherwise` if the turns come to another end: they run code that the step does not depend on, such as
    schedulers, and that may need data. An error of another backward pass in the turn is that of another step. `again`
    builds the example once more, to find what changes a value in place.
    """
    turns = example.step.turns if example.step is not None else None
    if turns is None:
        return otherwise
    handed_on: tuple[str, ...] = ()
    with warnings.catch_warnings(), torch.compiler.set_stance("force_eager"), example.fake():
        warnings.simplefilter("ignore")
        for number in range(turns.count):
            try:
                turns.run(number)
            except Exception as error:
                text = text_of(error)
                failure = failure_of(error, "forward", codebase)
                why = next((why for part, why in _TEXTS.items() if part in text), None)
                if why is None or not turns.is_own(failure.path, failure.line):
                    return otherwise
                if why == "overwritten":
                    with unset_fake_temporarily():
                        failure = at_the_change(failure, what_is_changed(_run_all, again(), codebase))
                step = number + 1
                place = failure.path, failure.line, failure.frames, failure.column
                return EagerError(step, "backward", failure.problem, *place, in_turn=why, handed_on=handed_on)
            handed_on = turns.with_graph()
    return None


def _run_all(example: BuiltExample) -> None:
    assert example.step is not None and example.step.turns is not None
    for number in range(example.step.turns.count):
        example.step.turns.run(number)
