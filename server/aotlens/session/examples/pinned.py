"""Pinned examples, and the definitions that the name of a target stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aotlens.syntax.definitions import Definition, without_locals
from aotlens.syntax.step_places import StepPlace
from aotlens_tracer.wire.protocol import ExampleSource
from aotlens_tracer.wire.training_steps import is_step


def pinned(
    path: str,
    qualname: str,
    definitions: Sequence[Definition],
    in_project: Mapping[str, tuple[ExampleSource, ...]],
) -> tuple[ExampleSource, ...]:
    """Return the pinned examples of a target: those in comments, then those in pyproject.toml."""
    in_comments = (
        ExampleSource(pin.expression, "pinned", path, pin.line, pin.column, definition.line)
        for definition in definitions_named(qualname, definitions)
        for pin in definition.pins
    )
    return *in_comments, *in_project.get(qualname, ())


def definition_lines(
    qualname: str, definitions: Sequence[Definition], steps: Sequence[StepPlace] = ()
) -> tuple[int, ...]:
    """Return the lines of all definitions of a target, of which several may have one name, or of a step's loss."""
    if is_step(qualname):
        return tuple(step.line for step in steps if step.qualname == qualname)
    return tuple(definition.line for definition in definitions_named(qualname, definitions))


def definitions_named(written: str, definitions: Sequence[Definition]) -> list[Definition]:
    """Return the definitions that a name, as a user may write it, stands for.

    The name may lack `<locals>`. If no other definition has it, it may also lack the enclosing function.
    """
    short = without_locals(written)
    found = [definition for definition in definitions if without_locals(definition.qualname) == short]
    return found or [definition for definition in definitions if definition.qualname.endswith(f".<locals>.{written}")]
