"""Two training steps in eager: the example's call and a backward pass, twice in a row."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Literal

import torch

from ..examples.evaluate import BuiltExample
from ..failures import (
    ChangedInPlace,
    Codebase,
    at_the_change,
    changed_in_place,
    failure_of,
    problem_of,
    reads_data,
    text_of,
)
from ..torch_private import pytree, unset_fake_temporarily
from ..wire.eager_run import EagerError, EagerGradient, EagerRun, KeptState
from ..wire.places import Span
from .keeping_lines import keeping_lines
from .kept_state import KeptWatch
from .overwritten import what_is_changed


class _Failed(Exception):
    """A part of a step raised an error of the user's."""

    def __init__(self, step: int, stage: Literal["forward", "backward"]) -> None:
        super().__init__(step, stage)
        self.step = step
        self.stage = stage


def two_steps(example: BuiltExample, codebase: Codebase, again: Callable[[], BuiltExample] | None = None) -> EagerRun:
    """Make two training steps with an example that nothing has called before, and report what they do.

    `again` builds the example once more, to find the lines that keep state; without it they stay unknown.

    The steps change the example: its tensors in place, its gradients, and the state that `forward` keeps.
    """
    start = time.perf_counter()
    on: Literal["real", "fake"] = "real" if example.mode is None else "fake"
    gradients: tuple[EagerGradient, ...] = ()
    error = None
    with warnings.catch_warnings(record=True) as found, torch.compiler.set_stance("force_eager"), example.fake():
        warnings.simplefilter("always")
        watch = KeptWatch(example, codebase)
        try:
            for step in _steps(example, watch):
                if step == 1:
                    gradients = _gradients(example)
        except _Failed as failed:
            cause = failed.__cause__ or failed
            if reads_data(cause):
                return EagerRun(on, time.perf_counter() - start, problem=problem_of(cause))
            failure = failure_of(cause, "forward", codebase)
            if again is not None and changed_in_place(text_of(cause)):
                failure = at_the_change(failure, _what_is_changed(again, codebase))
            error = EagerError(failed.step, failed.stage, failure.problem, failure.path, failure.line, failure.frames)
    kept = _kept(watch, codebase, again)
    texts = tuple(dict.fromkeys(str(warning.message) for warning in found))
    return EagerRun(on, round(time.perf_counter() - start, 3), gradients, kept, error, texts)


def _what_is_changed(again: Callable[[], BuiltExample], codebase: Codebase) -> ChangedInPlace | None:
    """Make the steps once more, and return what is changed in place before a derivative needs it."""
    with unset_fake_temporarily():
        return what_is_changed(lambda example: list(_steps(example, KeptWatch(example, codebase))), again(), codebase)


def _steps(example: BuiltExample, watch: KeptWatch) -> Iterator[int]:
    """Make the steps, and yield the number of each when it is done."""
    for step in (1, 2):
        _clear_gradients(example)
        _step(example, step, watch)
        yield step


def _step(example: BuiltExample, step: int, watch: KeptWatch) -> None:
    try:
        outputs = example.function(*example.args, **example.kwargs)
    except Exception as error:
        raise _Failed(step, "forward") from error
    if step == 1:
        watch.after_first({leaf: names[0] for leaf, (_, _, names) in _leaves(example).items()})
    else:
        watch.after_second(outputs)
    results = [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, torch.Tensor) and leaf.requires_grad]
    try:
        if results:
            torch.autograd.backward(results, [torch.ones_like(result) for result in results])
    except Exception as error:
        raise _Failed(step, "backward") from error


def _kept(watch: KeptWatch, codebase: Codebase, again: Callable[[], BuiltExample] | None) -> tuple[KeptState, ...]:
    """Return the state that the first call keeps, with its lines: only then is the call made once more."""
    places: dict[str, Span] = {}
    if watch.names and again is not None:
        with warnings.catch_warnings(), torch.compiler.set_stance("force_eager"):
            warnings.simplefilter("ignore")
            example = again()
            with example.fake():
                places = keeping_lines(example, codebase, watch.names)
    return watch.kept(places)


def _leaves(example: BuiltExample) -> dict[int, tuple[Literal["parameter", "argument"], torch.Tensor, list[str]]]:
    """Return the leaves that require a gradient, by id: parameters, then tensors among the arguments."""
    found: dict[int, tuple[Literal["parameter", "argument"], torch.Tensor, list[str]]] = {}
    if example.module is not None:
        for name, parameter in example.module.named_parameters(remove_duplicate=False):
            if parameter.requires_grad:
                found.setdefault(id(parameter), ("parameter", parameter, []))[2].append(name)
    for path, leaf in pytree.tree_leaves_with_path((example.args, example.kwargs)):
        if isinstance(leaf, torch.Tensor) and leaf.requires_grad and leaf.is_leaf:
            found.setdefault(id(leaf), ("argument", leaf, []))[2].append(pytree.keystr(path))
    return found


def _clear_gradients(example: BuiltExample) -> None:
    for _, leaf, _ in _leaves(example).values():
        leaf.grad = None


def _gradients(example: BuiltExample) -> tuple[EagerGradient, ...]:
    return tuple(
        EagerGradient(kind, tuple(names), leaf.grad is not None) for kind, leaf, names in _leaves(example).values()
    )
