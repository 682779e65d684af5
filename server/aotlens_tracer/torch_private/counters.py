"""Torch's numbers of what it has compiled in this process: names and messages show some of them."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import torch._functorch.aot_autograd as aot
from torch._dynamo import bytecode_transformation, convert_frame, output_graph

_COUNTERS: tuple[tuple[Any, str], ...] = (
    (aot, "AOT_COUNTER"),
    (bytecode_transformation, "_unique_id_counter"),
    (output_graph, "_compile_id_counter"),
)


@contextlib.contextmanager
def counting_apart() -> Iterator[None]:
    """Let torch count from the beginning again afterwards, as if nothing had been traced in this process."""
    try:
        yield
    finally:
        for module, name in _COUNTERS:
            if hasattr(module, name):
                setattr(module, name, itertools.count())
        convert_frame.FRAME_COUNTER = 0
        convert_frame.FRAME_COMPILE_COUNTER.clear()
