"""The hover of a name that torch gave to a node: `primals_5`, `tangents_1`, `getitem_7`.

The name is explained in the numbering of each convention, unless the text around it tells which one is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Note, Paragraph, Table, line, strong
from aotlens.explain.compiled import heading
from aotlens.explain.conventions import numbering
from aotlens.explain.graph_nodes import operation_in_words
from aotlens.explain.numberings import (
    IN_BOTH,
    INTERMEDIATE,
    another_graph,
    numbering_of,
    other_kind,
    unknown_of,
    why_unknown,
)
from aotlens.explain.phrases import and_more
from aotlens.explain.shapes import slot_in_brief, tensor_in_brief
from aotlens.explain.states import staleness
from aotlens.explain.words import role_of
from aotlens.model.bodies import bodies_of
from aotlens.model.numbering import told_at
from aotlens.model.resolve import Resolved, in_question
from aotlens.model.slots import Entry, Result, Step
from aotlens.syntax.subjects import GraphNameSubject

from .question import ROWS, Answer, Question
from .slots import slot

Item = Entry | Result | Step
_FEW_BLOCKS = 2
"""So much is said of each meaning of a name that has several: what it is, and its place in the graph."""


def graph_name(question: Question, subject: GraphNameSubject) -> Answer | None:
    """The meaning of the name in the model in question; one row for each target and graph if there are several.

    None if no map has the name, and none could have it that is not made yet.
    """
    found = question.resolved(subject)
    told = told_at(question.document, question.line, question.column)
    states = in_question(question.snapshot, question.document, subject, found)
    unknown = [item for state in states for item in told.not_known_of(state)]
    wants = states[0].key if len(states) == 1 and told.wants(states[0]) else None
    named = next((one for one in found if question.is_shown(one)), None)
    if len(states) == 1:
        notes = tuple(why_unknown(question.snapshot, state, convention) for state, convention in unknown)
        if not found and not notes and told.graph is not None:
            notes = (Note(another_graph(states[0])),)
        blocks = (*_of_one(question, subject.name, found), *notes)
        return Answer(blocks, None, named, wants, tuple(unknown)) if blocks else None
    if not found:
        return None
    notes = (Note(unknown_of(unknown)),) if unknown else ()
    return Answer((*_of_several(subject.name, found), *notes), None, named)


def _of_one(question: Question, name: str, found: Sequence[Resolved]) -> tuple[Block, ...]:
    """The meaning in one target: in each numbering, or once if it is the same in both."""
    items = [(one, item) for one in found for item in _items(one)]
    if len(found) == len(items) == 2 and _meaning(items[0][1]) == _meaning(items[1][1]):
        (one, item), (other, same) = items
        title = Facts((line(strong(Code(name))), line(IN_BOTH)))
        stale = staleness(one.state) or staleness(other.state)
        return title, *_in_full(question, one, item), *_descriptor(item, other, same), *stale, *_remarks(name, [item])
    blocks: list[Block] = []
    for one in found:
        mine = _items(one)
        if len(mine) == 1:
            where = numbering_of(one.state, one.index, mine[0].graph)
            most = _FEW_BLOCKS if len(found) > 1 else None
            blocks += [Facts((line(strong(Code(name))), line(where))), *_in_full(question, one, mine[0])[:most]]
        else:
            where = f"{numbering(one.state.convention)}, in {len(mine)} graphs"
            blocks += [Facts((line(strong(Code(name))), line(where))), _graphs(one, mine)]
        blocks += staleness(one.state)
    return *blocks, *_remarks(name, [item for _, item in items])


def _remarks(name: str, items: Sequence[Item]) -> tuple[Block, ...]:
    """Remarks about a value inside of the graph, and about an input that has another name in the traced graph."""
    if any(isinstance(item, Step) for item in items):
        return (Note(line(INTERMEDIATE)),)
    others = [item for item in items if isinstance(item, Entry) and item.slot.node != name]
    return (Note(other_kind(others[0].slot.node or "", others[0].graph.joint)),) if others else ()


def _descriptor(item: Item, other: Resolved, same: Item) -> tuple[Block, ...]:
    """The descriptor of a slot in another numbering, if it differs."""
    if isinstance(item, Step) or isinstance(same, Step) or same.slot.descriptor in (item.slot.descriptor, None):
        return ()
    return (Paragraph(line(f"in {numbering(other.state.convention)} ", Code(same.slot.descriptor or ""))),)


def _items(found: Resolved) -> tuple[Item, ...]:
    return (*found.items, *found.steps)


def _in_full(question: Question, found: Resolved, item: Item) -> tuple[Block, ...]:
    if not isinstance(item, Step):
        return slot(replace(question, names_both=False), found, item)
    blocks = operation_in_words(item.operation, item.graph, bodies_of(item.graph, is_partitioned=True))
    place = question.place(found.state, found.index.lines.innermost(item.graph, item.operation))
    return (*blocks, Paragraph(line("computed at ", place))) if place else blocks


def _meaning(item: Item) -> tuple[object, ...]:
    """The things by which two inputs of different graphs are the same for the user."""
    if isinstance(item, Step):
        return item.operation.op, item.operation.arguments, item.operation.shape
    return role_of(item.slot), item.slot.label, item.slot.dtype, item.slot.shape


def _graphs(found: Resolved, items: Sequence[Item]) -> Table:
    """One row for each graph of a target."""
    columns = (Column("graph", "prose"), Column("is", "prose"), Column("name", "name"), Column("type", "type"))
    rows = []
    for item in items[:ROWS]:
        graph = heading(item.graph, found.index.number(item.graph))
        rows.append((Cell(graph), *_cells(item)))
    return Table("", "", columns, tuple(rows))


def _of_several(name: str, found: Sequence[Resolved]) -> Iterator[Block]:
    """One row for each target and graph."""
    columns = (
        *(Column("target", "name"), Column("numbering", "prose")),
        *(Column("is", "prose"), Column("name", "name"), Column("type", "type")),
    )
    items = [(one, item) for one in found for item in _items(one)]
    rows = []
    for one, item in items[:ROWS]:
        where = numbering_of(one.state, one.index, item.graph)
        rows.append((Cell(one.state.key.qualname), Cell(where), *_cells(item)))
    targets = len({one.state.key for one in found})
    yield Facts((line(strong(Code(name)), f" in {targets} traced targets"),))
    yield Table("", "", columns, tuple(rows))
    if len(items) > ROWS:
        yield Paragraph(line(and_more(len(items) - ROWS, "row")))
    yield from _remarks(name, [item for _, item in items])


def _cells(item: Item) -> tuple[Cell, Cell, Cell]:
    """The cells for the role, the name and the type of an item."""
    if isinstance(item, Step):
        one = item.operation
        return Cell("value"), Cell(f"{one.op}({one.arguments})"), Cell(tensor_in_brief(one.dtype, one.shape))
    return Cell(role_of(item.slot)), Cell(item.slot.label), Cell(slot_in_brief(item.slot, item.graph))
