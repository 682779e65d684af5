"""A map as tables in a terminal.

Names are never cut: a column that does not fit is wrapped at its dots and commas, and where that is not enough, less
important columns go, which is said at the end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from aotlens.explain import failures
from aotlens.explain.blocks import Cell, Column, Table
from aotlens.explain.examples import attempts, call_in_brief, origin
from aotlens.explain.paths import PathLabel, position
from aotlens.explain.report import facts, findings, legends, shown_findings
from aotlens.explain.tables.graph import tables
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, GraphBreak

_TONES = {"": "", "dim": "dim", "warn": "yellow"}
_SEVERITIES = {"error": "bold red", "warning": "yellow", "information": "cyan", "hint": "dim"}
# How narrow a column may get before another one has to go, by kind. Other kinds keep their natural width.
_LEAST = {"name": 28, "type": 15, "prose": 14}
_GAP = 2
# A folded range (`{0..4,6..31}`) is one component, a path breaks after its dots, a type after its commas.
_COMPONENTS = re.compile(r"(?:\{[^{}]*\}|[^.,\s\[(])*(?:[.,\s(]+|\[|$)")
_WORDS = re.compile(r"\S+\s*")
# A place further away than this many characters is shown by the end of its path.
_LONGEST_PLACE = 28


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
    """Print `map` to `console`; repeated layers are folded unless `full`. Paths are shown as `path_label` says.

    With `explain`, also the examples that were passed over.
    """
    paper = Paper(console)
    _header(map, paper, path_label)
    if explain:
        print_attempts(map, paper, path_label)
    if map.failure is not None:
        _failure(map.failure, paper, path_label)
    for number, graph in enumerate(map.graphs, 1):
        if len(map.graphs) > 1:
            paper.line()
            paper.line((f"Graph {number} of {len(map.graphs)}", "bold underline"))
        for table in tables(graph, path_label, full):
            _table(table, paper)
    if map.graph_breaks:
        _graph_breaks(map.graph_breaks, paper, path_label)
    if shown_findings(map):
        _findings(map, paper, path_label, full)
    explained = legends(map)
    if explained:
        paper.line()
        paper.line(("Legend", "bold"))
        for title, sentence in explained:
            paper.block((title, "bold"), ("  " + sentence, ""), hang=2, indent=2)
    if paper.left_out:
        paper.line()
        left_out = ", ".join(dict.fromkeys(paper.left_out))
        paper.block((f"Left out at {console.width} columns: {left_out}.", "dim"))


def render_tables(map: DescriptorMap, tables: Sequence[Table], console: Console, path_label: PathLabel) -> None:
    """Some tables of a map below its header, or its failure."""
    paper = Paper(console)
    _header(map, paper, path_label)
    if map.failure is not None:
        _failure(map.failure, paper, path_label)
    for table in tables:
        _table(table, paper)


class Paper:
    """The console, with what is known of it: how wide it is, what it can encode, which columns did not fit."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = console.width
        self.left_out: list[str] = []
        self._ascii = console.options.ascii_only

    def text(self, content: str, style: str = "") -> Text:
        # Messages and labels are the user's: they must not drive the terminal.
        content = content.replace("\x1b", "\\x1b")
        if self._ascii:
            content = (
                content.replace("─", "-").replace("—", "-").replace("…", "...").replace("×", "x").replace("·", "|")
            )
        return Text(content, style=style)

    def line(self, *parts: tuple[str, str]) -> None:
        self.block(*parts)

    def row(self, cells: Sequence[tuple[Sequence[str], str, bool]], widths: Sequence[int]) -> None:
        """One row of a table: for each cell its lines, its style, and whether it stands at the right."""
        for number in range(max(len(lines) for lines, _, _ in cells)):
            whole = Text()
            for (lines, style, right), width in zip(cells, widths, strict=True):
                content = lines[number] if number < len(lines) else ""
                space = " " * max(width - cell_len(content), 0)
                whole.append(" " * _GAP if whole.plain or whole.spans else "")
                whole.append(space if right else "").append_text(self.text(content, style))
                whole.append("" if right else space)
            whole.rstrip()
            self.console.print(whole, soft_wrap=True, highlight=False)

    def block(self, *parts: tuple[str, str], indent: int = 0, hang: int = 0) -> None:
        """Styled text, wrapped at words, below the first line indented by `hang` more."""
        whole = Text()
        for content, style in parts:
            whole.append_text(self.text(content, style))
        lines = whole.wrap(self.console, max(self.width - indent - hang, 20), overflow="fold")
        for number, line in enumerate(lines or [Text()]):
            line.rstrip()
            padding = " " * (indent + (hang if number else 0)) if line.plain else ""
            self.console.print(Text(padding).append_text(line), soft_wrap=True, highlight=False)


def _header(map: DescriptorMap, paper: Paper, path_label: PathLabel) -> None:
    target = map.target
    where = f"{path_label(target.path)}::{target.qualname}"
    line = f"  {path_label(target.path)}:{target.line}" if target.line is not None else ""
    status = ("  traced", "green") if map.status == "traced" else (f"  {map.status}", "bold red")
    paper.line((where, "bold"), (line, "dim"), status)
    paper.block((" · ".join(facts(map)), ""), indent=2, hang=2)
    if map.example is not None:
        call, source = call_in_brief(map), origin(map.example, path_label)
        paper.block((call, "cyan"), (f"  {source}", "dim"), indent=2, hang=2)


def print_attempts(map: DescriptorMap, paper: Paper, path_label: PathLabel) -> None:
    """The examples that were passed over before the one that served, or before all hope was given up."""
    for what, reason in attempts(map, path_label):
        paper.block(("passed over: ", "dim"), (what, ""), (f": {reason}", "dim"), indent=4, hang=2)


def _failure(failure: Failure, paper: Paper, path_label: PathLabel) -> None:
    what = failure.stage if failure.reason == "error" else f"{failure.stage}, {failure.reason}"
    first, _, rest = failures.message(failure).strip().partition("\n")
    paper.line()
    paper.block((f"error[{what}]: ", "bold red"), (first, "bold"), hang=2)
    for line in rest.splitlines():
        paper.block((line, ""), indent=2, hang=2)
    where = position(failure.path, failure.line, failure.column, path_label)
    if where:
        paper.block(("--> ", "dim"), (where, "cyan"), indent=2)
    for frame in failure.frames:
        paper.block((f"{path_label(frame.path)}:{frame.line}", ""), (f" in {frame.function}", "dim"), indent=4, hang=2)
        if frame.code:
            paper.block((frame.code.strip(), ""), indent=8, hang=2)
    if advice := failures.hint(failure):
        paper.block(("hint: ", "bold"), (advice, ""), indent=2, hang=6)


def _graph_breaks(breaks: Sequence[GraphBreak], paper: Paper, path_label: PathLabel) -> None:
    paper.line()
    paper.line(("Graph breaks", "bold"), (f"  {len(breaks)}", ""))
    for graph_break in breaks:
        where = position(graph_break.path, graph_break.line, None, path_label)
        paper.block((f"{where}  " if where else "", "cyan"), (graph_break.reason, ""), indent=2, hang=2)
        for hint in graph_break.hints:
            paper.block(("hint: ", "bold"), (hint, ""), indent=4, hang=2)


def _findings(map: DescriptorMap, paper: Paper, path_label: PathLabel, full: bool) -> None:
    paper.line()
    paper.line(("Findings", "bold"), (f"  {len(shown_findings(map))}", ""))
    for finding, message in findings(map, full):
        where = position(finding.path, finding.line, finding.column, path_label)
        paper.block(
            (f"{where}  " if where else "", "cyan"),
            (f"{finding.severity}[{finding.code}]", _SEVERITIES.get(finding.severity, "")),
            (f"  {message}", ""),
            indent=2,
            hang=2,
        )


def _table(table: Table, paper: Paper) -> None:
    paper.line()
    paper.line((table.title, "bold"), (f"  {table.summary}" if table.summary else "", ""))
    if table.rows:
        notes = [index for index, column in enumerate(table.columns) if column.kind == "note"]
        columns, rows, widths, left_out = _fit(table, paper.width)
        paper.left_out += [f"{title} ({table.title.lower()})" for title in left_out]
        paper.row([([column.title], "dim", _is_right(column)) for column in columns], widths)
        paper.line(("─" * (sum(widths) + _GAP * (len(widths) - 1)), "dim"))
        for row, whole in zip(rows, table.rows, strict=True):
            paper.row(
                [
                    (_wrap(cell.text, width, column.kind), _style(cell, column), _is_right(column))
                    for cell, column, width in zip(row, columns, widths, strict=True)
                ],
                widths,
            )
            for index in notes:
                if whole[index].text:
                    paper.block((whole[index].text, "dim"), indent=widths[0] + _GAP, hang=2)
    for note in table.notes:
        paper.block((note, "dim"), hang=2)


def _style(cell: Cell, column: Column) -> str:
    if cell.tone:
        return _TONES.get(cell.tone, "")
    return {"place": "dim", "node": "cyan"}.get(column.kind, "")


def _is_right(column: Column) -> bool:
    return column.kind == "number"


def _fit(table: Table, width: int) -> tuple[list[Column], list[list[Cell]], list[int], list[str]]:
    """The columns that have room within `width`, their cells, their widths, and the titles of those left out.

    What does not fit is first said more briefly, where a cell knows how; then columns wrap; then they go.
    """
    # Notes stand below their rows, and take no room.
    columns = [column for column in table.columns if column.kind != "note"]
    rows = [
        [
            replace(cell, text=shortened(cell.text)) if column.kind == "place" else cell
            for cell, column in zip(row, table.columns, strict=True)
            if column.kind != "note"
        ]
        for row in table.rows
    ]
    left_out: list[str] = []
    brief_columns = [replace(column, title=column.brief or column.title) for column in columns]
    brief_rows = [[replace(cell, text=cell.brief or cell.text) for cell in row] for row in rows]
    savings = [
        at_length - briefly
        for at_length, briefly in zip(_natural(columns, rows), _natural(brief_columns, brief_rows), strict=True)
    ]
    for index in sorted(range(len(columns)), key=lambda index: -savings[index]):
        if sum(_natural(columns, rows)) > _room(width, columns) and savings[index]:
            columns[index] = brief_columns[index]
            for row, brief_row in zip(rows, brief_rows, strict=True):
                row[index] = brief_row[index]
    while True:
        natural, room = _natural(columns, rows), _room(width, columns)
        least = [min(size, _LEAST.get(column.kind, size)) for size, column in zip(natural, columns, strict=True)]
        droppable = [index for index, column in enumerate(columns) if column.rank]
        if sum(least) <= room or not droppable:
            return columns, rows, _share(natural, least, room), left_out
        out = max(droppable, key=lambda index: columns[index].rank)
        left_out.append(columns[out].title)
        for cells in (columns, *rows):
            del cells[out]


def _natural(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """How wide each column would like to be."""
    return [
        max([cell_len(column.title), *(cell_len(row[index].text) for row in rows)])
        for index, column in enumerate(columns)
    ]


def _room(width: int, columns: Sequence[Column]) -> int:
    return width - _GAP * (len(columns) - 1)


def _share(natural: list[int], least: list[int], room: int) -> list[int]:
    """Widths between least and natural that fill `room`, the widest columns giving way first."""
    widths = list(natural)
    while sum(widths) > room:
        giving = [index for index in range(len(widths)) if widths[index] > least[index]]
        if not giving:
            break
        widths[max(giving, key=lambda index: widths[index])] -= 1
    # Not even the least fits: the widest wraps still more, until the table is a ladder.
    while sum(widths) > room and max(widths) > 6:
        widths[widths.index(max(widths))] -= 1
    return widths


def _wrap(text: str, width: int, kind: str) -> list[str]:
    """`text` in lines of at most `width`: names break after dots, commas and before brackets, prose at words."""
    if cell_len(text) <= width:
        return [text]
    lines = [""]
    for part in (_WORDS if kind == "prose" else _COMPONENTS).findall(text):
        if lines[-1] and cell_len((lines[-1] + part).rstrip()) > width:
            lines.append("")
        while cell_len(part.rstrip()) > width:
            cut = _prefix(part, width)
            lines[-1], part = part[:cut], part[cut:]
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines if line.strip()]


def _prefix(text: str, width: int) -> int:
    """How many characters of `text` fit into `width` columns, at least one."""
    used = 0
    for index, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return max(index, 1)
    return len(text)


def shortened(where: str) -> str:
    """The end of a long path: `…/llama/modeling_llama.py:123`. The file's name and the line always stay."""
    if len(where) <= _LONGEST_PLACE:
        return where
    parts = re.split(r"(?<=[/\\])", where)
    kept = parts.pop()
    while parts and len(parts[-1]) + len(kept) + 2 <= _LONGEST_PLACE:
        kept = parts.pop() + kept
    return f"…/{kept}" if parts else kept
