"""Gradients by the names of their inputs: whole values, the pieces of tensor subclasses, and what shares a gradient."""

from __future__ import annotations

from dataclasses import replace

from aotlens.model.gradients import gradients_in
from aotlens_tracer.wire.descriptor_map import Descriptor, Graph
from unit.explain.maps import desc, grad, input_slot, output_slot, param


def _piece_of(whole: Descriptor, attr: str) -> Descriptor:
    return desc("SubclassGetAttrAOTOutput", None, base=whole, attr=attr)


def _graph() -> Graph:
    """A plain weight; a plain bias whose gradient is in pieces; a scale in pieces that share one plain gradient."""
    scale = param("scale")
    halves = [desc("SubclassGetAttrAOTInput", None, base=scale, attr=attr) for attr in "ab"]
    bias = input_slot(1, param("bias"), "bias", "float32", (4,), "primals_2", gradient=1)
    inputs = (
        input_slot(0, param("weight"), "weight", "float32", (4,), "primals_1", gradient=0),
        replace(bias, gradient_pieces=(1, 2, 3)),
        input_slot(2, halves[0], "scale.a", "float32", (4,), "primals_3", gradient=4),
        input_slot(3, halves[1], "scale.b", "float32", (4,), "primals_4", gradient=4),
    )
    of_bias = grad(param("bias"))
    size = desc("SubclassSizeAOTOutput", None, base=of_bias, idx=0)
    outputs = (
        output_slot(0, grad(param("weight")), "grad(weight)", "float32", (4,), "mul", gradient_of=0),
        output_slot(1, _piece_of(of_bias, "a"), "grad(bias).a", "float32", (4,), "mul_1", gradient_of=1),
        output_slot(2, _piece_of(of_bias, "b"), "grad(bias).b", "float32", (4,), "mul_2", gradient_of=1),
        output_slot(3, size, "grad(bias).size(0)", None, None, "sym_size", gradient_of=1),
        output_slot(4, grad(scale), "grad(scale)", "float32", (4,), "mul_3", gradient_of=2),
    )
    return Graph("dynamo", inputs, outputs)


def test_a_value_is_named_once() -> None:
    """All pieces of its gradient count, not only the first; and a gradient that pieces share is that of the whole."""
    assert gradients_in(_graph(), {0, 1, 2, 4}) == ["weight", "bias", "scale"]


def test_a_part_of_a_gradient_is_named_by_its_pieces() -> None:
    assert gradients_in(_graph(), {2}) == ["bias.b"]
    assert gradients_in(_graph(), ()) == []
