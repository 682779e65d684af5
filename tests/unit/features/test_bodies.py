"""Bodies of higher-order operations in hovers, of graphs and of sources, and lines that correspond."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from aotlens.explain.graph_lines import Kind
from aotlens.explain.graph_text import graph_text
from aotlens.explain.render.plain import plain
from aotlens.features.correspondence import node_at, nodes_of_line, nodes_with, runs
from aotlens.features.graph_view import GraphView
from aotlens.features.hover import hover
from aotlens.model.index import index_of
from aotlens.model.nodes import Node
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from unit.features.world import HERE, document, find, load_map

FLOW = HERE / "project/control/flow.py"
SOURCE = document(FLOW)
MAP = load_map("flow")
STATE = TargetState(TargetKey(MAP.target.path, MAP.target.qualname), "traced", MAP, MappingProxyType({str(FLOW): 1}))
SNAPSHOT = Snapshot(MappingProxyType({str(FLOW): SOURCE}), MappingProxyType({STATE.key: STATE}))


def view(kind: Kind = "joint") -> GraphView:
    return GraphView(STATE, kind, graph_text(MAP, kind))


def place(shown: GraphView, line: str) -> tuple[int, int]:
    """The line and column of `$0` in a line of a graph, which is the first one that has this text."""
    before, _, after = line.partition("$0")
    for number, text in enumerate(shown.text.text.split("\n"), 1):
        if before + after in text:
            return number, text.index(before + after) + len(before) + 1
    raise AssertionError(line)


def in_graph(line: str, kind: Kind = "joint") -> str:
    shown = view(kind)
    found = shown.hover(*place(shown, line))
    assert found is not None
    return plain(found[0])


def in_source(marked: str) -> str:
    found = hover.hover(SNAPSHOT, SOURCE, *find(SOURCE, marked))
    assert found is not None
    return plain(found.blocks)


def lines_with(kind: Kind, marked: str) -> dict[bool, list[str]]:
    shown = view(kind)
    lines = shown.text.text.split("\n")
    found: dict[bool, list[str]] = {False: [], True: []}
    for run in runs(shown.text, nodes_of_line(SNAPSHOT, shown, SOURCE, find(SOURCE, marked)[0])):
        found[run.backward] += [text.strip() for text in lines[run.first - 1 : run.last]]
    return found


def test_a_line_in_a_branch_knows_its_operations_and_what_it_reads() -> None:
    text = in_source("$0h = self.wide(x)")
    assert "reads wide.weight, wide.bias, x" in text
    assert "forward addmm, 3 views" in text and "backward addmm" in text
    assert "annotated stage=1" in text


def test_a_line_in_a_step_of_a_scan_knows_its_operations() -> None:
    text = in_source("h = $0torch.tanh(carry @ self.weight + row)")
    assert "reads weight" in text and "forward mm, add, tanh" in text


def test_the_line_that_branches_reads_only_what_it_reads_itself() -> None:
    text = in_source("x = $0torch.cond(x.sum() > 0, yes, no, (x,)) * 2")
    assert "reads x\n" in text
    assert "get_attr" not in text
    assert "inside wide, narrow" in text


def test_a_branch_says_what_it_is() -> None:
    assert in_graph("def $0true_graph_0(") == "true branch of cond · body true_graph_0\n\n5 inputs, 6 operations"
    assert "runs in the backward pass only" in in_graph("def $0true_graph_1(")


def test_the_operation_that_branches_names_its_branches() -> None:
    assert "runs true_graph_0 (true branch), false_graph_0 (false branch)" in in_graph("$0cond = higher_order.cond(")


def test_an_input_of_a_branch_names_the_users_value() -> None:
    assert in_graph("$0wide_bias: f32[4],") == ("input of true_graph_0 · node arg1_1 · f32[4]\n\nis wide.bias")
    assert in_graph("$0narrow_bias: f32[4],  # not used").endswith("is narrow.bias · not used")


def test_an_operation_of_a_branch_says_where_it_is() -> None:
    text = in_graph("$0addmm: f32[15, 4] = aten.addmm(wide_bias")
    assert "in true_graph_0, true branch of cond · in wide · annotated stage=1" in text
    again = in_graph("$0relu: f32[5, 3, 4] = aten.relu(view_1)  # computed again", "backward")
    assert "computed again: repeats true_graph_0.relu" in again


def test_a_result_of_a_step_says_what_all_steps_save() -> None:
    assert "saved, 320 B for all steps" in in_graph("$0t_copy_1: f32[4, 4] = aten.t_copy(weight)", "forward")


def test_inputs_of_bodies_lead_to_where_they_were_made_and_uses_to_their_input() -> None:
    shown = view()
    (span,) = shown.sources(SNAPSHOT, *place(shown, "$0wide_bias: f32[4],"))
    assert SOURCE.line(span.line).strip() == "self.wide = nn.Linear(width, width)"
    line, _ = place(shown, "$0wide_bias: f32[4],")
    use = place(shown, "aten.addmm($0wide_bias")
    assert shown.definition_line(*use) == line
    assert {name.line for name in shown.uses(*use)} == {line, use[0]}


@pytest.mark.parametrize("kind", ["joint", "forward"])
def test_a_line_in_a_branch_corresponds_to_the_lines_of_the_branch(kind: Kind) -> None:
    found = lines_with(kind, "h = $0self.wide(x)")
    assert "addmm: f32[15, 4] = aten.addmm(wide_bias, view, t)" in found[False]
    again = "addmm: f32[15, 4] = aten.addmm(wide_bias, view, t)  # computed again"
    assert (again in found[True]) is (kind == "joint")


def test_an_operation_of_a_branch_corresponds_to_the_one_that_repeats_it() -> None:
    shown = view()
    node = node_at(shown, *place(shown, "$0relu: f32[5, 3, 4] = aten.relu(view_1)"))
    assert node == Node(0, "true_graph_0.relu")
    assert nodes_with(shown, node) == {Node(0, "true_graph_0.relu"): False, Node(0, "true_graph_1.relu"): True}


def test_operations_of_bodies_count_for_their_modules() -> None:
    index = index_of(MAP)
    work = index.lines.inside(str(FLOW), [find(SOURCE, "x = $0torch.cond(x.sum() > 0, yes, no, (x,)) * 2")[0]])
    assert {operation.module for operation in work.operations if operation.module} == {"wide", "narrow"}
