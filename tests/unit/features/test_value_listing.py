"""The annotated listing of the code that ran."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from aotlens.explain.render.listing import print_code, print_function
from aotlens.explain.render.paper import Paper
from aotlens.features.value_listing import Listing, listings
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.values import FileValues, FunctionRun, ModuleCall, Recorded, Seen, TensorValue, Values
from unit.features.world import DECODER, PARTS, load_map


def listed(name: str, *paths: Path) -> list[Listing]:
    texts = {str(path): path.read_text(encoding="utf-8") for path in paths}
    return listings(load_map(name), texts)


def drawn(listing: Listing) -> list[str]:
    paper = Paper(Console(file=io.StringIO(), width=140, highlight=False))
    print_function(paper, "model.py:1", listing.qualname, listing.modules, listing.sizes)
    print_code(paper, [(line.number, line.code, line.label, line.more) for line in listing.lines])
    return paper.console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # it is the StringIO above


def test_the_functions_that_ran_are_listed_once_with_what_their_lines_assign() -> None:
    attention, block, decoder = listed("decoder", DECODER)
    assert [each.qualname for each in (attention, block, decoder)] == [
        "Attention.forward",
        "Block.forward",
        "Decoder.forward",
    ]
    assert attention.modules == tuple(f"blocks.{number}.attn" for number in range(6))
    assert attention.sizes == (("batch", 2), ("length", 16), ("width", 64), ("heads", 4))
    head, sizes, first, *_ = drawn(attention)[1:]
    assert head == "Attention.forward  model.py:1  in blocks.{0..5}.attn, 6 instances"
    assert sizes == "  batch = 2, length = 16, width = 64, heads = 4"
    assert first.startswith("15      def forward(self, x)") and first.endswith("# x: f32[batch, length, width]")
    labels = {line.number: line.label for line in attention.lines if line.label}
    assert labels[16] == "batch = 2, length = 16, width = 64"
    assert labels[17].startswith("q, k, v: f32[batch, heads, length, ")


def test_values_that_differ_between_instances_stand_below_the_line() -> None:
    path = "/project/model.py"
    text = "class Layer(nn.Module):\n    def forward(self, x):\n        x = self.fc(x)\n        return x.relu()\n"
    seen = (Seen(0, (1, 2), 2), Seen(1, (3,), 1))
    values = Values(
        (FileValues(path, (Recorded(3, 9, 3, 10, "target", seen),), (FunctionRun("Layer.forward", 2, 4, (1, 2, 3)),)),),
        (TensorValue("float32", (2, 8), "cpu", True), TensorValue("float32", (2,), "cpu", True)),
        (ModuleCall(""), ModuleCall("layers.0"), ModuleCall("layers.1"), ModuleCall("head")),
        failed=Span(path, 4, 16, 4, 24),
    )
    map = DescriptorMap(Target(path, "Net"), "failed", "export", values=values)
    (listing,) = listings(map, {path: text})
    assert listing.modules == ("layers.0", "layers.1", "head")
    assert listing.lines[1].more == ("x: f32[2, 8] in layers.{0,1}, f32[2] in head",)
    assert listing.lines[2].label == "fails here"


def test_a_file_that_is_not_given_is_not_listed() -> None:
    assert {each.path for each in listed("zoo", PARTS)} == {str(PARTS)}
