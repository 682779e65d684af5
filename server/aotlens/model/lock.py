"""The calling convention of a target as its lock has it: keyed by names, without nodes, lines, paths and times.

What is here is what a change of the code may break for those who run the target: what goes in, what comes out, which
values get a gradient, what is kept for the backward pass, where the graph breaks. Of several graphs of one call, each
parameter, buffer and argument is one input, and the outputs are those that the call returns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, Graph, Input, Output, Slot
from aotlens_tracer.wire.input_roles import owner_of, role_of

from .dtypes import dtype_in_brief
from .gradients import Gradient, Missing, NotWanted, OnlyInEager, OnlyInGraph
from .index import MapIndex, index_of
from .kernels import of_kernels
from .nodes import Node
from .operations import operator_name
from .saved import kept_in, saved_by_call
from .sizes import named_sizes
from .slots import Entry, is_changed, whole_name

TRAINED = "gradient"
"""The fact that an input gets a gradient."""
TANGENT = "tangent"
"""The fact that the gradient of an output comes in."""
MUTATED = "mutated"
"""The fact that the call changes an input in place."""
TOP = "(top)"
"""Stands for the module, or the function, that is the target itself."""
UNKNOWN = "(unknown)"
"""Stands for the module of a value of which torch does not tell who computed it."""

_NAME = re.compile(r"[^\W\d]\w*")
_UNNAMED = "?"
"""Stands for a size of a value between two graphs, which has the name of a local variable alone."""
_ROLES = ("parameter", "buffer", "argument", "attribute", "global")
"""The roles of inputs that are the same value in every graph of a call, and that the user knows."""

_PASSED_ON = ("getitem", "aten._unsafe_view.default")
"""Operations that compute nothing, besides views."""


@dataclass(frozen=True)
class LockedSlot:
    """An input or output. `side` is input or output, and `role` what it is: the class of its descriptor, if no other.

    `name` is the FQN of a parameter or buffer, the user's name for an argument or output. `type` is `f32[2, 3]`.
    `facts` are codes: `gradient`, `no-gradient`, `frozen`, `mutated`, `tangent`, `tied-to NAME`, ...
    """

    side: str
    role: str
    name: str
    type: str
    facts: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """The side, role and name by which it is known again."""
        return self.side, self.role, self.name


@dataclass(frozen=True)
class LockedSaved:
    """The values that a module itself saves for the backward pass. `label` is torch's operation that computed them.

    The label is empty for a module of a library, whose name says enough. It is the operation, not the user's text: how
    exactly torch tells the place of an operation depends on the version of Python.
    """

    module: str
    label: str
    bytes: int


@dataclass(frozen=True)
class LockedBreak:
    """A graph break: torch's reason, and the function that it ends the graph of; empty if that is not known."""

    function: str
    reason: str


@dataclass(frozen=True)
class LockedTarget:
    """The calling convention of one target; `failure` is the stage at which its trace failed, None if it did not.

    `path` is relative to the folder of the lock, with `/`. `example` is the call that was traced, as text. `saved` are
    the bytes that are saved for the backward pass, None if that is not known, and `by` the partitioner that chose them.
    `kernels` are the bytes among them that depend on the kernels of a CPU, by function.
    """

    path: str
    qualname: str
    example: str = ""
    mode: str = ""
    slots: tuple[LockedSlot, ...] = ()
    saved: int | None = None
    by: str = ""
    saved_by: tuple[LockedSaved, ...] = ()
    kernels: tuple[tuple[str, int], ...] = ()
    breaks: tuple[LockedBreak, ...] = ()
    failure: str | None = None

    @property
    def name(self) -> str:
        """`model.py::Net`."""
        return f"{self.path}::{self.qualname}"


@dataclass(frozen=True)
class Lock:
    """The calling conventions of a project's targets, sorted by path and name, as one version of torch makes them."""

    torch: str
    convention: str
    targets: tuple[LockedTarget, ...] = ()


def locked(map: DescriptorMap, path: str) -> LockedTarget:
    """The calling convention that a map shows. `path` is that of the target's file, relative to the lock's folder."""
    index = index_of(map)
    partitioner = next((graph.partitioner for graph in map.graphs if graph.partitioner is not None), None)
    return LockedTarget(
        path,
        map.target.qualname,
        _example(map),
        (map.example.mode if map.example is not None else None) or "",
        tuple(_once([*_inputs(index), *_outputs(index)])),
        saved_by_call(index),
        partitioner or "",
        tuple(_saved(index)),
        tuple(_kernels(index)),
        tuple(LockedBreak(each.function or "", each.reason) for each in map.graph_breaks),
    )


def failed(path: str, qualname: str, failure: Failure) -> LockedTarget:
    """The target whose trace failed."""
    return LockedTarget(path, qualname, failure=failure.stage)


def version_of(torch: str | None) -> str:
    """The version of torch without that of its build: `2.13.0` for `2.13.0+cpu`."""
    return (torch or "unknown").partition("+")[0]


def _example(map: DescriptorMap) -> str:
    if map.example is None:
        return ""
    return " ".join((map.example.pin or map.example.expression or "").split())


def _once(slots: list[LockedSlot]) -> Iterator[LockedSlot]:
    """The slots, each key once: a parameter that several graphs take has a gradient if one of them gives it."""
    known: dict[tuple[str, str, str], LockedSlot] = {}
    for slot in slots:
        before = known.get(slot.key)
        if before is not None and before != slot:
            facts = tuple(dict.fromkeys((*before.facts, *slot.facts)))
            slot = LockedSlot(slot.side, slot.role, slot.name, before.type, facts)
        known[slot.key] = slot
    yield from known.values()


def _inputs(index: MapIndex) -> Iterator[LockedSlot]:
    is_one = len(index.graphs) == 1
    for entry in index.entries:
        slot, role = entry.slot, role_of(entry.slot)
        if role == "tangent" or (not is_one and role not in _ROLES):
            continue  # a tangent is a fact of its output; what goes from one graph to the next is nobody's
        name = role if role in _ROLES or slot.kind is None else owner_of_kind(slot)
        type = _type(slot, entry.graph)
        yield LockedSlot("input", name, slot.label, type, tuple(_facts(entry, index.gradient(entry))))


def _facts(entry: Entry, gradient: Gradient) -> Iterator[str]:
    slot = entry.slot
    fact = _gradient(gradient)
    if fact and slot.dtype is not None:
        yield fact
    if is_changed(slot):
        yield MUTATED
    if entry.mutation is not None and entry.mutation.tangent is not None:
        yield TANGENT
    for other in slot.tied_to:
        yield f"tied-to {other}"
    for other in slot.stands_for:
        yield f"stands-for {other}"


def _gradient(gradient: Gradient) -> str:
    if isinstance(gradient, NotWanted):
        return gradient.because if gradient.because != "not-required" else ""
    if isinstance(gradient, (Missing, OnlyInGraph)):
        return "no-gradient"
    return "gradient-outside-graph" if isinstance(gradient, OnlyInEager) else TRAINED


def _outputs(index: MapIndex) -> Iterator[LockedSlot]:
    shown = {id(result.slot) for result in index.outputs}
    for result in index.results:
        slot = result.slot
        kind = owner_of_kind(slot)
        is_own = id(slot) in shown
        if not is_own and (len(index.graphs) > 1 or kind in ("", "GradAOTOutput", "InputMutationAOTOutput")):
            continue  # a gradient and a new value are facts of their inputs
        role = "output" if is_own else kind
        facts = (TANGENT,) if slot.tangent is not None and slot.dtype is not None else ()
        yield LockedSlot("output", role, slot.label, _type(slot, result.graph), facts)


def owner_of_kind(slot: Slot) -> str:
    """The class of the descriptor of a slot, or of the whole that it is a piece of; empty if it has none."""
    descriptor = slot.as_descriptor()
    return owner_of(descriptor).kind if descriptor is not None else ""


def _type(slot: Input | Output, graph: Graph) -> str:
    if slot.dtype is not None and slot.shape is not None:
        sizes = (_size(size, graph) for size in slot.shape)
        return f"{dtype_in_brief(slot.dtype)}[{', '.join(sizes)}]"
    if isinstance(slot, Input) and slot.mesh is not None:
        return "mesh"
    return "number" if slot.symbol is not None else "other"


def _size(size: int | str, graph: Graph) -> str:
    """A size as the user has it: `x.size(0)`. A name for it may be that of a local variable, which may change."""
    if isinstance(size, int):
        return str(size)
    known = {whole_name(slot) for slot in graph.inputs if role_of(slot) in _ROLES}
    sources: dict[str, str] = {}
    for each in named_sizes(graph):
        of_known = (source for source in each.sources if any(source.startswith(f"{name}.") for name in known))
        sources[each.name] = next(of_known, _UNNAMED if each.sources else each.name)
    return _NAME.sub(lambda match: sources.get(match[0], match[0]), size)


def _saved(index: MapIndex) -> Iterator[LockedSaved]:
    """The bytes that each module saves, by module and computation, in the order of the names."""
    own = {module.name for module in index.modules if module.class_line is not None} | {""}
    found: Counter[tuple[str, str]] = Counter()
    for number, graph in enumerate(index.graphs):
        for value in graph.saved or ():
            if value.alias_of is None:
                node = Node(number, value.node) if value.node is not None and value.module in own else None
                label = _operation(index, node) if node is not None else ""
                found[_module(value.module), label] += (value.bytes or 0) * _runs(graph)
    for _, size in kept_in(index, ("",)):
        found[UNKNOWN, ""] += size
    for (module, label), size in sorted(found.items()):
        if size:
            yield LockedSaved(module, label, size)


def _operation(index: MapIndex, node: Node) -> str:
    """The operation that computed a value: `mm` for `aten.mm.default`, also if the value is a view of its result."""
    operations = index.operations.by_node
    while (made := operations.get(node)) is not None and made.operands and (made.is_view or made.op in _PASSED_ON):
        node = Node(node.graph, made.operands[0])
    return operator_name(made.op) if made is not None else ""


def _module(name: str | None) -> str:
    return UNKNOWN if name is None else name or TOP


def _kernels(index: MapIndex) -> Iterator[tuple[str, int]]:
    found: Counter[str] = Counter()
    for graph in index.graphs:
        for each in of_kernels(index, graph):
            found[each.function] += each.bytes * _runs(graph)
    yield from sorted(found.items())


def _runs(graph: Graph) -> int:
    return graph.compiled.runs if graph.compiled is not None else 1
