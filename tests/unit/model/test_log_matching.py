"""Which graph of a map a logged graph is, and why it is none."""

from __future__ import annotations

from dataclasses import replace

from aotlens.logs.graphs import CompileId, LoggedGraph, LoggedOperation, LoggedValue
from aotlens.model.log_matching import GraphMatch, NoMatch, match
from aotlens_tracer.wire.compiled import Compiled, DynamoSource
from aotlens_tracer.wire.descriptor_map import Graph, Input, Operation, Output

WEIGHT = "L['self']._modules['up']._parameters['weight']"


def slot(index: int, node: str, label: str, shape: tuple[int | str, ...], source: str | None) -> Input:
    descriptor = (
        f"PlainAOTInput(idx={index})" if source is not None else "TangentAOTInput(output=PlainAOTOutput(idx=0))"
    )
    dynamo = None if source is None else DynamoSource(source, "argument", label)
    kind = descriptor.partition("(")[0]
    tangent_of = 0 if source is None else None
    return Input(
        index, node, kind, descriptor, None, label, "torch.float32", shape, tangent_of=tangent_of, dynamo=dynamo
    )


def output(index: int, node: str | None, descriptor: str | None, label: str) -> Output:
    kind = None if descriptor is None else descriptor.partition("(")[0]
    return Output(index, node, kind, descriptor, None, label, "torch.float32", (4, 16))


def operation(name: str) -> Operation:
    return Operation(name, f"aten.{name}.default", "", (), False, "torch.float32", (4, 16))


GRAPH = Graph(
    "dynamo",
    (
        slot(0, "primals_1", "up.weight", (16, 8), WEIGHT),
        slot(1, "primals_2", "x", (4, 8), "L['x']"),
        slot(2, "tangents_1", "tangent(h)", (4, 16), None),
    ),
    (
        output(0, "mm", "PlainAOTOutput(idx=0)", "h"),
        output(1, "mm_1", "GradAOTOutput(grad_of=PlainAOTInput(idx=0))", "grad(up.weight)"),
        output(2, None, None, ""),
    ),
    operations=(operation("t"), operation("mm"), operation("t_1"), operation("mm_1")),
    compiled=Compiled("0/0", "Net.forward"),
)


def joint(
    *types: str, frame: str | None = None, operations: tuple[str, ...] = ("t", "mm", "t_1", "mm_1")
) -> LoggedGraph:
    """A joint graph with inputs of some types, as a log without descriptors shows it."""
    names = [*(f"primals_{n}" for n in range(1, len(types))), "tangents_1"]
    return LoggedGraph(
        "joint",
        CompileId(frame),
        1,
        9,
        [LoggedValue(name, type) for name, type in zip(names, types)],
        [LoggedValue("mm"), LoggedValue("mm_1"), LoggedValue(None)],
        operations=[LoggedOperation(name, f"torch.ops.aten.{name}.default") for name in operations],
    )


SAME = ("f32[16, 8][8, 1]cpu", "f32[4, 8][8, 1]cpu", "f32[4, 16][16, 1]cpu")


def labels(found: GraphMatch | NoMatch) -> list[str | None]:
    assert isinstance(found, GraphMatch)
    return [None if one is None else one.label for one in (*found.inputs, *found.outputs)]


def test_a_joint_graph_has_the_slots_of_the_map() -> None:
    found = match(joint(*SAME), [GRAPH])
    assert labels(found) == ["up.weight", "x", "tangent(h)", "h", "grad(up.weight)", ""]
    assert isinstance(found, GraphMatch) and found.same_sizes


def test_another_batch_is_the_same_graph_with_other_sizes() -> None:
    found = match(joint(SAME[0], "f32[32, 8]", "f32[32, 16]"), [GRAPH])
    assert isinstance(found, GraphMatch) and not found.same_sizes


def test_symbols_have_other_names_in_each_run() -> None:
    dynamic = replace(GRAPH, inputs=(GRAPH.inputs[0], replace(GRAPH.inputs[1], shape=("s0", 8)), GRAPH.inputs[2]))
    found = match(joint(SAME[0], "f32[s77, 8]", SAME[2]), [dynamic])
    assert isinstance(found, GraphMatch) and found.same_sizes


def test_the_compile_id_decides_between_equal_graphs() -> None:
    second = replace(GRAPH, compiled=Compiled("1/0", "Net.forward"))
    found = match(joint(*SAME, frame="1/0"), [GRAPH, second])
    assert isinstance(found, GraphMatch)
    assert (found.graph, found.others) == (second, ())


def test_equal_graphs_without_a_compile_id_are_all_named() -> None:
    second = replace(GRAPH, compiled=Compiled("1/0", "Net.forward"))
    found = match(joint(*SAME), [GRAPH, second])
    assert isinstance(found, GraphMatch)
    assert (found.graph, found.others) == (GRAPH, (second,))


def test_reasons_for_no_match() -> None:
    other = joint(*SAME, operations=("conv", "relu", "conv_1", "sum_1"))
    export = replace(joint(*SAME), convention="export")
    wrong_type = joint(SAME[0], "i64[4, 8]", SAME[2])
    reasons = {
        "no graph": match(joint(*SAME), []),
        "convention": match(export, [GRAPH]),
        "inputs": match(joint(SAME[0], *SAME), [GRAPH]),
        "types": match(wrong_type, [GRAPH]),
        "code": match(other, [GRAPH]),
    }
    assert {reason: found.reason for reason, found in reasons.items() if isinstance(found, NoMatch)} == {
        reason: reason for reason in reasons
    }
    types = reasons["types"]
    assert isinstance(types, NoMatch)
    assert (types.value, types.slot) == (wrong_type.inputs[1], GRAPH.inputs[1])


def test_inputs_from_other_places_are_another_graph() -> None:
    logged = joint(*SAME)
    moved = replace(logged, inputs=[replace(logged.inputs[0], source="L['self']._parameters['w']"), *logged.inputs[1:]])
    found = match(moved, [GRAPH])
    assert isinstance(found, NoMatch) and (found.reason, found.slot) == ("inputs", GRAPH.inputs[0])


def test_forward_backward_and_dynamo_graphs_have_their_part_of_the_slots() -> None:
    logged = joint(*SAME)
    forward = replace(logged, kind="forward", inputs=logged.inputs[:2], outputs=[LoggedValue("mm"), LoggedValue("t")])
    assert labels(match(forward, [GRAPH])) == ["up.weight", "x", "h", None]
    backward = replace(
        logged,
        kind="backward",
        inputs=[logged.inputs[1], LoggedValue("t"), logged.inputs[2]],
        outputs=logged.outputs[1:],
    )
    assert labels(match(backward, [GRAPH])) == ["x", None, "tangent(h)", "grad(up.weight)", ""]
    names = ("L_self_modules_up_parameters_weight_", "L_x_")
    dynamo = replace(
        logged, kind="dynamo", inputs=[LoggedValue(name, type) for name, type in zip(names, SAME)], outputs=[]
    )
    assert labels(match(dynamo, [GRAPH])) == ["up.weight", "x"]
