"""Code lenses above a target: its graph in numbers and its state, and the example of its trace."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aotlens.explain.brief import folded
from aotlens.explain.conventions import NAMES, graphs_in_words
from aotlens.explain.examples import brief_origin
from aotlens.explain.graph_summary import map_in_words
from aotlens.explain.states import REPLACED_BY_UNKNOWN, replaced_in_words, state_in_words, untraced_in_words
from aotlens.features.fixes.examples import can_be_pinned
from aotlens.model.contexts import Context, contexts_of
from aotlens.model.duplicates import definitions_of, replacement
from aotlens.model.examples import lacks_example
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState, other_than
from aotlens.syntax.subjects import ClassRef
from aotlens.text.documents import Document

KINDS = ("graph", "example", "convention")
REPLACED = "replaced"


@dataclass(frozen=True)
class LensPlace:
    """The line of a lens and its subject; places are found quickly, texts are made later."""

    line: int
    key: TargetKey
    kind: str


@dataclass(frozen=True)
class LensText:
    """The text of a lens, and its command with the arguments."""

    title: str
    command: str
    arguments: tuple[Any, ...]


def places(snapshot: Snapshot, document: Document) -> list[LensPlace]:
    """The lenses of a document: three above each target, one above each other class that a traced model contains.

    A definition that a later one of the same name replaces has one lens, which says so.
    """
    found = []
    for definition in document.definitions:
        key = TargetKey(document.path, definition.qualname)
        state = snapshot.states.get(key)
        if state is not None and replacement(snapshot, document, definition.qualname, definition.line) is not None:
            found.append(LensPlace(definition.line, key, REPLACED))
            continue
        if state is not None and (state.examples or state.maps):
            found += [LensPlace(definition.line, key, kind) for kind in KINDS]
        elif definition.kind == "class" and (
            (state is not None and can_be_pinned(snapshot, document, definition)) or _containing(snapshot, key)
        ):
            found.append(LensPlace(definition.line, key, "graph"))
    return found


def text(snapshot: Snapshot, key: TargetKey, kind: str) -> LensText:
    """The text of a lens, in the present state."""
    state = snapshot.states.get(key) or TargetState(key)
    target = str(key)
    if kind == REPLACED:
        return LensText(_replaced(snapshot, key), "aotlens.goToTarget", (target,))
    if kind == "convention":
        other = other_than(state.convention)
        return LensText(f"show {graphs_in_words(other)}", "aotlens.switchConvention", (target, other))
    if kind == "example":
        return LensText(_example(snapshot, state), "aotlens.editExample", (target,))
    if not state.maps and not state.examples:
        return _without_example(snapshot, key, target)
    words = [word for word in (state_in_words(state), _graph(state)) if word]
    title = " · ".join(words) if words and snapshot.trusted else untraced_in_words(snapshot, state)
    if state.convention == "compile":
        title = f"{NAMES['compile']}: {title}"
    is_shown = state.map is not None and state.status != "cancelled"
    return LensText(title, "aotlens.showMap" if is_shown else "aotlens.traceNow", (target,))


def _graph(state: TargetState) -> str | None:
    if state.map is None or not state.map.graphs:
        return None
    return map_in_words(state.map)


def _example(snapshot: Snapshot, state: TargetState) -> str:
    example = state.map.example if state.map is not None else None
    if example is None or not example.arguments:
        source = state.examples[0] if state.examples else None
        if source is None:
            return "no example"
        return f"example: {' '.join(source.expression.split())} ({source.origin})"
    arguments = ", ".join(f"{argument.name}: {argument.value}" for argument in example.arguments)
    more = f" · {len(state.examples)} examples" if len(state.examples) > 1 else ""
    mode = f" · {example.mode}" if example.mode else ""
    origin = brief_origin(example, os.path.basename)
    if example.recorded_in is not None:
        models = [c for c in _containing(snapshot, state.key) if str(c.state.key) == example.recorded_in]
        origin += "".join(f": {folded(context.prefixes)}" for context in models[:1])
    return f"{example.constructor or state.key.qualname}({arguments}) · {origin}{mode}{more}"


def _replaced(snapshot: Snapshot, key: TargetKey) -> str:
    document = snapshot.documents.get(key.path)
    kept = replacement(snapshot, document, key.qualname, 0) if document is not None else None
    return replaced_in_words(kept.line) if kept is not None else REPLACED_BY_UNKNOWN


def _without_example(snapshot: Snapshot, key: TargetKey, target: str) -> LensText:
    """The lens of a class without a trace of its own: the model that contains it, its state, or what is missing."""
    state = snapshot.states.get(key) or TargetState(key)
    for context in _containing(snapshot, key) if state.status not in ("waiting", "tracing") else ():
        model = context.state
        stale = " · stale" if model.stale else ""
        return LensText(
            f"in {model.key.qualname}: {folded(context.prefixes)}{stale}", "aotlens.showMap", (str(model.key),)
        )
    command = "aotlens.pinExample" if lacks_example(state) else "aotlens.traceNow"
    words = state_in_words(state) if snapshot.trusted else None
    return LensText(words or untraced_in_words(snapshot, state), command, (target,))


def _containing(snapshot: Snapshot, key: TargetKey) -> Sequence[Context]:
    """The traced models that contain instances of a class; the one that answers hovers comes first."""
    document = snapshot.documents.get(key.path)
    refs = [
        ClassRef(definition.qualname, definition.line, definition.end_line)
        for definition in (definitions_of(document, key.qualname) if document is not None else ())
        if definition.kind == "class"
    ]
    return [c for ref in refs for c in contexts_of(snapshot, document, ref) if not c.is_own] if document else ()
