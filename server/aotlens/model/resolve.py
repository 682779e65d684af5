"""Resolves a subject of a document to the names, inputs and outputs that it stands for in traced maps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aotlens.logs.descriptor_text import read_descriptor
from aotlens.logs.mangled import of_source
from aotlens.syntax.subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassRef,
    ClassSubject,
    CreationSubject,
    DescriptorSubject,
    DynamoSourceSubject,
    ExpressionSubject,
    FunctionSubject,
    GraphNameSubject,
    LineSubject,
    PassSubject,
    PieceNameSubject,
    ReturnSubject,
    StringSubject,
    Subject,
)
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Graph, Slot
from aotlens_tracer.wire.protocol import Convention

from .calls import called_context
from .contexts import Context, context_of, own_states, targets_in_question
from .creations import made_at
from .dynamo_sources import by_source
from .index import MapIndex, index_of
from .listed_pieces import pieces_listed_at
from .names import Named
from .nodes import Node
from .numbering import Meant, Told, meant, told_at, told_by_descriptor
from .slots import Entry, Result, Step
from .snapshot import Snapshot, TargetState
from .training_steps import things_at

Found = TypeVar("Found")
_NUMBERED = re.compile(r"primals_(?P<primal>\d+)|arg(?P<argument>\d+)_1")


@dataclass(frozen=True)
class Resolved:
    """The things that a subject stands for in one map.

    `named` are modules, parameters and buffers. `items` are inputs and outputs that the subject names directly, and
    `labels` the names of the arguments among them as they are written. `steps` are operations. `state` has the map in
    which they were found as the one that is shown.
    """

    state: TargetState
    index: MapIndex
    named: tuple[Named, ...] = ()
    items: tuple[Entry | Result, ...] = ()
    labels: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        """All inputs, each once, with those of everything below the names."""
        found = {id(entry.slot): entry for named in self.named for entry in named.below()}
        found |= {id(item.slot): item for item in self.items if isinstance(item, Entry)}
        return list(found.values())

    @property
    def results(self) -> list[Result]:
        """All outputs."""
        return [item for item in self.items if isinstance(item, Result)]

    @property
    def labels_of_slots(self) -> tuple[str, ...]:
        """The labels of all inputs and outputs that have a descriptor, each once."""
        slots: list[Slot] = [*(entry.slot for entry in self.entries), *(result.slot for result in self.results)]
        return tuple(dict.fromkeys(slot.label for slot in slots if slot.descriptor is not None))


def resolve(snapshot: Snapshot, document: Document, subject: Subject, line: int, column: int) -> tuple[Resolved, ...]:
    """The things that a subject at a position stands for.

    They are looked up in the map that answers for the subject. A string, a graph's name or a descriptor outside the
    classes of all maps is looked up in every map. Empty if nothing is found.
    """
    match subject:
        case AttributeSubject():
            context = _context(snapshot, document, subject.owner)
            return _in_context(context, [] if context is None else context.reached(subject.path))
        case CreationSubject():
            context = _context(snapshot, document, subject.owner)
            made = [] if context is None else made_at(snapshot, context, document, subject, line, column)
            return _in_context(context, made)
        case ArgumentSubject():
            return _argument(snapshot, document, subject)
        case StringSubject():
            return _string(snapshot, document, subject)
        case PieceNameSubject():
            return _pieces(snapshot, document, subject, line, column)
        case GraphNameSubject(name=name):
            return _slots(snapshot, document, subject, told_at(document, line, column), lambda i, g: _nodes(i, g, name))
        case DescriptorSubject():
            told = told_by_descriptor(subject.text, told_at(document, line, column))
            return _descriptor(snapshot, document, subject, told)
        case DynamoSourceSubject(text=text):
            return _source(snapshot, document, subject, text)
        case ExpressionSubject():
            found = things_at(snapshot, document, subject, line)
            return tuple(Resolved(each.state, each.index, (each.module,)) for each in found if each.module is not None)
        case ClassSubject() | FunctionSubject() | ReturnSubject() | LineSubject() | PassSubject():
            return ()


def _context(snapshot: Snapshot, document: Document, owner: ClassRef | None) -> Context | None:
    return context_of(snapshot, document, owner) if owner is not None else None


def _in_context(context: Context | None, named: Sequence[Named]) -> tuple[Resolved, ...]:
    if context is None or not named:
        return ()
    return (Resolved(context.state, context.index, tuple(named)),)


def _argument(snapshot: Snapshot, document: Document, subject: ArgumentSubject) -> tuple[Resolved, ...]:
    context = called_context(snapshot, document, subject.owner, subject.function)
    if context is None:
        return ()
    arguments = context.index.arguments.matching(subject.name, subject.path)
    if not arguments:
        return ()
    labels, entries = zip(*arguments)
    return (Resolved(context.state, context.index, items=entries, labels=labels),)


def _string(snapshot: Snapshot, document: Document, subject: StringSubject) -> tuple[Resolved, ...]:
    """The thing with the name in a string. A single word counts as a name only in the file or a class of the model."""
    found = _in_maps(snapshot, document, subject.owner, lambda index: index.named(subject.text))
    is_word = "." not in subject.text
    return tuple(
        Resolved(state, index, (named,))
        for state, index, named in found
        if not is_word or state.key.path == document.path or subject.owner is not None
    )


def _pieces(
    snapshot: Snapshot, document: Document, subject: PieceNameSubject, line: int, column: int
) -> tuple[Resolved, ...]:
    """The inputs and outputs that the pieces are which the code of a tensor subclass names at a position."""
    found = []
    for state in own_states(snapshot, document.path):
        if state.map is None:
            continue
        index = index_of(state.map)
        items = [
            item for each in pieces_listed_at(snapshot, state, index, subject, line, column) for item in each.items
        ]
        if items:
            found.append(Resolved(state, index, items=tuple({id(item.slot): item for item in items}.values())))
    return tuple(found)


def _descriptor(snapshot: Snapshot, document: Document, subject: DescriptorSubject, told: Told) -> tuple[Resolved, ...]:
    read = read_descriptor(subject.text)
    texts = {subject.text, read.descriptor} if read is not None else {subject.text}

    def find(index: MapIndex, graphs: Sequence[Graph]) -> Sequence[Entry | Result]:
        found = next((index.descriptors[text] for text in texts if text in index.descriptors), ())
        return [item for item in found if any(item.graph is graph for graph in graphs)]

    return _slots(snapshot, document, subject, told, find)


def _nodes(index: MapIndex, graphs: Sequence[Graph], name: str) -> Sequence[Entry | Result | Step]:
    """The inputs of some graphs whose node has a name; else the outputs, else the operations."""
    inputs = [entry for entry in index.inputs.by_name.get(name, ()) if any(entry.graph is graph for graph in graphs)]
    inputs = inputs or [entry for graph in graphs for entry in _of_other_kind(index, graph, name)]
    if inputs:
        return inputs
    nodes = [(graph, Node(index.number(graph), name)) for graph in graphs]
    outputs = [Result(graph, slot) for graph in graphs for slot in graph.outputs if slot.node == name]
    operations = index.operations.by_node
    return outputs or [Step(graph, operations[node]) for graph, node in nodes if node in operations]


def _of_other_kind(index: MapIndex, graph: Graph, name: str) -> Iterable[Entry]:
    """The input that a name means if the call was traced without gradients and the text has them, or the reverse.

    AOTAutograd calls the inputs of a graph without a backward part `arg0_1`, `arg1_1`, and so on, and those of a joint
    graph `primals_1`, `primals_2` in the same order.
    """
    read = _NUMBERED.fullmatch(name)
    if read is None or (read["argument"] is not None) is not graph.joint:
        return
    number = int(read["argument"]) if graph.joint else int(read["primal"]) - 1
    if 0 <= number < len(graph.inputs) and graph.inputs[number].tangent_of is None:
        node = graph.inputs[number].node
        entry = index.inputs.by_node.get(Node(index.number(graph), node)) if node is not None else None
        if entry is not None:
            yield entry


def _source(snapshot: Snapshot, document: Document, subject: DynamoSourceSubject, text: str) -> tuple[Resolved, ...]:
    """The inputs of Dynamo's expression, in the graphs of torch.compile if there are any; or the module that it is."""

    def find(index: MapIndex, graphs: Sequence[Graph]) -> Sequence[Entry]:
        sources = index.once("sources", lambda: by_source(index.entries))
        return [entry for entry in sources.get(text, ()) if any(entry.graph is graph for graph in graphs)]

    conventions: tuple[Convention, ...] = ("compile", "export")
    for convention in conventions:
        found = _slots(snapshot, document, subject, Told(convention), find)
        if found:
            return found
    read = of_source(text, is_resumed=False)
    if read is None or read.name is None or not text.startswith("L['self']"):
        return ()
    name = read.name
    modules = _in_maps(snapshot, document, subject.owner, lambda index: index.named(name))
    return tuple(Resolved(state, index, (named,)) for state, index, named in modules)


def _slots(
    snapshot: Snapshot,
    document: Document,
    subject: GraphNameSubject | DescriptorSubject | DynamoSourceSubject,
    told: Told,
    find: Callable[[MapIndex, Sequence[Graph]], Sequence[Entry | Result | Step]],
) -> tuple[Resolved, ...]:
    """The slots and operations that `find` returns in the maps that the text may mean, those of one target together.

    They are looked for in the target that answers for the class around alone, else in those of the file, else in all.
    """
    context = _context(snapshot, document, subject.owner)
    found: list[Resolved] = []
    for state in targets_in_question(snapshot, document.path, context.state if context is not None else None):
        if found and state.key.path != document.path and found[0].state.key.path == document.path:
            break
        mine = [_found(one, find) for one in meant(told, state)]
        some = [one for one in mine if one.items or one.steps]
        found += some
        if some and context is not None and state.key == context.state.key:
            break
    return tuple(found)


def in_question(
    snapshot: Snapshot, document: Document, subject: GraphNameSubject | DescriptorSubject, found: Sequence[Resolved]
) -> list[TargetState]:
    """The targets, as they are shown, in whose graphs a name is looked for: those in which it was found, if any.

    Else the one that answers for the class around, or the only one of the file, or the only one of all.
    """
    keys = list(dict.fromkeys(one.state.key for one in found))
    if keys:
        return [snapshot.states[key] for key in keys]
    context = _context(snapshot, document, subject.owner)
    if context is not None:
        return [context.state]
    states = targets_in_question(snapshot, document.path, None)
    mine = [state for state in states if state.key.path == document.path] or states
    return mine if len(mine) == 1 else []


def _found(one: Meant, find: Callable[[MapIndex, Sequence[Graph]], Sequence[Entry | Result | Step]]) -> Resolved:
    assert one.state.map is not None
    index = index_of(one.state.map)
    items = find(index, one.graphs)
    return Resolved(
        one.state,
        index,
        items=tuple(item for item in items if not isinstance(item, Step)),
        steps=tuple(item for item in items if isinstance(item, Step)),
    )


def _in_maps(
    snapshot: Snapshot, document: Document, owner: ClassRef | None, find: Callable[[MapIndex], Found | None]
) -> list[tuple[TargetState, MapIndex, Found]]:
    """The results of `find`: in the map of the class around alone, else in the maps of the file, else in all maps."""
    context = _context(snapshot, document, owner)
    found: list[tuple[TargetState, MapIndex, Found]] = []
    for state, index in _indices(snapshot, document, context):
        if found and state.key.path != document.path and found[0][0].key.path == document.path:
            break
        item = find(index)
        if item is None:
            continue
        found.append((state, index, item))
        if context is not None and state.key == context.state.key:
            break
    return found


def _indices(snapshot: Snapshot, document: Document, context: Context | None) -> Iterable[tuple[TargetState, MapIndex]]:
    """The maps to look in: that of the class around first, then those of the file, then all others."""
    if context is not None:
        yield context.state, context.index
    for state in own_states(snapshot, document.path):
        if state.map is not None and (context is None or state.key != context.state.key):
            yield state, index_of(state.map)
