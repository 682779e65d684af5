"""The names of a script that a traced training step knows: its modules, its loss, its optimizers.

A name holds in the function that has the step, and where the thing that it stands for was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aotlens.syntax.definitions import without_locals
from aotlens.syntax.subjects import ExpressionSubject
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.training_steps import Optimizer, StepModel, TrainingStep, function_of

from .driven_steps import calls_in, driven_by
from .gradients import InOtherGraph, InPieces, OnlyInEager, Own, Tied
from .index import MapIndex, index_of
from .names import Named, birthplace
from .snapshot import Snapshot, TargetState

_BACKWARD = re.compile(r".+\.(?:manual_)?backward(?:\(.*\))?", re.DOTALL)
"""A method that runs the backward pass of a loss, or its call."""
_TRAINS = re.compile(r"(\w+)(?:\.train(?:\(.*\))?)?", re.DOTALL)
"""A trainer, its method that trains, or the call of it."""
_GIVEN = (Own, InPieces, Tied, InOtherGraph, OnlyInEager)
"""A parameter gets one of these gradients."""


@dataclass(frozen=True)
class Loss:
    """The loss of a step. `is_backward` says that the code is the call which runs its backward pass."""

    is_backward: bool = False


@dataclass(frozen=True)
class Rate:
    """An optimizer of a step, or one of its groups: `group` is its index, None for the optimizer as a whole."""

    optimizer: Optimizer
    group: int | None = None


Thing: TypeAlias = StepModel | Rate | Loss


@dataclass(frozen=True)
class InStep:
    """A thing of a training step that code names, in the trace of that step."""

    state: TargetState
    index: MapIndex
    step: TrainingStep
    thing: Thing

    @property
    def module(self) -> Named | None:
        """The module that is named; None if it is no module, or has nothing in the map."""
        return self.index.named(self.thing.prefix) if isinstance(self.thing, StepModel) else None


def things_at(snapshot: Snapshot, document: Document, subject: ExpressionSubject, line: int) -> Iterator[InStep]:
    """The things of traced training steps that an expression on a line stands for, the best answer first."""
    scope = _scope(subject)
    for state in steps_for(snapshot, document, line):
        assert state.map is not None and state.map.step is not None
        index, step = index_of(state.map), state.map.step
        is_in_step = (document.path, scope) == (state.key.path, function_of(state.key.qualname))
        thing = _thing(step, subject.text) if is_in_step else None
        thing = thing or _made(snapshot, document, state, index, step, subject.text, scope, line)
        if thing is not None:
            yield InStep(state, index, step, thing)
    yield from _driven(snapshot, document, subject.text, scope)


def _driven(snapshot: Snapshot, document: Document, text: str, scope: str) -> Iterator[InStep]:
    """The step that a framework runs for a call which a name is about, or the module whose method that is."""
    for call in calls_in(document):
        is_owner = text == call.owner and call.owner != call.trainer
        if call.function != scope or not (call.is_named(text) or is_owner):
            continue
        state = driven_by(snapshot, document, call)
        if state is None or state.map is None or state.map.step is None:
            continue
        thing = StepModel(text, "", call.kind) if is_owner else Loss(is_backward="(" in text)
        yield InStep(state, index_of(state.map), state.map.step, thing)


def steps_in(snapshot: Snapshot, document: Document, function: str) -> list[InStep]:
    """The losses of the traced training steps of a function of a document, in the order of the text."""
    found = []
    for state in steps_for(snapshot, document, 1):
        assert state.map is not None and state.map.step is not None
        if (state.key.path, function_of(state.key.qualname)) == (document.path, without_locals(function)):
            found.append(InStep(state, index_of(state.map), state.map.step, Loss()))
    return found


def steps_for(snapshot: Snapshot, document: Document, line: int) -> list[TargetState]:
    """The traced training steps, in the order in which they answer for a line.

    Those of the file come first: the next one whose loss comes after the line, and then the nearest before it.
    """

    def rank(state: TargetState) -> tuple[bool, bool, int, str, str]:
        at = state.map.step.loss_at if state.map is not None and state.map.step is not None else None
        now = snapshot.now(state, at) if at is not None else None
        is_here = state.key.path == document.path and now is not None
        distance = now.line - line if is_here and now is not None else 0
        return not is_here, distance < 0, abs(distance), state.key.path, state.key.qualname

    return sorted((state for state in snapshot.maps() if state.map and state.map.step is not None), key=rank)


def function_at(document: Document, line: int) -> str:
    """The qualified name of the innermost function around a line, without `<locals>`; empty at module level."""
    around = [d for d in document.definitions if d.kind == "function" and d.start_line <= line <= d.end_line]
    return without_locals(around[-1].qualname) if around else ""


def without_gradient(index: MapIndex, names: Sequence[str]) -> list[str]:
    """Those of some parameters that get no gradient in a step. Parameters without a graph input get none either."""
    found = []
    for name in names:
        named = index.named(name)
        entries = named.entries if named is not None else []
        if not any(isinstance(index.gradient(entry), _GIVEN) for entry in entries):
            found.append(name)
    return found if index.graphs else []


def _scope(subject: ExpressionSubject) -> str:
    owner = f"{subject.owner.qualname}." if subject.owner is not None else ""
    return without_locals(owner + subject.function)


def _thing(step: TrainingStep, text: str) -> Thing | None:
    """The thing that a name or a call stands for in the function of the step itself."""
    for model in step.models:
        if text == model.expression:
            return model
    for optimizer in step.optimizers:
        if text in (optimizer.expression, f"{optimizer.expression}.step", f"{optimizer.expression}.step()"):
            return Rate(optimizer)
    if text == step.loss:
        return Loss()
    trains = _TRAINS.fullmatch(text)
    if trains is not None and step.loss.startswith(f"{trains[1]}.compute_loss({trains[1]}.model,"):
        return Loss(is_backward="(" in text)
    backward = _BACKWARD.fullmatch(text)
    return Loss(is_backward=True) if backward is not None and step.loss in text else None


def _made(
    snapshot: Snapshot,
    document: Document,
    state: TargetState,
    index: MapIndex,
    step: TrainingStep,
    text: str,
    scope: str,
    line: int,
) -> Thing | None:
    """The thing with this name that was made in the function around the line, in a file of the script."""
    places: list[tuple[Thing, Span | None, str]] = [
        (Rate(each), each.definition, each.expression) for each in step.optimizers
    ]
    for model in step.models:
        named = index.named(model.prefix)
        places.append((model, birthplace(named) if named is not None else None, model.expression))
    for thing, made_at, expression in places:
        now = snapshot.now(state, made_at) if made_at is not None else None
        if now is None or now.path != document.path or function_at(document, now.line) != scope:
            continue
        if text == (_assigned(document.line(now.line)) or expression):
            return thing
    return None


def _assigned(line: str) -> str | None:
    """The name that a line assigns: `model` in `model: Net = Net().cuda()`; None if it assigns none or several."""
    left, sign, _ = line.partition("=")
    name = left.partition(":")[0].strip()
    return name if sign and all(part.isidentifier() for part in name.split(".")) else None
