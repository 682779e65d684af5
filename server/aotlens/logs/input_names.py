"""The names of the inputs of one logged graph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from . import mangled
from .alignment import aligned, can_be_equal
from .described import described
from .dynamo_names import dynamo_index
from .graphs import LoggedGraph, LoggedValue
from .named import Doubt, GraphNames, KnownBy, Role, ValueName

_NUMBERED = re.compile(r"primals_(\d{1,9})|arg(\d{1,9})_1")
_TANGENT = re.compile(r"tangents_\d+")
_RANDOM_STATE = re.compile(r"(?:fwd|bwd)_(?:seed|base_offset)_\d+")
"""The inputs of functionalized random numbers (`torch/_functorch/_aot_autograd/runtime_wrappers.py`)."""
_SYMBOL = re.compile(r"Sym\((\w+)\)|^([su]\d+)$")
_STATE_OF_OLD = ("self.L__self__", "self.L_self_", "self.")
"""Before torch 2.5 Dynamo's graphs call modules and read parameters by these names; they are no inputs."""
_NOT_OF_USER = re.compile(r"primals_\d|tangents_\d|arg\d+_1$|getitem(?:_\d+)?$")
_OF_CALL = re.compile(r"aot(\d{1,9})_(\w+)")
_RESUMED = "torch_dynamo_resume_in"
_OF_AOT = frozenset({"joint", "forward", "backward", "inference", "after-grad"})


class InputNames:
    """Names the inputs of a graph.

    `joint` has the names of the joint or forward graph of the same call, `dynamo` those of Dynamo's graph; None if the
    log does not show them. `by_number` has those of all joint and forward graphs by the number of AOTAutograd's call.
    `doubts` are those of the whole graph, known after `names`.
    """

    def __init__(
        self,
        graph: LoggedGraph,
        joint: GraphNames | None,
        dynamo: GraphNames | None,
        is_near: bool,
        by_number: Mapping[int, GraphNames],
    ) -> None:
        self._graph = graph
        self._joint = joint
        self._dynamo = dynamo
        self._by_number = by_number
        self.doubts: tuple[Doubt, ...] = ("nearest graph",) if is_near else ()

    def names(self) -> list[ValueName]:
        """A name for each input, in order."""
        graph = self._graph
        if graph.kind not in _OF_AOT or graph.signature:
            return list(self._of_its_own())
        if any(value.descriptor is not None for value in graph.inputs):
            return [self._described(value) for value in graph.inputs]
        if self._joint is not None:
            return [self._as_in_joint(value) for value in graph.inputs]
        return self._by_order()

    def _of_its_own(self) -> Iterator[ValueName]:
        graph = self._graph
        for value in graph.inputs:
            yield self._own(value, self._is_resumed)

    def _own(self, value: LoggedValue, is_resumed: bool) -> ValueName:
        graph, node = self._graph, value.node or ""
        if (call := _OF_CALL.fullmatch(node)) is not None:
            return self._of_call(value, int(call[1]), call[2])
        read: mangled.ReadName | None
        if node in graph.signature:
            read, known_by = mangled.of_signature(node, graph.signature[node]), "signature"
        elif value.source is not None:
            read, known_by = mangled.of_source(value.source, is_resumed, (value.type or "").startswith("Sym")), "source"
        else:
            read, known_by = mangled.of_placeholder(node, is_resumed), "mangled"
        if read is None and (size := self._size(value)) is not None:
            return size
        if read is None and graph.kind in ("exported", "unknown"):
            read = mangled.of_exported(node)
        if read is None and graph.kind == "dynamo" and graph.made_from is not None:
            # A piece of Dynamo's graph takes values that the pieces before it compute.
            return ValueName(value, "intermediate", node, known_by="node")
        if read is None:
            is_plain = graph.kind in ("exported", "unknown") and _NOT_OF_USER.match(node) is None
            return ValueName(value, "argument" if is_plain else "unknown", node if is_plain else None)
        doubts: tuple[Doubt, ...] = () if read.is_exact else ("mangled",)
        if read.role in ("argument", "local") and (value.type or "").startswith("Sym("):
            read = replace(read, role="number")
        return ValueName(value, read.role, read.name, known_by=_known(known_by), doubts=doubts)

    def _of_call(self, value: LoggedValue, number: int, node: str) -> ValueName:
        """An input of compiled autograd's graph: the value that the call of AOTAutograd with a number saved."""
        names = self._by_number.get(number)
        known = None if names is None else names.of(node)
        if known is None:
            return ValueName(value, "saved")
        return replace(known, value=value, role="saved", of=node, index=None, gradient=None, used=())

    def _size(self, value: LoggedValue) -> ValueName | None:
        """A symbolic size, named after the first input that has it as a dimension; None if it is no such size."""
        found = _SYMBOL.search(value.type or "") or _SYMBOL.search(value.node or "")
        if found is None:
            return None
        known = self._dimensions.get(found[1] or found[2])
        if known is None:
            return ValueName(value, "size")
        node, dimension = known
        owner = mangled.of_placeholder(node, self._is_resumed)
        base = None if owner is None else owner.name
        name = None if base is None else f"{base}.size({dimension})"
        doubts: tuple[Doubt, ...] = () if owner is None or owner.is_exact else ("mangled",)
        return ValueName(value, "size", name, known_by="type", doubts=doubts)

    @cached_property
    def _is_resumed(self) -> bool:
        return any((made.function or "").startswith(_RESUMED) for made in self._graph.operations)

    @cached_property
    def _dimensions(self) -> dict[str, tuple[str, int]]:
        """The first input that has a size, and the index of that dimension."""
        found: dict[str, tuple[str, int]] = {}
        for each in self._graph.inputs:
            sizes = re.match(r"\w+\[([^\]]*)\]", each.type or "")
            for dimension, size in enumerate(sizes[1].split(",") if sizes is not None else ()):
                found.setdefault(size.strip(), (each.node or "", dimension))
        return found

    def _described(self, value: LoggedValue) -> ValueName:
        found = None if value.descriptor is None else described(value.descriptor, self._label)
        if found is None:
            return self._as_in_joint(value)
        doubts: tuple[Doubt, ...] = ()
        known_by: KnownBy = "descriptor"
        index = dynamo_index(value.descriptor)
        if index is not None and self._dynamo is not None and index < len(self._dynamo.inputs):
            name = self._dynamo.inputs[index]
            doubts, known_by = (*self.doubts, *name.doubts), name.known_by or "descriptor"
        return ValueName(value, found.role, found.name, known_by=known_by, doubts=doubts)

    def _label(self, index: int) -> tuple[Role, str | None]:
        if self._dynamo is None or index >= len(self._dynamo.inputs):
            return "argument", f"args[{index}]"  # as torch's own `expr()` calls it
        name = self._dynamo.inputs[index]
        return name.role, name.name

    def _as_in_joint(self, value: LoggedValue) -> ValueName:
        known = None if self._joint is None else self._joint.of(value.node or "")
        if known is None:
            return ValueName(value, role_of_node(value.node))
        role: Role = "saved" if known.index is None or known.role in ("result", "saved") else known.role
        own = LoggedValue(value.node, value.type or known.value.type, None, known.value.source, value.place)
        return replace(known, value=own, role=role, index=None, gradient=None, used=())

    def _by_order(self) -> list[ValueName]:
        graph = self._graph
        numbers = [_number(value.node) for value in graph.inputs]
        known = self._dynamo_inputs(numbers)
        found = []
        for value, number in zip(graph.inputs, numbers, strict=True):
            if number is None:
                role = role_of_node(value.node)
                found.append(ValueName(value, "saved" if role == "unknown" and graph.kind == "backward" else role))
            elif (name := known.get(number)) is None:
                found.append(ValueName(value, "unknown", doubts=self.doubts))
            else:
                doubts = tuple(dict.fromkeys((*self.doubts, *name.doubts, *self._differing(value, name))))
                own = replace(value, source=name.value.source)
                found.append(replace(name, value=own, dynamo=name.value.node, doubts=doubts, index=None, used=()))
        return found

    def _differing(self, value: LoggedValue, name: ValueName) -> tuple[Doubt, ...]:
        return () if can_be_equal(value.type, name.value.type) else ("types differ",)

    def _dynamo_inputs(self, numbers: list[int | None]) -> dict[int, ValueName]:
        """The input of Dynamo's graph that each number (from 0) stands for, as far as that is known."""
        if self._dynamo is None:
            return {}
        inputs = self._dynamo.inputs
        ours = [
            (number, value) for number, value in zip(numbers, self._graph.inputs, strict=True) if number is not None
        ]
        if self._graph.kind in ("backward", "after-grad") or self._graph.form == "inductor":
            if any(number >= len(inputs) for number, _ in ours):
                self.doubts = (*self.doubts, "counts differ")
                return {}
            self.doubts = (*self.doubts, "by order") if self._graph.kind == "backward" else self.doubts
            return {number: inputs[number] for number, _ in ours}
        if len(ours) == len(inputs):
            return {number: name for (number, _), name in zip(ours, inputs, strict=True)}
        self.doubts = (*self.doubts, "counts differ")
        if len(ours) > len(inputs) and self._has_state_of_its_own():
            return {number: name for (number, _), name in zip(ours[-len(inputs) :], inputs, strict=True)}
        types = [value.type for _, value in ours]
        if len(ours) < len(inputs):
            indices = aligned(types, [name.value.type for name in inputs])
            pairs = zip(ours, indices, strict=True)
            return {number: inputs[index] for (number, _), index in pairs if index is not None}
        indices = aligned([name.value.type for name in inputs], types)
        return {ours[index][0]: name for name, index in zip(inputs, indices, strict=True) if index is not None}

    def _has_state_of_its_own(self) -> bool:
        """Whether Dynamo's graph reads parameters itself, so that AOTAutograd puts them before the inputs."""
        return self._dynamo is not None and any(
            made.target.startswith(_STATE_OF_OLD) for made in self._dynamo.graph.operations
        )


def role_of_node(node: str | None) -> Role:
    """The role that the name of an input proves, other than that of a numbered one."""
    if _TANGENT.fullmatch(node or ""):
        return "tangent"
    return "random state" if _RANDOM_STATE.fullmatch(node or "") else "unknown"


def _number(node: str | None) -> int | None:
    found = _NUMBERED.fullmatch(node or "")
    if found is None:
        return None
    return int(found[1]) - 1 if found[1] else int(found[2])


def _known(text: str) -> KnownBy:
    return "signature" if text == "signature" else "source" if text == "source" else "mangled"
