"""The report of `aotlens decode`: for each compile of a log what its numbers stand for, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aotlens.logs.calls import LoggedCall, calls_of
from aotlens.logs.graphs import Cause, Log
from aotlens.logs.named import LogNames
from aotlens.logs.printed_types import without_device
from aotlens.model.log_matching import GraphMatch, NoMatch
from aotlens.model.log_naming import EitherConvention, Matched

from .blocks import Block, Facts, Line, Note, Paragraph, line, sentence, strong
from .logged import (
    GRAPHS,
    compile_in_words,
    graph_in_words,
    heading,
    numbering,
    place_in_log,
    why_no_match,
    why_unnamed,
)
from .paths import PathLabel
from .tables.logged_compiles import interruptions
from .tables.logged_graph import mentions, tables
from .tables.rows import counted

Matches = Mapping[int, Matched | None]
"""How each logged graph was matched with the maps of a model, by the `id` of the graph."""

HOW_TO_LOG = (
    'Run with `TORCH_LOGS="graph_code,aot_graphs"` (`aot_joint_graph` shows the joint graphs too) or with '
    "`TORCH_TRACE=folder`, and decode what it writes."
)


def report(names: LogNames, source: str, matches: Matches | None, path_label: PathLabel, full: bool) -> list[Block]:
    """All blocks of the report. `source` is the name of the log; `matches` is None without a model."""
    calls = calls_of(names)
    blocks: list[Block] = [Facts(_summary(names, calls, source))]
    texts = {numbering(call.main.graph) for call in calls}
    texts.discard("")
    if len(texts) == 1:
        blocks += [Paragraph(sentence(text)) for text in texts]
    reasons: dict[str, None] = {}
    for call, same in _distinct(calls):
        blocks.append(Facts(_heading(call, not names.log.lines)))
        if len(texts) > 1 and (text := numbering(call.main.graph)):
            blocks.append(Paragraph(sentence(text)))
        blocks += _about_model(call, matches)
        blocks += tables(call, path_label, full)
        if same:
            blocks.append(Note(sentence(_same_in_words(same))))
        if all(value.name is None for value in call.main.inputs):
            reasons[why_unnamed(call.main)] = None
        if any(not graph.graph.is_whole for graph in call.graphs):
            blocks.append(Note(sentence(_cut(call))))
    blocks += [Note(sentence(why)) for why in reasons if why]
    if names.mentions:
        blocks.append(mentions(names.mentions, full))
    if (table := interruptions(names.log.compiles, full)) is not None:
        blocks.append(table)
    blocks += _unreadable(names.log)
    return blocks


def nothing_found(log: Log, source: str) -> list[Block]:
    """The report about a text without graphs: what is there instead, and what to log."""
    found = []
    if log.artifacts:
        found.append("torch's logs " + ", ".join(f"`{name}`" for name in log.artifacts))
    if log.mentions:
        listed = list(dict.fromkeys(mention.name for mention in log.mentions))
        more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
        found.append("the names " + ", ".join(f"`{name}`" for name in listed[:5]) + more)
    what = f" It has {' and '.join(found)}." if found else ""
    return [
        Facts((line(strong(source)), *([line(counted(log.lines, "line"))] if log.lines else ()), line("no graph"))),
        Paragraph(sentence(f"No graph of torch is in it, so its numbers cannot be named.{what} {HOW_TO_LOG}")),
        *([table] if (table := interruptions(log.compiles, False)) is not None else ()),
        *_unreadable(log),
    ]


_CAUSES: Mapping[Cause, str] = {
    "permission": "may not be read",
    "truncated": "ends inside a record: the process was killed, or it still runs",
    "not-json": "has other text than records, which was skipped",
    "not-a-trace": "is no file that `TORCH_TRACE` writes",
    "missing": "has no file that `TORCH_TRACE` writes",
}


def _unreadable(log: Log) -> list[Block]:
    """A note for each part of a trace that could not be read, with the reason."""
    found = []
    for part in log.unreadable:
        place = f" (line {part.line})" if part.line is not None else ""
        found.append(Note(sentence(f"`{part.file}`{place} {_CAUSES[part.cause]}.")))
    return list(found)


def _distinct(calls: Sequence[LoggedCall]) -> list[tuple[LoggedCall, list[LoggedCall]]]:
    """The calls whose tables differ, each with those after it that have the same: other ranks, code compiled anew."""
    found: dict[object, tuple[LoggedCall, list[LoggedCall]]] = {}
    for call in calls:
        main = call.main
        if main.graph.compile.frame is None:
            key: object = id(call)
        else:
            inputs = tuple((one.value.node, one.role, one.name, without_device(one.value.type)) for one in main.inputs)
            key = call.begins, main.graph.kind, inputs, len(main.outputs), main.graph.is_whole
        found.setdefault(key, (call, []))[1].append(call)
    return [(first, same[1:]) for first, same in found.values()]


_MOST_LISTED = 6


def _same_in_words(same: Sequence[LoggedCall]) -> str:
    listed = "; ".join(
        f"{compile_in_words(call.compile)} ({place_in_log(call.main.graph)})" for call in same[:_MOST_LISTED]
    )
    more = f"; and {len(same) - _MOST_LISTED} more" if len(same) > _MOST_LISTED else ""
    return f"The same in {listed}{more}."


def _summary(names: LogNames, calls: Sequence[LoggedCall], source: str) -> tuple[Line, ...]:
    log = names.log
    facts = [line(strong(source))]
    if log.lines:
        facts.append(line(counted(log.lines, "line")))
    facts.append(line(counted(len(names.graphs), "graph")))
    compiles = {call.compile for call in calls if call.compile.frame is not None}
    if compiles:
        facts.append(line(counted(len(compiles), "compile")))
    ranks = {call.compile.rank for call in calls if call.compile.rank is not None}
    if len(ranks) > 1:
        facts.append(line(counted(len(ranks), "rank")))
    return tuple(facts)


def _heading(call: LoggedCall, is_folder: bool) -> tuple[Line, ...]:
    main = call.main
    title, kind = heading(call), graph_in_words(main.graph)
    shown = place_in_log(main.graph, is_folder)
    facts = [line(strong(title or kind)), line(f"{kind}, {shown}" if title else shown)]
    if main.dynamo is not None:
        facts.append(line(f"names from {GRAPHS['dynamo']}, {place_in_log(main.dynamo)}"))
    return tuple(facts)


def _cut(call: LoggedCall) -> str:
    cut = [graph.graph for graph in call.graphs if not graph.graph.is_whole]
    listed = ", ".join(f"{graph_in_words(graph)} ({place_in_log(graph)})" for graph in cut)
    return f"The log is cut inside: {listed}."


def _about_model(call: LoggedCall, matches: Matches | None) -> list[Block]:
    """The sentence about the model that was traced: whether it has this graph."""
    if matches is None:
        return []
    found = matches.get(id(call.main.graph))
    if isinstance(found, GraphMatch):
        sizes = (
            "" if found.same_sizes else " Its sizes are others: another configuration of the model, or another call."
        )
        return [Paragraph(sentence(f"The model has this graph: names and places are from it.{sizes}"))]
    if isinstance(found, EitherConvention):
        text = (
            "The model has this graph in both conventions, with other numbers, and the text does not say which is "
            "meant: both names are given where they differ."
        )
        return [Note(sentence(text))]
    if not isinstance(found, NoMatch):
        return []
    return [
        Note(sentence(f"The model does not have this graph: {why_no_match(found)}. The names are from the log alone."))
    ]
