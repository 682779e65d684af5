"""The values of expressions: looked up by today's place, folded by instance, from the model that answers."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from aotlens.model.recorded import Container, Plain, Size, Tensor
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.model.values import skipped_on_lines, value_of, values_on_lines
from aotlens.text.documents import Document
from aotlens.text.edits import Edit
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.values import (
    ContainerValue,
    Dimension,
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
class Block(nn.Module):
    def forward(self, x):
        h = self.fc(x)
        if self.gate:
            h = h * 2
        return h, x


class Net(nn.Module):
    def forward(self, x):
        for block in self.blocks:
            x, _ = block(x)
        return self.head(x)
"""
CALLS = (ModuleCall(""), ModuleCall("blocks.0"), ModuleCall("blocks.1"), ModuleCall("blocks.2"))
VALUES = (
    TensorValue("float32", (2, 16), "cpu", True, dims=(0, None)),
    TensorValue("float32", (2, 32), "cpu", True, dims=(1, None)),
    ContainerValue("tuple", (Item("0", 0), Item("1", 3)), 2),
    PlainValue("NoneType", "None"),
    TensorValue("float32", (2, 16), "cpu", True, dims=(1, None)),
)


def seen(*values: tuple[int, tuple[int, ...]]) -> tuple[Seen, ...]:
    return tuple(Seen(value, calls, len(calls)) for value, calls in values)


def recorded(piece: str, *values: tuple[int, tuple[int, ...]], text: str = TEXT, line: int = 0) -> Recorded:
    """An expression of the text; the first one that is written so, from a line on."""
    lines = text.split("\n")
    number = next(n for n in range(line, len(lines)) if piece in lines[n])
    column = lines[number].index(piece) + 1
    return Recorded(number + 1, column, number + 1, column + len(piece), "expression", seen(*values))


RECORDED = Values(
    (
        FileValues(
            PATH,
            (
                recorded("self.fc(x)", (0, (1, 2)), (1, (3,))),
                recorded("h, x", (2, (1, 2, 3))),
                recorded("h * 2", (0, (1,))),
                recorded("block(x)", (0, (0,)), (1, (0,))),
                recorded("x", (4, (1,)), (0, (2, 3)), line=5),
            ),
            (
                FunctionRun("Block.forward", 2, 6, (1, 2, 3)),
                FunctionRun("Net.forward", 10, 13, (0,)),
            ),
        ),
    ),
    VALUES,
    CALLS,
    (Dimension(("B",)), Dimension(("B", "batch"))),
)


def snapshot_of(values: Values, document: Document, qualname: str = "Net") -> Snapshot:
    key = TargetKey(PATH, qualname)
    map = DescriptorMap(Target(PATH, qualname), "partial", "export", values=values, files=(PATH,))
    state = TargetState(key, "tracing", attempt=map, attempt_versions=MappingProxyType({PATH: 1}))
    return Snapshot({PATH: document}, {key: state})


def document() -> Document:
    return Document(f"file://{PATH}", PATH, 1, TEXT)


def span_of(piece: str, text: str = TEXT, line: int = 0) -> Span:
    each = recorded(piece, text=text, line=line)
    return Span(PATH, each.line, each.column, each.end_line, each.end_column)


def tensor(*sizes: Size) -> Tensor:
    return Tensor("float32", sizes, "cpu", True)


def test_values_are_told_apart_by_the_instances_that_had_them() -> None:
    had = value_of(snapshot_of(RECORDED, document()), document(), span_of("self.fc(x)"))
    assert had is not None and had.value is None and had.differs_by_instance and not had.differs_within_call
    assert [(case.value, case.modules, case.times) for case in had.cases] == [
        (tensor(Size(2, "B"), Size(16)), ("blocks.0", "blocks.1"), 2),
        (tensor(Size(2, "B"), Size(32)), ("blocks.2",), 1),
    ]


def test_equal_values_are_one_also_if_their_dimensions_are_not_the_same() -> None:
    had = value_of(snapshot_of(RECORDED, document()), document(), span_of("x", line=5))
    assert had is not None and had.value == tensor(Size(2, "B"), Size(16))
    assert had.cases[0].modules == ("blocks.0", "blocks.1", "blocks.2")


def test_containers_hold_the_values_of_their_items() -> None:
    had = value_of(snapshot_of(RECORDED, document()), document(), span_of("h, x"))
    item = tensor(Size(2, "B"), Size(16))
    assert had is not None
    assert had.value == Container("tuple", (("0", item), ("1", Plain("NoneType", "None"))), 2)


def test_a_loop_gives_several_values_in_one_call() -> None:
    had = value_of(snapshot_of(RECORDED, document()), document(), span_of("block(x)"))
    assert had is not None and had.differs_within_call and not had.differs_by_instance


def test_instances_in_which_an_expression_did_not_run_are_said() -> None:
    had = value_of(snapshot_of(RECORDED, document()), document(), span_of("h * 2"))
    assert had is not None and had.absent == ("blocks.1", "blocks.2")


def test_a_value_follows_its_expression_through_edits_and_is_gone_when_the_expression_is_changed() -> None:
    edited = document().changed(2, [Edit(1, 1, 1, 1, "import torch\n")])
    snapshot = snapshot_of(RECORDED, edited)
    assert value_of(snapshot, edited, span_of("self.fc(x)", edited.text)) is not None
    changed = edited.changed(3, [edit_of(edited.text, "self.fc(x)", "self.fc(x, 2)")])
    snapshot = snapshot_of(RECORDED, changed)
    assert value_of(snapshot, changed, span_of("self.fc(x, 2)", changed.text)) is None
    assert value_of(snapshot, changed, span_of("h * 2", changed.text)) is not None


def edit_of(text: str, old: str, new: str) -> Edit:
    span = span_of(old, text)
    assert span.column is not None and span.end_line is not None and span.end_column is not None
    return Edit(span.line, span.column, span.end_line, span.end_column, new)


def test_the_values_of_lines_come_in_their_order_with_the_outer_ones_first() -> None:
    values = values_on_lines(snapshot_of(RECORDED, document()), document(), 3, 6)
    assert [(had.span.line, had.span.column) for had in values] == [(3, 13), (5, 17), (6, 16), (6, 19)]


def test_the_model_that_failed_before_leaves_the_answer_to_the_next() -> None:
    broken = replace(
        RECORDED,
        failed=span_of("block(x)"),
        files=(replace(RECORDED.files[0], recorded=(recorded("block(x)", (0, (0,))),)),),
    )
    first = snapshot_of(broken, document(), "Block")
    snapshot = Snapshot(first.documents, {**first.states, **snapshot_of(RECORDED, document()).states})
    had = value_of(snapshot, document(), span_of("self.fc(x)"))
    assert had is not None and had.recording.state.key.qualname == "Net"
    assert [each.recording.state.key.qualname for each in values_on_lines(snapshot, document(), 3, 3)] == ["Net"]


def test_lines_that_ran_in_no_call_are_skipped() -> None:
    values = replace(RECORDED, files=(replace(RECORDED.files[0], skipped=(Skipped(5, 5),)),))
    snapshot = snapshot_of(values, document())
    assert skipped_on_lines(snapshot, document(), 1, 13) == [Span(PATH, 5, None, 5, None)]
    assert skipped_on_lines(snapshot, document(), 6, 13) == []
