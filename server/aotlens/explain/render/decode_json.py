"""The object that `aotlens decode --format json` prints: schema `aotlens.decode/1`, whose fields are a promise.

It is described in `docs/decode.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aotlens.explain.logged import value_in_brief
from aotlens.logs.graphs import CompileId
from aotlens.logs.named import GraphNames, LogNames, ValueName
from aotlens.model.log_matching import NoMatch
from aotlens.model.log_naming import EitherConvention, Matched
from aotlens_tracer.wire.json_codec import to_json

SCHEMA = "aotlens.decode/1"


def decode_json(names: LogNames, source: str, matches: Sequence[Matched | None] | None) -> dict[str, Any]:
    """The names in a log as one JSON object. `source` is its path, `-` for stdin; `matches` are those of a model."""
    numbers = {id(graph.graph): index for index, graph in enumerate(names.graphs)}
    log = names.log
    return {
        "schema": SCHEMA,
        "source": source,
        "lines": log.lines,
        "graphs": [
            _graph(graph, numbers, None if matches is None else matches[index])
            for index, graph in enumerate(names.graphs)
        ],
        "mentions": [
            {
                "name": item.mention.name,
                "place": to_json(item.mention.place),
                "compile": _compile(item.mention.compile),
                "found": [
                    {"graph": numbers.get(id(graph.graph)), "convention": graph.graph.convention, **_value(value)}
                    for graph, value in item.found
                ],
            }
            for item in names.mentions
        ],
        "compiles": [_with_compile(to_json(one), one.compile) for one in log.compiles],
        "unreadable": [to_json(part) for part in log.unreadable],
    }


def _graph(names: GraphNames, numbers: Mapping[int, int], found: Matched | None) -> dict[str, Any]:
    graph = names.graph
    return {
        "kind": graph.kind,
        "form": graph.form,
        "title": graph.title,
        "number": graph.number,
        "convention": graph.convention,
        "compile": _compile(graph.compile),
        "lines": [list(span) for span in graph.spans] or [[graph.first_line, graph.last_line]],
        "whole": graph.is_whole,
        "dynamo": None if names.dynamo is None else numbers.get(id(names.dynamo)),
        "doubts": list(names.doubts),
        "model": _match(found),
        "inputs": [_value(value) for value in names.inputs],
        "outputs": [_value(value) for value in names.outputs],
    }


def _match(found: Matched | None) -> dict[str, Any] | None:
    if found is None:
        return None
    if isinstance(found, NoMatch):
        return {"matches": False, "reason": found.reason}
    if isinstance(found, EitherConvention):
        return {"matches": True, "same_sizes": found.compile.same_sizes, "conventions": ["compile", "export"]}
    convention = "export" if found.graph.compiled is None else "compile"
    return {"matches": True, "same_sizes": found.same_sizes, "conventions": [convention]}


def _value(value: ValueName) -> dict[str, Any]:
    logged = value.value
    return {
        "node": logged.node,
        "index": value.index,
        "role": value.role,
        "name": value.name,
        "meaning": value_in_brief(value),
        "type": logged.type,
        "descriptor": logged.descriptor,
        "source": logged.source,
        "place": None if logged.place is None else to_json(logged.place),
        "of": value.of,
        "dynamo": value.dynamo,
        "made": None if value.made is None else to_json(value.made),
        "used": [to_json(line) for line in value.used],
        "born": None if value.born is None else to_json(value.born),
        "gradient": value.gradient,
        "tangent": value.tangent,
        "known_by": value.known_by,
        "doubts": list(value.doubts),
        "exported": None if value.exported is None else _value(value.exported),
    }


def _compile(compile: CompileId) -> dict[str, Any]:
    return {"id": compile.frame, "rank": compile.rank, "process": compile.process}


def _with_compile(shown: dict[str, Any], compile: CompileId) -> dict[str, Any]:
    return {**shown, "compile": _compile(compile)}
