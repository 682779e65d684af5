"""The tables of the graphs in a log: what each number stands for. Repeated rows are folded unless `full`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.logged import DOUBTS, compile_in_words, doubts_of, graph_in_words, line_in_words, value_in_brief
from aotlens.explain.paths import PathLabel, place
from aotlens.logs.calls import LoggedCall
from aotlens.logs.named import GraphNames, MentionNames, ValueName
from aotlens.logs.printed_types import without_strides

from .rows import counted, fold_rows, node_cell

_MARK = " ?"


def tables(call: LoggedCall, path_label: PathLabel, full: bool) -> list[Table]:
    """The tables of one call: its inputs, its results, and what it saves for backward."""
    main = call.main
    found = [_inputs(call, main, path_label, full)]
    results = [name for name in main.outputs if name.role in ("result", "new value")]
    if results:
        found.append(_results(main, results, full))
    forward = call.first("forward")
    saved = [name for name in (forward.outputs if forward is not None else ()) if name.role == "saved"]
    if not saved and (backward := call.first("backward")) is not None:
        saved = [name for name in backward.inputs if name.role != "tangent"]
    if saved:
        found.append(_saved(saved, path_label, full))
    return found


def _inputs(call: LoggedCall, names: GraphNames, path_label: PathLabel, full: bool) -> Table:
    gradients = _gradients(call, names)
    rows = fold_rows(
        names.inputs,
        label=lambda value: _result_of(value, names) if value.role == "tangent" else _name(value),
        shown=lambda value: (
            value.role,
            without_strides(value.value.type),
            bool(value.doubts),
            value.value.node in gradients,
            place(value.born, path_label),
            line_in_words(next(iter(value.used), None)),
        ),
        full=full,
    )
    body = []
    for row in rows:
        first = row.first
        body.append(
            (
                node_cell([value.value.node for value in row.rows]),
                Cell(_role(first)),
                Cell(
                    _marked(row.label, first) if first.exported is None else row.label, "warn" if first.doubts else ""
                ),
                Cell(without_strides(first.value.type) or NOTHING),
                Cell(place(first.born, path_label) if first.born is not None else ""),
                Cell(line_in_words(next(iter(first.used), None)) or NOTHING),
                node_cell([gradients.get(value.value.node) for value in row.rows])
                if any(value.value.node in gradients for value in row.rows)
                else Cell(NOTHING, "dim"),
            )
        )
    columns = (
        Column("node", "node"),
        Column("role", "prose"),
        Column("name", "name"),
        Column("type", "type", 1),
        Column("made at", "place", 2),
        Column("first read at", "place", 3),
        Column("gradient", "node", 4),
    )
    notes = [f"`?` {DOUBTS[doubt]}" for doubt in doubts_of(names.inputs)]
    return without_empty(Table("Inputs", _census(names.inputs), columns, tuple(body), tuple(notes)))


def _gradients(call: LoggedCall, names: GraphNames) -> dict[str | None, str]:
    """The node that is the gradient of each input, by the input's node."""
    outputs = names.outputs
    if names.graph.kind != "joint" and (backward := call.first("backward")) is not None:
        outputs = backward.outputs
    return {
        value.of: value.value.node for value in outputs if value.role == "gradient" and value.value.node is not None
    }


def _results(names: GraphNames, results: Sequence[ValueName], full: bool) -> Table:
    tangents = {index: value.value.node for index, value in enumerate(names.inputs)}
    body = [
        (
            Cell(str(value.index)),
            Cell(value.value.node or "None"),
            Cell(_role(value)),
            Cell(without_strides(value.value.type) or NOTHING),
            Cell(_name(value) if value.name is not None else ""),
            Cell(line_in_words(value.made) or NOTHING),
            Cell(tangents.get(value.tangent or 0) or "") if value.tangent is not None else Cell(NOTHING, "dim"),
        )
        for value in results
    ]
    columns = (
        Column("output", "number"),
        Column("node", "node"),
        Column("role", "prose", 3),
        Column("type", "type", 2),
        Column("name", "prose"),
        Column("computed at", "place"),
        Column("incoming gradient", "node"),
    )
    return without_empty(Table("Results", str(len(results)), columns, tuple(body)))


def _saved(saved: Sequence[ValueName], path_label: PathLabel, full: bool) -> Table:
    rows = fold_rows(
        saved,
        label=lambda value: value.name or line_in_words(value.made),
        shown=lambda value: (value.role, without_strides(value.value.type), bool(value.doubts)),
        full=full,
    )
    body = [
        (
            node_cell([value.value.node for value in row.rows]),
            Cell(without_strides(row.first.value.type) or NOTHING),
            Cell(_marked(row.label or NOTHING, row.first)),
        )
        for row in rows
    ]
    columns = (Column("node", "node"), Column("type", "type", 1), Column("value", "name"))
    return Table("Saved for backward", counted(len(saved), "value"), columns, tuple(body))


def mentions(found: Sequence[MentionNames], full: bool) -> Table:
    """The names of graph nodes in tracebacks and free text, each once for each compile, with what they stand for."""
    lines: dict[tuple[str, str], list[int]] = {}
    first: dict[tuple[str, str], MentionNames] = {}
    for item in found:
        key = item.mention.name, compile_in_words(item.mention.compile)
        lines.setdefault(key, []).append(item.mention.place.line)
        first.setdefault(key, item)
    body = []
    for key, item in list(first.items())[: None if full else _MOST_MENTIONS]:
        body.append(
            (
                Cell(item.mention.name),
                Cell(_numbers(lines[key])),
                Cell(_stands_for(item)),
                Cell(
                    "; ".join(dict.fromkeys(graph_in_words(graph.graph) for graph, _ in item.found)) or NOTHING, "dim"
                ),
            )
        )
    left = len(first) - len(body)
    notes = (f"{counted(left, 'name')} more: `--full` lists them.",) if left else ()
    columns = (
        Column("name", "node"),
        Column("in lines", "prose", 1),
        Column("stands for", "prose"),
        Column("in", "prose", 2),
    )
    return without_empty(Table("In the rest of the text", "", columns, tuple(body), notes))


_MOST_MENTIONS = 40


def _stands_for(item: MentionNames) -> str:
    if not item.found:
        return "not known: no graph of this log has it"
    said: dict[str, str] = {}
    for graph, value in item.found:
        text = value_in_brief(value) or "not known"
        said.setdefault(text, ", ".join(filter(None, (graph_in_words(graph.graph), _other_compile(graph, item)))))
    if len(said) == 1:
        (text,) = said
        other = _other_compile(item.found[0][0], item)
        return f"{text} ({other})" if other else text
    return "; or ".join(f"{text} ({where})" for text, where in said.items())


def _other_compile(graph: GraphNames, item: MentionNames) -> str:
    """The compile of a graph, if it is not the one that the mention belongs to."""
    compile = graph.graph.compile
    return compile_in_words(compile) if compile != item.mention.compile else ""


def _numbers(lines: Sequence[int]) -> str:
    distinct = list(dict.fromkeys(lines))
    shown = ", ".join(str(number) for number in distinct[:3])
    return shown + (f" and {len(distinct) - 3} more" if len(distinct) > 3 else "")


def _result_of(tangent: ValueName, names: GraphNames) -> str:
    """The result that a tangent is the incoming gradient of."""
    if tangent.name is not None:
        return tangent.name
    number = next((value.index for value in names.outputs if value.tangent == tangent.index), None)
    return line_in_words(tangent.made) or (tangent.of or "") if number is None else f"result {number}"


def _name(value: ValueName) -> str:
    if value.exported is not None:
        return f"{value.name} (torch.compile) or {value.exported.name} (export)"
    return value.name or line_in_words(value.made)


def _role(value: ValueName) -> str:
    if value.exported is not None and value.exported.role != value.role:
        return f"{value.role} or {value.exported.role}"
    return {"unknown": "not known", "tangent": "incoming gradient", "saved": "saved value"}.get(value.role, value.role)


def _marked(text: str, value: ValueName) -> str:
    return f"{text or NOTHING}{_MARK if value.doubts and text else ''}"


def _census(values: Sequence[ValueName]) -> str:
    roles = Counter(_role(value) for value in values)
    parts = [f"{count} {role}" if role == "not known" else counted(count, role) for role, count in roles.items()]
    return f"{len(values)}{': ' if parts else ''}{', '.join(parts)}"
