"""The call with which a target was traced last: it comes before a guess, while the class asks for the same arguments.

An edit that breaks a class is found by the call that worked before it. A guess made afresh might find other arguments,
with which the broken code runs by accident.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aotlens_tracer.wire.protocol import ExampleSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aotlens_tracer.wire.descriptor_map import DescriptorMap


@dataclass(frozen=True)
class LastGood:
    """The example of the last good trace of a target; a guess has become an expression.

    `interface` is what the class said of its arguments then (`syntax.interfaces`).
    """

    source: ExampleSource
    interface: str


def last_good_call(map: DescriptorMap, examples: Sequence[ExampleSource], interface: str) -> LastGood | None:
    """Return the call of a trace; None if the trace failed, or if its example cannot be written down."""
    example = map.example
    if map.status != "traced" or example is None or example.candidate is None:
        return None
    source = replace(examples[example.candidate], served=False)
    if source.origin == "inferred":
        if example.pin is None:
            return None
        source = replace(source, expression=example.pin, tried_with=example.tried_with)
    return LastGood(source, interface)


def with_last_good(ways: tuple[ExampleSource, ...], last: LastGood | None, interface: str) -> tuple[ExampleSource, ...]:
    """Return the examples to try, of which the last is a guess, with the call of the last good trace marked.

    If that was a guess, it comes before a new one, unless the class says something else of its arguments now.
    """
    if last is None:
        return ways
    served = replace(last.source, served=True)
    if served.origin == "inferred":
        return (*ways[:-1], served, ways[-1]) if last.interface == interface else ways
    known = identity(served)
    return tuple(replace(way, served=True) if identity(way) == known else way for way in ways)


def is_traced_guess(example: ExampleSource) -> bool:
    """Whether an example is the guess with which the target was traced last."""
    return example.served and example.origin == "inferred"


def identity(example: ExampleSource) -> tuple[object, ...]:
    """Return what makes an example the same after an edit: not its lines."""
    root = (example.root.path, example.root.qualname) if example.root is not None else None
    return example.origin, example.expression, example.path, root, *(item.text for item in example.prelude)
