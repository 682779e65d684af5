"""A graph as text: everything in it stands where it is said to stand, under names that no two nodes share."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from aotlens.explain.graph_lines import KINDS, GraphText, Kind
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.explain.tables.saved_ranking import saved_tables
from aotlens.model.nodes import Node
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Operation, Target
from unit.features.world import load_map

MAPS = ("attend", "decoder", "flow", "zoo")


def operations(map: DescriptorMap, kind: Kind) -> list[Operation]:
    (graph,) = map.graphs
    assert graph.partition is not None
    if kind == "joint":
        return list(graph.operations)
    both = (*graph.operations, *graph.partition.operations)
    return [both[index] for index in getattr(graph.partition, kind)]


def named(text: GraphText) -> dict[str, set[str]]:
    """The name of each node, at each place that names it."""
    lines = text.text.split("\n")
    found: dict[str, set[str]] = {}
    for name in text.names:
        found.setdefault(name.node.name, set()).add(lines[name.line - 1][name.column - 1 : name.end_column - 1])
    return found


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MAPS)
def test_everything_is_where_it_is_said_to_be(name: str, kind: Kind, raw: bool) -> None:
    map = load_map(name)
    text = graph_text(map, kind, raw=raw)
    lines = text.text.split("\n")
    names = named(text)
    assert all(len(called) == 1 and called.pop().isidentifier() for called in (set(c) for c in names.values()))
    by_scope = [(node.rpartition(".")[0], next(iter(called))) for node, called in names.items()]
    assert len(set(by_scope)) == len(by_scope)
    if raw:
        assert all(called == {node.rpartition(".")[2]} for node, called in names.items())
    (graph,) = map.graphs
    for operation in operations(map, kind):
        line = lines[text.definitions[Node(0, operation.name)] - 1]
        assert line.strip().removeprefix("def ").startswith(next(iter(names[operation.name])))
        assert all(next(iter(names[operand])) in line for operand in operation.operands)
        assert all(Node(0, operand) in text.definitions for operand in operation.operands)
        if operation.frame is not None:
            assert text.sources[text.definitions[Node(0, operation.name)]] == graph.frames[operation.frame].span
    for block in text.blocks:
        assert lines[block.first - 1].strip().startswith((f"{block.title}:", f"def {block.title}("))
        assert all(line.startswith("    ") for line in lines[block.first : block.last])


def test_blocks_are_nested() -> None:
    blocks = graph_text(load_map("decoder"), "joint").blocks
    for one in blocks:
        for other in blocks:
            first, second = sorted((one, other), key=lambda block: (block.first, -block.last))
            assert first.last < second.first or second.last <= first.last
    modules = [block.module for block in blocks if block.module]
    assert {"blocks.0", "blocks.5.attn", "blocks.5.attn.qkv"} <= set(modules)
    assert "blocks" not in modules


def test_people_know_the_names() -> None:
    names = named(graph_text(load_map("zoo"), "joint"))
    called = {next(iter(name)) for name in names.values()}
    expected = {"experts_0_up_weight", "grad_experts_0_up_weight", "batch_mask", "output_1_tokens"}
    assert expected | {"tangent_output_0", "native_layer_norm_1"} <= called
    assert not any(re.match(r"primals_|getitem_|tangents_", name) for name in called)


def lines_of(text: str, first: str, last: str) -> list[str]:
    """The lines from the first that begins so, to the first after it that begins so; without indentation."""
    lines = [line.strip() for line in text.split("\n")]
    start = next(index for index, line in enumerate(lines) if line.startswith(first))
    end = next(index for index, line in enumerate(lines) if index > start and line.startswith(last))
    return lines[start : end + 1]


def test_branches_are_functions_above_the_operation_that_runs_them() -> None:
    text = graph_text(load_map("flow"), "joint").text
    assert lines_of(text, "def true_graph_0(", "return") == [
        "def true_graph_0(  # true branch of cond",
        "x: f32[5, 3, 4],",
        "wide_bias: f32[4],",
        "wide_weight: f32[4, 4],",
        "narrow_bias: f32[4],  # not used",
        "narrow_weight: f32[4, 4],  # not used",
        "):",
        "wide:  # Linear",
        "# flow.py:19  # annotated stage=1",
        "view: f32[15, 4] = aten.view(x, [15, 4])",
        "t: f32[4, 4] = aten.t(wide_weight)",
        "addmm: f32[15, 4] = aten.addmm(wide_bias, view, t)",
        "view_1: f32[5, 3, 4] = aten.view(addmm, [5, 3, 4])",
        "# flow.py:20  # annotated stage=1",
        "relu: f32[5, 3, 4] = aten.relu(view_1)",
        "# flow.py:20  # annotated stage=1",
        "sin: f32[5, 3, 4] = aten.sin(relu)",
        "return sin",
    ]
    called = "cond = higher_order.cond(gt, true_graph_0, false_graph_0, [x, wide_bias, wide_weight,"
    assert lines_of(text, "def false_graph_0(", "cond = ")[-1].startswith(called)


def test_the_backward_branch_says_what_it_computes_again() -> None:
    text = graph_text(load_map("flow"), "backward").text
    branch = lines_of(text, "def true_graph_1(", "return")
    assert "relu: f32[5, 3, 4] = aten.relu(view_1)  # computed again" in branch
    assert not any("cos" in line and "again" in line for line in branch)


def test_a_step_says_how_its_inputs_are_passed_and_what_all_steps_save() -> None:
    step = lines_of(graph_text(load_map("flow"), "forward").text, "def scan_combine_graph_0(", "return")
    assert step[1].startswith("carry: f32[3, 4],  # first ") and step[1].endswith(", then from the step before")
    assert step[2].endswith("_item: f32[3, 4],  # one item of mul")
    assert any(line.endswith("# saved, 320 B for all steps") for line in step)


def test_titles_count_the_operations_of_bodies() -> None:
    (graph,) = load_map("flow").graphs
    inside = sum(len(body.operations) for body in graph.bodies)
    title = graph_text(load_map("flow"), "joint").text.split("\n")[0]
    counts = f"{len(graph.operations)} operations, and {inside} in {len(graph.bodies)} bodies"
    assert title == f"# joint graph of Flow, torch.export's numbering: {counts}, saves 801 B"


def test_source_lines_are_comments() -> None:
    text = graph_text(load_map("attend"), "forward", lambda span: f"code of line {span.line}").text
    assert re.search(r"# model\.py:\d+  code of line \d+\n +\w+: f32\[.*\] = aten\.", text)


def test_of_what_there_is_none_the_reason_is_told() -> None:
    failed = DescriptorMap(Target("/model.py", "Block", 1), "failed", "export")
    with pytest.raises(NoSuchGraph, match="Block has no graph: it could not be traced"):
        graph_text(failed, "joint")
    with pytest.raises(NoSuchGraph, match="Block has no graph yet: it is being traced"):
        graph_text(replace(failed, status="partial"), "joint")


def test_rankings_add_up() -> None:
    map = load_map("decoder")
    modules, expressions = saved_tables(map, lambda path: Path(path).name, full=True)
    assert modules.summary == expressions.summary == "96 values, 915.3 KiB, min-cut"
    assert [cell.text for cell in modules.rows[0]] == ["774.0 KiB", "85 %", "×6", "blocks.{0..5}", "90"]
    first = [cell.text for cell in expressions.rows[0]]
    assert first[:4] == ["384.0 KiB", "42 %", "×12", "mlp(self.norm2(x))"]
    assert first[6] == "needed by 6 × view, 6 × mm"
    short = saved_tables(map, lambda path: path)
    assert all(len(table.rows) <= 20 for table in short)
