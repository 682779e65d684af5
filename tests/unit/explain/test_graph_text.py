"""A graph as text: everything in it stands where it is said to stand, under names that no two nodes share."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from aotlens.explain.graph_lines import KINDS, GraphText, Kind
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.explain.tables.saved_ranking import saved_tables
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Operation, Target
from unit.features.world import load_map

MAPS = ("attend", "decoder", "zoo")


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
        found.setdefault(name.node, set()).add(lines[name.line - 1][name.column - 1 : name.end_column - 1])
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
    assert len({next(iter(called)) for called in names.values()}) == len(names)
    if raw:
        assert all(called == {node} for node, called in names.items())
    (graph,) = map.graphs
    for operation in operations(map, kind):
        line = lines[text.definitions[operation.name] - 1]
        assert line.strip().startswith(next(iter(names[operation.name])))
        assert all(next(iter(names[operand])) in line for operand in operation.operands)
        assert all(operand in text.definitions for operand in operation.operands)
        if operation.frame is not None:
            assert text.sources[text.definitions[operation.name]] == graph.frames[operation.frame].span
    for block in text.blocks:
        assert lines[block.first - 1].strip().startswith(f"{block.title}:")
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
