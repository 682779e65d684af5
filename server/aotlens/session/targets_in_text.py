"""The targets that a text has, with the examples that are pinned for them. Nothing but the text is looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aotlens.syntax.definitions import Definition, without_locals
from aotlens.text.documents import Document
from aotlens_tracer.wire.protocol import ExampleSource

from .examples.pinned import pinned

DefinitionsByName = Mapping[str, Sequence[Definition]]
"""The definitions of a text by qualified name, without `<locals>`."""


@dataclass(frozen=True)
class TargetsInText:
    """The targets by qualified name, with their pinned examples, and the first line of each definition and step."""

    examples: Mapping[str, tuple[ExampleSource, ...]]
    lines: Mapping[str, int]


def targets_in(document: Document, in_project: Mapping[str, tuple[ExampleSource, ...]]) -> TargetsInText:
    """Find the targets: classes with a `forward`, definitions that have an example, training steps.

    `in_project` are the examples in pyproject.toml by qualified name. May be called in any thread.
    """
    known: dict[str, list[Definition]] = {}
    for definition in document.definitions:
        known.setdefault(without_locals(definition.qualname), []).append(definition)
    lines = {item.qualname: item.line for item in document.definitions}
    lines |= {step.qualname: step.start_line for step in document.steps}
    names = dict.fromkeys(d.qualname for d in document.definitions if _is_target(d, known, in_project))
    names |= dict.fromkeys(step.qualname for step in document.steps)
    path = document.path
    return TargetsInText({name: pinned(path, name, known.get(name, ()), in_project) for name in names}, lines)


def _is_target(definition: Definition, known: DefinitionsByName, in_project: Collection[str]) -> bool:
    if "<locals>" in definition.qualname:
        return False
    if definition.pins or definition.qualname in in_project:
        return True
    forward = f"{definition.qualname}.forward"
    return definition.kind == "class" and any(d.qualname == forward for d in known.get(forward, ()))
