"""A log with the names beside the numbers: a comment at the end of each line that defines or reads inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotlens.logs.named import GraphNames, LogNames, ValueName

from .logged import value_in_brief

_BEFORE = "  # "


def comments(names: LogNames) -> dict[int, str]:
    """The comment for each line (from 1) of a log that gets one, without `#`."""
    found: dict[int, str] = {}
    for graph in names.graphs:
        found.update(_of_graph(graph))
    for item in names.mentions:
        if item.found and (text := " or ".join(_distinct(value for _, value in item.found))):
            line = item.mention.place.line
            said = f"{item.mention.name}: {text}"
            if said not in found.get(line, ""):
                found[line] = f"{found[line]}, {said}" if line in found else said
    return found


def annotated(text: str, names: LogNames) -> str:
    """The text with the comments that it does not have yet. Line ends stay as they are."""
    found = comments(names)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(
        f"{line.rstrip()}{_BEFORE}{found[number]}" if number in found and not line.endswith(found[number]) else line
        for number, line in enumerate(lines, 1)
    )


def _of_graph(names: GraphNames) -> dict[int, str]:
    inputs = {value.value.node: value for value in names.inputs}
    defined: dict[int, list[ValueName]] = {}
    for value in names.inputs:
        if value.value.place is not None:
            defined.setdefault(value.value.place.line, []).append(value)
    found = {line: _definitions(values) for line, values in defined.items()}
    returned: dict[int, list[ValueName]] = {}
    for value in names.outputs:
        if value.value.place is not None and value.value.node is not None and value.role != "result":
            returned.setdefault(value.value.place.line, []).append(value)
    found.update({line: _definitions(values) for line, values in returned.items()})
    if names.graph.kind != "dynamo":  # the names of Dynamo's inputs say it themselves
        for operation in names.graph.operations:
            read = [inputs[node] for node in operation.reads if node in inputs]
            if read and operation.place is not None and operation.place.line not in found:
                found[operation.place.line] = _definitions(read)
    return {line: text for line, text in found.items() if text}


def _definitions(values: Sequence[ValueName]) -> str:
    said = [(value.value.node, value_in_brief(value)) for value in values]
    return ", ".join(f"{node}: {text}" for node, text in dict(said).items() if text)


def _distinct(values: Iterator[ValueName]) -> list[str]:
    return list(dict.fromkeys(text for value in values if (text := value_in_brief(value))))
