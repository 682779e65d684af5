"""A folder of `TORCH_TRACE`, read with a few patterns. It shares no code with aotlens, which is compared with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_RECORD = re.compile(r"[VIWEC]\d{4} \S+ \d+ \S+\] (.*)")
_INPUT = re.compile(r'\s+(\w+): "(.*?)",?  # (.*)')
_OUTPUT = re.compile(r"\s+(\w+),  # (.*)")
_GUARD = re.compile(r"[| ]*\+- ([A-Z_]+): (.*?)\s*(?:  # .*| \(HINT: .*)?$")
_DICT = re.compile(r"\bDictGuardManager: source=(.*?), (?:accessed_by|type)=")
_PLACE = re.compile(r"Graph break in user code at (.*):(\d+)")


@dataclass
class RawGraph:
    """`aot_joint_graph` or `aot_inference_graph`: (node, type, descriptor) of each input, (node, descriptor) of each
    output."""

    inputs: list[tuple[str, str, str]]
    outputs: list[tuple[str | None, str]]
    operations: list[str]


@dataclass
class RawRun:
    """What a run wrote, by compile id with attempt; abandoned attempts are left out.

    `guards` are the kind and the condition of each guard, `dicts` the expressions of the dicts whose type, length and
    keys torch compares as a whole.
    """

    graphs: dict[str, RawGraph] = field(default_factory=dict)
    guards: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    breaks: list[tuple[str, int, str]] = field(default_factory=list)
    dicts: dict[str, set[str]] = field(default_factory=dict)


def raw_run(folder: Path) -> RawRun:
    """What the only file of a folder has."""
    (file,) = folder.glob("*.log")
    run, last = RawRun(), dict[str, int]()
    for data, payload in _records(file):
        if data.get("frame_id") is None:
            continue
        compilation, attempt = f"{data['frame_id']}/{data['frame_compile_id']}", data["attempt"]
        frame = f"{compilation}_{attempt}" if attempt else compilation
        if attempt != last.get(compilation, 0):
            old = last.get(compilation, 0)
            for kept in (run.graphs, run.guards, run.dicts):
                kept.pop(f"{compilation}_{old}" if old else compilation, None)
        last[compilation] = attempt
        if "aot_joint_graph" in data or "aot_inference_graph" in data:
            assert frame not in run.graphs
            run.graphs[frame] = _graph(payload)
        elif "dynamo_cpp_guards_str" in data:
            run.guards[frame] = {(m[1], m[2].strip()) for line in payload if (m := _GUARD.match(line))}
            run.dicts[frame] = {m[1] for line in payload if (m := _DICT.search(line))}
        elif data.get("artifact", {}).get("name") == "dynamo_graph_break_reason":
            run.breaks.append(_break(payload))
    return run


def _records(file: Path) -> Iterator[tuple[dict[str, object], list[str]]]:
    data, payload = None, list[str]()
    for line in file.read_text("utf-8").split("\n"):
        if line.startswith("\t"):
            payload.append(line[1:])
            continue
        if data is not None:
            yield data, payload
        match = _RECORD.match(line)
        data, payload = (json.loads(match[1]) if match else None), []
    if data is not None:
        yield data, payload


def _graph(payload: list[str]) -> RawGraph:
    end = next(n for n, line in enumerate(payload) if line.strip().startswith(("primals_1, ", "# File:", "return ")))
    unpacked = next((n for n, line in enumerate(payload) if "tree_flatten_spec(" in line or line.strip() == "):"), end)
    start = max(n for n, line in enumerate(payload) if line.strip().startswith("return "))
    operations = [m[1] for line in payload[unpacked:start] if (m := re.match(r'\s+(\w+)(?:: ".*?")? = ', line))]
    return RawGraph(
        [(m[1], m[2], m[3]) for line in payload[:start] if (m := _INPUT.match(line))],
        [(None if m[1] == "None" else m[1], m[2]) for line in payload[start:] if (m := _OUTPUT.match(line))],
        operations,
    )


def _break(payload: list[str]) -> tuple[str, int, str]:
    place = next(m for line in payload if (m := _PLACE.match(line)))
    start = next(n for n, line in enumerate(payload) if line.startswith("Graph Break Reason:"))
    said = payload[start].partition(": ")[2]
    if said.endswith(":"):  # torch says what it was doing, and the reason below that
        said = next(line for line in payload[start + 1 :] if line[:1].strip())
    return place[1], int(place[2]), said
