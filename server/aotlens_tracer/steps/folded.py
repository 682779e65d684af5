"""A provisional map of a model with many equal layers: only a few are traced, and the others are unfolded from them.

A process of its own makes it, while the exact map is traced. It is an answer only if the model proves to be even: the
whole model's call must dispatch exactly the operations that the unfolding predicts, from the same lines.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import Any

from torch import nn

from ..eager.call_rows import CallChains, rows_of_call
from ..graph.repeated_layers import Layers, repeated_layers
from ..graph.unfolded_graph import Few, unfolded_graph
from ..graph.unfolding import Lists, NotEven, unfolded
from ..torch_private import configured_memory_budget, names_of_buffers, names_of_parameters
from ..values.process import Beside
from ..wire.descriptor_map import FoldedLayers
from ..wire.json_codec import to_json
from ..wire.protocol import FOLDED
from .build_example import Built
from .capture import capture
from .context import Context
from .describe import describe_graphs
from .partition import partition_graphs
from .progress import Draft, Phases

LAYERS = 16
"""The fewest equal layers that are folded."""
MODULES = 240
"""The fewest modules in all layers: an exact map of a smaller model is there almost as soon."""
FEW, MORE = 3, 5
"""The numbers of layers that are traced: the first, the last and a usual one; and two usual ones more."""
CORES = 4
"""The processors that the exact map, the provisional one, its proof and the recorded values need at once."""
PATIENCE = 3.0
"""Seconds that the exact map of such a model, which takes many more, lets the others go first with fewer processors."""


def start_folding(context: Context, built: Built) -> None:
    """Send a provisional map from a process of its own, if the model has many equal layers."""
    layers = _foldable(context, built)
    if layers is not None and context.folding.start(lambda: _send_folded(context, built, layers)) and _cores() < CORES:
        context.folding.wait(PATIENCE)


def _cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _foldable(context: Context, built: Built) -> Layers | None:
    """Return the equal layers of a large model whose saved values grow evenly; None if there are none."""
    params, module = context.params, built.example.module
    if module is None or built.example.mode is None or not params.stages or params.convention != "export":
        return None
    budget = configured_memory_budget() if params.memory_budget is None else params.memory_budget
    if params.partitioner == "eager" or budget != 1:
        return None
    layers = repeated_layers(module, LAYERS)
    return layers if layers is not None and layers.modules >= MODULES else None


def _send_folded(context: Context, built: Built, layers: Layers) -> None:
    checking = context.folding.another()
    checking.start(lambda: check_evenness(built, layers))
    graph = folded_graph(context, built, layers)
    if checking.wait():
        fields = {"graphs": [graph], "folded": to_json((FoldedLayers(layers.name, MORE, layers.count),))}
        context.send({"event": "map", "stage": FOLDED, "fields": fields})


def folded_graph(context: Context, built: Built, layers: Layers) -> dict[str, Any]:
    """Return the graph of the whole model as JSON, from traces of a few layers. Raises NotEven."""
    few, more = (_traced(context, built, layers, count) for count in (FEW, MORE))
    graph = unfolded_graph(few, more, layers.count)
    if not _has_inputs_of(graph, built.example.module):
        raise NotEven
    return graph


def _traced(context: Context, built: Built, layers: Layers, count: int) -> Few:
    """Return the graph of the model with only the first layers. Raises NotEven if Dynamo does not give one graph."""
    alone = replace(
        context,
        params=replace(context.params, compare=False),
        phases=Phases(_drop),
        draft=Draft(context.draft.map, _drop, in_stages=False),
        send=_drop,
        folding=Beside(None),
    )
    with layers.reduced_to(count), capture(built.example) as captured:
        if captured.dynamo_error is not None:
            raise NotEven
        partition_graphs(alone, describe_graphs(alone, built, captured))
    (graph,) = alone.draft.map.graphs
    return Few(count, to_json(graph))


def _drop(event: dict[str, Any]) -> None:
    """Send nothing."""


def check_evenness(built: Built, layers: Layers) -> None:
    """Raise NotEven unless the whole model's call does what the calls with few layers predict, step by step."""
    chains = CallChains()
    rows = []
    state = random.getstate()
    for count in (FEW, MORE, layers.count):
        with layers.reduced_to(count):
            rows.append(rows_of_call(built.example, chains))
    is_random = random.getstate() != state  # then another call may skip other layers
    if is_random or unfolded(Lists(FEW, rows[0], MORE, rows[1]), layers.count) != rows[2]:
        raise NotEven


def _has_inputs_of(graph: dict[str, Any], module: nn.Module | None) -> bool:
    """Whether the graph has all parameters and buffers of a module as inputs, in torch's order, with their shapes."""
    assert module is not None
    state = (*names_of_parameters(module), *names_of_buffers(module))
    wanted = [(name, list(tensor.shape)) for name, tensor in state]
    whole = {each["inputs"][0]: each for each in graph["subclasses"] if each["role"] in ("parameter", "buffer")}
    found = [
        (slot["fields"].get("target"), slot["shape"])
        if index not in whole
        else (whole[index]["label"], whole[index]["shape"])
        for index, slot in enumerate(graph["inputs"])
        if slot["kind"] in ("ParamAOTInput", "BufferAOTInput") or index in whole
    ]
    return found == wanted
