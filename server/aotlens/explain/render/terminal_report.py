"""A map as a report in a terminal. Columns without room are left out, which the end of the report says."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from aotlens.explain import failures
from aotlens.explain.blocks import Block, line, sentence, strong
from aotlens.explain.examples import attempts, call_in_brief, origin, used
from aotlens.explain.findings.words import severity
from aotlens.explain.graph_breaks import advice, break_in_words
from aotlens.explain.operands import marked_code, operand_table
from aotlens.explain.paths import PathLabel, at_line, position
from aotlens.explain.report import facts, findings, graph_parts, kept_state, legends, shown_findings, totals, uncaptured
from aotlens.explain.tables.graph import tables
from aotlens.explain.tables.optimizers import step_blocks
from aotlens.model.index import index_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, GraphBreak

from .paper import Paper
from .terminal import show, write

_SEVERITIES = {"error": "bold red", "warning": "yellow", "information": "cyan", "hint": "dim"}


def _unchanged(path: str) -> str:
    return path


def render_text(
    map: DescriptorMap,
    console: Console,
    *,
    full: bool = False,
    explain: bool = False,
    path_label: PathLabel = _unchanged,
) -> None:
    """Print `map` to `console`. Repeated layers are folded unless `full`; `path_label` gives the path to show.

    With `explain`, the examples that were passed over are printed as well.
    """
    paper = Paper(console)
    _header(map, paper, path_label)
    if explain:
        print_attempts(map, paper, path_label)
    if map.failure is not None:
        _failure(map.failure, paper, path_label, map.values is not None)
    for part in graph_parts(map):
        if part.breaks:
            _uncaptured("Graph break", part.breaks, paper, path_label)
        if part.heading:
            paper.line()
            paper.block((part.heading, "bold underline"), hang=2)
        show(tables(index_of(map), part.graph, path_label, full), paper)
    show(step_blocks(map, path_label), paper)
    if kept := kept_state(map, path_label, full):
        show(kept, paper)
    for title, places in uncaptured(map):
        _uncaptured(title, places, paper, path_label)
    if shown_findings(map):
        _findings(map, paper, path_label, full)
    explained = legends(map)
    if explained:
        paper.line()
        paper.line(("Legend", "bold"))
        for title, text in explained:
            write(line(strong(title), "  ", sentence(text)), paper, hang=2, indent=2)
    print_left_out(paper)


def print_left_out(paper: Paper) -> None:
    """Print which columns had no room."""
    if paper.left_out:
        paper.line()
        left_out = ", ".join(dict.fromkeys(paper.left_out))
        paper.block((f"Left out at {paper.width} columns: {left_out}.", "dim"))


def render_blocks(map: DescriptorMap, blocks: Sequence[Block], console: Console, path_label: PathLabel) -> None:
    """Print some tables or sentences about a map below its header, or its failure."""
    paper = Paper(console)
    _header(map, paper, path_label)
    if map.failure is not None:
        _failure(map.failure, paper, path_label, map.values is not None)
    show(blocks, paper)


def _header(map: DescriptorMap, paper: Paper, path_label: PathLabel) -> None:
    target = map.target
    where = f"{path_label(target.path)}::{target.qualname}"
    line = f"  {at_line(target.path, target.line, path_label)}" if target.line is not None else ""
    status = ("  traced", "green") if map.status == "traced" else (f"  {map.status}", "bold red")
    paper.line((where, "bold"), (line, "dim"), status)
    paper.block((" · ".join(facts(map)), ""), indent=2, hang=2)
    if numbers := totals(map):
        paper.block((numbers, ""), indent=2, hang=2)
    if map.example is not None:
        call, source = call_in_brief(map), origin(map.example, path_label)
        paper.block((call, "cyan"), (f"  {source}", "dim"), indent=2, hang=2)


def print_attempts(map: DescriptorMap, paper: Paper, path_label: PathLabel) -> None:
    """Print the examples that were passed over, each with the reason, and the one that is used."""
    for what, reason in attempts(map, path_label):
        paper.block(("passed over: ", "dim"), (what, ""), (f": {reason}", "dim"), indent=4, hang=2)
    if (found := used(map, path_label)) is not None:
        what, how = found
        paper.block(("used: ", "dim"), (what, ""), (f" ({how})" if how else "", "dim"), indent=4, hang=2)


def _failure(failure: Failure, paper: Paper, path_label: PathLabel, has_values: bool) -> None:
    first, _, rest = failures.message(failure).strip().partition("\n")
    paper.line()
    paper.block((f"error[{failures.kind(failure)}]: ", "bold red"), (first, "bold"), hang=2)
    for more in rest.splitlines():
        paper.block((more, ""), indent=2, hang=2)
    where = position(failure.path, failure.line, failure.column, path_label)
    if where:
        paper.block(("--> ", "dim"), (where, "cyan"), indent=2)
    if (excerpt := marked_code(failure)) is not None:
        for number, text in excerpt:
            paper.line((f"  {number} | ", "dim"), (text, "" if number.strip() else "bold red"))
    for frame in failure.frames if excerpt is None else failure.frames[:-1]:  # the last one is marked above
        paper.block(
            (at_line(frame.path, frame.line, path_label), ""),
            (f" in {failures.function_of(frame)}", "dim"),
            indent=4,
            hang=2,
        )
        if frame.code:
            paper.block((frame.code.strip(), ""), indent=8, hang=2)
    if failure.operation is not None and has_values:
        paper.block(("the shapes of the lines before it: --shapes", "dim"), indent=2)
    if failure.operation is not None and (operands := operand_table(failure.operation, path_label)) is not None:
        show([operands], paper)
        paper.line()
    if advice := failures.hint(failure):
        paper.block(("hint: ", "bold"), (advice, ""), indent=2, hang=6)


def _uncaptured(title: str, places: Sequence[GraphBreak], paper: Paper, path_label: PathLabel) -> None:
    paper.line()
    paper.line((title, "bold"), (f"  {len(places)}", ""))
    for graph_break in places:
        where = position(graph_break.path, graph_break.line, None, path_label)
        paper.block(
            (f"{where}  " if where else "", "cyan"),
            (break_in_words(graph_break), ""),
            indent=2,
            hang=2,
        )
        for heading, text in advice(graph_break):
            paper.block((f"{heading}: ", "bold"), (text, ""), indent=4, hang=2)


def _findings(map: DescriptorMap, paper: Paper, path_label: PathLabel, full: bool) -> None:
    paper.line()
    shown = findings(map, full)
    paper.line(("Findings", "bold"), (f"  {len(shown)}", ""))
    for finding, message in shown:
        where = position(finding.path, finding.line, finding.column, path_label)
        paper.block(
            (f"{where}  " if where else "", "cyan"),
            (f"{severity(finding)}[{finding.code}]", _SEVERITIES.get(severity(finding), "")),
            (f"  {message}", ""),
            indent=2,
            hang=2,
        )
