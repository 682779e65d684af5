"""The hover of a value in a log: its graph and compile, what it is, and how that is known."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Line, Note, Paragraph, Table, line, sentence
from aotlens.explain.log_values import (
    cut_in_words,
    doubts_in_words,
    graph_and_compile,
    known_in_words,
    made_in,
    models_in_words,
    name_in_graphs,
    operation_in_words,
    other_lines,
    source_line,
    type_in_log,
    value_title,
    why_no_model,
)
from aotlens.explain.logged import compile_in_words, graph_in_words, value_in_brief, why_unnamed
from aotlens.explain.phrases import place
from aotlens.explain.states import staleness
from aotlens.features.hover.hover import Hover
from aotlens.features.hover.question import ROWS, Question
from aotlens.features.hover.slots import slot
from aotlens.logs.named import GraphNames, ValueName
from aotlens.model.log_matching import NoMatch
from aotlens.model.snapshot import Snapshot

from .matched import born_in, matched
from .view import LogView, NamedHere


def hover(snapshot: Snapshot, view: LogView, line_: int, column: int) -> Hover | None:
    """The hover at a position of a log; None if nothing of a graph is named there.

    Where a traced model has the graph, it is the usual one of the model's input or output; else it comes from the log.
    None too where the name means different things in both conventions, and the log does not tell which it is of.
    """
    here = view.named_at(line_, column)
    if here is not None and len(here.found) == 1:
        return _one(Question(snapshot, view.document, line_, column), view, here)
    if here is not None:
        return Hover((*_several(here), *_remarks(view)), here.span)
    named = view.source_at(line_, column)
    if named is not None and (blocks := _mapped(view, named.source.path)):
        return Hover(blocks, view.span_of(line_, named.column, named.end_column))
    return None


def _one(question: Question, view: LogView, here: NamedHere) -> Hover | None:
    """The hover of one value. None if it differs by the convention, and the log does not tell which one it is of."""
    (graph, value), *_ = here.found
    models = matched(question.snapshot, graph.graph)
    if isinstance(models, NoMatch):
        said = why_no_model(models) if value.role != "intermediate" else ""
        return Hover((*_from_log(view, graph, value, said, _born(question, view, value)), *_remarks(view)), here.span)
    slots = [found for one in models if (found := one.slot(graph, value)) is not None]
    in_both = len(models) > len({one.state.key for one in models})
    if in_both and len({found.items[0].slot.label for found in slots}) > 1:
        return None
    names = list(dict.fromkeys(one.state.key.qualname for one in models))
    said = models_in_words(names, models[0].match.same_sizes)
    found = slots[0] if slots else None
    if found is None:
        return Hover((*_from_log(view, graph, value, said), *_remarks(view)), here.span)
    blocks = (
        *slot(question, found, found.items[0]),
        Facts((line(Code(here.text), " of ", graph_and_compile(graph.graph)), *_type_in_log(value))),
        Note(sentence(said)),
        *staleness(found.state),
        *_remarks(view),
    )
    is_shown = question.snapshot.states[found.state.key].convention == found.state.convention
    return Hover(blocks, here.span, found.state.key if is_shown else None, found.labels_of_slots)


def _type_in_log(value: ValueName) -> tuple[Line, ...]:
    return (type_in_log(value.value.type),) if value.value.type is not None else ()


def _born(question: Question, view: LogView, value: ValueName) -> Line:
    """The birthplace of a parameter that a model of the log's files has by name; empty if there is none."""
    born = born_in(question.snapshot, view.files, value)
    return made_in(place(born[1]), born[0].key.qualname) if born is not None else ()


def _from_log(view: LogView, graph: GraphNames, value: ValueName, said: str, born: Line = ()) -> tuple[Block, ...]:
    """A value as the log alone tells it; `said` is a sentence about the models of the workspace, or empty."""
    found = value.value
    title = [value_title(value), line(Code(found.node or "None"), " of ", graph_and_compile(graph.graph))]
    if found.type is not None:
        title.append(line(Code(found.type)))
    facts = []
    if found.source is not None and found.source != value.name:
        facts.append(line(Code(found.source)))
    operation = graph.graph.operations_by_node.get(found.node or "") if value.role == "intermediate" else None
    if operation is not None:
        names = {
            one.value.node: one.name for one in graph.inputs if one.value.node is not None and one.name is not None
        }
        facts.append(operation_in_words(operation, names))
    if value.made is not None:
        facts.append(line("its output is " if value.role == "tangent" else "", "computed at ", source_line(value.made)))
    elif value.used:
        facts.append(line("first read at ", source_line(value.used[0])))
    if born:
        facts.append(born)
    facts += [line(_also(graph, other)) for other in _outputs(graph, value)]
    blocks: list[Block] = [Facts(tuple(title))]
    if facts:
        blocks.append(Facts(tuple(facts)))
    if found.descriptor is not None:
        blocks.append(Paragraph(line(Code(found.descriptor))))
    remark = " ".join(part for part in (_proof(graph, value), said) if part)
    if remark:
        blocks.append(Note(sentence(remark)))
    paths = dict.fromkeys(source.path for source in (value.made, *value.used[:1]) if source is not None)
    return (*blocks, *(block for path in paths for block in _mapped(view, path)))


def _proof(graph: GraphNames, value: ValueName) -> str | None:
    """How a name is known, why it may be wrong, or why there is none; None for what needs no proof."""
    if value.doubts:
        return doubts_in_words(value.doubts)
    if value.role == "unknown":
        return why_unnamed(graph)
    return known_in_words(value) if value.known_by != "node" else None


def _outputs(graph: GraphNames, value: ValueName) -> Iterator[ValueName]:
    """The outputs of the graph that a node is, besides `value` itself."""
    for output in graph.outputs:
        if output is not value and output.value.node is not None and output.value.node == value.value.node:
            yield output


def _also(graph: GraphNames, output: ValueName) -> str:
    # The line that computes it is said already.
    brief = value_in_brief(output) if output.role in ("gradient", "new value", "saved") else ""
    return f"output {output.index}" + (f": {brief}" if brief else "")


def _several(here: NamedHere) -> tuple[Block, ...]:
    rows = [
        (
            Cell(compile_in_words(graph.graph.compile)),
            Cell(graph_in_words(graph.graph)),
            Cell(value_in_brief(value) or "not known"),
            Cell(value.value.type or ""),
        )
        for graph, value in here.found[:ROWS]
    ]
    columns = (Column("compile", "name"), Column("graph", "prose"), Column("value", "prose"), Column("type", "type"))
    title = name_in_graphs(here.text, len(here.found))
    return Facts((title,)), Table("", "", columns, tuple(rows))


def _mapped(view: LogView, path: str) -> tuple[Block, ...]:
    """The remark that a path of another machine was taken for one of this machine."""
    files = view.files.get(path, ())
    return (Note(sentence(other_lines(path, files))),) if files and files != (path,) else ()


def _remarks(view: LogView) -> Iterator[Block]:
    if view.cut is not None:
        yield Note(sentence(cut_in_words(view.cut)))
