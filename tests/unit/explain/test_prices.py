"""Prices: the part of a backward graph that exists for one output alone."""

from __future__ import annotations

from dataclasses import replace

from aotlens.explain.prices import price_in_words
from aotlens.explain.tables.graph import tables
from aotlens.model.prices import prices
from aotlens_tracer.wire.descriptor_map import Graph, Operation, Partition, Saved

from .maps import grad, input_slot, out, output_slot, param, tangent


def _op(name: str, op: str, *operands: str, forward: str | None = "f") -> Operation:
    return Operation(name, op, "", operands, True, "float32", (4,), forward=forward)


def _graph() -> Graph:
    """Two outputs of one trunk, whose gradients are added; a head of the first alone."""
    inputs = (
        input_slot(0, param("trunk"), "trunk", "float32", (4,), "primals_1", gradient=2),
        input_slot(1, param("head"), "head", "float32", (4,), "primals_2", gradient=3),
        input_slot(2, tangent(out(0)), "tangent(output[0])", "float32", (4,), "tangents_1", tangent_of=0),
        input_slot(3, tangent(out(1)), "tangent(output[1])", "float32", (4,), "tangents_2", tangent_of=1),
    )
    outputs = (
        output_slot(0, out(0), "output[0]", "float32", (4,), "mul", tangent=2),
        output_slot(1, out(1), "output[1]", "float32", (4,), "exp", tangent=3),
        output_slot(2, grad(param("trunk")), "grad(trunk)", "float32", (4,), "mul_4", gradient_of=0),
        output_slot(3, grad(param("head")), "grad(head)", "float32", (4,), "mul_1", gradient_of=1),
    )
    operations = (
        _op("mul_1", "aten.mul.Tensor", "tangents_1", "hidden"),
        _op("mul_2", "aten.mul.Tensor", "tangents_1", "primals_2"),
        _op("mul_3", "aten.mul.Tensor", "tangents_2", "exp"),
        _op("add", "aten.add.Tensor", "mul_2", "mul_3", forward=None),
        _op("mul_4", "aten.mul.Tensor", "add", "hidden"),
    )
    kept = [
        Saved(name, "SavedForBackwardsAOTOutput", 16, alias, name, "float32", (4,))
        for name, alias in (("hidden", None), ("exp", None), ("primals_2", "primals_2"))
    ]
    partition = Partition((), tuple(range(5)), (), ("mul_4", "mul_1"))
    return Graph("dynamo", inputs, outputs, tuple(kept), operations=operations, partition=partition)


def test_what_others_need_too_is_not_counted() -> None:
    first, second = prices(_graph())
    assert first.operations == ("mul_1", "mul_2", "add")
    assert (first.saved, first.bytes, first.gradients) == (("primals_2",), 0, (3,))
    assert second.operations == ("mul_3", "add")
    assert (second.saved, second.bytes, second.gradients) == (("exp",), 16, ())
    assert price_in_words(first) == "3 backward operations"
    assert price_in_words(second) == "2 backward operations and 16 B saved for backward"


def test_the_only_output_has_no_price() -> None:
    graph = _graph()
    outputs = (graph.outputs[0], replace(graph.outputs[1], tangent=None), *graph.outputs[2:])
    assert prices(replace(graph, outputs=outputs)) == []
    assert prices(replace(graph, partition=None)) == []


def test_the_table_says_what_each_is_there_for() -> None:
    (table,) = [table for table in tables(_graph(), str) if table.title == "The price of each output"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["output[0]", "tangents_1", "3", "0 B", "alone gives gradients to head"],
        ["output[1]", "tangents_2", "2", "16 B", ""],
    ]
    assert "What others need too is not counted" in table.notes[0]
