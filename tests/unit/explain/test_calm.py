"""A hover has at most eight lines: its first blocks that have room, and a table without its last rows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Note, Paragraph, Table, line
from aotlens.explain.calm import MOST, WIDTH, calm, lines_of

CASES = sorted((Path(__file__).parents[2] / "lsp" / "cases").rglob("*.md"))
RULE = re.compile(r"\|[-:|]+\||---")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


MORE = Note(line("… more in the map"))


def facts(*texts: str) -> Facts:
    return Facts(tuple(line(text) for text in texts))


def table(rows: int) -> Table:
    return Table("", "", (Column("name", "name"),), tuple((Cell(f"w{row}"),) for row in range(rows)))


def test_what_has_room_stays_as_it_is() -> None:
    blocks = (facts("a", "b"), table(5), Paragraph(line("c")))
    assert sum(map(lines_of, blocks)) == MOST and calm(blocks) == (blocks, False)


def test_the_last_blocks_go_but_remarks_stay() -> None:
    blocks: list[Block] = [facts(f"fact {number}") for number in range(9)]
    shown, is_cut = calm([*blocks, Note(line("Stale."))])
    assert shown == (*blocks[:6], Note(line("Stale.")), MORE) and is_cut


def test_a_long_table_loses_its_last_rows_and_says_how_many() -> None:
    shown, is_cut = calm((facts("first"), table(9), facts("last")))
    assert isinstance(shown[1], Table) and len(shown[1].rows) == 4 and is_cut
    assert shown[2] == Paragraph(line("… and 5 more rows"))
    assert sum(map(lines_of, shown)) == MOST


def test_a_text_that_is_wider_than_a_hover_has_several_lines() -> None:
    assert lines_of(Paragraph(line("x" * WIDTH))) == 1
    assert lines_of(facts("x" * WIDTH, "y")) == 2
    assert lines_of(Note(line(Code("x" * (2 * WIDTH + 1))))) == 3


def hovers(path: Path) -> list[tuple[str, str]]:
    """The questions of a file about one hover each, with the answers."""
    parts = [part.partition("\n") for part in re.split(r"(?m)^## ", path.read_text(encoding="utf-8"))]
    return [(head, re.split(r"(?m)^# ", text)[0]) for head, _, text in parts if re.fullmatch(r"hover `[^`]*`", head)]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_no_hover_in_an_editor_has_more_than_eight_lines(path: Path) -> None:
    for head, text in hovers(path):
        lines = [line for line in text.splitlines() if line and not RULE.fullmatch(line) and "(command:" not in line]
        widths = [0 if line.startswith("|") else len(re.sub(r"[`*\\]", "", LINK.sub(r"\1", line))) for line in lines]
        assert sum(max(1, -(-width // WIDTH)) for width in widths) <= MOST, head
