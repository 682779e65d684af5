"""The same blocks as Markdown, as plain text and in a terminal: no renderer reads what another has written."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from aotlens.explain.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Facts,
    Link,
    Note,
    Paragraph,
    Table,
    line,
    sentence,
    strong,
)
from aotlens.explain.render.markdown import markdown
from aotlens.explain.render.paper import Paper
from aotlens.explain.render.plain import plain
from aotlens.explain.render.terminal import show
from aotlens_tracer.wire.descriptor_map import Span

PLACE = Span("/model.py", 7)


@pytest.mark.parametrize(
    ("block", "in_markdown", "in_plain"),
    [
        (
            Facts((line(strong("saves"), " ", Code("x ** 2")), line("in ", Code("self.__call__")))),
            "**saves** `x ** 2` · in `self.__call__`",
            "saves x ** 2 · in self.__call__",
        ),
        (Paragraph(line("x ** 2 | 3")), r"x \*\* 2 \| 3", "x ** 2 | 3"),
        (Paragraph(line(Code(r"a\b`c"))), r"``a\b`c``", r"a\b`c"),
        (Paragraph(sentence("`x ** 2` is\n  *twice*")), r"`x ** 2` is \*twice\*", "x ** 2 is *twice*"),
        (Note(line("Stale: ", Code("A_b"), " has changed.")), "*Stale: `A_b` has changed.*", "Stale: A_b has changed."),
        (
            Paragraph(line("made at ", Link(line(Code("model.py:7")), PLACE))),
            "made at [`model.py:7`](/model.py#7)",
            "made at model.py:7",
        ),
        (
            Table(
                "",
                "",
                (Column("bytes", "number"), Column("value", "name"), Column("gradient", "prose")),
                (
                    (Cell("1.0 KiB"), Cell("x ** 2 | y"), Cell("none", "warn")),
                    (Cell("4 B"), Cell("—"), Cell("in that of `a_b`")),
                ),
                ("One `note` * of it.",),
            ),
            "| bytes | value | gradient |\n|---:|---|---|\n| 1.0 KiB | `x ** 2 \\| y` | **none** |\n"
            "| 4 B | — | in that of `a_b` |\n\nOne `note` \\* of it.",
            "  bytes  value       gradient\n1.0 KiB  x ** 2 | y  none\n    4 B  —           in that of a_b\n\n"
            "One note * of it.",
        ),
    ],
)
def test_markdown_and_plain_text(block: Block, in_markdown: str, in_plain: str) -> None:
    assert markdown([block], lambda span: f"{span.path}#{span.line}") == in_markdown
    assert plain([block]) == in_plain


def test_a_terminal() -> None:
    """The backticks of code stay where there may be no color; a column without room is left out."""
    console = Console(width=24, file=io.StringIO(), color_system=None)
    table = Table(
        "Saved",
        "2 values",
        (Column("value", "name"), Column("line", "place", 1), Column("notes", "note")),
        ((Cell("blocks.0.attention"), Cell("model.py:7"), Cell("not used")),),
    )
    facts = Facts((line(strong("saves"), " ", Code("x ** 2")), line("in ", Code("f"))))
    paper = Paper(console)
    show([facts, table, Note(line("Stale."))], paper)
    assert console.file.getvalue() == (  # type: ignore[attr-defined]
        "\nsaves `x ** 2` · in\n  `f`\n\nSaved  2 values\nvalue\n"
        "──────────────────\nblocks.0.attention\n                    not used\n\nStale.\n"
    )
    assert paper.left_out == ["line (saved)"]


def test_places_are_no_links_without_an_address() -> None:
    assert markdown([Paragraph(line(Link(line(Code("model.py:7")), PLACE)))]) == "`model.py:7`"


def test_blocks_are_paragraphs() -> None:
    blocks = [Paragraph(line("a")), Note(line("b"))]
    assert (markdown(blocks), plain(blocks)) == ("a\n\n*b*", "a\n\nb")
