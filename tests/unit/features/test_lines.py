"""The operations of a line, from call chains made by hand."""

from __future__ import annotations

from aotlens.model.lines import Lines
from aotlens_tracer.wire.descriptor_map import Graph, Input, Operation, Saved, Span, StackFrame

MODEL, LAYERS = "/home/model.py", "/lib/site-packages/layers/attention.py"
FRAMES = (
    StackFrame(Span(MODEL, 10), None, None),  # the loop of the model
    StackFrame(Span(MODEL, 20), 0, None),  # the user's block
    StackFrame(Span(LAYERS, 5), 1, "layers"),
    StackFrame(Span(LAYERS, 7, 3, 8, 1), 2, "layers"),
)


def operation(name: str, frame: int | None, module: str | None, *operands: str, backward: bool = False) -> Operation:
    return Operation(name, f"aten.{name}.default", "", operands, backward, None, None, frame, module)


GRAPH = Graph(
    "dynamo",
    (Input(0, "primals_1", None, None, None, "w", None, None),),
    (),
    (Saved("mm", "", 64, None, "", None, None, None, 3), Saved("t", "", 64, "mm", "", None, None, None, 3)),
    frames=FRAMES,
    operations=(
        operation("mul", 1, "blocks.0", "primals_1"),
        operation("mm", 3, "blocks.0.attention.out", "mul"),
        operation("add", 0, ""),
        operation("mm_1", 3, "blocks.0.attention.out", backward=True),
        operation("add_1", None, None, backward=True),
    ),
)
LINES = Lines([GRAPH])


def names(path: str, *lines: int) -> tuple[list[str], list[str]]:
    """Operations that run on lines, and inside of them."""
    return tuple([o.name for o in work.operations] for work in (LINES.at(path, lines), LINES.inside(path, lines)))


def test_the_innermost_line_of_each_package_is_a_place() -> None:
    assert names(LAYERS, 7) == (["mm", "mm_1"], [])
    assert names(LAYERS, 8) == (["mm", "mm_1"], [])
    assert names(MODEL, 20) == (["mul", "mm", "mm_1"], [])


def test_callers_run_what_they_call_inside() -> None:
    assert names(LAYERS, 5) == ([], ["mm", "mm_1"])
    assert names(MODEL, 10) == (["add"], ["mul", "mm", "mm_1"])
    assert names(MODEL, 10, 20) == (["add", "mul", "mm", "mm_1"], [])
    assert names(MODEL, 11) == ([], []) and names("/elsewhere.py", 10) == ([], [])


def test_aliases_are_not_counted_as_saved() -> None:
    assert [value.node for value in LINES.at(LAYERS, [7]).saved] == ["mm"]
    assert [value.node for value in LINES.inside(MODEL, [10]).saved] == ["mm"]
    assert [(span.line, value.node) for span, value in LINES.saved_in(MODEL)] == [(20, "mm")]
    assert [(span.line, value.node) for span, value in LINES.saved_in(LAYERS)] == [(7, "mm")]


def test_what_is_read() -> None:
    assert LINES.at(MODEL, [20]).inputs == ((0, "primals_1"),)
    assert LINES.reads == {(0, "primals_1"): [1]}


def test_modules_are_named_once_where_all_of_them_runs() -> None:
    assert LINES.modules(LINES.inside(MODEL, [10])) == ["blocks"]
    assert LINES.modules(LINES.at(LAYERS, [7])) == ["blocks.0.attention"]
