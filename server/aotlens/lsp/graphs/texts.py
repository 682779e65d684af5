"""Texts of graphs, and the documents that show them. They are kept while the client shows them, and a few others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.text.uris import path_of
from aotlens_tracer.wire.protocol import Convention

from .uris import GraphName, parse_uri

if TYPE_CHECKING:
    from aotlens.explain.graph_lines import GraphText
    from aotlens_tracer.wire.descriptor_map import DescriptorMap

KEPT = 4
"""The number of texts that are kept of graphs that are not open, each until its target is traced again.

A client may ask for the content without opening a document, and a user may open the same graph again soon.
"""


@dataclass(frozen=True)
class _Kept:
    map: DescriptorMap
    text: GraphText


class GraphTexts:
    """The texts by graph, and the open documents that show them."""

    def __init__(self) -> None:
        self._texts: dict[GraphName, _Kept] = {}
        self._files: dict[str, tuple[GraphName, Convention]] = {}
        self._open: dict[str, DescriptorMap | None] = {}

    def named(self, uri: str) -> GraphName | None:
        """The graph that a document shows; None if it shows no graph."""
        written = self._files.get(path_of(uri))
        return parse_uri(uri) or (written[0] if written is not None else None)

    def convention_of(self, uri: str) -> Convention | None:
        """The convention of the graph in a file; None for other documents, which show that of the target."""
        written = self._files.get(path_of(uri))
        return written[1] if written is not None else None

    def is_file(self, uri: str) -> bool:
        """Whether a document is a file that a graph was written to. Its text stays the same after a new trace."""
        return path_of(uri) in self._files

    def wrote(self, graph: GraphName, path: str, convention: Convention) -> None:
        """Remember that a graph of this convention was written to a file."""
        self._files[path] = (graph, convention)

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
        self._drop_more_than_kept()

    def opened(self, uri: str) -> None:
        """The client opened a document."""
        if self.named(uri) is not None:
            self._open[uri] = None

    def closed(self, uri: str) -> None:
        """The client closed a document. Its text stays for a while: the user may open it again."""
        self._open.pop(uri, None)
        self._drop_more_than_kept()

    def drop_outdated(self, states: Mapping[TargetKey, TargetState]) -> None:
        """Drop the texts of graphs that are not open and whose target has another map by now, or is gone."""
        for graph in self._closed():
            state = states.get(graph.key)
            if state is None or state.map is not self._texts[graph].map:
                del self._texts[graph]

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

    def _closed(self) -> list[GraphName]:
        """The graphs that no document shows, whose texts are kept; the latest that was used is the last."""
        shown = {self.named(uri) for uri in self._open}
        return [graph for graph in self._texts if graph not in shown]

    def _drop_more_than_kept(self) -> None:
        closed = self._closed()
        for graph in closed[: max(0, len(closed) - KEPT)]:
            del self._texts[graph]
