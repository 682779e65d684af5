"""The hover of a `return`: the outputs of the traced call, and what the statement itself computes."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import (
    NOTHING,
    Block,
    Cell,
    Code,
    Column,
    Facts,
    Paragraph,
    Table,
    line,
    sentence,
    strong,
)
from aotlens.explain.brief import names_in_brief
from aotlens.explain.phrases import and_more
from aotlens.explain.prices import price_in_words
from aotlens.explain.signature import difference_in_words
from aotlens.explain.subclasses import value_in_brief
from aotlens.model.calls import called_context
from aotlens.model.folding import Folded, fold
from aotlens.model.index import distinct
from aotlens.model.resolve import Resolved
from aotlens.model.signature import about, kept_differences
from aotlens.model.slots import Result
from aotlens.model.subclasses import likeness
from aotlens.model.wholes import Whole, wholes
from aotlens.syntax.subjects import LineSubject, ReturnSubject
from aotlens_tracer.wire.places import Span

from .lines import communication_at, line_blocks
from .question import FEW, Answer, Question
from .slots import slot, whole_output


def returned(question: Question, subject: ReturnSubject) -> Answer | None:
    """The outputs of the call that this `return` ends; None if its function was not traced."""
    context = called_context(question.snapshot, question.document, subject.owner, subject.function)
    if context is None or not context.index.outputs:
        return None
    found = Resolved(context.state, context.index, items=context.index.outputs)
    statement = LineSubject(subject.owner, subject.function, subject.span)
    title, *outputs = _outputs(question, found)
    communicated = communication_at(question, statement)
    blocks = (title, *communicated, *outputs, *line_blocks(question, statement, communicating=False))
    return Answer(blocks, context.state)


def _outputs(question: Question, found: Resolved) -> tuple[Block, ...]:
    results = found.results
    values = wholes(results)
    if len(values) == 1:
        is_plain = values[0].subclass is None
        return slot(question, found, results[0]) if is_plain else whole_output(question, found, values[0])
    costs = {price.output: price_in_words(price) for price in found.index.prices(results[0].graph)}
    rows = fold(
        values,
        key=lambda value: (
            likeness(value.subclass) if value.subclass is not None else value_in_brief(value),
            value.first.tangent is None,
            _cost(value, costs),
            _line(question.now(found.state, value.first.slot.source)),
        ),
        label=lambda value: value.label,
    )
    columns = [
        Column("output", "name"),
        Column("type", "type"),
        Column("node", "node"),
        Column("tangent", "node"),
        Column("computed at", "place"),
        Column("for it alone", "prose"),
    ][: 6 if costs else 5]
    cells = tuple(_cells(question, found, row, costs)[: len(columns)] for row in rows[:FEW])
    blocks: list[Block] = [
        Facts((line(strong("outputs"), " of ", Code(found.state.key.qualname)),)),
        Table("", "", tuple(columns), cells),
    ]
    if rest := sum(row.count for row in rows[FEW:]):
        blocks.append(Paragraph(line(and_more(rest, "output"))))
    reasons = distinct(
        (each for item in results for each in about(kept_differences(found.index, item.graph), item.slot)), key=id
    )
    return *blocks, *(Paragraph(sentence(difference_in_words(reason))) for reason in reasons[:FEW])


def _cost(value: Whole[Result], costs: dict[int, str]) -> str | None:
    """The price of an output; that of a subclass stands at one of its pieces."""
    return next((costs[item.slot.index] for item in value.items if item.slot.index in costs), None)


def _cells(question: Question, found: Resolved, row: Folded[Whole[Result]], costs: dict[int, str]) -> tuple[Cell, ...]:
    first = row.first
    tensors = [item for value in row.rows for item in value.tensors]
    each = " each" if row.count > 1 else ""
    return (
        Cell(row.label),
        Cell(value_in_brief(first)),
        Cell(names_in_brief([result.slot.node for result in tensors])),
        Cell(_tangents(tensors)),
        question.place_cell(found.state, first.first.slot.source),
        Cell((_cost(first, costs) or NOTHING) + each),
    )


def _line(span: Span | None) -> tuple[str, int] | None:
    return (span.path, span.line) if span is not None else None


def _tangents(results: Sequence[Result]) -> str:
    nodes = [result.tangent.node for result in results if result.tangent is not None]
    return names_in_brief(nodes) if nodes else NOTHING
