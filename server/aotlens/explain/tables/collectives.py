"""The communication of a call, ranked by mesh dimension, by module and by expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aotlens.explain.blocks import Block, Cell, Column, Paragraph, Table, line, sentence, without_empty
from aotlens.explain.collectives import asked_by, change, counted, group_of, kinds, name_of
from aotlens.explain.compiled import name_of_graph
from aotlens.explain.findings.words import message
from aotlens.explain.paths import PathLabel, place
from aotlens.explain.shapes import bytes_in_words
from aotlens.model.collectives import Run, communication, total
from aotlens.model.containers import CONTAINERS
from aotlens.model.index import MapIndex, index_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph

from .ranking import by_module, ranked, share

_OUTSIDE = "communication-outside-graph"
"""The code of findings about wrappers that communicate in hooks."""
_NOTHING = "The call communicates nothing: its graph has no collective operation."
_RANKED = "`aotlens trace --collectives` ranks the expressions that communicate, and says who asked for it."
_BYTES = "Bytes are those that this rank gives into an operation."
_AGAIN = "Backward, again: the backward pass repeats a collective of the forward pass, to compute what is not saved."


def collective_tables(map: DescriptorMap, path_label: PathLabel, full: bool = False) -> list[Block]:
    """Three rankings of the collectives of a call and of its backward pass, or a sentence if there are none."""
    runs = communication(index_of(map)).runs
    outside = [Paragraph(sentence(f"{message(each)}.")) for each in map.findings if each.code == _OUTSIDE]
    if not runs:
        return [Paragraph(line("The graph has no collective operation." if outside else _NOTHING)), *outside]
    containers = {module.name for module in map.modules if module.type in CONTAINERS}
    found: list[Block] = []
    if len({group_of(run.collective) for run in runs}) > 1:
        found.append(_by_dimension(runs))
    if any(run.collective.module for run in runs):
        found.append(_by_module(runs, containers, full))
    return [*found, _by_expression(map, runs, path_label, full), *outside]


def communication_table(index: MapIndex, graph: Graph) -> Table | None:
    """The communication of a graph in brief: one row for each group of ranks; None for a graph without collectives."""
    number = index.number(graph)
    runs = [run for run in communication(index).runs if run.graph == number]
    return replace(_by_dimension(runs), title="Communication", notes=(_RANKED,)) if runs else None


def _by_dimension(runs: Sequence[Run]) -> Table:
    """One row for each group of ranks."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(group_of(run.collective), []).append(run)
    cells = [
        (
            Cell(bytes_in_words(total(members))),
            Cell(share(total(members), total(runs))),
            Cell(name),
            Cell(", ".join(f"{number} {kind}" for number, kind in kinds(members))),
        )
        for name, members in sorted(groups.items(), key=lambda item: -total(item[1]))
    ]
    columns = (
        Column("bytes", "number"),
        Column("share", "number"),
        Column("over", "name"),
        Column("operations", "prose", 1),
    )
    return Table("Communication by mesh dimension", counted(runs), columns, tuple(cells))


def _by_module(runs: Sequence[Run], containers: set[str], full: bool) -> Table:
    """One row for each module, with the collectives of the modules in it."""
    sized = [(run.collective.module, run.collective.bytes or 0) for run in runs]
    return by_module("Communication by module", counted(runs), "collectives", sized, containers, full)


def _by_expression(map: DescriptorMap, runs: Sequence[Run], path_label: PathLabel, full: bool) -> Table:
    """One row for each expression, pass and kind of collective; layers alike are one row."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        each = run.collective
        key = (
            " ".join((each.label or "").split()),
            place(each.source, path_label),
            "backward, again" if run.is_repeated else "backward" if run.is_backward else "forward",
            name_of(each.kind),
            group_of(each),
            asked_by(each),
            change(each),
            name_of_graph(map.graphs[run.graph], run.graph) if len(map.graphs) > 1 else "",
        )
        groups.setdefault(key, []).append(run)
    cells = []
    for (label, where, when, kind, group, who, placements, graph), members in sorted(
        groups.items(), key=lambda item: -total(item[1])
    ):
        size = total(members)
        is_implicit = members[0].collective.is_implicit
        cells.append(
            (
                Cell(bytes_in_words(size)),
                Cell(share(size, total(runs))),
                Cell(f"×{len(members)}" if len(members) > 1 else ""),
                Cell(kind),
                Cell(group),
                Cell(when),
                Cell(who, tone="warn" if is_implicit else ""),
                Cell(label or "—"),
                Cell(where),
                Cell(placements),
                Cell(graph),
            )
        )
    columns = (
        Column("bytes", "number"),
        Column("share", "number", 3),
        Column("", "number"),
        Column("operation", "name"),
        Column("over", "name"),
        Column("pass", "name"),
        Column("asked by", "name"),
        Column("expression", "name"),
        Column("at", "place", 1),
        Column("placements", "note"),
        Column("graph", "note", 4),
    )
    same = len({group_of(run.collective) for run in runs}) == 1
    shown = [index for index, column in enumerate(columns) if not (same and column.title == "over")]
    summary = counted(runs) + (f" over {group_of(runs[0].collective)}" if same else "")
    rows = [tuple(row[index] for index in shown) for row in cells]
    chosen = tuple(columns[index] for index in shown)
    table = without_empty(ranked("Communication by expression", summary, chosen, rows, full))
    notes = (_BYTES, _AGAIN) if any(run.is_repeated for run in runs) else (_BYTES,)
    return Table(table.title, table.summary, table.columns, table.rows, (*table.notes, *notes))
