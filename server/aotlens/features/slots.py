"""The inputs and outputs of the graph of the class under the cursor, in groups: for a view beside the text.

If the class is part of a traced model, they are those of its instances in the graph of that model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from aotlens.explain.blocks import NOTHING
from aotlens.explain.compiled import in_graph, outputs_made_by
from aotlens.explain.conventions import numbering
from aotlens.explain.examples import call_in_brief
from aotlens.explain.kernels import kernels_in_brief
from aotlens.explain.partitioners import for_backward
from aotlens.explain.shapes import bytes_in_words, saved_in_brief, slot_in_brief
from aotlens.explain.sharding import per_rank
from aotlens.explain.slots import note_on_gradient, note_on_input
from aotlens.explain.states import state_in_words, untraced_in_words
from aotlens.explain.tables.state import note_on_state, type_of_state
from aotlens.explain.whose import own_name, place_in_model
from aotlens.model.contexts import Context, context_of, function_context, models_around
from aotlens.model.descriptors import piece
from aotlens.model.folding import Folded, fold
from aotlens.model.gradients import OnlyInGraph, is_missing, name_of_gradient, returned_in
from aotlens.model.index import distinct
from aotlens.model.kept_state import is_replaced
from aotlens.model.resolve import Resolved
from aotlens.model.saved import kept_in, values_in
from aotlens.model.slots import Entry, Result, fqn_of, made_at, whole_name
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.model.wholes import wholes
from aotlens.syntax.definitions import Definition
from aotlens.syntax.subjects import ClassRef
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Graph, Input, Saved, Slot, Span
from aotlens_tracer.wire.input_roles import role_of

from .definition import in_signature
from .graph_choices import GraphChoice, graph_choices
from .slot_rows import Row, whole_row

_INPUTS = {
    "parameter": "Parameters",
    "buffer": "Buffers",
    "argument": "Inputs",
    "local": "Locals",
    "size": "Sizes",
    "tangent": "Tangents",
    "input": "Other inputs",
}
_OUTPUTS = {"output": "Outputs", "gradient": "Gradients", "mutation": "Mutations", "other": "Other outputs"}


@dataclass(frozen=True)
class Group:
    """The rows of one kind; clients choose an icon by `kind`."""

    kind: str
    title: str
    summary: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class View:
    """The view for a position: the slots of a target, or those of the instances of a class in a target.

    `key` is the target whose map is shown, `title` the part of it that is shown, `call` the traced call and the
    numbering, `state` the state of the target beyond its map. `graphs` are those that have the class or function. Views
    with the same `mark` have the same groups.
    """

    key: TargetKey
    title: str
    call: str
    state: str
    mark: str
    graphs: tuple[GraphChoice, ...] = ()
    _groups: Callable[[], tuple[Group, ...]] = tuple

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups that are not empty; they are made at the first access."""
        return self._groups()


def view(snapshot: Snapshot, document: Document, line: int) -> View | None:
    """The view for a line: of the class or function around it, else of the nearest target; None if there is none."""
    found = _definition(snapshot, document, line)
    if found is None:
        return None
    context = _context(snapshot, document, found)
    if context is None:
        key = TargetKey(document.path, found.qualname)
        state = snapshot.states.get(key) or TargetState(key)
        words = state_in_words(state) if snapshot.trusts(state.key.path) else None
        return View(key, found.qualname, "", words or untraced_in_words(snapshot, state), "")
    state = context.state
    assert state.map is not None
    around = models_around(snapshot, state.key) if context.is_own else ()
    own = own_name(state.key.qualname, is_alone=bool(around))
    title = own if context.is_own else place_in_model(context)
    files = {document.path, *state.map.files}
    versions = [(path, known.version) for path, known in snapshot.documents.items() if path in files]
    mark = repr((context.index.serial, found.qualname, found.line, sorted(versions)))
    shown = _Shown(snapshot, context)
    numbers = numbering(state.convention) if state.map.graphs else ""
    call = " · ".join(filter(None, (call_in_brief(state.map), numbers)))
    graphs = graph_choices(snapshot, TargetKey(document.path, found.qualname))
    return View(state.key, title, call, state_in_words(state) or "", mark, graphs, shown.groups)


def _definition(snapshot: Snapshot, document: Document, line: int) -> Definition | None:
    """The innermost definition around a line that can be shown, else the nearest target below, else the last above."""
    around = [one for one in document.definitions if _first_line(one) <= line <= one.end_line]
    for one in reversed(around):
        if _is_target(snapshot, document, one) or _context(snapshot, document, one) is not None:
            return one
    for one in around:  # a class without an example
        if one.kind == "class" and TargetKey(document.path, one.qualname) in snapshot.states:
            return one
    targets = [one for one in document.definitions if _is_target(snapshot, document, one)]
    below = [one for one in targets if one.line >= line]
    return below[0] if below else targets[-1] if targets else None


def _first_line(definition: Definition) -> int:
    return min([definition.start_line, *(pin.line for pin in definition.pins)])


def _is_target(snapshot: Snapshot, document: Document, definition: Definition) -> bool:
    state = snapshot.states.get(TargetKey(document.path, definition.qualname))
    return state is not None and bool(state.examples or state.map is not None)


def _context(snapshot: Snapshot, document: Document, definition: Definition) -> Context | None:
    """The model that answers for a definition: by its map, else by what its latest trace knows without a graph."""
    owner = ClassRef(definition.qualname, definition.line, definition.end_line)
    for moment in (snapshot, snapshot.with_attempts()):
        is_class = definition.kind == "class"
        found = context_of(moment, document, owner) if is_class else function_context(moment, document, owner.qualname)
        if found is not None:
            return found
    return None


class _Shown:
    """The groups of one context."""

    def __init__(self, snapshot: Snapshot, context: Context) -> None:
        self._snapshot = snapshot
        self._context = context
        self._index = context.index
        self._now: dict[Span, Span | None] = {}

    def groups(self) -> tuple[Group, ...]:
        """The groups that are not empty; before there is a graph, those of what is known of the module's state."""
        if not self._index.graphs:
            return tuple(self._state())
        entries, results, saved = self._all() if self._context.is_own else self._part()
        found: list[Group] = []
        for graph in self._index.graphs:
            inputs = [
                (_input_kind(one.first.slot), whole_row(self._input(one.first), one, self._today))
                for one in wholes(entry for entry in entries if entry.graph is graph)
            ]
            outputs = [
                (_output_kind(one.first.slot), whole_row(self._output(one.first), one, self._today))
                for one in wholes(result for result in results if result.graph is graph)
            ]
            groups = [*_grouped(inputs, _INPUTS), *_grouped(outputs, _OUTPUTS)]
            where = in_graph(graph, self._index)
            found += [replace(group, title=f"{group.title}{where}") for group in groups] if where else groups
        if saved:
            found.append(self._saved(saved))
        return tuple(found)

    def _all(self) -> tuple[Sequence[Entry], Sequence[Result], Sequence[Saved]]:
        # A slot without node and descriptor is the place of a gradient that its input does not require.
        results = [one for one in self._index.results if one.slot.node is not None or one.slot.kind is not None]
        return self._index.entries, results, values_in(self._index, ("",))

    def _part(self) -> tuple[Sequence[Entry], list[Result], list[Saved]]:
        """The slots of the instances, and the values that they and the modules in them save."""
        entries = distinct((e for one in self._context.instances for e in one.below()), key=lambda e: id(e.slot))
        entries.sort(key=lambda entry: (self._index.number(entry.graph), entry.slot.index))
        results = distinct((r for e in entries for r in self._results(e)), key=lambda result: id(result.slot))
        return entries, results, values_in(self._index, self._context.prefixes)

    def _results(self, entry: Entry) -> Iterator[Result]:
        """The new value of an input, and its gradient: the outputs that hold it, or the slot that stays empty."""
        if entry.mutation is not None:
            yield Result(entry.graph, entry.mutation)
        gradient = self._index.gradient(entry)
        outputs = gradient.outputs if isinstance(gradient, OnlyInGraph) else returned_in(gradient)
        returned = [entry.graph.outputs[index] for index in outputs]
        for slot in returned or filter(None, [entry.gradient]):
            yield Result(entry.graph, slot)

    def _input(self, entry: Entry) -> Row:
        slot = entry.slot
        gradient = self._index.gradient(entry)
        note = note_on_input(slot, gradient, is_replaced(self._index, whole_name(slot)))
        if slot.dynamo is not None and (made := outputs_made_by([slot.dynamo], self._index)):
            note = f"{note}, {made}" if note else made
        label, span = slot.label, made_at(slot)
        if slot.tangent_of is not None:
            output = entry.graph.outputs[slot.tangent_of]
            label, span = output.label, output.source
        elif span is None and fqn_of(slot) is None:
            here = Resolved(self._context.state, self._index, items=(entry,))
            return self._row(
                slot, entry.graph, label, note, False, next(iter(in_signature(self._snapshot, here, entry)), None)
            )
        return self._row(slot, entry.graph, label, note, is_missing(gradient), self._today(span))

    def _output(self, result: Result) -> Row:
        slot = result.slot
        inputs = result.graph.inputs
        if slot.mutation_of is not None:
            return self._row(slot, result.graph, inputs[slot.mutation_of].label, "", False, self._today(slot.source))
        if slot.gradient_of is None:
            return self._row(slot, result.graph, slot.label, "", False, self._today(slot.source))
        entry = Entry(result.graph, inputs[slot.gradient_of])
        gradient = self._index.gradient(entry)
        note = note_on_gradient(slot, gradient)
        span = slot.source if slot.source is not None else entry.slot.definition
        label = name_of_gradient(slot, result.graph)
        return self._row(slot, result.graph, label, note, is_missing(gradient), self._today(span))

    def _row(self, slot: Slot, graph: Graph, label: str, note: str, concern: bool, span: Span | None) -> Row:
        nodes = (slot.node,) if slot.node is not None else ()
        labels = (slot.label,) if slot.descriptor is not None else ()
        brief = slot_in_brief(slot, graph)
        type = brief if brief != NOTHING else ""
        return Row(label, type, nodes, note, concern, slot.descriptor, span, labels)

    def _saved(self, saved: Sequence[Saved]) -> Group:
        """The group of saved values, largest first, with the outputs that only later graphs keep alive."""
        rows = [
            (
                value.bytes or 0,
                Row(
                    " ".join(value.label.split()),
                    saved_in_brief(value),
                    (value.node,) if value.node is not None else (),
                    bytes_in_words(value.bytes),
                    place=self._today(value.source),
                ),
            )
            for value in saved
        ]
        for kept, size in kept_in(self._index, self._context.prefixes):
            rows.append((size, replace(self._output(kept), note=bytes_in_words(size))))
        sizes = {id(row): size for size, row in rows}
        alike = [(sum(sizes[id(row)] for row in one.rows), one) for one in _fold([row for _, row in rows])]
        alike.sort(key=lambda pair: -pair[0])
        shown = tuple(_of_several(one, f"{bytes_in_words(size)} in {one.count}") for size, one in alike)
        graphs = self._context.state.map.graphs if self._context.state.map is not None else ()
        kernels = kernels_in_brief(self._index, self._context.prefixes)
        total = " ".join(filter(None, (bytes_in_words(self._context.saved) + per_rank(graphs), kernels)))
        return Group("saved", f"Saved {for_backward(*graphs)}" if graphs else "Saved", total, shown)

    def _state(self) -> Iterator[Group]:
        """The parameters and buffers of the instances, as far as they are known without any graph."""
        known = dict(pair for instance in self._context.instances for pair in instance.state_below())
        for kind in ("parameter", "buffer"):
            rows = [
                (kind, Row(name, type_of_state(each), (), note_on_state(each), place=self._today(each.definition)))
                for name, each in known.items()
                if each.kind == kind
            ]
            yield from _grouped(rows, {kind: _INPUTS[kind]})

    def _today(self, span: Span | None) -> Span | None:
        if span is None:
            return None
        if span not in self._now:
            self._now[span] = self._snapshot.now(self._context.state, span)
        return self._now[span]


def _grouped(rows: Sequence[tuple[str, Row]], titles: dict[str, str]) -> list[Group]:
    found = []
    for kind, title in titles.items():
        members = [row for its, row in rows if its == kind]
        if members:
            summary = _gradients_in_brief(members) if kind == "gradient" else str(len(members))
            found.append(Group(kind, title, summary, tuple(_of_several(one, _times(one)) for one in _fold(members))))
    return found


def _gradients_in_brief(rows: Sequence[Row]) -> str:
    """Return `44, 4 missing`, as the lens shows it: a slot that stays empty is no gradient."""
    missing = sum(row.concern for row in rows)
    returned = sum(1 for row in rows if row.nodes and not row.concern)
    return f"{returned}, {missing} missing" if missing else str(returned)


def _fold(rows: Sequence[Row]) -> list[Folded[Row]]:
    return fold(rows, key=lambda row: row.likeness, label=lambda row: row.label)


def _times(alike: Folded[Row]) -> str:
    return f"×{alike.count}" + (f", {alike.first.note}" if alike.first.note else "")


def _of_several(alike: Folded[Row], note: str) -> Row:
    if alike.count == 1:
        return alike.first
    nodes = tuple(node for row in alike.rows for node in row.nodes)
    labels = tuple(label for row in alike.rows for label in row.labels)
    first = alike.first
    return Row(alike.label, first.type, nodes, note, first.concern, None, first.place, labels, alike.rows)


def _input_kind(slot: Input) -> str:
    role = role_of(slot)
    return role if role in _INPUTS else "input"


def _output_kind(slot: Slot) -> str:
    descriptor = slot.as_descriptor()
    kind = piece(descriptor)[1].kind if descriptor is not None else None
    kinds = {"PlainAOTOutput": "output", "GradAOTOutput": "gradient", "InputMutationAOTOutput": "mutation"}
    return kinds.get(kind or "", "other")
