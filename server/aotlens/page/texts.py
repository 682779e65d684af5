"""The graphs of a map as text for the page, with what is known of each node: the hover of the graph document."""

from __future__ import annotations

from aotlens.explain.graph_lines import KINDS, GraphText, Kind, Name
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.features.graph_view import GraphView
from aotlens.model.nodes import Node
from aotlens.model.snapshot import TargetKey, TargetState
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .blocks import Data, blocks_data
from .places import Places


def texts_data(map: DescriptorMap, places: Places) -> dict[str, Data]:
    """The text of each kind of graph, and the nodes that they name."""
    nodes = _Nodes(map, places)
    texts = {kind: _text(map, kind, nodes, places) for kind in KINDS} if map.graphs else {}
    return {"texts": texts, "nodes": nodes.data}


class _Nodes:
    """The nodes of all texts, by number. The words about a node are those that its hover has in the first text."""

    def __init__(self, map: DescriptorMap, places: Places) -> None:
        self._state = TargetState(TargetKey(map.target.path, map.target.qualname), "traced", map)
        self._places = places
        self._numbers: dict[Node, int] = {}
        self.data: list[Data] = []

    def number(self, name: Name, kind: Kind, text: GraphText, shown: str) -> int:
        """The number of a node that a text names as `shown`."""
        node = name.node
        if node not in self._numbers:
            self._numbers[node] = len(self.data)
            view = GraphView(self._state, kind, text)
            found = view.hover(name.line, name.column)
            defined = text.definitions.get(node)
            self.data.append(
                {
                    "graph": node.graph,
                    "node": node.name,
                    "name": shown,
                    "words": blocks_data(found[0], self._places) if found is not None else [],
                    "place": self._places.number(text.sources.get(defined)) if defined is not None else None,
                }
            )
        return self._numbers[node]


def _text(map: DescriptorMap, kind: Kind, nodes: _Nodes, places: Places) -> Data:
    """The lines of a text; the line that defines each node; blocks; or the reason why there is no such graph."""
    try:
        text = graph_text(map, kind, places.texts.code)
    except NoSuchGraph as error:
        return {"reason": str(error)}
    lines: list[Data] = []
    numbers: dict[Node, int] = {}
    for number, written in enumerate(text.text.removesuffix("\n").split("\n"), 1):
        pieces: list[Data] = []
        at = 0
        for name in text.by_line.get(number, ()):
            shown = written[name.column - 1 : name.end_column - 1]
            numbers[name.node] = nodes.number(name, kind, text, shown)
            pieces += [written[at : name.column - 1]] if name.column - 1 > at else []
            pieces.append([numbers[name.node], shown])
            at = name.end_column - 1
        lines.append([*pieces, *([written[at:]] if at < len(written) else [])])
    return {
        "lines": lines,
        "definitions": [[numbers[node], line] for node, line in text.definitions.items()],
        "blocks": [[block.first, block.last, block.module] for block in text.blocks],
        "places": [[line, places.number(span)] for line, span in text.sources.items()],
    }
