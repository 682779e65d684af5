"""A descriptor map, indexed by what features ask for: names, lines, instances of a class. Made once for each map."""

from __future__ import annotations

import itertools
import re
import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from aotlens.syntax.values import ANY, Items, Key, Path, Step
from aotlens_tracer.wire.descriptor_map import (
    DescriptorMap,
    Graph,
    Input,
    ModuleInstance,
    Operation,
    Output,
    Slot,
    Span,
)

from .descriptors import Labels, labels_of, piece
from .lines import Chain, Lines, Work, lines_of
from .prices import Price, prices

Item = TypeVar("Item")

_SERIALS = itertools.count()
_INDICES: dict[int, tuple[weakref.ref[DescriptorMap], MapIndex]] = {}


@dataclass(frozen=True, eq=False)
class Entry:
    """An input in its graph."""

    graph: Graph
    slot: Input

    @property
    def gradient(self) -> Output | None:
        """The slot of its gradient, which may be empty."""
        return self.graph.outputs[self.slot.gradient] if self.slot.gradient is not None else None

    @property
    def mutation(self) -> Output | None:
        """The slot of its new value."""
        return self.graph.outputs[self.slot.mutation] if self.slot.mutation is not None else None


@dataclass(frozen=True, eq=False)
class Result:
    """An output in its graph."""

    graph: Graph
    slot: Output

    @property
    def tangent(self) -> Input | None:
        """The slot of its incoming gradient."""
        return self.graph.inputs[self.slot.tangent] if self.slot.tangent is not None else None


@dataclass(eq=False)
class Named:
    """A module, parameter or buffer by its name, with what is below it.

    `entries` are the inputs that it is: several where it is a tensor subclass, or where there are several graphs.
    """

    name: str
    module: ModuleInstance | None = None
    entries: list[Entry] = field(default_factory=list)
    children: dict[str, Named] = field(default_factory=dict)

    def child(self, step: str) -> Named:
        """The child of that name, made where there is none."""
        if step not in self.children:
            self.children[step] = Named(f"{self.name}.{step}" if self.name else step)
        return self.children[step]

    def below(self) -> Iterator[Entry]:
        """Its inputs, and those of all that is below it."""
        yield from self.entries
        for child in self.children.values():
            yield from child.below()

    @property
    def exists(self) -> bool:
        """Whether the map knows it: as a module, as an input, or as what such a thing is in."""
        return self.module is not None or bool(self.entries) or bool(self.children)


@dataclass(frozen=True, eq=False)
class Birth:
    """Where a module, parameter or buffer was made."""

    span: Span
    named: Named


class MapIndex:
    """One map, indexed. Each part is made when it is first asked for."""

    def __init__(self, map: DescriptorMap) -> None:
        self.graphs = map.graphs
        self._modules = map.modules
        self.findings = map.findings
        self.serial = next(_SERIALS)
        """A number that no other index has."""
        self._kept: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Item]) -> Item:
        """What `make` returns; it is called once for each key, as its result must depend on the map alone."""
        if key not in self._kept:
            self._kept[key] = make()
        kept: Item = self._kept[key]
        return kept

    @cached_property
    def files(self) -> frozenset[str]:
        """The files that the map says anything of: who asks about another need not look further."""
        spans = [module.definition for module in self._modules]
        for graph in self.graphs:
            spans += [slot.definition for slot in graph.inputs]
        classes = {module.class_path for module in self._modules if module.class_path is not None}
        return frozenset(self.lines.packages) | classes | {span.path for span in spans if span is not None}

    @cached_property
    def lines(self) -> Lines:
        """What runs by line."""
        return Lines(self.graphs)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every input of every graph."""
        return tuple(Entry(graph, slot) for graph in self.graphs for slot in graph.inputs)

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """Every output of every graph."""
        return tuple(Result(graph, slot) for graph in self.graphs for slot in graph.outputs)

    @cached_property
    def root(self) -> Named:
        """The tree of all that has a name."""
        root = Named("")
        for module in self._modules:
            _at(root, module.name).module = module
        tied = []
        for entry in self.entries:
            name = fqn_of(entry.slot)
            if name is not None:
                _at(root, name).entries.append(entry)
                tied += [(other, entry) for other in entry.slot.tied_to]
        for name, entry in tied:  # a second name may have no input of its own
            named = _at(root, name)
            if all(other.slot.label == entry.slot.label for other in named.entries):
                named.entries.append(entry)
        return root

    @cached_property
    def instances(self) -> dict[tuple[str | None, str], list[ModuleInstance]]:
        """The modules by the file and name of their class."""
        found: dict[tuple[str | None, str], list[ModuleInstance]] = {}
        for module in self._modules:
            found.setdefault((module.class_path, module.type), []).append(module)
        return found

    @cached_property
    def instances_by_line(self) -> dict[tuple[str | None, int | None], list[ModuleInstance]]:
        """The modules by the file and line of their class: its name may be another by now."""
        found: dict[tuple[str | None, int | None], list[ModuleInstance]] = {}
        for module in self._modules:
            found.setdefault((module.class_path, module.class_line), []).append(module)
        return found

    @cached_property
    def nodes(self) -> dict[str, Entry]:
        """The inputs by the names of their nodes; of several graphs the first that has the name."""
        found: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.slot.node is not None:
                found.setdefault(entry.slot.node, entry)
        return found

    @cached_property
    def descriptors(self) -> dict[str, Entry | Result]:
        """The slots by torch's repr of their descriptor, and by its expression."""
        found: dict[str, Entry | Result] = {}
        for item in (*self.entries, *self.results):
            for text in (item.slot.descriptor, item.slot.expression):
                if text is not None:
                    found.setdefault(text, item)
        return found

    @cached_property
    def arguments(self) -> dict[str, list[tuple[str, Entry]]]:
        """The inputs that are arguments: by the name in the signature, each with its label."""
        found: dict[str, list[tuple[str, Entry]]] = {}
        for entry in self.entries:
            if fqn_of(entry.slot) is not None or entry.slot.tangent_of is not None:
                continue
            for label in (entry.slot.label, *entry.slot.stands_for):
                name = re.match(r"[^\W\d]\w*", label)
                if name is not None:
                    found.setdefault(name[0], []).append((label, entry))
        for graph in self.graphs:
            for gone in graph.vanished:
                name = re.match(r"[^\W\d]\w*", gone.label)
                if name is not None and gone.into is not None:
                    entry = Entry(graph, graph.inputs[gone.into])
                    known = found.setdefault(name[0], [])
                    if all(other.slot is not entry.slot for _, other in known):
                        known.append((gone.label, entry))
        return found

    @cached_property
    def births(self) -> dict[str, dict[int, list[Birth]]]:
        """What was made, by file and line."""
        births = []
        stack = [self.root]
        while stack:
            named = stack.pop()
            stack += reversed(named.children.values())
            span = birthplace(named)
            if span is not None:
                births.append(Birth(span, named))
        return _by_line(births, lambda birth: birth.span)

    @cached_property
    def _inputs(self) -> dict[tuple[int, str | None], Entry]:
        """The inputs by the number of their graph and their node."""
        numbers = {id(graph): number for number, graph in enumerate(self.graphs)}
        return {(numbers[id(entry.graph)], entry.slot.node): entry for entry in self.entries}

    def read_by(self, work: Work) -> list[Entry]:
        """The inputs that some work reads, in the order of the graph."""
        entries = [self._inputs[key] for key in work.inputs]
        return sorted(entries, key=lambda entry: entry.slot.index)

    def reads(self, entry: Entry, package: str | None) -> list[Span]:
        """The places that read an input: those in an installed package, or (None) those of the user's own code.

        Where it is not read there, the places that stand for them elsewhere.
        """
        number = next(number for number, graph in enumerate(self.graphs) if graph is entry.graph)
        found = []
        for frame in self.lines.reads.get((number, entry.slot.node or ""), ()):
            places = self.lines.places(entry.graph, frame)
            found.append(places.get(package) or places.get(None) or next(iter(places.values())))
        return list(dict.fromkeys(found))

    def package(self, path: str) -> str | None:
        """The installed package that a file belongs to; None for the user's own, and for what nothing runs in."""
        return self.lines.packages.get(path)

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """The operations of all graphs, partitioned ones included, by name; of several the first that has the name."""
        found: dict[str, Operation] = {}
        for operation in itertools.chain.from_iterable(self.operations_by_chain.values()):
            found.setdefault(operation.name, operation)
        return found

    @cached_property
    def operations_by_chain(self) -> dict[Chain | None, list[Operation]]:
        """The operations of all graphs, partitioned ones included, by their call chain; None where torch tells none."""
        found: dict[Chain | None, list[Operation]] = {}
        for number, graph in enumerate(self.graphs):
            added = graph.partition.operations if graph.partition is not None else ()
            for operation in (*graph.operations, *added):
                chain = Chain(number, operation.frame) if operation.frame is not None else None
                found.setdefault(chain, []).append(operation)
        return found

    @cached_property
    def chains(self) -> dict[str, Chain]:
        """The call chains of operations by name."""
        found: dict[str, Chain] = {}
        for chain, operations in self.operations_by_chain.items():
            for operation in operations:
                if chain is not None:
                    found.setdefault(operation.name, chain)
        return found

    @cached_property
    def derivatives(self) -> dict[str, list[Operation]]:
        """The operations of the backward part by the name of the forward operation whose derivative they compute."""
        found: dict[str, list[Operation]] = {}
        for operation in self.operations.values():
            if operation.forward is not None:
                found.setdefault(operation.forward, []).append(operation)
        return found

    @cached_property
    def tangents(self) -> frozenset[str | None]:
        """The nodes of the inputs that are incoming gradients."""
        return frozenset(entry.slot.node for entry in self.entries if entry.slot.tangent_of is not None)

    @cached_property
    def outputs(self) -> tuple[Result, ...]:
        """The outputs that the user's code returns."""
        return tuple(result for result in self.results if _returned(result.slot))

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Why a parameter gets no gradient, by its name."""
        found = {}
        for finding in self.findings:
            _, separator, reason = finding.message.partition(" gets no gradient: ")
            if finding.code == "parameter-without-gradient" and finding.name is not None and separator:
                found[finding.name] = reason
        return found

    def prices(self, graph: Graph) -> list[Price]:
        """What each of the outputs of a graph costs."""
        if id(graph) not in self._prices:
            self._prices[id(graph)] = prices(graph)
        return self._prices[id(graph)]

    @cached_property
    def _prices(self) -> dict[int, list[Price]]:
        return {}

    def labels(self, graph: Graph) -> Labels:
        """What the user calls the arguments and outputs of a graph."""
        known = self._labels.get(id(graph))
        if known is None:
            known = self._labels[id(graph)] = labels_of(graph)
        return known

    @cached_property
    def _labels(self) -> dict[int, Labels]:
        return {}

    def named(self, name: str) -> Named | None:
        """What has this name; None where nothing does."""
        found = self.root
        for step in name.split(".") if name else ():
            if step not in found.children:
                return None
            found = found.children[step]
        return found if found.exists else None

    def reached(self, start: Named, path: Path) -> list[Named]:
        """What is reached from a module by a path; several where a step of it is not known."""
        found = [start]
        for step in path:
            found = [child for named in found for child in _children(named, step)]
        return [named for named in found if named.exists]

    def matching_arguments(self, name: str, path: Path) -> list[tuple[str, Entry]]:
        """The arguments that are what is reached from one of that name, or parts of it, with their labels."""
        known = self.arguments.get(name, [])
        if not path:
            return known
        pattern = re.compile(re.escape(name) + "".join(map(_pattern, path)) + r"(?=[.\[|]|$)")
        return [(label, entry) for label, entry in known if pattern.match(label)]


def index_of(map: DescriptorMap) -> MapIndex:
    """The index of a map; the same one for as long as the map lives."""
    # A map cannot be hashed (its slots hold dicts), and comparing two is slow: it is known by its identity.
    known = _INDICES.get(id(map))
    if known is not None and known[0]() is map:
        return known[1]
    index = MapIndex(map)
    key = id(map)
    _INDICES[key] = weakref.ref(map, lambda _: _INDICES.pop(key, None)), index
    return index


def fqn_of(slot: Slot) -> str | None:
    """The name of the parameter or buffer that a slot is, or is a piece of."""
    descriptor = slot.as_descriptor()
    if descriptor is None:
        return None
    _, owner = piece(descriptor)
    target = owner.fields.get("target")
    if isinstance(target, str):
        return target
    # Under torch.compile a parameter is a plain input, whose label has been resolved to its name.
    is_parameter = isinstance(slot, Input) and slot.definition is not None
    return slot.label if is_parameter and owner.kind == "PlainAOTInput" else None


def birthplace(named: Named) -> Span | None:
    """Where something was made."""
    if named.module is not None:
        return named.module.definition
    for entry in named.entries:
        # A second name of a tied parameter has a place of its own only where it is an input of its own.
        if entry.slot.definition is not None and fqn_of(entry.slot) == named.name:
            return entry.slot.definition
    return None


def gradient_of(entry: Entry, index: MapIndex) -> str:
    """Whether an input has a gradient: yes, none although it asks for one, tied, frozen; empty where nobody asks."""
    slot = entry.slot
    if entry.gradient is not None and entry.gradient.node is not None:
        return "yes"
    is_parameter = fqn_of(slot) is not None and slot.kind != "BufferAOTInput"
    if entry.gradient is not None:
        others = [named for name in slot.tied_to if (named := index.named(name)) is not None]
        has = any(o.gradient is not None and o.gradient.node is not None for named in others for o in named.entries)
        return "tied" if has else "none"
    return "frozen" if is_parameter and slot.requires_grad is False else ""


def distinct(items: Iterable[Item], key: Callable[[Item], object] = id) -> list[Item]:
    """The items without repetitions, in their order."""
    return list({key(item): item for item in items}.values())


def _returned(slot: Output) -> bool:
    descriptor = slot.as_descriptor()
    return descriptor is not None and piece(descriptor)[1].kind == "PlainAOTOutput"


def _at(root: Named, name: str) -> Named:
    for step in name.split(".") if name else ():
        root = root.child(step)
    return root


def _children(named: Named, step: Step) -> Sequence[Named]:
    """The children that a step leads to."""
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


def _pattern(step: Step) -> str:
    if step is ANY or isinstance(step, Items):
        return r"(?:\[[^\]]*\]|\.\w+)"
    if isinstance(step, Key):
        return re.escape(f"[{step.name!r}]")
    return re.escape(f"[{step}]" if isinstance(step, int) else f".{step}")


def _by_line(items: Iterable[Item], span_of: Callable[[Item], Span | None]) -> dict[str, dict[int, list[Item]]]:
    found: dict[str, dict[int, list[Item]]] = {}
    for item in items:
        span = span_of(item)
        if span is not None:
            lines = found.setdefault(span.path, {})
            for line in lines_of(span):
                lines.setdefault(line, []).append(item)
    return found
