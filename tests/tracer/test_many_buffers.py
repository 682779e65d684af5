"""A module with many buffers: what is done with each of them does not depend on how many there are."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import nn

from aotlens_tracer.eager.reachable import Reach
from aotlens_tracer.examples.evaluate import BuiltExample
from aotlens_tracer.failures import Codebase


class Block(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        for number in range(count):
            self.register_buffer(f"b{number}", torch.zeros(1))
            setattr(self, f"a{number}", [torch.zeros(1)])


def steps_of(count: int) -> int:
    """The lines of Python that it takes to find all tensors of such a module."""
    module = Block(count)
    reach = Reach(BuiltExample(module, (), {}, None, None), Codebase(__file__))
    lines = 0

    def tracing(frame: Any, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return tracing

    before = sys.gettrace()
    sys.settrace(tracing)
    try:
        found = [each.tensor for each in reach.tensors()]
    finally:
        sys.settrace(before)
    assert len(found) >= 2 * count
    return lines


def test_the_tensors_of_a_module_are_found_in_time_that_grows_with_their_number() -> None:
    few, many = steps_of(100), steps_of(400)
    assert many < 6 * few
