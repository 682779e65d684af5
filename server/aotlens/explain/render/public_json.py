"""The object that `aotlens trace --format json` prints: schema `aotlens.trace/1`, whose fields are a promise.

It is `to_json` of each map, with paths relative to one folder, and each slot's meaning in words.
"""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from aotlens.explain import failures
from aotlens.explain.findings.about import name_of
from aotlens.explain.findings.words import message, related, severity
from aotlens.explain.gradients import meaning_of
from aotlens.explain.signature import change_in_signs, difference_in_words
from aotlens.model.index import index_of
from aotlens.model.kernels import of_kernels
from aotlens.model.signature import Difference, differences
from aotlens.model.slots import Entry, Result
from aotlens.text.notebooks import remembered
from aotlens_tracer.wire.descriptor_map import SCHEMA, DescriptorMap, EagerRun, Finding
from aotlens_tracer.wire.findings import Failed
from aotlens_tracer.wire.json_codec import to_json

_PATHS = ("path", "class_path")


def public_json(maps: Sequence[DescriptorMap], torch: str | None, relative_to: str) -> dict[str, Any]:
    """`maps` as one JSON object; a path under the absolute folder `relative_to` becomes relative to it."""
    return {"schema": SCHEMA, "torch": torch, "traces": [_trace(item, relative_to) for item in maps]}


def _trace(descriptor_map: DescriptorMap, relative_to: str) -> dict[str, Any]:
    trace: dict[str, Any] = _relative(to_json(descriptor_map, rows=False), relative_to)
    trace["findings"] = [_relative(_finding(finding), relative_to) for finding in descriptor_map.findings]
    _put_words(trace, descriptor_map)
    trace["files"] = [_path(path, relative_to) for path in trace["files"]]
    notebook = remembered(descriptor_map.target.path)
    if notebook is not None:  # all lines of its file are those of its code cells, joined
        trace["cells"] = [{"cell": n, "first_line": first, "lines": count} for n, first, count in notebook.cells]
    for graph, shown in zip(descriptor_map.graphs, trace["graphs"], strict=True):
        items: list[Entry | Result] = [
            *(Entry(graph, slot) for slot in graph.inputs),
            *(Result(graph, slot) for slot in graph.outputs),
        ]
        for item, slot_shown in zip(items, (*shown["inputs"], *shown["outputs"]), strict=True):
            slot_shown["meaning"] = meaning_of(item, index_of(descriptor_map))
        shown["prices"] = to_json(index_of(descriptor_map).prices(graph))
        shown["signature"] = [_relative(_difference(each), relative_to) for each in differences(graph)]
        shown["of_kernels"] = [
            {
                "function": each.function,
                "bytes": each.bytes,
                "elsewhere": each.elsewhere,
                "saved": [number for number, value in enumerate(graph.saved or ()) if value in each.values],
                "is_partial": each.is_partial,
            }
            for each in of_kernels(index_of(descriptor_map), graph)
        ]
        # A graph without a partition has no list of saved values in a map; in the JSON it is always a list.
        shown["saved"] = shown["saved"] or []
    return trace


def _put_words(trace: dict[str, Any], map: DescriptorMap) -> None:
    """Put sentences in the place of problems and of advice."""
    if map.failure is not None:
        words = {"message": failures.message(map.failure), "hint": failures.hint(map.failure)}
        facts = ((name, item) for name, item in trace["failure"].items() if name not in ("problem", "advice"))
        trace["failure"] = dict(facts) | words
        for frame, shown in zip(map.failure.frames, trace["failure"]["frames"], strict=True):
            del shown["left_out"]
            shown["function"] = failures.function_of(frame)
    for item, shown in zip(map.graph_breaks, trace["graph_breaks"], strict=True):
        shown["reason"] = failures.refusal(item.text, item.by)
    for attempt, shown in zip(map.attempts, trace["attempts"], strict=True):
        shown["reason"] = failures.reason(attempt)
    if map.example is not None and map.example.weights_reason is not None:
        trace["example"]["weights_reason"] = failures.weights_reason(map.example.weights_reason)
    if map.eager_run is not None:
        _put_words_of_eager(trace["eager_run"], map.eager_run)
    for graph, shown in zip(map.graphs, trace["graphs"], strict=True):
        for total, row in zip(graph.compared, shown["compared"], strict=True):
            row["problem"] = failures.brief(total.problem) if total.problem is not None else None


def _put_words_of_eager(shown: dict[str, Any], run: EagerRun) -> None:
    """Put sentences in the place of the problems of a run in eager."""
    shown["problem"] = failures.brief(run.problem) if run.problem is not None else None
    if run.error is not None:
        facts = ((name, item) for name, item in shown["error"].items() if name != "problem")
        shown["error"] = {"message": failures.problem(run.error.problem)} | dict(facts)
        for frame, shown_frame in zip(run.error.frames, shown["error"]["frames"], strict=True):
            del shown_frame["left_out"]
            shown_frame["function"] = failures.function_of(frame)


def _difference(difference: Difference) -> dict[str, Any]:
    """A difference between signatures as data, with its sentence: what the schema promises first."""
    promised = {
        "text": difference_in_words(difference),
        "change": change_in_signs(difference),
        "inputs": difference.inputs,
        "outputs": difference.outputs,
        "places": to_json(difference.places),
        "changes": difference.changes,
    }
    return promised | {"kind": difference.kind, "names": difference.names, "of": difference.of}


def _finding(finding: Finding) -> dict[str, Any]:
    """A finding as data, with its sentences: what the schema promises first."""
    promised = {
        "code": finding.code,
        "severity": severity(finding),
        "message": message(finding),
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "name": name_of(finding),
        "output": next(iter(finding.outputs), None),
        "related": [
            {"message": sentence, "path": span.path, "line": span.line, "column": span.column}
            for sentence, span in related(finding)
        ],
    }
    data: dict[str, Any] = to_json(finding, rows=False)
    if isinstance(finding.reason, Failed):  # the failure has a place of its own
        data["reason"] = {"kind": "Failed", "stage": finding.reason.stage}
    return promised | {key: data[key] for key in ("subjects", "reason", "places", "outputs")}


def _relative(value: Any, folder: str) -> Any:
    """`value` with each `path` in it relative to `folder`, where it lies under it."""
    if isinstance(value, list):
        return [_relative(item, folder) for item in value]
    if isinstance(value, dict):
        return {
            # A descriptor's own fields are torch's, and stay as they are, whatever their names.
            key: _value(key, item, folder)
            for key, item in value.items()
        }
    return value


def _value(key: str, item: Any, folder: str) -> Any:
    if key in _PATHS:
        return _path(item, folder)
    if key == "recorded_in" and isinstance(item, str):
        path, separator, qualname = item.rpartition("::")
        return f"{_path(path, folder)}{separator}{qualname}"
    return item if key == "fields" else _relative(item, folder)


def _path(path: Any, folder: str) -> Any:
    if not isinstance(path, str) or not os.path.isabs(path):
        return path
    normal, base = PurePath(os.path.normpath(path)), PurePath(os.path.normpath(folder))
    return str(normal.relative_to(base)) if normal.is_relative_to(base) else path
