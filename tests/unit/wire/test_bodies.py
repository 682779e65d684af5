"""Bodies of a graph by name: unique names of their nodes, and the nodes outside that their inputs stand for."""

from __future__ import annotations

from aotlens_tracer.wire.bodies import Bodies
from aotlens_tracer.wire.json_codec import from_json, to_json
from aotlens_tracer.wire.operations import Body, BodyCall, BodyInput, Operation


def operation(name: str, *operands: str, op: str = "aten.mul.Tensor", arguments: str = "") -> Operation:
    return Operation(name, op, arguments, operands, False, "float32", (3,))


def slot(node: str, passed: str = "value") -> BodyInput:
    return BodyInput(node, "float32", (3,), passed)


OUTER = Body(
    "true_graph_0",
    (BodyCall("cond", "true", ("primals_1", "primals_2")),),
    (slot("arg0_1"), slot("arg1_1")),
    (
        operation("mul", "arg0_1", "arg0_1"),
        operation("true_graph_0", op="get_attr", arguments="true_graph_0"),
        operation("cond", "true_graph_0", "mul", "arg1_1", op="cond"),
    ),
    ("cond",),
)
INNER = Body(
    "true_graph_0.true_graph_0",
    (BodyCall("cond", "true", ("mul", "arg1_1")),),
    (slot("arg0_1"), slot("arg1_1")),
    (operation("mul", "arg0_1", "arg1_1"),),
    ("mul",),
)
SHARED = Body(
    "subgraph_0",
    (BodyCall("first", "region", ("x", "weight_1")), BodyCall("second", "region", ("x", "weight_2"))),
    (slot("arg0_1"), slot("arg1_1")),
    (operation("mul", "arg1_1"),),
    ("mul",),
)
BODIES = Bodies((OUTER, INNER, SHARED))


def test_inputs_stand_for_the_nodes_outside_through_all_bodies() -> None:
    assert BODIES.stands_for("true_graph_0.true_graph_0.arg1_1") == ["primals_2"]
    assert BODIES.stands_for("true_graph_0.true_graph_0.arg0_1") == ["true_graph_0.mul"]
    assert BODIES.stands_for("subgraph_0.arg1_1") == ["weight_1", "weight_2"]
    assert BODIES.stands_for("primals_1") == ["primals_1"]


def test_an_input_has_one_operand_only_if_all_calls_pass_the_same() -> None:
    assert BODIES.arguments["subgraph_0.arg0_1"].operand == "x"
    assert BODIES.arguments["subgraph_0.arg1_1"].operand is None
    assert not BODIES.arguments["subgraph_0.arg0_1"].is_used


def test_operations_read_the_nodes_outside_and_calls_do_not_read_what_they_pass() -> None:
    reads = {one.name: one.operands for one in BODIES.operations}
    assert reads == {
        "true_graph_0.mul": ("primals_1",),
        "true_graph_0.true_graph_0": (),
        "true_graph_0.cond": ("true_graph_0.true_graph_0",),
        "true_graph_0.true_graph_0.mul": ("true_graph_0.mul", "primals_2"),
        "subgraph_0.mul": ("weight_1", "weight_2"),
    }
    call = operation("cond", "gt", "primals_1", "primals_2", op="cond")
    assert BODIES.without_passed(call).operands == ("gt",)


def test_a_read_of_a_body_finds_it_within_its_scope() -> None:
    read = OUTER.operations[1]
    assert BODIES.read_by(read, "") is OUTER
    assert BODIES.read_by(read, "true_graph_0") is INNER
    assert BODIES.read_by(OUTER.operations[0], "") is None
    assert [body.name for body in BODIES.run_by("second")] == ["subgraph_0"]
    assert [body.name for body in BODIES.below(OUTER)] == ["true_graph_0", "true_graph_0.true_graph_0"]


def test_bodies_go_to_json_and_back() -> None:
    assert from_json(Body, to_json(SHARED)) == SHARED
