"""Targets that a trace has built. What they contain can be recorded in their calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aotlens_tracer.wire.protocol import ExampleSource

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap


@dataclass(frozen=True)
class Built:
    """A target that was built with an example of its own, and the classes (path, name) of its modules."""

    path: str
    qualname: str
    source: ExampleSource
    classes: frozenset[tuple[str, str]]


def built_by(map: DescriptorMap, examples: Sequence[ExampleSource]) -> Built | None:
    """Return the target that a trace built with one of `examples`, even if the trace failed after that.

    None if nothing was built, or only in the call of another target.
    """
    example = map.example
    if example is None or example.candidate is None or not map.modules:
        return None
    source = examples[example.candidate]
    if source.root is not None:
        return None
    if source.origin == "inferred":
        if example.pin is None:
            return None
        source = replace(source, expression=example.pin)
    classes = frozenset((item.class_path, item.type) for item in map.modules if item.class_path is not None)
    return Built(map.target.path, map.target.qualname, source, classes)
