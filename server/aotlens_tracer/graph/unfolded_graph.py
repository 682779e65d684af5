"""The graph of a model with many equal layers, from its graphs with few of them. They are JSON, as on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ..wire.descriptor_map import Operation
from .unfolding import Lists, NotEven, unfolded

_ROWS = ("inputs", "outputs", "saved", "subclasses", "vanished", "frames", "operations", "compared", "collectives")
_FRAME = {"operations": [field.name for field in fields(Operation)].index("frame"), "saved": "frame"}
"""The places of the number of a frame in rows that have one."""
_TO_LETTERS, _TO_DIGITS = str.maketrans("0123456789", "abcdefghij"), str.maketrans("abcdefghij", "0123456789")
_NUMBERED = re.compile(r"_\d+$")
_WORD = re.compile(r"[A-Za-z_]\w*")

Json = dict[str, Any]


@dataclass(frozen=True)
class Few:
    """The graph of a model of which only the first `layers` equal layers were left."""

    layers: int
    graph: Json


def unfolded_graph(few: Few, more: Few, layers: int) -> Json:
    """Return the graph of the same model with `layers` layers. Raises NotEven if its parts do not grow evenly.

    Saved values and the partition alone are None in that case.
    """
    graphs = few.graph, more.graph
    if any(graph["bodies"] or _partition(graph).get("bodies") for graph in graphs):
        raise NotEven
    first_names = _FirstNames(graphs)

    def rows(lists: Sequence[Sequence[Any]]) -> list[Any]:
        texts = [[first_names.numbered(json.dumps(row, ensure_ascii=False)) for row in each] for each in lists]
        made = unfolded(Lists(few.layers, texts[0], more.layers, texts[1]), layers)
        return [json.loads(first_names.as_torch_writes(text)) for text in made]

    def framed(name: str, lists: Sequence[Sequence[Any]]) -> list[Any]:
        """Unfold rows whose frame is a name and no number that may grow: it tells rows apart that look alike."""
        frame = _FRAME[name]
        return [
            _with_number(row, frame) for row in rows([[_with_letters(row, frame) for row in each] for each in lists])
        ]

    made = {name: value for name, value in few.graph.items() if name not in _ROWS and name != "partition"}
    if made != {name: more.graph[name] for name in made}:
        raise NotEven

    def part(name: str) -> list[Any] | None:
        lists = [graph[name] for graph in graphs]
        if None in lists:
            return None
        if name in _FRAME and few.graph["frames"] == more.graph["frames"]:
            return framed(name, lists)
        return rows(lists)

    made |= {name: part(name) for name in _ROWS if name != "saved"}
    try:
        made |= {"saved": part("saved"), "partition": _unfolded_partition(graphs, made, rows)}
    except NotEven:  # the partitioner may keep other values of each layer: then they are not known yet
        made |= {"saved": None, "partition": None, "partitioner": None, "memory_budget": None}
    _check(made)
    return made


class _FirstNames:
    """Names that torch writes without a number, because they are the first of their kind: `mm`, before `mm_1`."""

    def __init__(self, graphs: Iterable[Json]) -> None:
        found = {name for graph in graphs for name in _names(graph)}
        if any(name.endswith("_0") for name in found):
            raise NotEven
        self._first = frozenset(name for name in found if not _NUMBERED.search(name))
        self._numbered = frozenset(f"{name}_0" for name in self._first)

    def numbered(self, text: str) -> str:
        """Return the text with `mm_0` for `mm`."""

        def number(match: re.Match[str]) -> str:
            word = match[0]
            if word in self._numbered:
                raise NotEven
            return f"{word}_0" if word in self._first else word

        return _WORD.sub(number, text)

    def as_torch_writes(self, text: str) -> str:
        """Return the text with `mm` for `mm_0`."""
        return _WORD.sub(lambda match: match[0][:-2] if match[0] in self._numbered else match[0], text)


def _partition(graph: Json) -> Json:
    return graph["partition"] or {}


def _names(graph: Json) -> Iterator[str]:
    """Yield the names of the graph's nodes."""
    yield from (slot["node"] for slot in graph["inputs"])
    yield from (operation[0] for operation in graph["operations"])
    yield from (operation[0] for operation in _partition(graph).get("operations", ()))


def _with_letters(row: Any, frame: Any) -> Any:
    copied = row.copy()
    if copied[frame] is not None:
        copied[frame] = str(copied[frame]).translate(_TO_LETTERS)
    return copied


def _with_number(row: Any, frame: Any) -> Any:
    if row[frame] is not None:
        row[frame] = int(row[frame].translate(_TO_DIGITS))
    return row


def _unfolded_partition(graphs: Sequence[Json], made: Json, rows: Callable[..., list[Any]]) -> Json | None:
    """Return the partition of the graph that was `made` so far. Numbers of operations are unfolded as names."""
    partitions = [graph["partition"] for graph in graphs]
    if None in partitions:
        return None
    operations = rows([each["operations"] for each in partitions])
    numbers = {operation[0]: index for index, operation in enumerate(made["operations"])}
    added = iter(range(len(numbers), len(numbers) + len(operations)))
    sides = {}
    for side in ("forward", "backward"):
        named = rows([[_named(graph, index) for index in graph["partition"][side]] for graph in graphs])
        # Operations that the partitioner added have the next numbers, in the order of both graphs.
        sides[side] = [numbers[row[0]] if row is not None else next(added) for row in named]
    return {**sides, "operations": operations, "returns": _returned(graphs, made, rows), "bodies": []}


def _named(graph: Json, index: int) -> list[Any] | None:
    """Return the name of an operation, and what tells it apart from others; None if the partitioner added it."""
    operations = graph["operations"]
    if index >= len(operations):
        return None
    operation = operations[index]
    return [operation[0], operation[1], str(operation[_FRAME["operations"]]).translate(_TO_LETTERS)]


def _returned(graphs: Sequence[Json], made: Json, rows: Callable[..., list[Any]]) -> list[str | None] | None:
    """Return the nodes that the backward graph returns: the last outputs of the joint graph."""
    returns = [graph["partition"]["returns"] for graph in graphs]
    if None in returns:
        return None
    before = [len(graph["outputs"]) - len(each) for graph, each in zip(graphs, returns, strict=True)]
    outputs = [[slot["node"] for slot in graph["outputs"]] for graph in (*graphs, made)]
    if len(set(before)) == 1 and all(nodes[before[0] :] == each for nodes, each in zip(outputs, returns, strict=False)):
        return outputs[-1][before[0] :]
    return rows(returns)


def _check(graph: Json) -> None:
    """Raise NotEven if the graph is not one: each name stands for one node, and each node that is read is there."""
    names = list(_names({**graph, "partition": None}))
    known = set(names)
    added = {operation[0] for operation in _partition(graph).get("operations", ())}
    reads = {operand for operation in graph["operations"] for operand in operation[3]}
    kept = {value["node"] for value in graph["saved"] or ()}
    given = {slot["node"] for slot in graph["outputs"]} - {None}
    is_counted = all(slot["index"] == index for kind in ("inputs", "outputs") for index, slot in enumerate(graph[kind]))
    if len(known) != len(names) or not reads | given <= known or not kept <= known | added or not is_counted:
        raise NotEven
