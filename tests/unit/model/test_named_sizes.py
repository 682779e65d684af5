"""The user's names of sizes, in the place of torch's symbols."""

from __future__ import annotations

from dataclasses import replace

from aotlens.model.named_sizes import names_in_code, with_named_sizes
from aotlens.model.sizes import named_sizes, size_in_example, sizes_in
from aotlens.session.maps import MapReader
from aotlens_tracer.wire.descriptor_map import (
    DescriptorMap,
    Graph,
    Input,
    Operation,
    Output,
    Piece,
    Subclass,
    Symbol,
    Target,
)
from aotlens_tracer.wire.json_codec import to_json
from aotlens_tracer.wire.values import Dimension, SizeOrigin, Values


def size(symbol: str, name: str | None, *sources: str, hint: int | None = 6) -> Symbol:
    return Symbol(symbol, name, sources, hint, 2)


def argument(shape: tuple[int | str, ...] | None, symbol: str | None = None) -> Input:
    return Input(
        0, "primals_1", "PlainAOTInput", "PlainAOTInput(idx=0)", "args[0]", "x", "float32", shape, symbol=symbol
    )


def map_of(
    *symbols: Symbol, shape: tuple[int | str, ...] = ("s77*s27", 8), values: Values | None = None
) -> DescriptorMap:
    piece = Piece("size(0)", "size", value="s77")
    graph = Graph(
        "dynamo",
        (argument(("s77*s27", 8)), argument(None, "s77")),
        (Output(0, "sym", "PlainAOTOutput", "PlainAOTOutput(idx=0)", "s77", "output", None, None, symbol="2*s77"),),
        operations=(Operation("view", "aten.view", "x, [s77]", (), False, "float32", ("s777", "s77")),),
        subclasses=(Subclass("x", "Two", shape=("s77", 8), pieces=(piece,)),),
        symbols=symbols,
    )
    return DescriptorMap(Target("model.py", "Net"), "traced", "export", graphs=(graph,), values=values)


def named(*symbols: Symbol, values: Values | None = None) -> Graph:
    return with_named_sizes(map_of(*symbols, values=values)).graphs[0]


def test_names_stand_in_shapes_and_numbers_and_torchs_own_texts_stay() -> None:
    graph = named(size("s77", "batch", "x.size(0)"), size("s27", "time", "x.size(1)"))
    assert graph.inputs[0].shape == ("batch*time", 8)
    assert graph.inputs[0].descriptor == "PlainAOTInput(idx=0)"
    assert [graph.inputs[1].symbol, graph.outputs[0].symbol, graph.outputs[0].expression] == ["batch", "2*batch", "s77"]
    assert graph.operations[0].shape == ("s777", "batch") and graph.operations[0].arguments == "x, [s77]"
    assert graph.subclasses[0].shape == ("batch", 8) and graph.subclasses[0].pieces[0].value == "batch"
    assert [symbol.symbol for symbol in graph.symbols] == ["s77", "s27"]


def test_a_map_without_names_is_the_same_object_within() -> None:
    map = map_of(size("s77", None, "x.size(0)"))
    assert with_named_sizes(map).graphs[0].inputs is map.graphs[0].inputs
    plain = replace(map, graphs=(replace(map.graphs[0], symbols=()),))
    assert with_named_sizes(plain) is plain


def test_naming_twice_changes_nothing() -> None:
    once = with_named_sizes(map_of(size("s77", "batch", "x.size(0)"), size("s27", "batch", "y.size(0)")))
    assert with_named_sizes(once) == once


def test_a_name_of_two_sizes_that_are_not_equal_stays_with_the_first() -> None:
    graph = named(size("s77", "batch", "x.size(0)"), size("s27", "batch", "y.size(0)"))
    assert [(symbol.name, symbol.shared_name) for symbol in graph.symbols] == [("batch", None), (None, "batch")]
    assert graph.inputs[0].shape == ("batch*s27", 8)


def test_pieces_of_a_subclass_share_the_name_of_its_size() -> None:
    graph = named(size("s77", "batch", "x.a.size(0)", "x.b.size(0)"), size("s27", "batch", "x.size(0)"))
    assert [symbol.name for symbol in graph.symbols] == ["batch", "batch"]
    (shown,) = named_sizes(graph)
    assert shown.symbols == ("s77", "s27") and shown.sources == ("x.size(0)", "x.a.size(0)", "x.b.size(0)")


def test_the_code_names_a_size_where_the_example_does_not() -> None:
    values = Values(
        (),
        (),
        (),
        (
            Dimension(("B",), (SizeOrigin("argument", "x", None, 0),)),
            Dimension(("2 * T", "T"), (SizeOrigin("argument", "x", None, 1),)),
            Dimension(("C",), (SizeOrigin("parameter", "self.up", None, 0),)),
        ),
    )
    assert names_in_code(values) == {"x.size(0)": "B", "x.size(1)": "T"}
    graph = named(size("s77", "batch", "x.size(0)"), size("s27", None, "x.size(1)"), values=values)
    assert graph.inputs[0].shape == ("batch*T", 8)


def test_pieces_of_a_subclass_have_the_name_that_the_code_gives_its_size() -> None:
    values = Values((), (), (), (Dimension(("B",), (SizeOrigin("argument", "x", None, 0),)),))
    symbols = (size("s77", None, "x.a.size(0)"), size("s27", None, "x.size(0)"), size("s5", None, "x.a.size(1)"))
    assert [symbol.name for symbol in named(*symbols, values=values).symbols] == ["B", "B", None]


def test_a_number_that_nothing_uses_is_not_in_the_legend() -> None:
    unused = replace(argument(None, "s7"), label="k", used=False)
    graph = replace(map_of().graphs[0], inputs=(unused,), symbols=(size("s7", None, "k", hint=3),))
    assert named_sizes(graph) == () and size_in_example("s7", graph) == 3


def test_maps_get_the_names_as_they_are_read_and_again_with_the_recorded_values() -> None:
    reader = MapReader()
    fields = to_json(map_of(size("s77", None, "x.size(0)"), size("s27", "time", "x.size(1)")))
    assert reader.map_from(fields).graphs[0].inputs[0].shape == ("s77*time", 8)
    values = Values((), (), (), (Dimension(("B",), (SizeOrigin("argument", "x", None, 0),)),))
    assert reader.map_from({**fields, "values": to_json(values)}).graphs[0].inputs[0].shape == ("B*time", 8)


def test_a_name_that_is_none_is_not_shown() -> None:
    for name in ("s3", "a b", "2", ""):
        assert named(size("s77", name, "x.size(0)")).symbols[0].name is None


def test_the_size_of_a_text_in_the_example() -> None:
    graph = named(size("s77", "batch", "x.size(0)"), size("u0", None, hint=None))
    texts = {"batch*8": 48, "(batch//4)": 1, "Max(batch, 9) - 1": 8, "batch + u0": None, "f(batch)": None, "-batch": -6}
    assert {text: size_in_example(text, graph) for text in texts} == texts
    assert [each.name for each in sizes_in(("batch*8", 3), graph)] == ["batch"]
