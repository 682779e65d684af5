"""A map as a report in GitHub-flavoured Markdown, with the same content as the report in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from aotlens.explain.examples import attempts, call_in_brief, origin, used
from aotlens.explain.failures import frames_in_lines, hint, kind, message
from aotlens.explain.findings.words import severity
from aotlens.explain.graph_breaks import advice, break_in_words
from aotlens.explain.operands import operand_table
from aotlens.explain.paths import PathLabel, position
from aotlens.explain.report import facts, findings, graph_parts, kept_state, legends, shown_findings, totals, uncaptured
from aotlens.explain.tables.graph import tables
from aotlens.explain.tables.optimizers import step_blocks
from aotlens.model.index import index_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, GraphBreak

from .markdown import code, fence, markdown, prose


def _unchanged(path: str) -> str:
    return path


def render_markdown(
    map: DescriptorMap, *, path_label: PathLabel = _unchanged, full: bool = False, explain: bool = False
) -> str:
    """`map` as a Markdown document. Repeated layers are folded unless `full`.

    With `explain`, the examples that were passed over are listed as well.
    """
    blocks = [*_header(map, path_label)]
    passed_over = attempts(map, path_label) if explain else []
    items = [f"- passed over: {code(what)}: {prose(reason)}" for what, reason in passed_over]
    if explain and (found := used(map, path_label)) is not None:
        what, how = found
        items.append(f"- used: {code(what)}{prose(f' ({how})') if how else ''}")
    if items:
        blocks.append("\n".join(items))
    if map.failure is not None:
        blocks += _failure(map.failure, path_label)
    for part in graph_parts(map):
        if part.breaks:
            blocks += _uncaptured("Graph break", part.breaks, path_label)
        if part.heading:
            blocks.append(f"## {prose(part.heading)}")
        heading = "###" if part.heading else "##"
        shown = tables(index_of(map), part.graph, path_label, full)
        blocks += [markdown([table], heading=heading) for table in shown]
    blocks += [markdown([block], heading="##") for block in step_blocks(map, path_label)]
    blocks += [markdown([table], heading="##") for table in kept_state(map, path_label, full)]
    for title, places in uncaptured(map):
        blocks += _uncaptured(title, places, path_label)
    if shown_findings(map):
        blocks.append("## Findings")
        blocks.append(
            "\n".join(
                f"- {_lead(position(item.path, item.line, item.column, path_label))}"
                f"**{severity(item)}** {code(item.code)}: {prose(message)}"
                for item, message in findings(map, full)
            )
        )
    explained = legends(map)
    if explained:
        blocks.append("## Legend")
        # The sentences mark code with backticks already.
        blocks.append("\n".join(f"- **{title}**: {sentence}" for title, sentence in explained))
    return "\n\n".join(blocks) + "\n"


def _header(map: DescriptorMap, path_label: PathLabel) -> Iterable[str]:
    target = map.target
    yield f"# {code(f'{path_label(target.path)}::{target.qualname}')}"
    status = map.status if map.status == "traced" else f"**{map.status}**"
    where = f" ({code(position(target.path, target.line, None, path_label))})" if target.line is not None else ""
    yield f"{status}{where} · {' · '.join(prose(fact) for fact in facts(map))}"
    if numbers := totals(map):
        yield numbers
    if map.example is not None:
        yield f"Example: {code(call_in_brief(map))}, {prose(origin(map.example, path_label))}"


def _uncaptured(title: str, places: Iterable[GraphBreak], path_label: PathLabel) -> Iterable[str]:
    yield f"## {title}"
    lines = []
    for item in places:
        where = _lead(position(item.path, item.line, None, path_label))
        lines.append(f"- {where}{prose(break_in_words(item))}")
        lines += [f"  - {heading}: {prose(text)}" for heading, text in advice(item)]
    yield "\n".join(lines)


def _failure(failure: Failure, path_label: PathLabel) -> Iterable[str]:
    where = position(failure.path, failure.line, failure.column, path_label)
    yield f"**error[{kind(failure)}]**" + (f" at {code(where)}" if where else "")
    yield fence(message(failure))
    if failure.frames:
        yield fence(frames_in_lines(failure, path_label))
    if failure.operation is not None and (operands := operand_table(failure.operation, path_label)) is not None:
        yield markdown([operands])
    if advice := hint(failure):
        yield f"Hint: {prose(advice)}"


def _lead(where: str) -> str:
    return f"{code(where)}: " if where else ""
