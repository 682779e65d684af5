"""A small trace that makes a process warm: torch finds, imports and makes a lot at its first one."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from ..examples.evaluate import build
from ..failures import Codebase
from ..graph.birthplaces import Birthplaces
from ..torch_private import compiled_code_in_eager, counting_apart, start_engine_before_fake_devices
from ..values.dimensions import Dimensions
from ..values.functions import Functions
from ..values.named import with_dimensions
from ..values.process import Recording
from ..values.record import record
from ..values.results import values_of
from ..wire.descriptor_map import DescriptorMap, Target
from ..wire.json_codec import to_json
from ..wire.protocol import ExampleSource, TraceParams
from .build_example import Built
from .capture import capture
from .context import Context
from .describe import describe_graphs
from .partition import partition_graphs
from .progress import Draft, Phases


class Small(nn.Module):
    """A model with a parameter, a view, and a shape that is read."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(6)
        self.linear = nn.Linear(6, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = x.shape
        y: torch.Tensor = self.linear(self.norm(x))
        return x + y.relu().view(rows, columns)


_EXAMPLE = ExampleSource("Small()(torch.ones(2, 6))", "pinned", __file__, 1)


def warm_up() -> None:
    """Trace a small model. Whatever fails in that, a trace will report."""
    with warnings.catch_warnings(), counting_apart(), contextlib.suppress(Exception), _lonely_bars():
        warnings.simplefilter("ignore")
        start_engine_before_fake_devices()
        with compiled_code_in_eager():
            _trace()


@contextlib.contextmanager
def _lonely_bars() -> Iterator[None]:
    """Let torch's progress bars start no thread, and make no lock that processes share: children would inherit it."""
    bars = getattr(sys.modules.get("tqdm"), "tqdm", None)  # torch shows its progress with it, if it is installed
    if bars is None:
        yield
        return
    missing = object()
    alone = {"monitor_interval": 0, "_lock": threading.RLock()}
    before = {name: vars(bars).get(name, missing) for name in alone}
    for name, value in alone.items():
        setattr(bars, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is missing:
                delattr(bars, name)
            else:
                setattr(bars, name, value)


def _trace() -> None:
    params = TraceParams(__file__, Small.__qualname__, (_EXAMPLE,))
    draft = Draft(DescriptorMap(Target(__file__, Small.__qualname__), "failed", "export"), _encode, in_stages=True)
    context = Context(params, Codebase(__file__), Birthplaces(), Phases(_encode), draft, _encode, Recording(None))
    with context.birthplaces.recording():
        example = build(_EXAMPLE, sys.modules[__name__], context.birthplaces, None, _encode)
    with capture(example) as captured:
        partition_graphs(context, describe_graphs(context, Built(_EXAMPLE, example), captured))
    draft.send_whole()
    functions = Functions([__file__])
    recorder, _ = record(functions, example)
    _encode(to_json(values_of(recorder, None, "fake", 0.0)))
    dimensions = Dimensions(example, context.birthplaces)
    recorder, _ = record(functions, example, dimensions)
    _encode(to_json(with_dimensions(values_of(recorder, None, "fake", 0.0), dimensions)))


def _encode(message: Any) -> None:
    with contextlib.suppress(TypeError):
        json.dumps(message)
