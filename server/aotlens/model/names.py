"""The modules, parameters and buffers of a map as a tree of names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aotlens.syntax.paths import ANY, Items, Key, Path, Step
from aotlens_tracer.wire.descriptor_map import ModuleInstance, Span, StateTensor

from .lines import lines_of
from .slots import Entry, state_names


@dataclass(eq=False)
class Named:
    """A module, parameter or buffer by its fully qualified name, with everything below it.

    `entries` are its inputs: several if it is a tensor subclass, or if there are several graphs. `state` is what is
    known of a parameter or buffer without any graph.
    """

    name: str
    module: ModuleInstance | None = None
    entries: list[Entry] = field(default_factory=list)
    state: StateTensor | None = None
    children: dict[str, Named] = field(default_factory=dict)

    def child(self, step: str) -> Named:
        """The child with this name; it is created if it does not exist."""
        if step not in self.children:
            self.children[step] = Named(f"{self.name}.{step}" if self.name else step)
        return self.children[step]

    def below(self) -> Iterator[Entry]:
        """Its inputs, and those of everything below it."""
        yield from self.entries
        for child in self.children.values():
            yield from child.below()

    def state_below(self) -> Iterator[tuple[str, StateTensor]]:
        """The state of it and of everything below it, as far as it is known without any graph, with the names."""
        if self.state is not None:
            yield self.name, self.state
        for child in self.children.values():
            yield from child.state_below()

    @property
    def exists(self) -> bool:
        """Whether the map knows it: as a module, as an input, as state, or as the owner of one of these."""
        return self.module is not None or bool(self.entries) or self.state is not None or bool(self.children)


@dataclass(frozen=True, eq=False)
class Birth:
    """The place where a module, parameter or buffer was made, or set later."""

    span: Span
    named: Named


class Names:
    """The tree of names of a map, and the places where they were made."""

    def __init__(
        self, modules: Sequence[ModuleInstance], entries: Sequence[Entry], state: Sequence[StateTensor] = ()
    ) -> None:
        self.root = Named("")
        self._fill(modules, entries)
        for tensor in state:
            for name in (tensor.name, *tensor.other_names):
                self._at(name).state = tensor

    def named(self, name: str) -> Named | None:
        """The module, parameter or buffer with a fully qualified name; None if there is none."""
        found = self.root
        for step in name.split(".") if name else ():
            if step not in found.children:
                return None
            found = found.children[step]
        return found if found.exists else None

    def reached(self, start: Named, path: Path) -> list[Named]:
        """Everything that a path from a module may lead to: several if a step of the path is unknown."""
        found = [start]
        for step in path:
            found = [child for named in found for child in _children(named, step)]
        return [named for named in found if named.exists]

    @cached_property
    def births(self) -> dict[str, dict[int, list[Birth]]]:
        """The modules, parameters and buffers by the file and line (from 1) in which they were made, or set later."""
        found: dict[str, dict[int, list[Birth]]] = {}
        stack = [self.root]
        while stack:
            named = stack.pop()
            stack += reversed(named.children.values())
            for span in filter(None, (birthplace(named), set_at(named))):
                birth = Birth(span, named)
                lines = found.setdefault(span.path, {})
                for line in lines_of(span):
                    lines.setdefault(line, []).append(birth)
        return found

    def _fill(self, modules: Sequence[ModuleInstance], entries: Sequence[Entry]) -> None:
        for module in modules:
            self._at(module.name).module = module
        tied = []
        for entry in entries:
            for name in state_names(entry.slot):
                self._at(name).entries.append(entry)
                tied += [(other, entry) for other in entry.slot.tied_to]
        for name, entry in tied:  # a second name may have no input of its own
            named = self._at(name)
            if all(other.slot.label == entry.slot.label for other in named.entries):
                named.entries.append(entry)

    def _at(self, name: str) -> Named:
        found = self.root
        for step in name.split(".") if name else ():
            found = found.child(step)
        return found


def birthplace(named: Named) -> Span | None:
    """The place where a module, parameter or buffer was made; None if it is not known."""
    if named.module is not None:
        return named.module.definition
    for entry in named.entries:
        # A second name of a tied parameter has a place of its own only if it is an input of its own.
        if entry.slot.definition is not None and named.name in state_names(entry.slot):
            return entry.slot.definition
    return named.state.definition if named.state is not None else None


def set_at(named: Named) -> Span | None:
    """The later line that put another object in the place of the first of this name; None if there is none."""
    if named.module is not None:
        return named.module.set_at
    for entry in named.entries:
        if entry.slot.set_at is not None and named.name in state_names(entry.slot):
            return entry.slot.set_at
    return named.state.set_at if named.state is not None else None


def _children(named: Named, step: Step) -> Sequence[Named]:
    """The children that a step may lead to."""
    if step is ANY:
        return list(named.children.values())
    if isinstance(step, Items):
        return [child for name, child in named.children.items() if name.isdecimal()][step.start : step.stop : step.step]
    if isinstance(step, int):
        if step < 0:
            numbered = [child for name, child in named.children.items() if name.isdecimal()]
            return numbered[step : step + 1 or None] if -step <= len(numbered) else ()
        return [named.children[str(step)]] if str(step) in named.children else ()
    name = step.name if isinstance(step, Key) else str(step)
    if name in named.children:
        return [named.children[name]]
    parametrized = named.children.get("parametrizations")
    if parametrized is not None and name in parametrized.children:
        return [parametrized.children[name]]
    return ()
