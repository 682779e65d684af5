"""The hover of graph inputs: parameters, buffers and arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aotlens.explain.blocks import (
    NOTHING,
    Block,
    Code,
    Facts,
    Line,
    Paragraph,
    codes,
    joined,
    line,
    sentence,
    some,
    strong,
)
from aotlens.explain.compiled import outputs_made_by
from aotlens.explain.conventions import numbering
from aotlens.explain.gradients import gradient_of_values
from aotlens.explain.input_roles import taken_from
from aotlens.explain.kept_state import kept_in_words
from aotlens.explain.phrases import inputs_in_words, place, tied
from aotlens.explain.shapes import bytes_in_words
from aotlens.explain.signature import difference_in_words
from aotlens.explain.sizes import sizes_in_words
from aotlens.explain.slots import new_values
from aotlens.explain.subclasses import context_in_words, piece_of_in_words, shards_in_words, value_in_brief
from aotlens.explain.tables.inputs_in_brief import (
    Row,
    descriptors_of,
    input_rows,
    input_table,
    role_in_brief,
    size_of,
)
from aotlens.explain.tables.pieces import piece_table
from aotlens.model.folding import Folded
from aotlens.model.gradients import Tied
from aotlens.model.index import index_of
from aotlens.model.kept_state import kept_below
from aotlens.model.numbering import same_inputs
from aotlens.model.resolve import Resolved
from aotlens.model.signature import about, kept_differences
from aotlens.model.slots import Entry, Result, fqn_of, is_changed, made_at
from aotlens.model.subclasses import shards_at, shards_of
from aotlens.model.wholes import inputs_of

from .question import ROWS, Question


def inputs(
    question: Question,
    found: Resolved,
    entries: Sequence[Entry],
    label: Callable[[Entry], str],
    title: Line = (),
    owner: str | None = None,
) -> tuple[Block, ...]:
    """Inputs that fold into one row in a few lines, others in a table.

    `title` names several inputs together; by default the names of the first two do. `owner` is what they belong to, by
    default the target.
    """
    rows = input_rows(found.index, entries, label)
    of = line(" of ", Code(owner or found.state.key.qualname))
    if len(rows) == 1:
        return _in_full(question, found, rows[0], of)
    names = dict.fromkeys(row.label for row in rows)
    title = title or line(strong("inputs"), " ", Code(", ".join(list(names)[:2])))
    return Facts((line(title, of), line(f"{len(entries)} inputs"))), *input_table(rows, found.index, ROWS)


def _in_full(question: Question, found: Resolved, row: Row, of: Line) -> tuple[Block, ...]:
    first = row.first.first
    slot, subclass = first.slot, row.first.subclass
    entries = inputs_of(row.rows)
    number = len({value.first.slot.label for value in row.rows})  # one parameter may be an input of several graphs
    times = f"{number} × " if number > 1 else ""
    title = [line(strong(role_in_brief(row.first)), " ", Code(row.label), of)]
    if (kind := value_in_brief(row.first)) != NOTHING:
        title.append(line(Code(kind)))
    shards = shards_of(subclass) if subclass is not None else shards_at(slot, first.graph)
    size = size_of([row.first])
    if size is not None and (shards is None or subclass is None):
        title.append(line(times, bytes_in_words(size)))
    facts = [
        inputs_in_words(entries, found.index) if subclass is None else (),
        _in_other_numbering(question, found, entries),
        gradient_of_values(row.rows, found.index),
        _made_at(question, found, first),
        *sizes_in_words(slot, first.graph, subclass),
    ]
    if subclass is not None:
        facts += [line(context_in_words(subclass))]
    if slot.tied_to and not isinstance(found.index.gradient(first), Tied):
        facts.append(line(f"{tied(slot)} ", some([line(Code(name)) for name in slot.tied_to])))
    if slot.stands_for:
        facts.append(line("in place of ", codes(slot.stands_for)))
    if slot.dynamo is not None:
        facts.append(line(outputs_made_by([slot.dynamo], found.index)))
    blocks: list[Block] = [Facts(tuple(title))]
    if subclass is None and (whole := piece_of_in_words(slot, first.graph)):
        blocks.append(Facts((whole,)))
    elif subclass is not None and shards is not None:
        blocks.append(shards_in_words(shards, times))
    if any(facts):
        blocks.append(Facts(tuple(filter(None, facts))))
    blocks += _changes(question, found, entries)
    if subclass is not None:
        blocks.append(piece_table(row.rows, found.index, lambda span: question.now(found.state, span)))
    if slot.dynamo is not None:
        blocks.append(Paragraph(taken_from(slot.dynamo)))
    if slot.descriptor is not None:
        blocks.append(descriptors_of(row.rows))
    return tuple(blocks)


def _in_other_numbering(question: Question, found: Resolved, entries: Sequence[Entry]) -> Line:
    """The names of inputs in the other convention; empty if they are not known, or are not asked for."""
    other = found.state.swapped()
    if not question.names_both or other.map is None or other.stale:
        return ()
    index = index_of(other.map)
    same = same_inputs(entries, index)
    if not same:
        return ()
    there = inputs_in_words(same, index)
    if there == inputs_in_words(entries, found.index):
        return line(f"the same in {numbering(other.convention)}")
    return line(f"in {numbering(other.convention)} ", there)


def _made_at(question: Question, found: Resolved, entry: Entry) -> Line:
    """The place that makes a parameter or buffer, or computes a local, and the later place that sets it.

    Each is left out if it is the line of the cursor.
    """
    slot = entry.slot
    made = "computed at " if slot.definition is None else "made at "
    facts = [
        line(said, place(now))
        for said, now in (
            (made, question.now(found.state, made_at(slot))),
            ("set at ", question.now(found.state, slot.set_at)),
        )
        if now is not None and (now.path, now.line) != (question.document.path, question.line)
    ]
    return joined(facts)


def _changes(question: Question, found: Resolved, entries: Sequence[Entry]) -> Iterator[Block]:
    """The places that change inputs in place, the outputs with the new values, and why an input stands for others."""
    outputs = [Result(entry.graph, entry.mutation) for entry in entries if entry.mutation is not None]
    if any(is_changed(entry.slot) for entry in entries):
        changed = dict.fromkeys(span for entry in entries for span in entry.slot.changed_at)
        spans = list(changed) or [result.slot.source for result in outputs[:1] if result.slot.source is not None]
        places = list(filter(None, (question.place(found.state, span) for span in spans)))
        by = line(" by ", some(places)) if places else ()
        yield Paragraph(line(strong("changed in place"), by, new_values(outputs, found.index)))
    first = entries[0]
    for kept in kept_below(found.index, [fqn_of(first.slot) or ""]):
        if kept.change != "in-place" or kept.carries_graph:
            yield Facts(tuple(kept_in_words(Folded("", (kept,)), question.place(found.state, kept.place))))
    if first.slot.stands_for:
        for reason in about(kept_differences(found.index, first.graph), first.slot):
            if not reason.outputs:
                yield Paragraph(sentence(difference_in_words(reason)))
