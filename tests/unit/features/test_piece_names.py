"""The names of pieces in the code of tensor subclasses: hovers, lenses, definitions and references there."""

from __future__ import annotations

from pathlib import Path

import pytest

from aotlens.explain.render.markdown import markdown
from aotlens.features import lens
from aotlens.features.definition import definition
from aotlens.features.hover.hover import hover
from aotlens.features.references import references
from aotlens.model.snapshot import Snapshot
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Piece, Span
from unit.features.world import SCALED, SHARDED, beside, load_map, state_of


def named_in(map_name: str, attribute: str) -> Span:
    """The place where a file of torch names a piece, as the map has it."""

    def below(pieces: tuple[Piece, ...]) -> list[Piece]:
        return [one for piece in pieces for one in (piece, *below(piece.pieces))]

    (graph,) = load_map(map_name).graphs
    spans = {piece.listed for each in graph.subclasses for piece in below(each.pieces) if piece.attribute == attribute}
    (span,) = spans
    assert span is not None and span.column is not None
    return span


def file_of(owner: str, span: Span, names: str, *more: str) -> tuple[Snapshot, Document]:
    """A file like torch's, whose list of names is at the line that the map knows."""
    head = [f"class {owner}(torch.Tensor):", "    def __tensor_flatten__(self):"]
    lines = [*[""] * (span.line - 3), *head, f"        return {names}, None"]
    assert lines[span.line - 1].find(f'"{names[2:3]}') == span.column - 1
    return beside("\n".join(lines), state_of("scaled"), state_of("sharded"), path=Path(span.path))


def two_tensor() -> tuple[Snapshot, Document, int, int]:
    span = named_in("scaled", "a")
    return *file_of("TwoTensor", span, '["a", "b"]'), span.line, span.column or 0


def d_tensor() -> tuple[Snapshot, Document, int, int]:
    span = named_in("sharded", "_local_tensor")
    return *file_of("DTensor", span, '["_local_tensor", "device_mesh"]'), span.line, span.column or 0


def test_the_name_of_a_piece_says_which_inputs_and_outputs_it_is() -> None:
    found = hover(*two_tensor())
    assert found is not None
    assert markdown(found.blocks).splitlines() == [
        "**attribute** `a` of `TwoTensor` is 10 inputs and 14 outputs of `Net`",
        "",
        "| of | in the graph | gradient or tangent | type |",
        "|---|---|---|---|",
        "| `mix` | `primals_3, primals_4` | `mm_11, mm_12` | `TwoTensor f32[8, 8]` |",
        "| `mix.a` | `primals_3` | `mm_11` | `f32[8, 8]` |",
        "| `mix.b` | `primals_5` | `mm_13` | `f32[8, 8]` |",
        "| `layers.{0..2}.weight` | `primals_{8,10,12}` | `mm_{23,19,15}` | `f32[8, 8]` |",
        "",
        "… and 8 more values",
        "",
        "*… more in the map*",
    ]


def test_the_name_of_a_piece_of_a_dtensor_in_the_file_of_torch() -> None:
    found = hover(*d_tensor())
    assert found is not None
    assert markdown(found.blocks).splitlines() == [
        "**attribute** `_local_tensor` of `DTensor` is 5 inputs and 4 outputs of `Mlp`",
        "",
        "| of | in the graph | gradient or tangent | type |",
        "|---|---|---|---|",
        "| `up` | `primals_1` | `mm_4` | `f32[16, 4]` |",
        "| `down` | `primals_3` | `mm_2` | `f32[4, 16]` |",
        "| `bias` | `primals_5` | `view` | `f32[16]` |",
        "| `x` | `primals_7` | — | `f32[2, 16]` |",
        "",
        "… and 1 more value",
        "",
        "`SubclassGetAttrAOTInput(base=ParamAOTInput(target='up'), attr='_local_tensor')` and 4 more",
    ]


def test_the_name_of_a_piece_leads_to_the_values_that_have_it() -> None:
    links = definition(*two_tensor())
    assert [(link.target.path, link.target.line) for link in links] == [(str(SCALED), 56), (str(SCALED), 43)]
    links = definition(*d_tensor())
    assert [link.target.line for link in links] == [25, 26, 27, 29]
    assert {link.target.path for link in links} == {str(SHARDED)}


def test_the_name_of_a_piece_has_the_places_that_read_it() -> None:
    spans = references(*two_tensor(), include_declaration=False)
    assert {(span.path, span.line) for span in spans} >= {(str(SCALED), 46), (str(SCALED), 63)}


@pytest.mark.parametrize(("text", "column"), [("primals_3", 3), ("tangents_1", 2)])
def test_a_piece_leads_to_its_name_in_the_code_of_its_class(text: str, column: int) -> None:
    snapshot, document = beside(f"# {text}", state_of("scaled"))
    span = named_in("scaled", "a")
    links = definition(snapshot, document, 1, column + 1)
    assert span in [link.target for link in links]


def lenses(snapshot: Snapshot, document: Document) -> list[tuple[int, str, str]]:
    found = []
    for place in lens.places(snapshot, document):
        if place.kind == lens.PIECES:
            said = lens.text(snapshot, place.key, place.kind, (place.line, place.last or 0))
            found.append((place.line, said.title, "\n".join(said.tooltip)))
    return found


def test_the_lens_above_the_names_counts_the_inputs_and_outputs() -> None:
    snapshot, document, line, _ = d_tensor()
    ((at, title, tooltip),) = lenses(snapshot, document)
    assert (at, title) == (line, "_local_tensor: 5 inputs and 4 outputs · device_mesh: 5 inputs and 4 outputs · in Mlp")
    assert tooltip.splitlines()[:2] == ["_local_tensor of up: primals_1", "_local_tensor of down: primals_3"]
    assert tooltip.splitlines()[4] == "… and 1 more value"
    assert tooltip.splitlines()[-1] == "Click: show the map of Mlp"


def test_the_lens_stands_before_anything_is_traced() -> None:
    _, document, line, _ = d_tensor()
    snapshot = Snapshot({document.path: document}, {})
    assert [each[:2] for each in lenses(snapshot, document)] == [(line, "in no traced model")]


def test_a_list_of_the_class_that_the_method_returns_has_a_lens_too() -> None:
    span = named_in("scaled", "data_")
    lines = [*[""] * (span.line - 3), "class Scaled(Base):", "", "    tensor_data_names = ['data_', 'scale']"]
    snapshot, document = beside("\n".join(lines), state_of("scaled"), path=SCALED)
    snapshot = Snapshot({document.path: document}, snapshot.states)
    assert [each[:2] for each in lenses(snapshot, document)] == [
        (span.line, "data_: 1 input · scale: 1 input · in Net"),
    ]


def test_names_on_several_lines_have_one_lens() -> None:
    text = """
class Jagged(torch.Tensor):
    def __tensor_flatten__(self):
        names = [
            "values",
            "offsets",
        ]
        if self.lengths is not None:
            names.append("lengths")
        return names, {"ragged": self.ragged}
"""
    document = Document("file:///jagged.py", "/jagged.py", 1, text)
    snapshot = Snapshot({document.path: document}, {})
    (place,) = [place for place in lens.places(snapshot, document) if place.kind == lens.PIECES]
    assert (place.line, place.last) == (5, 9)
