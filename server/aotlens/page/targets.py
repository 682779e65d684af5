"""The facts of one target for the page: how it was traced, why it failed, what was found, its graphs and modules."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain import failures
from aotlens.explain.examples import attempts, call_in_brief, origin
from aotlens.explain.findings.words import related, severity
from aotlens.explain.graph_summary import map_in_words
from aotlens.explain.operands import marked_code, operand_table
from aotlens.explain.paths import position
from aotlens.explain.report import facts, findings, findings_in_brief, kept_state, legends, uncaptured
from aotlens.explain.tables.optimizers import step_blocks
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, Finding

from .blocks import Data, blocks_data, sentence_data
from .graphs import break_data, graphs_data
from .modules import modules_data
from .places import Places
from .texts import texts_data


def page_data(maps: Sequence[DescriptorMap], version: str, places: Places) -> Data:
    """Everything that a page about some maps shows."""
    targets = [_target(map, places) for map in maps]
    # A class that was recorded in the call of a model is a part of that model, which is the better beginning.
    first = next((number for number, map in enumerate(maps) if not _is_recorded(map)), 0)
    return {"version": version, "first": first, "targets": targets, "places": places.data}


def _is_recorded(map: DescriptorMap) -> bool:
    return map.example is not None and map.example.recorded_in is not None


def target_name(map: DescriptorMap, places: Places) -> str:
    """`model.py::GPT`."""
    return f"{places.path_label(map.target.path)}::{map.target.qualname}"


def _target(map: DescriptorMap, places: Places) -> Data:
    example = map.example
    return {
        "name": target_name(map, places),
        "qualname": map.target.qualname,
        "place": places.of_line(map.target.path, map.target.line),
        "status": map.status,
        "convention": map.convention,
        "facts": facts(map),
        "totals": map_in_words(map) if map.graphs else "",
        "found": findings_in_brief(map),
        "call": call_in_brief(map),
        "origin": origin(example, places.path_label) if example is not None else "",
        "attempts": [[what, sentence_data(reason)] for what, reason in attempts(map, places.path_label)],
        "failure": _failure(map.failure, places) if map.failure is not None else None,
        "findings": [_finding(finding, message, places) for finding, message in findings(map)],
        "graphs": graphs_data(map, places),
        "rest": blocks_data([*step_blocks(map, places.path_label), *kept_state(map, places.path_label)], places),
        "uncaptured": [[title, [break_data(item, places) for item in items]] for title, items in uncaptured(map)],
        "legend": [[title, sentence_data(text)] for title, text in legends(map)],
        "modules": modules_data(map, places),
        **texts_data(map, places),
    }


def _finding(finding: Finding, message: str, places: Places) -> Data:
    return {
        "code": finding.code,
        "severity": severity(finding),
        "message": sentence_data(message),
        "where": position(finding.path, finding.line, finding.column, places.path_label),
        "place": places.of_line(finding.path, finding.line),
        "related": [[sentence_data(text), places.number(span)] for text, span in related(finding)],
    }


def _failure(failure: Failure, places: Places) -> Data:
    """A failed trace as the report in a terminal tells it."""
    operation = failure.operation
    operands = operand_table(operation, places.path_label) if operation is not None else None
    return {
        "stage": failures.kind(failure),
        "message": failures.message(failure).strip(),
        "where": position(failure.path, failure.line, failure.column, places.path_label),
        "marked": marked_code(failure) or [],
        "frames": [
            [position(frame.path, frame.line, None, places.path_label), failures.function_of(frame), frame.code or ""]
            for frame in failure.frames
        ],
        "operands": blocks_data([operands] if operands is not None else [], places),
        "hint": failures.hint(failure) or "",
    }
