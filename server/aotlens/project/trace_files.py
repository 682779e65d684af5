"""The calling conventions in what `aotlens trace --format json` has printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aotlens.explain.unread_files import why_unread
from aotlens.model.lock import Lock, LockedTarget, failed, locked, version_of
from aotlens.session.files import read_text
from aotlens_tracer.wire.descriptor_map import SCHEMA, DescriptorMap, Example, Graph, GraphBreak, ModuleInstance, Target
from aotlens_tracer.wire.failures import stated
from aotlens_tracer.wire.json_codec import from_json
from aotlens_tracer.wire.training_steps import TrainingStep

from .problems import Misuse


def lock_of_traces(file: Path) -> Lock:
    """The calling conventions in a file. Raises Misuse if it is no output of `aotlens trace`."""
    try:
        content = json.loads(read_text(file))
        if content["schema"] != SCHEMA:
            raise Misuse(f"{file} has the schema {content['schema']}, not {SCHEMA}")
        traces = content["traces"]
        conventions = sorted({trace["convention"] for trace in traces})
        targets = tuple(_target(trace) for trace in traces)
        torch = version_of(content.get("torch"))
    except OSError as error:
        raise Misuse(f"{file} cannot be read: {why_unread(error)}") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"
        raise Misuse(f"{file} is no output of aotlens trace --format json ({why})") from None
    if len(conventions) > 1:
        raise Misuse(f"{file} has traces of both conventions")
    return Lock(torch, conventions[0] if conventions else "export", targets)


def _target(trace: dict[str, Any]) -> LockedTarget:
    target: Target = from_json(Target, trace["target"])
    if trace["status"] != "traced":
        failure = trace["failure"]
        return failed(target.path, target.qualname, stated(failure["stage"], failure["reason"], failure["message"]))
    map = DescriptorMap(
        target,
        trace["status"],
        trace["convention"],
        from_json(Example, trace["example"]),
        tuple(_graph(graph) for graph in trace["graphs"]),
        tuple(from_json(ModuleInstance, module) for module in trace["modules"]),
        tuple(from_json(GraphBreak, each | {"advice": None}) for each in trace["graph_breaks"]),
        step=from_json(TrainingStep, trace.get("step")),
    )
    return locked(map, target.path)


def _graph(graph: dict[str, Any]) -> Graph:
    # There, a graph without a partition has an empty list of saved values.
    saved = graph["saved"] if graph["partitioner"] is not None else None
    found: Graph = from_json(Graph, graph | {"saved": saved, "compared": []})
    return found
