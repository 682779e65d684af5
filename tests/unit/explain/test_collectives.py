"""Communication in words: the rankings, and the figures of a map."""

from __future__ import annotations

from dataclasses import replace

from aotlens.explain.blocks import Line, Paragraph, Table
from aotlens.explain.collectives import asked_by, change, communicates, modules_in_words, name_of
from aotlens.explain.graph_summary import map_in_brief, map_in_words
from aotlens.explain.graph_text import graph_text
from aotlens.explain.tables.collectives import collective_tables
from aotlens.explain.tables.graph import tables
from aotlens.model.collectives import communication
from aotlens.model.index import index_of
from aotlens_tracer.wire.collectives import Collective
from aotlens_tracer.wire.descriptor_map import (
    DescriptorMap,
    Graph,
    Mesh,
    Operation,
    Partition,
    Placement,
    Sharding,
    Span,
    StackFrame,
)

from .maps import MODEL, map_of

REPLICATE, PARTIAL, SHARD = (
    Placement("Replicate", "Replicate()"),
    Placement("Partial", "Partial(sum)", None, "sum"),
    Placement("Shard", "Shard(dim=1)", 1),
)


def on_mesh(*placements: Placement) -> Sharding:
    return Sharding(Mesh((2, 4), ("dp", "tp"), (0, 0), "cpu"), placements)


UP, DOWN, HEAD = (Span(MODEL, line, 9, line, 20) for line in (12, 13, 20))
GATHER = Collective(
    0, "all_gather_into_tensor", 512, 4, "tp", False, UP, "self.up(x)", "blocks.0.up", "plan", "ColwiseParallel",
    on_mesh(REPLICATE, SHARD), on_mesh(REPLICATE, REPLICATE), "x",
)  # fmt: skip
REDUCE = replace(
    GATHER, operation=1, kind="all_reduce", bytes=2048, source=DOWN, label="self.down(h)", module="blocks.0.down",
    by="RowwiseParallel", before=on_mesh(REPLICATE, PARTIAL), after=on_mesh(REPLICATE, REPLICATE),
)  # fmt: skip
IMPLICIT = Collective(
    4, "all_reduce", 64, 2, "dp", True, HEAD, "x @ self.head", "", "operand", "aten.mm.default",
    on_mesh(PARTIAL, REPLICATE), on_mesh(REPLICATE, REPLICATE),
)  # fmt: skip


def layered() -> DescriptorMap:
    """Two layers that gather and reduce, the gathers repeated in the backward pass, and an implicit reduction."""
    frames = tuple(StackFrame(span, None, None) for span in (UP, DOWN, HEAD))
    collectives = (
        GATHER,
        REDUCE,
        replace(GATHER, operation=2, module="blocks.1.up"),
        replace(REDUCE, operation=3, module="blocks.1.down"),
        IMPLICIT,
    )
    operations = tuple(
        Operation(
            f"{each.kind}_{each.operation}", f"_c10d_functional.{each.kind}.default", "", (), each.is_backward,
            "float32", (4,), frames.index(StackFrame(each.source or UP, None, None)), each.module,
        )
        for each in collectives
    )  # fmt: skip
    partition = Partition((0, 1, 2, 3), (0, 2, 4))
    graph = Graph(
        "dynamo", (), (), (), frames=frames, operations=operations, partition=partition, collectives=collectives
    )
    return map_of(graph)


def rows(table: object) -> list[list[str]]:
    assert isinstance(table, Table)
    return [[cell.text for cell in row] for row in table.rows]


def test_the_rankings_count_what_the_backward_pass_repeats() -> None:
    by_dimension, by_module, by_expression = collective_tables(layered(), str)
    assert rows(by_dimension) == [
        ["6.0 KiB", "99 %", "tp (4 ranks)", "4 all_gather, 2 all_reduce"],
        ["64 B", "1 %", "dp (2 ranks)", "1 all_reduce"],
    ]
    assert rows(by_module) == [
        ["6.0 KiB", "99 %", "", "blocks", "6"],
        ["6.0 KiB", "99 %", "×2", "blocks.{0,1}", "6"],
        ["4.0 KiB", "66 %", "×2", "blocks.{0,1}.down", "2"],
        ["2.0 KiB", "33 %", "×2", "blocks.{0,1}.up", "4"],
    ]
    column, rowwise, again = ("ColwiseParallel", "self.up(x)", f"{MODEL}:12"), "RowwiseParallel", "backward, again"
    assert [row[:-1] for row in rows(by_expression)] == [
        ["4.0 KiB", "66 %", "×2", "all_reduce", "tp (4 ranks)", "forward", rowwise, "self.down(h)", f"{MODEL}:13"],
        ["1.0 KiB", "16 %", "×2", "all_gather", "tp (4 ranks)", "forward", *column],
        ["1.0 KiB", "16 %", "×2", "all_gather", "tp (4 ranks)", again, *column],
        ["64 B", "1 %", "", "all_reduce", "dp (2 ranks)", "backward", "nobody: for mm", "x @ self.head", f"{MODEL}:20"],
    ]
    assert [row[-1] for row in rows(by_expression)] == [
        'Partial("sum") → Replicate()',
        "Shard(1) → Replicate()",
        "Shard(1) → Replicate()",
        'Partial("sum") → Replicate()',
    ]


def test_the_report_has_the_sums() -> None:
    map = layered()
    (table,) = [each for each in tables(index_of(map), map.graphs[0], str) if each.title == "Communication"]
    assert rows(table) == rows(collective_tables(map, str)[0]) and "--collectives" in table.notes[0]


def test_a_call_without_communication_says_so() -> None:
    (block,) = collective_tables(map_of(Graph("dynamo", (), ())), str)
    assert isinstance(block, Paragraph) and "communicates nothing" in texts([[block.line]])[0][0]


def test_the_figures_of_a_map_and_the_notes_in_a_graph() -> None:
    assert "7 collectives, 6.1 KiB" in map_in_words(layered())
    assert "7 collectives, 6.1 KiB" in map_in_brief(layered())
    text = graph_text(layered(), "joint").text
    assert "# 2.0 KiB over tp (4 ranks), asked by RowwiseParallel" in text
    assert "# 64 B over dp (2 ranks), implicit, for mm" in text


def test_a_line_shows_the_largest_first() -> None:
    runs = communication(index_of(layered()))
    assert texts(communicates(runs.at(MODEL, [12, 13]), 1)) == [
        [
            "communicates over tp (4 ranks), asked by RowwiseParallel",
            'forward all_reduce of 2 × 2.0 KiB, Partial("sum") → Replicate()',
        ],
        ["and 4 more collectives, 2.0 KiB"],
    ]
    assert texts(communicates(runs.at(MODEL, [12]), 2)) == [
        [
            "communicates over tp (4 ranks), asked by ColwiseParallel",
            "forward all_gather of 2 × 512 B, Shard(1) → Replicate()",
            "backward, once more all_gather of 2 × 512 B, Shard(1) → Replicate()",
        ],
    ]
    assert texts(communicates(runs.at(MODEL, [12, 20]), 1))[0][0] == "communicates over dp (2 ranks), implicit, for mm"


def test_a_module_has_the_sum_of_all_in_it() -> None:
    runs = communication(index_of(layered()))
    assert texts([modules_in_words(runs.of_modules(["blocks.1", "blocks.1.up"]))]) == [
        ["communicates 3 collectives, 3.0 KiB over tp (4 ranks): 2 all_gather, 1 all_reduce"]
    ]
    assert texts([modules_in_words(runs.of_modules([""]))]) == [
        ["communicates 7 collectives, 6.1 KiB: 4 all_gather, 3 all_reduce", "1 of them implicit"]
    ]
    assert modules_in_words(runs.of_modules(["head"])) == []


def texts(facts: list[list[Line]]) -> list[list[str]]:
    return [["".join(map(_text, fact)) for fact in each] for each in facts]


def _text(piece: object) -> str:
    inner = getattr(piece, "line", None)
    return "".join(map(_text, inner)) if inner is not None else str(getattr(piece, "text", ""))


def test_names_and_placements() -> None:
    assert name_of("all_reduce_coalesced") == "all_reduce" and name_of("_allgather_base_") == "all_gather"
    assert name_of("shard_dim_alltoall") == "shard_dim_alltoall"
    assert asked_by(replace(GATHER, cause="call", by="redistribute")) == "redistribute()"
    assert asked_by(replace(GATHER, cause="unknown", by=None)) == "unknown"
    both = replace(REDUCE, before=on_mesh(SHARD, PARTIAL))
    assert change(both) == 'Shard(1) → Replicate() on dp, Partial("sum") → Replicate() on tp'
    assert change(replace(REDUCE, dimension=None)) == 'Partial("sum") → Replicate() on tp'
    assert change(replace(REDUCE, before=None)) == ""
