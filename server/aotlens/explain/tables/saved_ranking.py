"""Values saved for backward, ranked by module and by expression, and compared with other partitioners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from aotlens.explain.blocks import Cell, Column, Table, without_empty
from aotlens.explain.brief import names_in_brief
from aotlens.explain.compiled import headings, name_of_graph
from aotlens.explain.failures import brief
from aotlens.explain.findings.words import message
from aotlens.explain.kernels import kernels_in_words
from aotlens.explain.partitioners import name_of_choice
from aotlens.explain.paths import PathLabel, place
from aotlens.explain.shapes import bytes_in_words, saved_in_brief
from aotlens.explain.sharding import per_rank
from aotlens.model.containers import CONTAINERS
from aotlens.model.held import surplus
from aotlens.model.index import index_of
from aotlens.model.saved import kept_locals, own_bytes, saved_by_call
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, Operation, Problem, Saved

from .held import held
from .ranking import by_module, ranked, share


def saved_tables(map: DescriptorMap, path_label: PathLabel, full: bool = False) -> list[Table]:
    """Two rankings of the saved values of each graph, without aliases, and the totals of other partitioners."""
    found = [_by_graph(map)] if len(map.graphs) > 1 else []
    for number, graph in enumerate(map.graphs):
        first = len(found)
        if graph.saved is not None and (len(map.graphs) == 1 or own_bytes(graph)):
            own = [value for value in graph.saved if value.alias_of is None]
            total = sum(value.bytes or 0 for value in own)
            containers = {module.name for module in map.modules if module.type in CONTAINERS}
            found += [
                _by_module(graph, own, total, containers, full),
                _by_expression(graph, own, total, path_label, full),
            ]
            if notes := kernels_in_words(index_of(map), graph):
                found[-1] = replace(found[-1], notes=(*found[-1].notes, *notes))
        elif graph.saved is None:
            found.append(Table("Saved for backward", "", (), (), (_why_unknown(map, graph),)))
        if (memory := surplus(graph)) is not None:
            found.append(held(memory, path_label, full))
        if graph.compared:
            found.append(_compared(graph))
        if len(map.graphs) > 1:
            found[first:] = [
                replace(table, title=f"{table.title}, {name_of_graph(graph, number)}") for table in found[first:]
            ]
    return found


def _by_graph(map: DescriptorMap) -> Table:
    """The bytes that each graph saves, and those of values that only a later graph keeps alive."""
    index = index_of(map)
    own = [(graph, own_bytes(graph)) for graph in map.graphs]
    kept = kept_locals(index)
    total = saved_by_call(index) or 0
    cells = [
        (Cell(bytes_in_words(size)), Cell(share(size, total)), Cell(text))
        for (_, size), text in zip(own, headings(map.graphs), strict=True)
    ]
    if kept:
        size, number = sum(kept.values()), len(kept)
        what = "output" if number == 1 else "outputs"
        text = f"{number} {what} of a graph that a later graph saves as its input"
        cells.append((Cell(bytes_in_words(size)), Cell(share(size, total)), Cell(text)))
    columns = (Column("bytes", "number"), Column("share", "number"), Column("saved by", "name"))
    notes = ("A graph that runs several times saves its values each time.",) if _runs_again(map) else ()
    return Table("Saved by graph", bytes_in_words(total) + per_rank(map.graphs), columns, tuple(cells), notes)


def _runs_again(map: DescriptorMap) -> bool:
    return any(graph.compiled is not None and graph.compiled.runs > 1 for graph in map.graphs)


def _why_unknown(map: DescriptorMap, graph: Graph) -> str:
    if not graph.joint:
        return "Nothing: none of the outputs needs a gradient."
    failed = next((message(finding) for finding in map.findings if finding.code == "partition-failed"), None)
    return failed or "It is not known what is."


def _by_module(graph: Graph, values: list[Saved], total: int, containers: set[str], full: bool) -> Table:
    """One row for each module, with the values of the modules in it."""
    sized = [(value.module, value.bytes or 0) for value in values]
    return by_module("Saved by module", _summary(graph, values, total), "values", sized, containers, full)


def _by_expression(graph: Graph, values: list[Saved], total: int, path_label: PathLabel, full: bool) -> Table:
    """One row for each expression whose values are saved, with the backward operations that read them."""
    operations = {operation.name: operation for operation in _operations(graph)}
    groups: dict[tuple[str, str, str], list[Saved]] = {}
    for value in values:
        label = " ".join(value.label.split())
        key = (label, place(value.source, path_label), saved_in_brief(value))
        groups.setdefault(key, []).append(value)
    largest = sorted(groups.items(), key=lambda group: -sum(value.bytes or 0 for value in group[1]))
    cells = []
    for (label, where, kind), members in largest:
        size = sum(value.bytes or 0 for value in members)
        readers = [_kind(name, operations) for value in members for name in value.read_by]
        cells.append(
            (
                Cell(bytes_in_words(size)),
                Cell(share(size, total)),
                Cell(f"×{len(members)}" if len(members) > 1 else ""),
                Cell(label),
                Cell(kind),
                Cell(where),
                Cell(_needed_by(readers)),
                Cell(names_in_brief([value.node for value in members])),
            )
        )
    columns = (
        Column("bytes", "number"),
        Column("share", "number", 2),
        Column("", "number"),
        Column("value", "name"),
        Column("type", "type"),
        Column("computed at", "place", 1),
        Column("needed by", "note", 3),
        Column("node", "node", 4),
    )
    return without_empty(ranked("Saved by expression", _summary(graph, values, total), columns, cells, full))


def _compared(graph: Graph) -> Table:
    """The bytes that each partitioner saves, and the forward operations that the backward pass then runs again."""
    eager = next((row.bytes for row in graph.compared if row.partitioner == "eager"), None)
    rows = []
    shown_before: set[Problem] = set()
    for row in graph.compared:
        is_this = (row.partitioner, row.memory_budget) == (graph.partitioner, graph.memory_budget)
        rows.append(
            (
                Cell(bytes_in_words(row.bytes)),
                Cell(share(row.bytes, eager) if row.bytes is not None and eager else "—"),
                Cell("—" if row.held is None else bytes_in_words(row.held)),
                Cell("—" if row.values is None else str(row.values)),
                Cell("—" if row.recomputed is None else str(row.recomputed)),
                Cell(name_of_choice(row) + (" (ranked above)" if is_this and graph.saved is not None else "")),
                Cell("the same" if row.problem in shown_before else (brief(row.problem) if row.problem else "")),
            )
        )
        shown_before.update([row.problem] if row.problem else [])
    columns = (
        Column("bytes", "number"),
        Column("of eager", "number"),
        Column("kept alive", "number"),
        Column("values", "number"),
        Column("computed again", "number"),
        Column("partitioner", "name"),
        Column("", "note"),
    )
    notes = (
        "Kept alive: all memory in which the saved values of eager lie. Computed again: operations of the forward pass "
        "that the backward pass runs once more, views apart.",
    )
    return without_empty(Table("Saved, compared", "", columns, tuple(rows), notes))


def _summary(graph: Graph, values: list[Saved], total: int) -> str:
    what = f"{len(values)} value{'' if len(values) == 1 else 's'}, {bytes_in_words(total)}{per_rank([graph])}"
    return f"{what}, {name_of_choice(graph)}" if graph.partitioner else what


def _kind(reader: str, operations: Mapping[str, Operation]) -> str:
    """The kind of a backward operation, or of an autograd node."""
    if reader in operations:
        return operations[reader].op.removesuffix(".default").removeprefix("aten.")
    return reader.partition(".")[0]


def _needed_by(readers: Iterable[str]) -> str:
    """The kinds of backward operations that read a value."""
    kinds = Counter(readers)
    listed = ", ".join(f"{number} × {kind}" if number > 1 else kind for kind, number in kinds.most_common(3))
    return f"needed by {listed}" if listed else ""


def _operations(graph: Graph) -> tuple[Operation, ...]:
    return (*graph.operations, *(graph.partition.operations if graph.partition is not None else ()))
