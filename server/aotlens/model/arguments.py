"""The inputs of a map that are arguments of the traced call, by their names in its signature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aotlens.syntax.paths import ANY, Items, Key, Path, Step
from aotlens_tracer.wire.descriptor_map import Graph
from aotlens_tracer.wire.input_roles import role_of

from .slots import Entry, fqn_of

Argument = tuple[str, Entry]
"""An input and its label in the call: `batch['mask']`."""

_NAME = re.compile(r"[^\W\d]\w*")


class Arguments:
    """The arguments of the traced call. One that shares its input with another one has its own label."""

    def __init__(self, graphs: Sequence[Graph], entries: Sequence[Entry]) -> None:
        self._found: dict[str, list[Argument]] = {}
        self._add_inputs(entries)
        self._add_vanished(graphs)

    def names_of(self, entry: Entry) -> Iterator[str]:
        """The names in the signature that an input, or a part of it, is passed under."""
        for name, arguments in self._found.items():
            if any(other.slot is entry.slot for _, other in arguments):
                yield name

    def matching(self, name: str, path: Path) -> list[Argument]:
        """The arguments that a path leads to from the parameter `name` of the signature, and their parts."""
        known = self._found.get(name, [])
        if not path:
            return known
        pattern = re.compile(re.escape(name) + "".join(map(_pattern, path)) + r"(?=[.\[|]|$)")
        return [(label, entry) for label, entry in known if pattern.match(label)]

    def _add_inputs(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if not _is_of_the_call(entry):
                continue
            for label in (entry.slot.label, *entry.slot.stands_for):
                name = _NAME.match(label)
                if name is not None:
                    self._found.setdefault(name[0], []).append((label, entry))

    def _add_vanished(self, graphs: Sequence[Graph]) -> None:
        for graph in graphs:
            for gone in graph.vanished:
                name = _NAME.match(gone.label)
                if name is not None and gone.into is not None:
                    entry = Entry(graph, graph.inputs[gone.into])
                    known = self._found.setdefault(name[0], [])
                    if all(other.slot is not entry.slot for _, other in known):
                        known.append((gone.label, entry))


def _is_of_the_call(entry: Entry) -> bool:
    """Whether an input may be an argument of the call, or a size of one: after a graph break others have its name."""
    slot = entry.slot
    if slot.dynamo is None:
        return fqn_of(slot) is None and slot.tangent_of is None
    if slot.dynamo.role == "size":
        arguments = (other for other in entry.graph.inputs if role_of(other) == "argument")
        return any(slot.label.startswith(f"{other.label}.") for other in arguments)
    return slot.dynamo.role in ("argument", "number")


def _pattern(step: Step) -> str:
    if step is ANY or isinstance(step, Items):
        return r"(?:\[[^\]]*\]|\.\w+)"
    if isinstance(step, Key):
        return re.escape(f"[{step.name!r}]")
    return re.escape(f"[{step}]" if isinstance(step, int) else f".{step}")
