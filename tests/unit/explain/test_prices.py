"""Prices: the part of a backward graph that exists for one output alone."""

from __future__ import annotations

from dataclasses import replace

from aotlens.explain.blocks import Table
from aotlens.explain.prices import price_in_words
from aotlens.explain.tables.graph import tables
from aotlens.model.index import index_of
from aotlens.model.prices import prices
from aotlens_tracer.wire.descriptor_map import Graph

from .maps import map_of, two_outputs


def tables_of(graph: Graph) -> list[Table]:
    map = map_of(graph)
    return tables(index_of(map), graph, str)


def test_what_others_need_too_is_not_counted() -> None:
    first, second = prices(two_outputs())
    assert first.operations == ("mul_1", "mul_2", "add")
    assert (first.saved, first.bytes, first.gradients) == (("primals_2",), 0, (3,))
    assert second.operations == ("mul_3", "add")
    assert (second.saved, second.bytes, second.gradients) == (("exp",), 16, ())
    assert price_in_words(first) == "3 backward operations"
    assert price_in_words(second) == "2 backward operations and 16 B saved for backward"


def test_the_only_output_has_no_price() -> None:
    graph = two_outputs()
    outputs = (graph.outputs[0], replace(graph.outputs[1], tangent=None), *graph.outputs[2:])
    assert prices(replace(graph, outputs=outputs)) == []
    assert prices(replace(graph, partition=None)) == []


def test_the_table_says_what_each_is_there_for() -> None:
    (table,) = [table for table in tables_of(two_outputs()) if table.title == "The price of each output"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["output[0]", "tangents_1", "3", "0 B", "alone gives gradients to head"],
        ["output[1]", "tangents_2", "2", "16 B", ""],
    ]
    assert "What others need too is not counted" in table.notes[0]


def test_a_gradient_in_pieces_is_named_once() -> None:
    (table,) = [t for t in tables_of(two_outputs(in_pieces=True)) if t.title == "The price of each output"]
    assert [row[-1].text for row in table.rows] == ["alone gives gradients to head", ""]
