"""The logs of `tests/corpus/logs/made`, and short forms of what is read in them."""

from pathlib import Path

from aotlens.logs.graphs import Log
from aotlens.logs.named import GraphNames, LogNames, ValueName
from aotlens.logs.names import names_of
from aotlens.logs.text import parse_log

MADE = Path(__file__).parents[2] / "corpus" / "logs" / "made"


def text_of(name: str) -> str:
    return (MADE / name).read_text(encoding="utf-8")


def log_of(name: str) -> Log:
    return parse_log(text_of(name))


def names_in(text: str) -> LogNames:
    return names_of(parse_log(text))


def brief(value: ValueName) -> tuple[str | None, str, str | None]:
    return value.value.node, value.role, value.name


def shape(names: GraphNames) -> tuple[object, ...]:
    """All that the surroundings of a graph must not change: its kind, and what its inputs and outputs are."""
    graph = names.graph
    inputs = [(*brief(value), value.value.type, tuple(value.doubts)) for value in names.inputs]
    outputs = [(*brief(value), value.of, value.tangent) for value in names.outputs]
    operations = [(operation.node, operation.target, operation.line) for operation in graph.operations]
    return graph.kind, graph.title, graph.number, graph.is_whole, inputs, outputs, operations
