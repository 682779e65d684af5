"""Reasons why a graph's signature differs from the call's, in words."""

from __future__ import annotations

from dataclasses import replace

from aotlens.explain.signature import change_in_signs, difference_in_words
from aotlens.model.signature import about, differences
from aotlens_tracer.wire.descriptor_map import Graph, Operation, Span

from .maps import MODEL, aliases, arg, deep, desc, input_slot, output_slot


def test_each_reason_once_with_its_slots() -> None:
    (graph,) = aliases().graphs
    found = differences(graph)
    assert [(change_in_signs(each), each.inputs, each.outputs) for each in found] == [
        ("−1 input", (1,), ()),
        ("−1 input", (2,), ()),
        ("+1 output", (1,), (1,)),
        ("+1 output", (), (2, 4)),
        ("+1 input, +1 output", (0,), (0,)),
    ]
    assert [change_in_signs(each) for each in about(found, graph.inputs[1])] == ["−1 input", "+1 output"]
    assert [each.outputs for each in about(found, graph.outputs[4])] == [(2, 4)]


def test_a_plain_graph_has_none() -> None:
    assert differences(deep().graphs[0]) == []


def _counting(layers: int) -> Graph:
    """Batch norms that count, each on a line of its own."""
    inputs, outputs, operations = [], [], []
    for layer in range(layers):
        buffer = desc("BufferAOTInput", "self.get_buffer(…)", target=f"norm{layer}.deep{layer}.seen")
        slot = input_slot(layer, buffer, buffer.fields["target"], "int64", (), f"primals_{layer}", mutation=layer)
        inputs.append(replace(slot, changed_at=(Span(MODEL, 20 + layer, 9),)))
        new = desc("InputMutationAOTOutput", "…", mutated_input=buffer)
        outputs.append(output_slot(layer, new, "mutated", "int64", (), f"add_{layer}", mutation_of=layer))
        operations.append(Operation(f"add_{layer}", "aten.add.Tensor", "", (f"primals_{layer}",), False, "int64", ()))
    return Graph("dynamo", tuple(inputs), tuple(outputs), operations=tuple(operations))


def test_buffers_are_one_reason_in_brief() -> None:
    graph = _counting(6)
    assert len(differences(graph)) == 6
    (brief,) = differences(graph, brief=True)
    assert difference_in_words(brief).startswith("6 buffers are changed in place: their new values are outputs 0..5")
    assert change_in_signs(brief) == "+6 outputs" and len(brief.places) == 6


def test_only_a_view_of_the_input_is_a_change_of_its_shape() -> None:
    x = arg(0)
    slot = input_slot(0, x, "x", "float32", (2, 3), "primals_1", mutation=0)
    new = desc("InputMutationAOTOutput", "…", mutated_input=x)
    out = output_slot(0, new, "mutated(x)", "float32", (3, 2), "t", mutation_of=0)
    view = Operation("t", "aten.t.default", "primals_1", ("primals_1",), False, "float32", (3, 2), is_view=True)
    for operation, words in ((view, "the shape or strides of `x` are"), (replace(view, is_view=False), "`x` is")):
        graph = Graph("dynamo", (slot,), (out,), operations=(operation,))
        assert difference_in_words(differences(graph)[0]).startswith(f"{words} changed in place")
