"""Calls of operators as plain data: what is noted in one place gives the same results in another, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402

from aotlens_tracer.torch_private import (  # noqa: E402
    FakeCall,
    FakeCalls,
    forget_results_of_other_settings,
    noting_fake_calls,
    settings_of_results,
)
from aotlens_tracer.torch_private.learnable import NotPlain, check_arguments, constant, operator  # noqa: E402

LONG = ["tensor", "float32", [1 << 20], [1], 0, 1 << 22, "cpu", False]


@pytest.fixture(autouse=True)
def own_cache() -> Iterator[None]:
    before = dict(FakeTensorMode.cache)
    FakeTensorMode.cache.clear()
    yield
    FakeTensorMode.cache.clear()
    FakeTensorMode.cache.update(before)


def _work() -> list[tuple[Any, ...]]:
    """Make calls of many kinds; the metadata of their results."""
    with FakeTensorMode():
        x = torch.randn(2, 6, 4, requires_grad=True)
        image = torch.randn(1, 3, 8, 8).to(memory_format=torch.channels_last)
        found = [
            x.transpose(1, 2) @ x,
            x[:, 1:, None].expand(2, 5, 3, 4).reshape(30, 4),
            torch.nn.functional.conv2d(image, torch.randn(4, 3, 3, 3), padding=1),
            torch.cat([x, x * 1.5], dim=1).to(torch.bfloat16),
            torch.full((2, 3), float("inf")),
            torch.native_layer_norm(x, (4,), None, None, 1e-5)[1],
            torch.nn.functional.scaled_dot_product_attention(x, x, x),
        ]
        x.detach().add_(1)
    return [(y.dtype, tuple(y.shape), y.stride(), y.storage_offset(), y.requires_grad, y.device) for y in found]


def test_what_was_noted_gives_the_same_results_and_is_not_computed_again() -> None:
    noted: list[FakeCall] = []
    with noting_fake_calls(noted):
        first = _work()
    assert len(noted) > 10
    known = dict(FakeTensorMode.cache)
    FakeTensorMode.cache.clear()
    calls = FakeCalls()
    for call in json.loads(json.dumps(noted)):
        calls.learn(call)
    for key, entry in FakeTensorMode.cache.items():
        assert key not in known or repr(known[key]) == repr(entry), key.key[0]
    again: list[FakeCall] = []
    with noting_fake_calls(again):
        assert _work() == first
    assert again == []


@pytest.mark.parametrize(
    "call",
    [
        None,
        "aten::mm",
        [],
        ["os::system", ["true"], {}],
        ["aten::from_file", ["/etc/hostname"], {}],
        ["aten::nothing_of_this_name", [], {}],
        ["aten::mm", [["tensor", "float32", [2, 3], [3, 1], 0, 24, "cpu", False]], {}],
        ["aten::relu", [["tensor", "load", [2], [1], 0, 8, "cpu", False]], {}],
        ["aten::relu", [["eval", "1"]], {}],
        ["aten::relu", [["tensor", "float32", [1 << 70], [1], 0, 8, "cpu", False]], {}],
    ],
)
def test_what_is_no_call_is_passed_over(call: Any) -> None:
    assert FakeCalls().learn(call) is False
    assert not FakeTensorMode.cache


@pytest.mark.parametrize(
    "name",
    [
        "aten::__dict__.clear",
        "aten::add.__setattr__",
        "aten::add.Tensor.tags",
        "aten::ljust",
        "aten::save",
        "aten::_print",
        "aten::from_file",
        "aten::from_file.out",
        "aten::_cufft_set_plan_cache_max_size",
        "aten::lstm.input",
        "aten::diff",
        "prims::__class__",
        "profiler::_record_function_enter",
        "aten",
        ["aten::relu"],
        None,
    ],
)
def test_operators_of_torch_that_take_and_return_tensors_are_looked_up_and_nothing_else(name: Any) -> None:
    with pytest.raises(NotPlain):
        operator(name)


def test_names_of_types_are_looked_up_among_types() -> None:
    assert constant("dtype", "bfloat16") is torch.bfloat16
    assert constant("memory_format", "channels_last") is torch.channels_last
    for kind, name in (("dtype", "compiler"), ("dtype", "strided"), ("layout", "load"), ("dtype", []), ({}, "int8")):
        with pytest.raises(NotPlain):
            constant(kind, name)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("aten::unbind.int", [LONG]),
        ("aten::relu", [["tensor", "float32", [1 << 50], [1], 0, 1 << 52, "cpu", False]]),
        ("aten::gelu", [["tensor", "float32", [2], [1], 0, 8, "cpu", False], "x" * 100]),
        ("aten::cat", [["list", *[LONG] * 2_000]]),
        ("aten::cat", [["list", ["list", ["list", ["list", ["list", ["list", LONG]]]]]]]),
    ],
)
def test_a_call_that_may_take_long_is_not_made(name: str, arguments: list[Any]) -> None:
    check_arguments(operator(name), [[["tensor", "float32", [4], [1], 0, 16, "cpu", False]], {}])
    with pytest.raises(NotPlain):
        check_arguments(operator(name), [arguments, {}])


def test_results_are_forgotten_if_the_user_changes_what_they_depend_on() -> None:
    before = settings_of_results()
    _work()
    forget_results_of_other_settings(before)
    assert FakeTensorMode.cache
    with torch.backends.mkldnn.flags(enabled=False):
        forget_results_of_other_settings(before)
    assert not FakeTensorMode.cache
