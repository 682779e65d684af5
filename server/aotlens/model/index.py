"""A descriptor map, indexed by the questions that features ask: names, lines, arguments, instances of a class.

Every map has one index, see `index_of`. Each part of it is built when it is first needed, or by `build`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TypeVar

from aotlens.syntax.paths import Path
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Finding, Graph, Input, ModuleInstance
from aotlens_tracer.wire.findings import Subject
from aotlens_tracer.wire.input_roles import role_of

from .arguments import Arguments
from .by_identity import Indices, Once, build_cached
from .descriptors import Labels, labels_of, wholes_around
from .gradients import Gradient, given_by_graphs, gradients
from .inputs import Inputs
from .lines import Lines
from .names import Named, Names
from .operations import Operations
from .prices import Price, prices
from .reads import Reads
from .slots import Entry, Result, is_returned, whole_name
from .trained import trained_elsewhere

Item = TypeVar("Item")

_ABOUT_GRADIENTS = ("parameter-without-gradient", "argument-without-gradient", "gradient-outside-graph")
_SERIALS = itertools.count()


class MapIndex(Once):
    """One map, indexed."""

    def __init__(self, map: DescriptorMap) -> None:
        super().__init__()
        self.graphs = map.graphs
        self.modules = map.modules
        self.state = map.state
        self.findings = map.findings
        self.step = map.step
        self.kept = map.eager_run.kept if map.eager_run is not None else ()
        self.serial = next(_SERIALS)
        """A number that no other index has."""

    @cached_property
    def files(self) -> frozenset[str]:
        """The paths of all files that the map has anything about."""
        spans = [span for module in self.modules for span in (module.definition, module.set_at)]
        spans += [span for tensor in self.state for span in (tensor.definition, tensor.set_at)]
        for graph in self.graphs:
            spans += [span for slot in graph.inputs for span in (slot.definition, slot.set_at)]
        classes = {module.class_path for module in self.modules if module.class_path is not None}
        return frozenset(self.lines.packages) | classes | {span.path for span in spans if span is not None}

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every input of every graph."""
        return tuple(Entry(graph, slot) for graph in self.graphs for slot in graph.inputs)

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """Every output of every graph."""
        return tuple(Result(graph, slot) for graph in self.graphs for slot in graph.outputs)

    @cached_property
    def outputs(self) -> tuple[Result, ...]:
        """The outputs that the traced call returns."""
        return tuple(each for each in self.results if is_returned(each.slot) and not each.slot.is_internal)

    @cached_property
    def inputs(self) -> Inputs:
        """The inputs by node."""
        return Inputs(self.graphs, self.entries)

    def number(self, graph: Graph) -> int:
        """The number of a graph in the map, from 0."""
        return self.inputs.numbers[id(graph)]

    @cached_property
    def descriptors(self) -> dict[str, list[Entry | Result]]:
        """The slots by the repr of their descriptor, and by its expression: one for each graph that has it."""
        found: dict[str, dict[int, Entry | Result]] = {}
        items: list[Entry | Result] = [*self.entries, *self.results]
        for item in items:
            for text in (item.slot.descriptor, item.slot.expression):
                if text is not None:
                    found.setdefault(text, {}).setdefault(id(item.graph), item)
        return {text: list(by_graph.values()) for text, by_graph in found.items()}

    @cached_property
    def pieces(self) -> dict[str, list[Entry | Result]]:
        """The slots that are pieces of a tensor subclass, by the repr of the descriptor of the subclass around."""
        found: dict[str, list[Entry | Result]] = {}
        items: list[Entry | Result] = [*self.entries, *self.results]
        for item in items:
            for whole in wholes_around(item.slot.as_descriptor()):
                found.setdefault(whole.descriptor, []).append(item)
        return found

    @cached_property
    def names(self) -> Names:
        """The modules, parameters and buffers by name."""
        return Names(self.modules, self.entries, self.state)

    def named(self, name: str) -> Named | None:
        """The module, parameter or buffer with a fully qualified name; None if there is none."""
        return self.names.named(name)

    def reached(self, start: Named, path: Path) -> list[Named]:
        """Everything that a path from a module may lead to: several if a step of the path is unknown."""
        return self.names.reached(start, path)

    @cached_property
    def instances(self) -> dict[tuple[str | None, str], list[ModuleInstance]]:
        """The modules by the file and name of their class."""
        found: dict[tuple[str | None, str], list[ModuleInstance]] = {}
        for module in self.modules:
            found.setdefault((module.class_path, module.type), []).append(module)
        return found

    @cached_property
    def instances_by_line(self) -> dict[tuple[str | None, int | None], list[ModuleInstance]]:
        """The modules by the file and line of their class, which finds a class that was renamed since the trace."""
        found: dict[tuple[str | None, int | None], list[ModuleInstance]] = {}
        for module in self.modules:
            found.setdefault((module.class_path, module.class_line), []).append(module)
        return found

    @cached_property
    def arguments(self) -> Arguments:
        """The inputs that are arguments of the traced call."""
        return Arguments(self.graphs, self.entries)

    @cached_property
    def lines(self) -> Lines:
        """The operations by the lines of source that run them."""
        return Lines(self.graphs)

    @cached_property
    def operations(self) -> Operations:
        """The operations by name and by call chain."""
        return Operations(self.graphs)

    @cached_property
    def reads(self) -> Reads:
        """The places that read inputs."""
        return Reads(self.inputs, self.lines)

    def labels(self, graph: Graph) -> Labels:
        """The user's own names for the arguments and outputs of a graph, by the repr of their descriptors."""
        return self.once(("labels", id(graph)), lambda: labels_of(graph))

    def gradient(self, entry: Entry) -> Gradient:
        """The gradient of an input."""
        return self.gradients(entry.graph)[entry.slot.index]

    def gradients(self, graph: Graph) -> tuple[Gradient, ...]:
        """The gradient of each input of a graph."""
        given = self.once("given", lambda: given_by_graphs(self.graphs) if len(self.graphs) > 1 else {})
        elsewhere = trained_elsewhere(self.step) if self.step is not None else ()
        return self.once(("gradients", id(graph)), lambda: gradients(graph, given, elsewhere))

    def prices(self, graph: Graph) -> list[Price]:
        """The price of each output of a graph; none of several graphs, whose backward passes depend on each other."""
        return self.once(("prices", id(graph)), lambda: prices(graph)) if len(self.graphs) == 1 else []

    def without_gradient(self, slot: Input) -> Finding | None:
        """The finding that says why an input, or the whole that it is a piece of, has no gradient in graph or eager."""
        role = role_of(slot)
        kind = "parameter" if role in ("parameter", "buffer") else "argument"
        return self._without_gradient.get(Subject(kind, whole_name(slot)))

    @cached_property
    def _without_gradient(self) -> dict[Subject, Finding]:
        found: dict[Subject, Finding] = {}
        for finding in self.findings:
            if finding.code in _ABOUT_GRADIENTS:
                found.setdefault(finding.subjects[0], finding)
        return found


_INDICES: Indices[DescriptorMap, MapIndex] = Indices(MapIndex)


def build(index: MapIndex) -> None:
    """Build what is made of the whole map. That of a large map takes long: call this beside the event loop."""
    for part in (index, index.inputs, index.names, index.lines, index.operations):
        build_cached(part)
    for graph in index.graphs:
        index.labels(graph)
        index.gradients(graph)
        index.prices(graph)


def index_of(map: DescriptorMap) -> MapIndex:
    """The index of a map; the same one for as long as the map lives."""
    return _INDICES.of(map)


def distinct(items: Iterable[Item], key: Callable[[Item], object] = id) -> list[Item]:
    """The items without repetitions, in their order."""
    return list({key(item): item for item in items}.values())
