"""A map as HTML for a notebook, with the same content as the report in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from aotlens.explain.examples import call_in_brief, origin
from aotlens.explain.failures import frames_in_lines, hint, kind, message
from aotlens.explain.findings.words import severity
from aotlens.explain.graph_breaks import advice, break_in_words
from aotlens.explain.operands import operand_table
from aotlens.explain.paths import PathLabel, at_line, position
from aotlens.explain.report import facts, findings, graph_parts, kept_state, legends, shown_findings, totals, uncaptured
from aotlens.explain.tables.graph import tables
from aotlens.explain.tables.optimizers import step_blocks
from aotlens.model.index import index_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, GraphBreak

from .html import STYLE, code, escaped, html, preformatted, prose


def render_html(maps: Iterable[DescriptorMap], *, path_label: PathLabel, full: bool = False) -> str:
    """The maps as an element of a page. Repeated layers are folded unless `full`."""
    shown = "".join(f"<section>{''.join(_map(map, path_label, full))}</section>" for map in maps)
    return f'<style>{STYLE}</style><div class="aotlens">{shown}</div>'


def _map(map: DescriptorMap, path_label: PathLabel, full: bool) -> Iterable[str]:
    yield from _header(map, path_label)
    if map.failure is not None:
        yield from _failure(map.failure, path_label)
    for part in graph_parts(map):
        if part.breaks:
            yield from _uncaptured("Graph break", part.breaks, path_label)
        if part.heading:
            yield f"<h3>{prose(part.heading)}</h3>"
        yield html(tables(index_of(map), part.graph, path_label, full))
    yield html([*step_blocks(map, path_label), *kept_state(map, path_label, full)])
    for title, places in uncaptured(map):
        yield from _uncaptured(title, places, path_label)
    if shown_findings(map):
        items = (
            f"<li>{_lead(position(item.path, item.line, item.column, path_label))}"
            f'<span class="{severity(item)}">{severity(item)}</span> {code(item.code)}: {prose(text)}</li>'
            for item, text in findings(map, full)
        )
        yield f"<h4>Findings</h4><ul>{''.join(items)}</ul>"
    if explained := legends(map):
        items = (f"<li><strong>{escaped(title)}</strong>: {prose(text)}</li>" for title, text in explained)
        yield f"<details><summary>Legend</summary><ul>{''.join(items)}</ul></details>"


def _header(map: DescriptorMap, path_label: PathLabel) -> Iterable[str]:
    target = map.target
    where = at_line(target.path, target.line, path_label) if target.line is not None else path_label(target.path)
    status = f'<span class="{"traced" if map.status == "traced" else "failed"}">{escaped(map.status)}</span>'
    yield f'<h3>{code(target.qualname)} {status} <span class="dim">{escaped(where)}</span></h3>'
    yield f"<p>{' · '.join(prose(fact) for fact in facts(map))}</p>"
    if numbers := totals(map):
        yield f"<p>{prose(numbers)}</p>"
    if map.example is not None:
        yield f'<p>{code(call_in_brief(map))} <span class="dim">{prose(origin(map.example, path_label))}</span></p>'


def _uncaptured(title: str, places: Iterable[GraphBreak], path_label: PathLabel) -> Iterable[str]:
    yield f"<h4>{escaped(title)}</h4><ul>"
    for item in places:
        more = "".join(f"<li>{escaped(heading)}: {prose(text)}</li>" for heading, text in advice(item))
        where = _lead(position(item.path, item.line, None, path_label))
        yield f"<li>{where}{prose(break_in_words(item))}<ul>{more}</ul></li>"
    yield "</ul>"


def _failure(failure: Failure, path_label: PathLabel) -> Iterable[str]:
    where = position(failure.path, failure.line, failure.column, path_label)
    at = f" at {code(where)}" if where else ""
    yield f'<p><span class="error">error[{escaped(kind(failure))}]</span>{at}</p>'
    yield preformatted(message(failure))
    if failure.frames:
        yield preformatted(frames_in_lines(failure, path_label))
    if failure.operation is not None and (operands := operand_table(failure.operation, path_label)) is not None:
        yield html([operands])
    if text := hint(failure):
        yield f"<p>Hint: {prose(text)}</p>"


def _lead(where: str) -> str:
    return f"{code(where)}: " if where else ""
