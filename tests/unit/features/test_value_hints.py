"""Hints with recorded values: what a line assigns, takes or returns, at the end of the line."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from aotlens.features.inlay_hints import InlayHint, inlay_hints
from aotlens.features.value_hints import code_around
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens.text.edits import Edit
from aotlens_tracer.wire.descriptor_map import Argument, DescriptorMap, Example, Target
from aotlens_tracer.wire.values import (
    ContainerValue,
    Dimension,
    ExpressionRole,
    FileValues,
    FunctionRun,
    Item,
    ModuleCall,
    PlainValue,
    Recorded,
    Seen,
    Skipped,
    TensorValue,
    Values,
)

PATH = "/project/model.py"
TEXT = """\
class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)

    def forward(self, x, scale):
        B, T, C = x.shape
        q, k, v = self.split(x)
        if scale is None:
            q = q * 2
            k = k * 2
        parts = [part for part in (q, k)]
        for index, each in enumerate(parts):
            x = x + each
        return self.out(x)

    def split(
        self,
        x,
    ):
        return self.qkv(x).chunk(3, -1)


def helper(x):
    return x
"""
A_VALUE = {
    "x": TensorValue("float32", (2, 16, 64), "cpu", True, dims=(0, 1, 2)),
    "scale": TensorValue("float32", (), "cpu", False),
    "B": PlainValue("int", "2"),
    "T": PlainValue("int", "16"),
    "C": PlainValue("int", "64"),
    "small": TensorValue("float32", (2, 16, 8), "cpu", True, dims=(0, 1, None)),
    "list": ContainerValue("list", (Item("0", 0), Item("1", 0)), 2),
    "long": TensorValue("float32", (2, 77), "cpu", True, dims=(0, 3)),
}
NAMES = list(A_VALUE)
CALLS = (ModuleCall("layers.0"), ModuleCall("layers.1"))
DIMENSIONS = (Dimension(("B",)), Dimension(("T",)), Dimension(("C", "width")), Dimension(("number_of_positions",)))


def one(piece: str, marked: str, role: ExpressionRole, *values: str) -> Recorded:
    """The recorded expression `piece` of the line that has `marked` in it; one value for each call, or one for both."""
    lines = TEXT.split("\n")
    number = next(n for n, text in enumerate(lines) if marked in text)
    column = lines[number].index(marked) + marked.index(piece) + 1
    calls = [(0,), (1,)] if len(values) == 2 else [(0, 1)]
    seen = tuple(Seen(NAMES.index(value), where, len(where)) for value, where in zip(values, calls))
    return Recorded(number + 1, column, number + 1, column + len(piece), role, seen)


RECORDED = (
    one("x", "x, scale):", "argument", "x"),
    one("scale", "scale):", "argument", "scale"),
    one("B", "B, T, C", "target", "B"),
    one("T", "T, C =", "target", "T"),
    one("C", "C = x.shape", "target", "C"),
    one("q", "q, k, v =", "target", "small"),
    one("k", "k, v =", "target", "small"),
    one("v", "v = self.split", "target", "x"),
    one("self.split(x)", "self.split(x)", "expression", "x"),
    one("parts", "parts = [", "target", "list"),
    one("[part for part in (q, k)]", "[part for part in (q, k)]", "expression", "list"),
    one("part", "part in (q", "target", "small"),
    one("each", "each in enumerate", "target", "x", "small"),
    one("index", "index, each", "target", "B", "T"),
    one("self.out(x)", "self.out(x)", "result", "long"),
    one("x", "        x,", "argument", "x"),
)
VALUES = Values(
    (
        FileValues(
            PATH,
            RECORDED,
            (FunctionRun("Attention.forward", 6, 15, (0, 1)), FunctionRun("Attention.split", 17, 21, (0, 1))),
            (Skipped(10, 11),),
        ),
    ),
    tuple(A_VALUE.values()),
    CALLS,
    DIMENSIONS,
)
EXAMPLE = Example("pinned", constructor="Attention(64)", arguments=(Argument("x", "f32[2, 16, 64]"),))


def world(document: Document | None = None, *, stale: bool = False) -> Snapshot:
    map = DescriptorMap(Target(PATH, "Attention", 1), "partial", "export", EXAMPLE, values=VALUES)
    key = TargetKey(PATH, "Attention")
    state = TargetState(key, "tracing", attempt=map, attempt_versions=MappingProxyType({PATH: 1}), attempt_stale=stale)
    source = document or Document("file://" + PATH, PATH, 1, TEXT)
    return Snapshot(MappingProxyType({PATH: source}), MappingProxyType({key: state}))


def hints(snapshot: Snapshot, values: tuple[int, int] | None = (1, 99)) -> dict[str, InlayHint]:
    """The hints by the text of their lines, at whose ends they stand."""
    document = snapshot.documents[PATH]
    found = inlay_hints(snapshot, document, 1, 99, shapes=False, saved=False, values=values)
    assert all(hint.span.column == len(document.line(hint.span.line)) + 1 for hint in found)
    assert len({hint.span.line for hint in found}) == len(found)
    return {document.line(hint.span.line).strip(): hint for hint in found}


def labels(snapshot: Snapshot, values: tuple[int, int] | None = (1, 99)) -> dict[str, str]:
    return {text: hint.label for text, hint in hints(snapshot, values).items()}


def test_each_line_has_one_hint_with_what_it_assigns_takes_or_returns() -> None:
    assert labels(world()) == {
        "def forward(self, x, scale):": "x: f32[B, T, C], scale: f32[]",
        "B, T, C = x.shape": "B = 2, T = 16, C = 64",
        "q, k, v = self.split(x)": "q, k: f32[B, T, 8], v: f32[B, T, C]",
        "q = q * 2": "not run: scale is not None",
        "parts = [part for part in (q, k)]": "[f32[B, T, C], f32[B, T, C]]",
        "for index, each in enumerate(parts):": "index: 2 or 16, each: f32[B, T, 64 or 8]",
        "return self.out(x)": "f32[B, 77]",
        "x,": "f32[B, T, C]",
    }


def test_the_tooltip_has_the_sizes_the_instances_and_the_call() -> None:
    found = hints(world())
    assert found["q, k, v = self.split(x)"].tooltip.splitlines() == [
        "q: f32[2, 16, 8] (B, T, 8)",
        "k: f32[2, 16, 8] (B, T, 8)",
        "v: f32[2, 16, 64] (B, T, C)",
        "Traced as Attention(64)(x: f32[2, 16, 64])",
    ]
    assert found["for index, each in enumerate(parts):"].tooltip.splitlines()[1] == (
        "each: f32[2, 16, 64] in layers.0, f32[2, 16, 8] in layers.1"
    )
    assert found["q = q * 2"].tooltip.splitlines() == [
        "not run: scale is not None in this call",
        "Traced as Attention(64)(x: f32[2, 16, 64])",
    ]


def test_after_an_edit_the_values_are_stale_and_the_line_that_was_edited_has_none() -> None:
    document = Document("file://" + PATH, PATH, 1, TEXT).changed(2, [Edit(8, 12, 8, 13, "kk"), Edit(1, 1, 1, 1, "\n")])
    found = hints(world(document, stale=True))
    assert found["B, T, C = x.shape"].label == "B = 2, T = 16, C = 64 (stale)"
    assert found["q = q * 2"].label == "not run: scale is not None (stale)"
    assert found["return self.out(x)"].tooltip.endswith("\nstale: the code has changed since")
    assert "q, kk, v = self.split(x)" not in found, "the line was edited: its values are not known"


@pytest.mark.parametrize(
    ("line", "function"),
    [
        (1, "Attention.forward"),
        (4, "Attention.forward"),
        (6, "Attention.forward"),
        (15, "Attention.forward"),
        (19, "Attention.split"),
        (22, None),
        (25, "helper"),
    ],
)
def test_the_code_around_the_cursor_is_its_function_and_in_the_rest_of_a_class_forward(
    line: int, function: str | None
) -> None:
    found = code_around(Document("file://" + PATH, PATH, 1, TEXT), line)
    assert (found.qualname if found is not None else None) == function


def test_only_the_given_lines_have_values() -> None:
    assert set(labels(world(), (17, 21))) == {"x,"}
    assert labels(world(), None) == {}


def test_no_hint_is_longer_than_a_glance() -> None:
    names = [f"a_rather_long_name_{number}" for number in range(6)]
    text = f"def f():\n    {', '.join(names)} = g()\n"
    recorded, column = [], 5
    for number, name in enumerate(names):
        value = Seen(number % 2, (0,))
        recorded.append(Recorded(2, column, 2, column + len(name), "target", (value,)))
        column += len(name) + 2
    values = Values(
        (FileValues(PATH, tuple(recorded), (FunctionRun("f", 1, 2, (0,)),)),), VALUES.values, CALLS, DIMENSIONS
    )
    (state,) = world().states.values()
    assert state.attempt is not None
    state = replace(state, key=TargetKey(PATH, "f"), attempt=replace(state.attempt, values=values))
    documents = {PATH: Document("file://" + PATH, PATH, 1, text)}
    (hint,) = hints(Snapshot(documents, {state.key: state})).values()
    assert hint.label.endswith(", …") and len(hint.label) < 60
