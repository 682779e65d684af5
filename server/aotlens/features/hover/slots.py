"""The hover of one slot of a graph: an input, a tangent, an output, a gradient."""

from __future__ import annotations

from aotlens.explain.blocks import Block, Code, Facts, Paragraph, line, sentence, strong
from aotlens.explain.gradients import meaning_of
from aotlens.explain.phrases import type_of
from aotlens.explain.sizes import sizes_in_words
from aotlens.explain.slots import with_partners
from aotlens.explain.subclasses import (
    context_in_words,
    piece_of_in_words,
    shards_in_words,
    subclass_in_brief,
    tangent_type,
)
from aotlens.explain.tables.inputs_in_brief import descriptors_of
from aotlens.explain.tables.pieces import piece_table
from aotlens.explain.words import role_of
from aotlens.model.resolve import Resolved
from aotlens.model.slots import Entry, Result
from aotlens.model.subclasses import shards_of
from aotlens.model.wholes import Whole
from aotlens_tracer.wire.places import Span

from .inputs import inputs
from .question import Question


def slot(question: Question, found: Resolved, item: Entry | Result) -> tuple[Block, ...]:
    """An input as inputs are shown; a tangent or an output with its partner and the place that computes it."""
    if isinstance(item, Entry) and item.slot.tangent_of is None:
        return inputs(question, found, [item], lambda entry: entry.slot.label)
    role_ = role_of(item.slot)
    title = [line(strong(role_), " ", Code(item.slot.label), " of ", Code(found.state.key.qualname))]
    if kind := type_of(item.slot, item.graph):
        title.append(kind)
    about = piece_of_in_words(item.slot, item.graph)
    facts = with_partners(item, found.index)
    if place := question.place(found.state, _source(item)):
        facts.append(line("computed at ", place))
    facts += sizes_in_words(item.slot, item.graph)
    blocks: list[Block] = [Facts(tuple(title)), *([Facts((about,))] if about else []), Facts(tuple(facts))]
    if item.slot.kind != "PlainAOTOutput":  # an output of the user's needs no explanation
        blocks.append(Paragraph(sentence(meaning_of(item, found.index))))
    if item.slot.descriptor is not None:
        blocks.append(Paragraph(line(Code(item.slot.descriptor))))
    return tuple(blocks)


def whole_output(question: Question, found: Resolved, value: Whole[Result]) -> tuple[Block, ...]:
    """An output that is a tensor subclass, with its pieces."""
    subclass, first = value.subclass, value.first
    assert subclass is not None
    kind = subclass_in_brief(subclass)
    title = line(strong("output"), " ", Code(subclass.label), " of ", Code(found.state.key.qualname))
    facts = [line(context_in_words(subclass)), line(tangent_type(subclass))]
    if place := question.place(found.state, first.slot.source):
        facts.append(line("computed at ", place))
    shards = shards_of(subclass)
    blocks: list[Block] = [Facts((title, line(Code(kind))))]
    if shards is not None:
        blocks.append(shards_in_words(shards))
    table = piece_table([value], found.index, lambda span: question.now(found.state, span))
    if any(facts):
        blocks.append(Facts(tuple(filter(None, facts))))
    return *blocks, table, descriptors_of([value])


def _source(item: Entry | Result) -> Span | None:
    """The place that computes an output; for a tangent, the place that computes its output."""
    if isinstance(item, Result):
        return item.slot.source
    return item.graph.outputs[item.slot.tangent_of].source if item.slot.tangent_of is not None else None
