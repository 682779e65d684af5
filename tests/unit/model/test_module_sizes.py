"""The module tree with parameters and saved bytes agrees with what the tables, hovers and lenses say of each module."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aotlens.model.counts import parameters
from aotlens.model.index import index_of
from aotlens.model.module_sizes import module_sizes
from aotlens.model.saved import saved_by_call, saved_in
from unit.features.world import load_map

MAPS = ("decoder", "zoo", "flow", "net_compile", "scaled", "sharded", "sized", "script", "replaced", "failing")


@pytest.mark.parametrize("name", MAPS)
def test_the_sums_are_those_of_the_whole_and_of_each_module(name: str) -> None:
    map = load_map(name)
    index, tree = index_of(map), module_sizes(map)
    assert {each.module.name for each in tree} == {module.name for module in map.modules}
    assert (tree[0].module.name, tree[0].parent) == ("", None)
    assert tree[0].elements == parameters(map)[1]
    assert [each.saved for each in tree] == [saved_in(index, (each.module.name,)) for each in tree]
    assert tree[0].saved == saved_by_call(index)
    for number, each in enumerate(tree[1:], 1):
        assert each.parent is not None and each.parent < number
        around = tree[each.parent].module.name
        assert each.module.name.startswith(f"{around}." if around else "")


def test_tied_parameters_count_once_and_lie_under_their_first_name() -> None:
    map = load_map("zoo")
    named = [tensor.name for each in module_sizes(map) for tensor in each.parameters]
    assert sorted(named) == sorted(tensor.name for tensor in map.state if tensor.kind == "parameter")
    assert any(tensor.other_names for tensor in map.state)


def test_what_later_graphs_keep_alive_belongs_to_the_module_that_made_it() -> None:
    map = load_map("paused_compile")
    tree = module_sizes(map)
    assert tree[0].saved == saved_by_call(index_of(map)) == 256
    assert [each.elements for each in tree] == [None, None, None], "a map without state has no parameters by module"


def test_a_value_of_no_known_module_is_the_root_s() -> None:
    map = load_map("decoder")
    graph = map.graphs[0]
    assert graph.saved is not None
    lost = tuple(replace(value, module=None) for value in graph.saved)
    tree = module_sizes(replace(map, graphs=(replace(graph, saved=lost),)))
    assert tree[0].own_saved == tree[0].saved == saved_by_call(index_of(map))


def test_a_symbolic_size_is_unknown_and_a_function_has_no_tree() -> None:
    map = load_map("decoder")
    first = next(tensor for tensor in map.state if tensor.name.startswith("blocks.0."))
    state = tuple(replace(tensor, shape=("s0",)) if tensor is first else tensor for tensor in map.state)
    tree = {each.module.name: each for each in module_sizes(replace(map, state=state))}
    assert tree["blocks.0"].elements is None and tree[""].elements is None
    assert tree["blocks.1"].elements is not None
    assert module_sizes(load_map("attend")) == []
