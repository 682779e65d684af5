"""Code lenses: over each target what its graph is, with what it was traced, and what is going on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aotlens.session.documents import Document

from .context import folded
from .index import index_of
from .snapshot import Snapshot, TargetKey, TargetState
from .summary import graph_in_words, state_in_words, untraced_in_words

KINDS = ("graph", "example")


@dataclass(frozen=True)
class LensPlace:
    """Where a lens stands, and what it is about: found quickly, for the whole document."""

    line: int
    key: TargetKey
    kind: str


@dataclass(frozen=True)
class LensText:
    """What a lens says, and the command behind it with its arguments."""

    title: str
    command: str
    arguments: tuple[Any, ...]


def places(snapshot: Snapshot, document: Document) -> list[LensPlace]:
    """The lenses of a document: two over each target, one over each other class that a traced model contains."""
    found = []
    for definition in document.definitions:
        key = TargetKey(document.path, definition.qualname)
        state = snapshot.states.get(key)
        if state is not None and (state.examples or state.map is not None):
            found += [LensPlace(definition.line, key, kind) for kind in KINDS]
        elif definition.kind == "class" and (state is not None or _containing(snapshot, key)):
            found.append(LensPlace(definition.line, key, "graph"))
    return found


def text(snapshot: Snapshot, key: TargetKey, kind: str) -> LensText:
    """What a lens says now."""
    state = snapshot.states.get(key) or TargetState(key)
    target = str(key)
    if kind == "example":
        return LensText(_example(state), "aotlens.editExample", (target,))
    if state.map is None and not state.examples:
        return _without_example(snapshot, key, target)
    words = [word for word in (state_in_words(state), _graph(state)) if word]
    title = " · ".join(words) if words and snapshot.trusted else untraced_in_words(snapshot, state)
    return LensText(title, "aotlens.showMap" if state.map is not None else "aotlens.traceNow", (target,))


def _graph(state: TargetState) -> str | None:
    if state.map is None or not state.map.graphs:
        return None
    return graph_in_words(state.map.graphs[0])


def _example(state: TargetState) -> str:
    example = state.map.example if state.map is not None else None
    if example is None or not example.arguments:
        source = state.examples[0] if state.examples else None
        if source is None:
            return "no example"
        return f"example: {' '.join(source.expression.split())} ({source.origin})"
    arguments = ", ".join(f"{argument.name}: {argument.value}" for argument in example.arguments)
    more = f" · {len(state.examples)} examples" if len(state.examples) > 1 else ""
    mode = f" · {example.mode}" if example.mode else ""
    return f"{example.constructor or state.key.qualname}({arguments}) · {example.origin}{mode}{more}"


def _without_example(snapshot: Snapshot, key: TargetKey, target: str) -> LensText:
    """A class without an example of its own: where traced models use it, or that one is needed."""
    for state, names in _containing(snapshot, key):
        stale = " · stale" if state.stale else ""
        return LensText(f"in {state.key.qualname}: {folded(names)}{stale}", "aotlens.showMap", (str(state.key),))
    return LensText(untraced_in_words(snapshot, TargetState(key)), "aotlens.pinExample", (target,))


def _containing(snapshot: Snapshot, key: TargetKey) -> list[tuple[TargetState, list[str]]]:
    """The traced targets that contain instances of a class, with their names; the chosen context first."""
    chosen = snapshot.contexts.get(key)
    found = []
    for state in snapshot.maps():
        assert state.map is not None
        instances = index_of(state.map).instances.get((key.path, key.qualname), ())
        names = [module.name for module in instances if module.name]
        if names:
            found.append((state, names))
    return sorted(
        found,
        key=lambda item: (item[0].key != chosen, item[0].key.path != key.path, item[0].key.path, item[0].key.qualname),
    )
