"""The hover of a statement: the values that it saves for backward, the inputs it reads and changes, its operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aotlens.explain.annotations import annotation_facts
from aotlens.explain.blocks import Block, Code, Facts, Line, line, sentence, strong
from aotlens.explain.collectives import communicates, inside_in_words
from aotlens.explain.graph_breaks import advice, break_in_words
from aotlens.explain.graph_summary import inside_facts, operation_facts
from aotlens.explain.guards import compiled_for
from aotlens.explain.held import held_as_whole, held_by_views
from aotlens.explain.kept_state import keeps_in_words
from aotlens.explain.partitioners import for_backward
from aotlens.explain.phrases import folded_names, inputs_in_words
from aotlens.explain.signature import difference_in_words
from aotlens.explain.tables.saved_in_brief import saved_values
from aotlens.model.collectives import communication
from aotlens.model.compiled import breaks_at
from aotlens.model.contexts import Context, context_of, first_that_knows, function_context
from aotlens.model.creations import births_at
from aotlens.model.guards import guards_at
from aotlens.model.held import allocated_at, viewed_at
from aotlens.model.index import MapIndex, distinct, index_of
from aotlens.model.kept_state import kept_at
from aotlens.model.resolve import Resolved
from aotlens.model.signature import aliases_at
from aotlens.model.slots import Entry, whole_name
from aotlens.model.snapshot import TargetState
from aotlens.syntax.subjects import LineSubject
from aotlens_tracer.wire.places import Span

from .attributes import named
from .question import FEW, Answer, Question


def statement(question: Question, subject: LineSubject) -> Answer | None:
    """The part of a graph that a statement is; None if no traced model knows it."""
    state = _state(question, subject)
    return Answer(line_blocks(question, subject), state) if state is not None else None


def communication_at(question: Question, subject: LineSubject) -> tuple[Block, ...]:
    """The collectives of a statement; empty if it has none."""
    state = _state(question, subject)
    if state is None or state.map is None:
        return ()
    lines = _lines_then(question, state, subject.span)
    runs = communication(index_of(state.map)).at(question.document.path, lines)
    return tuple(Facts(tuple(each)) for each in communicates(runs, FEW))


def line_blocks(question: Question, subject: LineSubject, communicating: bool = True) -> tuple[Block, ...]:
    """The work of a statement; else the modules, parameters and buffers that it makes; empty if it does neither.

    Without `communicating`, its collectives are left out.
    """
    state = _state(question, subject)
    if state is None or state.map is None:
        return ()
    index, path = index_of(state.map), question.document.path
    lines = _lines_then(question, state, subject.span)
    work, inside = index.lines.at(path, lines), index.lines.inside(path, lines)
    facts: list[list[Line]] = []
    if changed := [e for e in index.entries if any(_is_on(span, path, lines) for span in e.slot.changed_at)]:
        facts.append([line(strong("changes in place"), " ", _names(changed))])
    graphs = state.map.graphs
    facts += [[held_by_views(storage)] for storage in dict.fromkeys(viewed_at(graphs, path, lines))][:FEW]
    facts += [[held_as_whole(storage)] for storage in dict.fromkeys(allocated_at(graphs, path, lines))][:FEW]
    facts += communicates(communication(index).at(path, lines), FEW) if communicating else []
    facts += _carried(index, path, lines)
    if kept := kept_at(index, path, lines):
        facts.append([keeps_in_words(kept)])
    facts += [[sentence(difference_in_words(each))] for each in aliases_at(index, path, lines)[:FEW]]
    for each in breaks_at(state.map, path, lines)[:FEW]:
        facts.append([sentence(break_in_words(each))])
        facts += [[line(f"{title}: ", sentence(text))] for title, text in advice(each)]
    if guards := guards_at(graphs, path, lines):
        facts.append([sentence(compiled_for(guards))])
    if work.operations:
        facts.append(operation_facts(work.operations))
    if inside.operations:
        facts.append(inside_facts(inside, index.lines.modules(inside), state.map.graphs))
        if runs := communication(index).inside(path, lines):
            facts[-1].append(inside_in_words(runs))
    if reads := index.reads.by(work):
        facts.append([line("reads ", _names(reads))])
    if annotated := annotation_facts(work.operations):
        facts.append(annotated)
    if saved := distinct(work.saved):
        context = _context(question, subject)
        blocks = saved_values(saved, state, len(context.instances) if context is not None else 1, FEW)
        return *blocks, *(Facts(tuple(each)) for each in facts)
    if not facts:
        births = births_at(question.snapshot, state, index, path, question.line, question.column)
        return named(question, Resolved(state, index, tuple(birth.named for birth in births))) if births else ()
    first, *others = facts
    title = [line(strong("line"), " of ", Code(state.key.qualname))]
    if work.operations and any(graph.joint and graph.saved is not None for graph in state.map.graphs):
        title.append(line(f"saves nothing {for_backward(*state.map.graphs)}"))
    first[:0] = title
    return tuple(Facts(tuple(each)) for each in (first, *others))


def _context(question: Question, subject: LineSubject) -> Context | None:
    if subject.owner is not None:
        return context_of(question.snapshot, question.document, subject.owner)
    return function_context(question.snapshot, question.document, subject.function)


def _state(question: Question, subject: LineSubject) -> TargetState | None:
    """The target whose map answers for a statement: that of its class, or the first whose map has the line."""
    context = _context(question, subject)
    if context is not None:
        return context.state
    return first_that_knows(question.snapshot, question.document, question.line, question.column)


def _lines_then(question: Question, state: TargetState, span: Span) -> list[int]:
    """The lines of a span of today's text in the text that was traced; lines that are new since then are left out."""
    found = []
    for number in range(span.line, (span.end_line or span.line) + 1):
        text = question.document.line(number)
        then = question.snapshot.then(state, span.path, number, len(text) - len(text.lstrip()) + 1)
        if then is not None:
            found.append(then[0])
    return found


def _carried(index: MapIndex, path: str, lines: Sequence[int]) -> Iterator[list[Line]]:
    """The values that these lines compute and that later graphs take in, after a graph break."""
    found: dict[str, list[Entry]] = {}
    for entry in index.entries:
        source = entry.slot.dynamo
        if source is not None and source.made_by is not None and _is_on(source.made_at, path, lines):
            found.setdefault(source.name, []).append(entry)
    for name, entries in found.items():
        yield [line(Code(name), " goes on as ", inputs_in_words(entries, index))]


def _names(entries: Iterable[Entry]) -> Line:
    return folded_names(dict.fromkeys(whole_name(entry.slot) for entry in entries))


def _is_on(span: Span | None, path: str, lines: Sequence[int]) -> bool:
    return span is not None and span.path == path and span.line in lines
