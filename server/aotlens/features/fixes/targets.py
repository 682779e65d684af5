"""Actions that show the map and the graphs of a class, alone and in the models around it, or of a step; or trace it."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
from aotlens.features.graph_choices import graph_choices
from aotlens.model.snapshot import Snapshot, TargetKey, other_than
from aotlens.syntax.definitions import Definition
from aotlens.syntax.step_places import StepPlace
from aotlens.text.documents import Document

from .action import CodeAction, command


def target_actions(snapshot: Snapshot, document: Document, definition: Definition) -> Iterator[CodeAction]:
    """Show what is known of a class, and trace it now."""
    yield from _of(snapshot, TargetKey(document.path, definition.qualname))


def step_actions(snapshot: Snapshot, document: Document, step: StepPlace) -> Iterator[CodeAction]:
    """The same for a training step."""
    yield from _of(snapshot, TargetKey(document.path, step.qualname))


def _of(snapshot: Snapshot, key: TargetKey) -> Iterator[CodeAction]:
    name = key.qualname
    state = snapshot.states.get(key)
    if state is not None and state.map is not None:
        yield command(action_titles.show_map(name), "aotlens.showMap", str(key))
    for choice in graph_choices(snapshot, key):
        if choice.module is None:
            for kind in choice.kinds:
                yield command(action_titles.show_graph(kind, choice.title), "aotlens.showGraph", str(key), kind)
        else:  # the other graphs are one step away, and the list of actions is long
            kind = choice.kinds[0]
            title = action_titles.show_graph(kind, choice.title)
            yield command(title, "aotlens.showGraph", str(choice.key), kind, choice.module)
    yield command(action_titles.trace_now(name), "aotlens.traceNow", str(key))
    if state is not None and (state.maps or state.examples):
        other = other_than(state.convention)
        yield command(action_titles.show_convention(other, name), "aotlens.switchConvention", str(key), other)
