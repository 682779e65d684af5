"""Torch's own pipeline in a warm process, next to which `edits.py` measures: reads a text, traces it, answers.

It does what a trace does and nothing around it: import the text, make the module and the call's arguments under a fake
mode, then a forward, or Dynamo's capture, AOTAutograd's joint graph and the min-cut partition.
"""

from __future__ import annotations

import contextlib
import json
import linecache
import sys
import time
import types
from typing import Any

import torch
from torch._dynamo.functional_export import dynamo_graph_capture_for_export
from torch._functorch._aot_autograd.graph_compile import _partition_joint_graph_into_fw_bw
from torch._functorch.aot_autograd import aot_export_joint_with_descriptors
from torch._functorch.partitioners import min_cut_rematerialization_partition
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx._lazy_graph_module import _use_lazy_graph_module


def built(text: str, number: int, constructor: str, arguments: str) -> tuple[FakeTensorMode, Any, tuple[Any, ...]]:
    """The module and its arguments, of a text that is imported as a new module."""
    name = f"edited{number}"
    module = types.ModuleType(name)
    module.__file__ = f"/edited/{name}.py"
    linecache.cache[module.__file__] = (len(text), None, text.splitlines(True), module.__file__)
    sys.modules[name] = module
    exec(compile(text, module.__file__, "exec"), vars(module))
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    with mode:
        return mode, eval(constructor, vars(module)), eval(f"({arguments},)", vars(module))


def forward(*edit: Any) -> None:
    """A fake forward alone."""
    mode, module, args = built(*edit)
    with mode:
        module(*args)


def pipeline(*edit: Any) -> None:
    """All of torch's pipeline."""
    _, module, args = built(*edit)
    graph_module: Any = dynamo_graph_capture_for_export(module)(*args)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_use_lazy_graph_module(True))  # as the tracer: no code is made of graphs that nobody runs
        stack.enter_context(torch._guards.tracing(graph_module.meta["tracing_context"]))
        stack.enter_context(graph_module.meta["fake_mode"])
        joint = aot_export_joint_with_descriptors(stack, graph_module, args, {})
        state, capture = joint._aot_state, joint._aot_graph_capture
        metadata = state.fw_metadata
        _partition_joint_graph_into_fw_bw(
            capture.graph_module,
            capture.updated_flat_args,
            metadata,
            metadata,
            state.aot_config,
            min_cut_rematerialization_partition,
        )


def peak() -> float:
    """The largest resident memory without files so far, MB: what grew since torch was imported."""
    with open("/proc/self/status", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    return int(fields["VmHWM"].split()[0]) / 1024


def main() -> None:
    """Answer each line of stdin, a JSON list, with the seconds that it took and the peak of memory."""
    torch.set_num_threads(1)  # as in the tracer
    actions = {"forward": forward, "pipeline": pipeline}
    for line in sys.stdin:
        what, *edit = json.loads(line)
        torch._dynamo.reset()
        start = time.perf_counter()
        actions[what](*edit)
        print(json.dumps([time.perf_counter() - start, peak()]), flush=True)


if __name__ == "__main__":
    main()
