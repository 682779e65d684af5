"""Texts of graphs, and the documents that show them. They are kept as long as the client shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.text.uris import path_of

from .uris import GraphName, parse_uri

if TYPE_CHECKING:
    from aotlens.explain.graph_lines import GraphText
    from aotlens_tracer.wire.descriptor_map import DescriptorMap

KEPT = 4
"""The number of texts that are kept of graphs that are not open.

A client may ask for the content without opening a document.
"""


@dataclass(frozen=True)
class _Kept:
    map: DescriptorMap
    text: GraphText


class GraphTexts:
    """The texts by graph, and the open documents that show them."""

    def __init__(self) -> None:
        self._texts: dict[GraphName, _Kept] = {}
        self._files: dict[str, GraphName] = {}
        self._open: dict[str, DescriptorMap | None] = {}

    def named(self, uri: str) -> GraphName | None:
        """The graph that a document shows; None if it shows no graph."""
        return parse_uri(uri) or self._files.get(path_of(uri))

    def is_file(self, uri: str) -> bool:
        """Whether a document is a file that a graph was written to. Its text stays the same after a new trace."""
        return path_of(uri) in self._files

    def wrote(self, graph: GraphName, path: str) -> None:
        """Remember that a graph was written to a file."""
        self._files[path] = graph

    def get(self, graph: GraphName, map: DescriptorMap) -> GraphText | None:
        """The text of a graph of this very map; None if there is none."""
        kept = self._texts.get(graph)
        return kept.text if kept is not None and kept.map is map else None

    def knows(self, graph: GraphName) -> bool:
        """Whether a text of a graph is kept, if only of an earlier map."""
        return graph in self._texts

    def keep(self, graph: GraphName, map: DescriptorMap, text: GraphText) -> None:
        """Keep a text: while a document shows the graph, or until some others are kept."""
        self._texts.pop(graph, None)
        self._texts[graph] = _Kept(map, text)
        shown = {self.named(uri) for uri in self._open}
        closed = [one for one in self._texts if one not in shown]
        for one in closed[: max(0, len(closed) - KEPT)]:
            del self._texts[one]

    def opened(self, uri: str) -> None:
        """The client opened a document."""
        if self.named(uri) is not None:
            self._open[uri] = None

    def closed(self, uri: str) -> None:
        """The client closed a document: the text that no other document shows is dropped."""
        self._open.pop(uri, None)
        graph = self.named(uri)
        if graph is not None and graph not in {self.named(other) for other in self._open}:
            self._texts.pop(graph, None)

    def open_documents(self) -> list[str]:
        """The URIs of the open documents that show graphs."""
        return list(self._open)

    def outdated(self, states: Mapping[TargetKey, TargetState]) -> list[str]:
        """The open documents whose targets were traced again since this was asked last. Files are left out."""
        found = []
        for uri, before in self._open.items():
            graph = parse_uri(uri)
            state = states.get(graph.key) if graph is not None else None
            if graph is None or state is None or state.map is None or state.map is before:
                continue
            shown = self._texts.get(graph)
            before = before or (shown.map if shown is not None else None)
            self._open[uri] = state.map
            if before is not None and before is not state.map:
                found.append(uri)
        return found
