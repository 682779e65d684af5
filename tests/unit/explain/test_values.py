"""Recorded values in words."""

from __future__ import annotations

import pytest

from aotlens.explain.render.markdown import inline
from aotlens.explain.values import facts_of, had_in_words, names_in_brief, needs_no_gradient, value_in_brief
from aotlens.model.recorded import Container, Known, Plain, Size, Tensor, recorded_in
from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.model.values import Case, Had, Recording
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.values import Values

RECORDED = Values((), (), ())
RECORDING = Recording(
    TargetState(TargetKey("/model.py", "Net")),
    DescriptorMap(Target("/model.py", "Net"), "partial", "export", values=RECORDED),
    {},
    recorded_in(RECORDED),
)


def tensor(*sizes: int | str | None, device: str = "cpu", grad: bool = True, type: str | None = None) -> Tensor:
    known = (Size(size) if isinstance(size, int | None) else Size(int(size[-1]), size[:-1]) for size in sizes)
    return Tensor("float32", tuple(known), device, grad, type)


def had(*cases: tuple[Known, tuple[str, ...], tuple[int, ...]], absent: tuple[str, ...] = ()) -> Had:
    found = tuple(Case(value, modules, calls, len(calls)) for value, modules, calls in cases)
    return Had(RECORDING, Span("/model.py", 1, 1, 1, 2), "expression", found, absent)


def test_values_are_written_as_code_would_show_them() -> None:
    pair = Container("tuple", (("0", tensor(2, 3)), ("1", Plain("NoneType", "None"))), 2)
    assert value_in_brief(pair) == "(f32[2, 3], None)"
    assert value_in_brief(Container("tuple", (("0", tensor()),), 1)) == "(f32[],)"
    assert (
        value_in_brief(Container("dict", (("'loss'", tensor()), ("0", tensor(2))), 2)) == "{'loss': f32[], 0: f32[2]}"
    )
    assert value_in_brief(Container("Output", ((".loss", tensor()),), 3)) == "Output(loss=f32[], …)"
    assert value_in_brief(tensor(2, None, type="TwoTensor")) == "TwoTensor f32[2, ?]"


def test_names_of_dimensions_are_shown_only_if_they_say_more_than_the_sizes() -> None:
    assert names_in_brief(tensor("B2", "T6", 64)) == "(B, T, 64)"
    assert names_in_brief(tensor(2, 64)) == names_in_brief(Plain("int", "2")) == ""
    assert names_in_brief(Tensor("float32", (Size(64, "64"),), "cpu", True)) == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (had((tensor("B2", 64), ("a",), (1,))), "`f32[2, 64]` (B, 64)"),
        (had((Plain("int", "16"), ("a",), (1,))), "`int 16`"),
        (had((Plain("NoneType", "None"), ("a",), (1,))), "`None`"),
        (
            had((tensor(2, 64), ("h.0", "h.1", "h.2"), (1, 2, 3)), (tensor(2, 8), ("",), (0,))),
            "`f32[2, 64]` in `h.{0..2}`, `f32[2, 8]` in the model itself",
        ),
        (
            had((tensor(2, 1), ("a",), (1,)), (tensor(2, 2), ("a",), (1,)), (tensor(2, 3), ("a",), (1,))),
            "`f32[2, 1..3]`",
        ),
        (
            had(
                (tensor(2, 1), ("a",), (1,)),
                (tensor(3), ("a",), (1,)),
                (Plain("int", "1"), ("a",), (1,)),
                (tensor(), ("a",), (1,)),
            ),
            "`f32[2, 1]`, then `f32[3]`, then `1` and 1 more",
        ),
        (had((tensor(2, 4), ("a",), (1,)), (tensor(2, 2), ("a",), (1,))), "`f32[2, 2 or 4]`"),
        (had(*((Plain("int", str(number)), ("a",), (1,)) for number in range(5))), "`int 0..4`"),
        (had((tensor(2, device="cuda:0"), ("a",), (1,))), "`f32[2] on cuda:0`"),
        (had((tensor(2, grad=False), ("a",), (1,)), (tensor(2), ("b",), (2,))), "`f32[2]`"),
    ],
)
def test_all_values_of_an_expression_stand_on_one_line(value: Had, words: str) -> None:
    assert inline(had_in_words(value)) == words


def test_instances_in_which_nothing_ran_are_named() -> None:
    value = had((tensor(2), ("h.0",), (1,)), absent=("h.1", "h.2", "h.3"))
    assert inline(facts_of(value)[1]) == "not run in `h.{1..3}`"


def test_only_numbers_that_could_have_a_gradient_are_said_to_need_none() -> None:
    assert needs_no_gradient(had((tensor(2, grad=False), ("a",), (1,))))
    assert not needs_no_gradient(had((Tensor("int64", (Size(2),), "cpu", False), ("a",), (1,))))
    assert not needs_no_gradient(had((tensor(2), ("a",), (1,))))
