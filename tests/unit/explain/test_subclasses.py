"""Trees of tensor subclasses, and how DTensors lie on their mesh, in words and tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aotlens.explain.shapes import mesh_in_words
from aotlens.explain.sharding import placements_in_words, rank_bytes
from aotlens.explain.subclasses import gradient_type, tangent_type
from aotlens.explain.tables.subclasses import subclasses
from aotlens.model.subclasses import own_bytes, piece_at, pieces_of, shards_at, shards_of
from aotlens_tracer.wire.descriptor_map import Expected, Graph, Mesh, Placement, Sharding
from unit.explain import maps
from unit.explain.maps import MESH, SHARDED, sharded


def rows(graph: Graph, full: bool = False) -> list[str]:
    return [" | ".join(cell.text for cell in row) for row in subclasses(graph, full).rows]


def test_a_subclass_inside_a_subclass_is_a_branch_of_the_tree() -> None:
    (graph,) = maps.two_in_two().graphs
    assert rows(graph) == [
        "weight | TwoTensor f32[4, 4] |  | 192 B in its tensors; with block=32; its gradient is a TwoTensor too",
        "├ a | TwoTensor f32[4, 4] |  | ",
        "│ ├ a | f32[4, 4] | primals_1 | ",
        "│ └ b | f32[4, 4] | primals_2 | ",
        "└ b | f32[4, 4] | primals_3 | ",
        "grad(weight) | TwoTensor f32[4, 4] |  | 192 B in its tensors",
        "├ a | TwoTensor f32[4, 4] |  | ",
        "│ ├ a | f32[4, 4] | mm_0 | ",
        "│ └ b | f32[4, 4] | mm_1 | ",
        "└ b | f32[4, 4] | mm_2 | ",
    ]


def test_a_full_table_has_the_exact_descriptor_of_each_piece() -> None:
    (graph,) = maps.two_in_two().graphs
    assert rows(graph, full=True)[2] == (
        "│ ├ a | f32[4, 4] | primals_1 | SubclassGetAttrAOTInput(base=SubclassGetAttrAOTInput("
        "base=ParamAOTInput(target='weight'), attr='a'), attr='a')"
    )


def test_repeated_subclasses_are_one_tree_and_a_mesh_is_shown_as_one() -> None:
    (graph,) = maps.subclasses().graphs
    words = "Replicate() on dp, Shard(0) on tp; 64 B of 256 B per rank"
    assert rows(graph) == [
        f"net.{{0..3}}.weight | DTensor f32[8, 8] |  | {words}; its gradient is a DTensor with the same placements",
        "├ _local_tensor | f32[2, 8] | primals_{1,3,5,7} | ",
        "└ device_mesh | DeviceMesh(dp=2, tp=4) | primals_{2,4,6,8} | ",
        f"grad(net.{{0..3}}.weight) | DTensor f32[8, 8] |  | {words}",
        "├ _local_tensor | f32[2, 8] | t_{0..3} | ",
        "└ device_mesh | DeviceMesh(dp=2, tp=4) |  | ",
    ]


def test_a_slot_knows_the_piece_that_it_is() -> None:
    (graph,) = maps.two_in_two().graphs
    found = piece_at(graph.inputs[1], graph)
    assert found is not None
    assert (found.whole.label, [piece.attribute for piece in found.path]) == ("weight", ["a", "b"])
    assert shards_at(graph.inputs[1], graph) is None
    assert not pieces_of(graph).is_sharded


def test_a_mesh_has_no_shards_and_a_local_tensor_has_those_of_its_whole() -> None:
    (graph,) = maps.subclasses().graphs
    assert shards_at(graph.inputs[1], graph) is None
    assert shards_at(graph.inputs[0], graph) == shards_of(graph.subclasses[0])
    assert pieces_of(graph).is_sharded


def test_the_bytes_of_a_whole_are_unknown_if_its_local_tensor_is_a_subclass() -> None:
    whole = sharded("weight", "parameter", input=(0, 1))
    inner = replace(whole.pieces[0], kind="subclass", pieces=(replace(whole.pieces[0], dtype="int8"),))
    shards = shards_of(replace(whole, pieces=(inner, whole.pieces[1])))
    assert shards is not None
    assert (shards.local_bytes, shards.bytes) == (16, None)
    assert rank_bytes(shards) == "16 B per rank"


def test_symbolic_sizes_have_no_bytes() -> None:
    whole = sharded("weight", "parameter", input=(0, 1))
    assert own_bytes((replace(whole.pieces[0], shape=("s0", 8)),)) is None


@pytest.mark.parametrize(
    ("mesh", "placements", "expected"),
    [
        (MESH, SHARDED.placements, "Replicate() on dp, Shard(0) on tp"),
        (
            replace(MESH, names=None),
            SHARDED.placements,
            "Replicate() on mesh dimension 0, Shard(0) on mesh dimension 1",
        ),
        (
            Mesh((8,), None, (0,), "cpu"),
            (Placement("Partial", "Partial(sum)", None, "sum"),),
            'Partial("sum") on 8 ranks',
        ),
        (Mesh((8,), ("tp",), (0,), "cpu"), (Placement("_StridedShard", "_S(0, 2)", 0),), "_S(0, 2) on tp"),
    ],
)
def test_placements(mesh: Mesh, placements: tuple[Placement, ...], expected: str) -> None:
    assert placements_in_words(Sharding(mesh, placements)) == expected


def test_a_mesh_without_names_is_its_shape() -> None:
    assert mesh_in_words(MESH) == "dp=2, tp=4"
    assert mesh_in_words(replace(MESH, names=None)) == "2 × 4"


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (None, ""),
        (Expected("Tensor"), "its gradient is a plain tensor"),
        (Expected("DTensor", SHARDED), "its gradient is a DTensor with the same placements"),
        (
            Expected("DTensor", replace(SHARDED, placements=SHARDED.placements[:1] * 2)),
            "its gradient is a DTensor with Replicate() on dp, Replicate() on tp",
        ),
        (Expected("TwoTensor"), "its gradient is a TwoTensor"),
    ],
)
def test_the_type_of_a_gradient(expected: Expected | None, words: str) -> None:
    assert gradient_type(replace(sharded("weight", "parameter", input=(0, 1)), gradient=expected)) == words


def test_a_guessed_tangent_is_said_to_be_one() -> None:
    output = replace(sharded("output", "output", output=(0, 1)), tangent=Expected("DTensor", SHARDED, is_guessed=True))
    assert tangent_type(output) == ("its tangent is assumed to be a DTensor with the same placements")
