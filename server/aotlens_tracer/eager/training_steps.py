"""Two training steps in eager: the example's call and a backward pass, twice in a row."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import torch

from ..examples.eager_call import backward
from ..examples.evaluate import BuiltExample
from ..examples.inferred.reading.losses import asks_for_a_loss
from ..failures import (
    Codebase,
    at_the_change,
    at_the_checkpoint,
    changed_in_place,
    failure_of,
    is_of_a_checkpoint,
    problem_of,
    reads_data,
    text_of,
)
from ..graph.labels import argument_labels
from ..graph.placements import sharding_of
from ..torch_private import names_of_parameters, pytree, unset_fake_temporarily
from ..wire.eager_run import EagerError, EagerGradient, EagerRun
from ..wire.places import Span
from ..wire.subclasses import Sharding
from ..wire.unregistered import Unregistered
from .changes import ChangeWatch, Subject
from .keeping_lines import LineWatch, keeping_lines
from .kept_state import KeptWatch
from .overwritten import what_is_changed
from .randomness import random_state
from .recomputed import what_is_recomputed
from .unregistered import has_unregistered
from .warned import recorded_warnings

_Seen = TypeVar("_Seen")


class _Failed(Exception):
    """A part of a step raised an error of the user's."""

    def __init__(self, step: int, stage: Literal["forward", "backward"]) -> None:
        super().__init__(step, stage)
        self.step = step
        self.stage = stage


def two_steps(
    example: BuiltExample,
    codebase: Codebase,
    again: Callable[[], BuiltExample] | None = None,
    find_unregistered: Callable[[], tuple[Unregistered, ...]] | None = None,
) -> EagerRun:
    """Make two training steps with an example that nothing has called before, and report what they do.

    `again` builds the example once more, to find the lines that keep state; without it they are those of the second
    step. `find_unregistered` returns the parameters in no module; it is called only if there are some.

    The steps change the example: its tensors in place, its gradients, and the state that `forward` keeps.
    """
    start = time.perf_counter()
    on: Literal["real", "fake"] = "real" if example.mode is None else "fake"
    of_loss = _is_of_loss(example)
    leaves = _leaves(example)
    present: list[list[bool]] = []
    shardings: list[Sharding | None] = []
    error = None
    is_complete = True
    with recorded_warnings(codebase) as warned, torch.compiler.set_stance("force_eager"), example.fake():
        watch = KeptWatch(example, codebase)
        changes = ChangeWatch(_subjects(example), codebase)
        random_before = random_state()
        lines: list[LineWatch] = []
        try:
            for step, outputs in _steps(example, watch, changes, lines):
                if step == 1 and again is None and watch.states:
                    lines.append(watch.lines())
                leaves |= {key: leaf for key, leaf in _leaves(example).items() if key not in leaves}
                present.append([leaf.tensor.grad is not None for leaf in leaves.values()])
                if step == 1:
                    shardings = [sharding_of(leaf.tensor.grad) for leaf in leaves.values()]
                    is_complete = not has_unregistered(example, outputs)
                del outputs
        except _Failed as failed:
            cause = failed.__cause__ or failed
            if reads_data(cause):
                return EagerRun(on, time.perf_counter() - start, problem=problem_of(cause))
            failure = failure_of(cause, "forward", codebase)
            if again is not None and changed_in_place(text_of(cause)):
                failure = at_the_change(failure, _seen_again(what_is_changed, again, codebase))
            elif again is not None and is_of_a_checkpoint(cause):
                failure = at_the_checkpoint(failure, _seen_again(what_is_recomputed, again, codebase))
            error = EagerError(
                failed.step,
                failed.stage,
                failure.problem,
                failure.path,
                failure.line,
                failure.frames,
                failure.column,
            )
    draws = random_state() != random_before
    places = {name: span for each in lines for name, span in each.statements().items()}
    kept = watch.kept(places or _places(watch, codebase, again))
    gradients = _gradients(leaves, present, shardings)
    outside: tuple[Unregistered, ...] = ()
    if not is_complete and find_unregistered is not None:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outside = find_unregistered()
    seconds = round(time.perf_counter() - start, 3)
    found = tuple(warned)
    return EagerRun(on, seconds, gradients, kept, error, found, None, changes.changes(), draws, outside, of_loss)


def _seen_again(
    look: Callable[[Callable[[BuiltExample], object], BuiltExample, Codebase], _Seen | None],
    again: Callable[[], BuiltExample],
    codebase: Codebase,
) -> _Seen | None:
    """Make the steps once more, and return what `look` sees in them."""

    def steps(example: BuiltExample) -> None:
        for _ in _steps(example, KeptWatch(example, codebase), ChangeWatch(_subjects(example), codebase)):
            pass

    with unset_fake_temporarily():
        return look(steps, again(), codebase)


def _steps(
    example: BuiltExample, watch: KeptWatch, changes: ChangeWatch, lines: Sequence[LineWatch] = ()
) -> Iterator[tuple[int, Any]]:
    """Make the steps, each under the watches of its lines; yield the number and the results of each when it is done."""
    for step in (1, 2):
        for leaf in _leaves(example).values():
            leaf.tensor.grad = None
        with contextlib.ExitStack() as stack:
            for each in lines:
                stack.enter_context(each.watching())
            outputs = _step(example if step == 1 else _with_fresh_arguments(example), step, watch, changes)
        yield step, outputs
        del outputs


def _step(example: BuiltExample, step: int, watch: KeptWatch, changes: ChangeWatch) -> Any:
    try:
        with changes.forward():
            outputs = example.function(*example.args, **example.kwargs)
    except Exception as error:
        raise _Failed(step, "forward") from error
    if step == 1:
        watch.after_first({key: leaf.names[0] for key, leaf in _leaves(example).items()})
    else:
        watch.after_second(outputs)
    try:
        with changes.backward():
            backward(outputs, _is_of_loss(example))
    except Exception as error:
        raise _Failed(step, "backward") from error
    return outputs


def _is_of_loss(example: BuiltExample) -> bool:
    """Whether the call asks for a loss, so that training begins its backward pass there."""
    module = example.module
    return module is not None and module is example.function and asks_for_a_loss(module, example.args, example.kwargs)


def _places(watch: KeptWatch, codebase: Codebase, again: Callable[[], BuiltExample] | None) -> dict[str, Span]:
    """Return the statements that keep state, by its names: only if there is any, the call is made once more."""
    if watch.states and again is not None:
        with warnings.catch_warnings(), torch.compiler.set_stance("force_eager"):
            warnings.simplefilter("ignore")
            example = again()
            with example.fake():
                return keeping_lines(example, codebase, watch.states)
    return {}


def _with_fresh_arguments(example: BuiltExample) -> BuiltExample:
    """Return the example for another step: arguments with a history come anew, as from a data loader."""
    fresh: dict[int, torch.Tensor] = {}

    def anew(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or value.grad_fn is None:
            return value
        if id(value) not in fresh:
            fresh[id(value)] = value.detach().clone().requires_grad_().clone()
        return fresh[id(value)]

    args, kwargs = pytree.tree_map(anew, (example.args, example.kwargs))
    return replace(example, args=args, kwargs=kwargs)


@dataclass(frozen=True)
class _Leaf:
    """A tensor that requires a gradient and has no history, with all of its names."""

    kind: Literal["parameter", "argument"]
    tensor: torch.Tensor
    names: list[str]


def _leaves(example: BuiltExample) -> dict[int, _Leaf]:
    """Return the leaves that require a gradient, by id: parameters, then tensors among the arguments."""
    found: dict[int, _Leaf] = {}
    for (kind, name), tensor in _subjects(example, remove_duplicate=False).items():
        if kind != "buffer" and tensor.requires_grad and tensor.is_leaf:
            found.setdefault(id(tensor), _Leaf(kind, tensor, [])).names.append(name)
    return found


def _subjects(example: BuiltExample, remove_duplicate: bool = True) -> dict[Subject, torch.Tensor]:
    """Return the parameters, the buffers and the tensors among the arguments."""
    found: dict[Subject, torch.Tensor] = {}
    if example.module is not None:
        module = example.module
        for name, parameter in module.named_parameters() if remove_duplicate else names_of_parameters(module):
            found["parameter", name] = parameter
        for name, buffer in example.module.named_buffers():
            found["buffer", name] = buffer
    leaves = pytree.tree_leaves((example.args, example.kwargs))
    for name, leaf in zip(argument_labels(example.function, example.args, example.kwargs), leaves):
        if isinstance(leaf, torch.Tensor):
            found["argument", name] = leaf
    return found


def _gradients(
    leaves: Mapping[int, _Leaf], present: Sequence[Sequence[bool]], shardings: Sequence[Sharding | None]
) -> tuple[EagerGradient, ...]:
    """Return the leaves with their gradients in each step; empty if there was no whole step."""
    first, *others = present or [()]
    second: Sequence[bool | None] = next(iter(others), [None] * len(first))
    return tuple(
        EagerGradient(leaf.kind, tuple(leaf.names), *has, sharding)
        for leaf, has, sharding in zip(leaves.values(), zip(first, second), shardings)
    )
