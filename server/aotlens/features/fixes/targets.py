"""Actions that show the map and the graphs of a class, or trace it now."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.model.snapshot import Snapshot, TargetKey
from aotlens.syntax.definitions import Definition
from aotlens.text.documents import Document

from .action import CodeAction, command


def target_actions(snapshot: Snapshot, document: Document, definition: Definition) -> Iterator[CodeAction]:
    """Show what is known of a class, and trace it now."""
    name, key = definition.qualname, TargetKey(document.path, definition.qualname)
    state = snapshot.states.get(key)
    if state is not None and state.map is not None:
        yield command(f"Show the map of {name}", "aotlens.showMap", str(key))
        is_joint = any(graph.joint for graph in state.map.graphs)
        for kind in ("joint", "forward", "backward") if is_joint else ("forward",):
            yield command(f"Show the {kind} graph of {name}", "aotlens.showGraph", str(key), kind)
    yield command(f"Trace {name} now", "aotlens.traceNow", str(key))
