"""Parts of the JSON of the command line that are short enough for an agent. Nothing is renamed or computed anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Shape = Mapping[str, Any]
"""The keys that are kept; what stands behind a key is the shape of its object or of the objects in its list."""


def _keys(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names)


_PLACE = _keys("path", "line", "column")
_RELATED = _keys("message") | _PLACE
_FINDING = _keys("code", "severity", "message", "name") | _PLACE | {"related": _RELATED}
_FRAME = _keys("path", "line", "function", "code")
_FAILURE = _keys("stage", "reason", "message", "hint") | _PLACE | {"frames": _FRAME}
_EXAMPLE = _keys("origin", "constructor", "arguments", "mode", "recorded_in")
_SLOT = _keys("index", "node", "descriptor", "label", "dtype", "shape")
_INPUT = _SLOT | _keys("requires_grad", "gradient", "mutation", "tied_to", "tangent_of") | {"definition": _PLACE}
_OUTPUT = _SLOT | _keys("tangent", "gradient_of", "mutation_of", "alias_of") | {"source": _PLACE}
_SAVED = _keys("node", "label", "bytes", "dtype", "shape", "module", "read_by") | {"source": _PLACE}
_HEAD: dict[str, Any] = {
    **_keys("status", "convention", "torch", "cells"),
    "target": _keys("path", "qualname", "line"),
    "example": _EXAMPLE,
    "failure": _FAILURE,
    "graph_breaks": _keys("reason", "path", "line"),
}
_MEANING = _keys("meaning")

OVERVIEW: Shape = _HEAD | {"findings": _FINDING}
"""A trace among others."""
SLOTS: Shape = {**OVERVIEW, "graphs": {"capture": None, "inputs": _INPUT, "outputs": _OUTPUT}}
MEANINGS: Shape = {**OVERVIEW, "graphs": {"capture": None, "inputs": _INPUT | _MEANING, "outputs": _OUTPUT | _MEANING}}
GRADIENTS: Shape = {**OVERVIEW, "graphs": {"inputs": _INPUT}}
_TOTAL = _keys("partitioner", "memory_budget", "bytes", "values", "recomputed", "held", "problem")
_OF_SAVED = _keys("capture", "partitioner", "memory_budget") | {"saved": _SAVED, "compared": _TOTAL}
SAVED: Shape = {**_HEAD, "graphs": _OF_SAVED}
_IN_CELL = _keys("cell")
_CHECKED = _keys("severity", "code", "message", "within", "left_out_by") | _PLACE | _IN_CELL
CHECKED: Shape = {
    **_keys("working_directory", "summary"),
    "findings": _CHECKED | {"related": _RELATED | _IN_CELL},
    "untraced": _keys("target", "line", "message") | _IN_CELL,
}
_NAME = _keys("node", "index", "role", "name", "meaning", "type", "descriptor", "place", "born", "doubts")
_LOGGED = _keys("kind", "title", "number", "convention", "compile", "lines", "doubts", "model")
_FOUND = _keys("graph", "convention", "node", "role", "name", "meaning", "born")
DECODED: Shape = {
    **_keys("source", "lines"),
    "graphs": _LOGGED | {"inputs": _NAME, "outputs": _NAME},
    "mentions": _keys("name", "place") | {"found": _FOUND},
}


def part(value: Any, shape: Shape | None) -> Any:
    """The part of a value that a shape keeps; empty lists, and what is null, are left out."""
    if shape is None:
        return value
    if isinstance(value, list):
        return [part(item, shape) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: part(value[key], inner) for key, inner in shape.items() if key in value}
    return {key: item for key, item in kept.items() if item is not None and item != []}


def limited(holder: dict[str, Any], key: str, most: int, wanted: Callable[[Any], bool] = lambda item: True) -> None:
    """Keep at most so many items of a list, of those that are wanted; `left_out` then has the number of the others."""
    items = holder.get(key)
    if not items:
        return
    kept = [item for item in items if wanted(item)]
    holder[key] = kept[:most]
    if len(kept) > most:
        holder.setdefault("left_out", {})[key] = len(kept) - most


def named(pattern: str) -> Callable[[Any], bool]:
    """Whether a slot or finding is that of a name, or of one that a glob matches: `blocks.*.gate`, `primals_3`."""

    def wanted(item: Any) -> bool:
        names = [*(item.get(key) for key in ("label", "name", "node")), *item.get("tied_to", ())]
        return any(matches(name, pattern) for name in names if isinstance(name, str))

    return wanted


def matches(name: str, pattern: str) -> bool:
    """Whether a name is the pattern, or a piece of what it names, or matches it as a glob."""
    return name == pattern or name.startswith(f"{pattern}.") or fnmatchcase(name, pattern)
