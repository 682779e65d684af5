"""The tools about one target: `map`, `why_no_gradient`, `saved`, `graph` and `shapes`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aotlens.cli.options import UsageError
from aotlens.cli.output import path_label, with_failure_finding
from aotlens.cli.shapes import print_shapes, shown_functions
from aotlens.explain.blocks import Block
from aotlens.explain.failures import message
from aotlens.explain.gradient_report import gradient_blocks, is_about_gradients, without_gradient
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.explain.paths import at_line
from aotlens.explain.render.overview import render_overview
from aotlens.explain.render.public_json import public_json
from aotlens.explain.render.terminal_report import render_blocks, render_text
from aotlens.explain.tables.saved_ranking import saved_tables
from aotlens.explain.visible import visible
from aotlens.features.value_listing import Listing
from aotlens.model.index import index_of
from aotlens.model.saved import saved_once
from aotlens.syntax.source import SourceTexts
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .answers import Answer, Place, Text, cut, has_failed, with_output
from .calls import Call
from .recent import Traced
from .trimmed import GRADIENTS, MEANINGS, OVERVIEW, SAVED, SLOTS, Shape, limited, matches, named, part

_LINES = 150
_IN_PARTS = "ask with `name`, or for fewer targets; full shows everything"


def map_of(arguments: Mapping[str, Any], call: Call, place: Place) -> Answer:
    """The meanings of all inputs and outputs of the graph."""
    traced = _traced(arguments, call, place)
    name, limit = arguments.get("name"), arguments["limit"]
    text = Text()
    if len(traced.maps) > 1 and not arguments["full"]:
        render_overview(traced.maps, text.console, explain=False, path_label=path_label)
        facts = _facts(traced, OVERVIEW)
    else:
        for map in traced.maps:
            render_text(map, text.console, full=arguments["full"], path_label=path_label)
        facts = _facts(traced, SLOTS if name is None else MEANINGS)
    for trace in facts["traces"]:
        limited(trace, "findings", limit, named(name) if name is not None else _all)
        for graph in trace.get("graphs", ()):
            for side in ("inputs", "outputs"):
                limited(graph, side, limit, named(name) if name is not None else _all)
    lines = _named_lines(facts) if name is not None and not has_failed(traced.maps) else text.lines()
    return _answer(traced, cut(lines, _most_lines(arguments), _IN_PARTS), facts, arguments)


def why_no_gradient(arguments: Mapping[str, Any], call: Call, place: Place) -> Answer:
    """The gradients that are missing, zero or unused, with their reasons and lines; or those of some names."""
    traced = _traced(arguments, call, place)
    name, limit = arguments.get("name"), arguments["limit"]
    facts = _facts(traced, GRADIENTS)
    wanted = named(name) if name is not None else _all
    for map, trace in zip(traced.maps, facts["traces"], strict=True):
        limited(trace, "findings", limit, lambda item: is_about_gradients(item["code"]) and wanted(item))
        missing = {(id(entry.graph), entry.slot.index) for entry in without_gradient(index_of(map))}
        for graph, shown in zip(map.graphs, trace.get("graphs", ()), strict=True):
            asked = {number for owner, number in missing if owner == id(graph)}
            limited(shown, "inputs", limit, wanted if name is not None else _in(asked))
    by_name = _one_of(name) if name is not None else None
    lines = _printed(traced.maps, lambda map: gradient_blocks(map, by_name, path_label))
    return _answer(traced, cut(lines, _LINES, "ask with `name`"), facts, arguments)


def saved(arguments: Mapping[str, Any], call: Call, place: Place) -> Answer:
    """The values saved for backward, the largest first."""
    options = {key: arguments[key] for key in ("partitioner", "memory_budget", "compare") if key in arguments}
    traced = _traced(arguments, call, place, **options, saved=True)
    facts = _facts(traced, SAVED)
    for map, trace in zip(traced.maps, facts["traces"], strict=True):
        for graph, shown in zip(map.graphs, trace.get("graphs", ()), strict=True):
            shown["saved_bytes"] = saved_once(graph)
            own = {value.node for value in graph.saved or () if value.alias_of is None}
            ranked = sorted(shown.get("saved", ()), key=lambda value: -value.get("bytes", 0))
            shown["saved"] = [value for value in ranked if value.get("node") in own]
            limited(shown, "saved", arguments["limit"])
    lines = _printed(traced.maps, lambda map: saved_tables(map, path_label, arguments["full"]))
    return _answer(traced, cut(lines, _most_lines(arguments), "full shows everything"), facts, arguments)


def graph(arguments: Mapping[str, Any], call: Call, place: Place) -> Answer:
    """The text of a graph, or those lines of it that name a node."""
    options = {"partitioner": arguments["partitioner"]} if "partitioner" in arguments else {}
    traced = _traced(arguments, call, place, **options, graph=arguments["kind"])
    facts = _facts(traced, OVERVIEW)
    texts = SourceTexts(place.read)
    said: list[str] = []
    for map, trace in zip(traced.maps, facts["traces"], strict=True):
        trace.pop("findings", None)
        try:
            shown = graph_text(map, arguments["kind"], texts.code)
        except NoSuchGraph as error:
            said.append(visible(f"{error}{f': {message(map.failure)}' if map.failure is not None else ''}"))
            continue
        lines = shown.text.splitlines()
        if (node := arguments.get("node")) is not None:
            numbers = sorted({name.line for name in shown.names if name.node.name == node})
            if not numbers:
                raise UsageError(f"the {arguments['kind']} graph of {map.target.qualname} has no node {node}")
        else:
            first = min(arguments["first_line"], len(lines) + 1)
            numbers = list(range(first, min(first + arguments["lines"], len(lines) + 1)))
        trace["graph"] = {"kind": arguments["kind"], "lines": len(lines), "shown": _ranges(numbers)}
        said += [f"{number:>4}  {lines[number - 1]}".rstrip() for number in numbers]
        if node is None and numbers and numbers[-1] < len(lines):
            said.append(f"... {len(lines) - numbers[-1]} more lines: first_line={numbers[-1] + 1}")
    if has_failed(traced.maps):
        said = _printed(traced.maps, lambda map: ())
    return _answer(traced, "\n".join(said), facts, arguments)


def shapes(arguments: Mapping[str, Any], call: Call, place: Place) -> Answer:
    """The code that ran, with the shape or value of what each line assigns, takes or returns."""
    traced = _traced(arguments, call, place, shapes=True)
    function = arguments.get("function")
    facts = _facts(traced, OVERVIEW)
    text = Text()

    def wanted(listing: Listing) -> bool:
        return function is None or matches(listing.qualname, function)

    for map, trace in zip(traced.maps, facts["traces"], strict=True):
        trace.pop("findings", None)
        found = [each for each in shown_functions(map, arguments["full"], place.read) if wanted(each)]
        trace["functions"] = [_function(each) for each in found]
        limited(trace, "functions", arguments["limit"])
        print_shapes(map, found, text.console, path_label, arguments["full"])
    if function is not None and not has_failed(traced.maps) and not any(t["functions"] for t in facts["traces"]):
        raise UsageError(f"no function {function} ran in the call of {arguments['target']}")
    how = "ask with `function`"
    return _answer(traced, cut(text.lines(), _most_lines(arguments), how), facts, arguments)


def _traced(arguments: Mapping[str, Any], call: Call, place: Place, **options: Any) -> Traced:
    target = arguments["target"]
    place.folders.check_targets([target])
    return place.tracing.trace(target, place.trace_options(target, arguments, **options), call, place.texts)


def _facts(traced: Traced, shape: Shape) -> dict[str, Any]:
    whole = public_json([with_failure_finding(map) for map in traced.maps], traced.torch, os.getcwd())
    return {"torch": whole["torch"], "traces": [part(trace, shape) for trace in whole["traces"]]}


def _answer(traced: Traced, text: str, facts: dict[str, Any], arguments: Mapping[str, Any]) -> Answer:
    return with_output(Answer(text, facts, has_failed(traced.maps)), traced, arguments["show_output"])


def _printed(maps: Sequence[DescriptorMap], blocks: Callable[[DescriptorMap], Sequence[Block]]) -> list[str]:
    text = Text()
    for map in maps:
        render_blocks(map, blocks(map), text.console, path_label)
    return text.lines()


def _named_lines(facts: Mapping[str, Any]) -> list[str]:
    """The slots and findings that have a name, with their meanings: a line each."""
    lines: list[str] = []
    for trace in facts["traces"]:
        lines.append(f"{trace['target']['path']}::{trace['target']['qualname']}")
        for graph in trace.get("graphs", ()):
            for side in ("inputs", "outputs"):
                for slot in graph.get(side, ()):
                    where = slot.get("definition") or slot.get("source")
                    at = f" ({_at(where)})" if where else ""
                    lines.append(visible(f"{side[:-1]} {slot['index']} {slot.get('node', '-')}{at}: {slot['meaning']}"))
        for finding in trace.get("findings", ()):
            lines.append(visible(f"{_at(finding)}: {finding['severity']}: {finding['message']}"))
        if len(lines) == 1:
            lines.append("nothing has this name: without `name`, all inputs and outputs are listed")
    return lines


def _at(place: Mapping[str, Any]) -> str:
    """A place of the facts as texts name it. Its path is relative."""
    return at_line(os.path.abspath(place["path"]), place["line"], lambda _: str(place["path"]))


def _in(indices: set[int]) -> Callable[[Any], bool]:
    return lambda item: item["index"] in indices


def _one_of(pattern: str) -> Callable[[Sequence[str]], bool]:
    return lambda names: any(matches(name, pattern) for name in names)


def _function(listing: Listing) -> dict[str, Any]:
    return {
        "path": path_label(listing.path),
        "qualname": listing.qualname,
        "modules": list(listing.modules),
        "sizes": dict(listing.sizes),
        "lines": [
            {"line": line.number, "values": line.label, **({"more": list(line.more)} if line.more else {})}
            for line in listing.lines
            if line.label
        ],
    }


def _ranges(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers in order as ranges: `[[1, 40]]`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def _most_lines(arguments: Mapping[str, Any]) -> int:
    return 100_000 if arguments["full"] else _LINES


def _all(item: Any) -> bool:
    return True
