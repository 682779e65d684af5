"""Training steps in a text: the code from a batch to a loss whose backward pass is run. Nothing is evaluated."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tree_sitter import Node, Tree

from aotlens_tracer.wire.protocol import ExampleSource
from aotlens_tracer.wire.training_steps import StepSource

from .backward_calls import BackwardCall, all_optimizers, backward_calls, function_around, stepped_optimizers
from .block_source import BlockSource
from .code_blocks import Block
from .moments import Moment
from .nodes import text_of
from .source import split_lines
from .step_callers import moments_until, owner_of
from .step_slices import slice_step

SIGN = "@"
"""Stands between the function and the loss in the name of a training step."""


@dataclass(frozen=True)
class StepPlace:
    """A training step by the name of its target, `Trainer.fit@loss`, `@loss` at module level.

    `function` is the qualified name of the function around it, empty at module level. `line` is that of the backward
    pass, from 1.
    """

    qualname: str
    function: str
    line: int


def step_places(tree: Tree) -> list[StepPlace]:
    """The training steps of a text, in its order."""
    return [place for place, _ in _named_steps(tree)]


def is_step(qualname: str) -> bool:
    """Whether the name of a target is that of a training step."""
    return SIGN in qualname


def step_examples(path: str, text: str, qualnames: Collection[str]) -> dict[str, ExampleSource]:
    """The examples of training steps by name. Names of other targets are left out."""
    found = ((name, step_example(path, text, name)) for name in qualnames if is_step(name))
    return {name: example for name, example in found if example is not None}


def step_example(path: str, text: str, qualname: str) -> ExampleSource | None:
    """The example of a training step: its slice of the text. None if the text has no such step."""
    source = BlockSource(path, Block(tuple(split_lines(text)), {}))
    found = next((call for place, call in _named_steps(source.tree) if place.qualname == qualname), None)
    if found is None:
        return None
    function = function_around(found.call)
    scope = function if function is not None else source.root
    moments = moments_until(source, found.call)
    optimizers, every = stepped_optimizers(scope, found.call), all_optimizers(scope)
    sliced = slice_step(source, found, moments, every)
    line, column = source.place(found.loss)
    is_imported = not any(moment.is_outer for moment in moments)
    module = tuple(moment.statement for moment in sliced.prelude if _is_of_module(moment))
    step = StepSource(
        sliced.body,
        source.text(found.loss),
        line,
        column,
        inputs=sliced.inputs,
        owner=owner_of(function) if function is not None else None,
        module=None if is_imported else module,
        optimizers=tuple(optimizers),
        all_optimizers=tuple(every),
    )
    prelude = tuple(moment.statement for moment in sliced.prelude if not _is_of_module(moment))
    return ExampleSource("", "call-site", path, line, column, prelude=prelude, step=step)


def _is_of_module(moment: Moment) -> bool:
    """Whether a statement is one of the module level itself, which importing the file runs."""
    return moment.is_outer and not moment.around


def _named_steps(tree: Tree) -> list[tuple[StepPlace, BackwardCall]]:
    found: list[tuple[StepPlace, BackwardCall]] = []
    counts: dict[str, int] = {}
    for call in backward_calls(tree):
        function = _qualname(call.call)
        name = f"{function}{SIGN}{call.name}"
        count = counts[name] = counts.get(name, 0) + 1
        qualname = name if count == 1 else f"{name}#{count}"
        found.append((StepPlace(qualname, function, call.call.start_point.row + 1), call))
    return found


def _qualname(node: Node) -> str:
    """The qualified name of the function around a node, without `<locals>`; empty at module level."""
    names: list[str] = []
    outer = node.parent
    while outer is not None:
        if outer.type in ("function_definition", "class_definition"):
            names.append(text_of(outer.child_by_field_name("name")))
        outer = outer.parent
    return ".".join(reversed(names))
