"""The text of an example: its call and its options, and the place of what is wrong."""

from __future__ import annotations

import pytest

from aotlens.syntax.pins import pins_above
from aotlens_tracer.wire.example_options import DynamicSize, ExampleOptions, World
from aotlens_tracer.wire.example_texts import MalformedExample, TextPlace, split
from aotlens_tracer.wire.option_faults import WrongOption
from aotlens_tracer.wire.world_options import OptionError, world_in_text, world_in_words

EIGHT = World(8, 3, (("dp", 2), ("tp", 4)))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", ExampleOptions()),
        (";", ExampleOptions()),
        ("; mesh(dp=2, tp=4, rank=3)", ExampleOptions(EIGHT)),
        ("; world(8, rank=3)", ExampleOptions(World(8, 3))),
        ("; world(size=8)", ExampleOptions(World(8))),
        (
            '; x: dynamic(0, name="batch", min=2, max=64)',
            ExampleOptions(sizes=(DynamicSize("x", 0, "batch", 2, 64),)),
        ),
        (
            '; batch["ids"]: dynamic(0, -1); world(2)',
            ExampleOptions(World(2), (DynamicSize("batch['ids']", 0), DynamicSize("batch['ids']", -1))),
        ),
        (
            '; x: {0: torch.export.Dim("batch", min=2), 1: None, 2: Dim.DYNAMIC, 3: Dim.STATIC}',
            ExampleOptions(sizes=(DynamicSize("x", 0, "batch", 2), DynamicSize("x", 2))),
        ),
        ('; x: (None, Dim("n"))', ExampleOptions(sizes=(DynamicSize("x", 1, "n"),))),
    ],
)
def test_options_follow_the_call(options: str, expected: ExampleOptions) -> None:
    found = split(f"Net(8)(torch.randn(6, 8)){options}")
    assert found.call_text == "Net(8)(torch.randn(6, 8))"
    assert found.options == expected
    assert len(found.places) == len(expected.sizes)


def test_each_option_has_its_place_in_code_points() -> None:
    found = split('Net("größe")(x); x: dynamic(0); mesh(tp=2)')
    assert found.places == (TextPlace(1, 18, 1, 31),)
    assert found.world_place == TextPlace(1, 33, 1, 43)


@pytest.mark.parametrize(
    ("text", "at", "fault"),
    [
        ("foo()", "foo", "unknown"),
        ("x = 3", "x", "unknown"),
        ("x: int", "int", "unknown"),
        ("mesh(2, 4)", "2,", "no-name"),
        ("mesh(dp=0)", "0", "size"),
        ("mesh(dp=n)", "n)", "size"),
        ("mesh()", "mesh", "no-dimensions"),
        ("mesh(tp=2, tp=4)", "mesh", "twice"),
        ("world(4, rank=4)", "4)", "rank"),
        ("world()", "world", "no-size"),
        ("world(4, dp=2)", "dp", "keyword"),
        ("mesh(tp=2); world(2)", "world", "twice"),
        ("x: dynamic()", "dynamic", "no-sizes"),
        ('x: dynamic("batch")', '"', "dimension"),
        ("x: dynamic(0); x: dynamic(0)", "x: dynamic(0)@2", "twice"),
        ("x: dynamic(0, min=9, max=2)", "dynamic", "bounds"),
        ("x: dynamic(0, name=n)", "n)", "size-name"),
    ],
)
def test_a_wrong_option_is_an_error_with_its_place(text: str, at: str, fault: str) -> None:
    whole = f"Net(8)(x); {text}"
    place, _, second = at.partition("@")
    column = whole.rindex(place) if second else whole.index(place, 11)
    with pytest.raises(MalformedExample) as raised:
        split(whole)
    assert isinstance(raised.value.problem, WrongOption)
    assert raised.value.problem.fault == fault
    assert (raised.value.line, raised.value.column) == (1, column + 1)


def test_a_pin_goes_on_after_a_semicolon() -> None:
    (pin,) = pins_above(["# aotlens: Net(8)(x);", "#   x: dynamic(0);", "#   world(8)", "class Net: ..."], 3)
    assert pin.end_line == 3
    found = split(pin.expression)
    assert found.options == ExampleOptions(World(8), (DynamicSize("x", 0),))
    assert found.places == (TextPlace(2, 1, 2, 14),)


@pytest.mark.parametrize(
    ("mesh", "size", "rank", "expected"),
    [
        (None, None, None, None),
        ("", None, 3, None),
        ("dp=2,tp=4", None, 3, EIGHT),
        (" dp=2, tp = 4 ", 8, 3, EIGHT),
        (None, 8, None, World(8)),
    ],
)
def test_settings_name_a_cluster(mesh: str | None, size: int | None, rank: int | None, expected: World | None) -> None:
    assert world_in_words(mesh, size, rank) == expected


@pytest.mark.parametrize(
    ("mesh", "size", "rank", "fault"),
    [
        ("2x4", None, None, "no-name"),
        ("dp=2,", None, None, "no-name"),
        ("dp=two", None, None, "size"),
        ("dp=2,dp=2", None, None, "twice"),
        ("dp=2,tp=4", 6, None, "other-size"),
        ("dp=2,tp=4", None, 8, "rank"),
        (None, 0, None, "size"),
    ],
)
def test_a_wrong_setting_of_the_cluster_is_an_error(
    mesh: str | None, size: int | None, rank: int | None, fault: str
) -> None:
    with pytest.raises(OptionError) as raised:
        world_in_words(mesh, size, rank)
    assert raised.value.problem.fault == fault


@pytest.mark.parametrize("text", ["mesh(dp=2, tp=4, rank=3)", "mesh(tp=8)", "world(8, rank=3)", "world(8)"])
def test_a_cluster_is_written_as_it_is_read(text: str) -> None:
    world = split(f"Net()(x); {text}").options.world
    assert world is not None and world_in_text(world) == text
