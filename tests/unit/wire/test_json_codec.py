"""Dataclasses to JSON and back: tagged unions, rows, nested descriptors."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from aotlens_tracer.wire.descriptor_map import Descriptor
from aotlens_tracer.wire.json_codec import Row, Tagged, from_json, to_json


@dataclass(frozen=True)
class Circle(Tagged):
    radius: float


@dataclass(frozen=True)
class Group(Tagged):
    members: tuple[Shape, ...] = ()
    first: Shape | None = None


Shape = Circle | Group


@dataclass(frozen=True)
class Point(Row):
    x: int
    y: int


@dataclass(frozen=True)
class Drawing:
    shape: Shape
    points: tuple[Point, ...] = ()
    named: dict[str, Shape] | None = None
    import_: int | str = 0


DRAWING = Drawing(Group((Circle(1.0), Group()), Circle(2.0)), (Point(1, 2),), {"a": Circle(3.0)}, "x")


def test_a_member_of_a_union_is_tagged_with_its_class() -> None:
    assert to_json(DRAWING) == {
        "shape": {
            "kind": "Group",
            "members": [{"kind": "Circle", "radius": 1.0}, {"kind": "Group", "members": [], "first": None}],
            "first": {"kind": "Circle", "radius": 2.0},
        },
        "points": [[1, 2]],
        "named": {"a": {"kind": "Circle", "radius": 3.0}},
        "import": "x",
    }


def test_what_is_written_is_read_again() -> None:
    assert from_json(Drawing, to_json(DRAWING)) == DRAWING


def test_an_unknown_tag_is_refused() -> None:
    with pytest.raises(KeyError):
        from_json(Drawing, {"shape": {"kind": "Square"}})


def test_nested_descriptors_are_read_in_fields() -> None:
    inner = Descriptor("PlainAOTInput", "PlainAOTInput(idx=0)", "args[0]", {"idx": 0})
    outer = Descriptor("ViewBaseAOTInput", "…", None, {"base_of": inner})
    assert from_json(Descriptor, to_json(outer)) == outer
