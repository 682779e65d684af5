"""The console as a report writes on it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from aotlens.explain.visible import visible, visible_line

from .layout import GAP


class Paper:
    """A console, its width and its encoding; and the titles of columns that were left out so far."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = console.width
        self.left_out: list[str] = []
        self._ascii = console.options.ascii_only

    def text(self, content: str, style: str = "") -> Text:
        """Text in the encoding of the console, with its control characters visible."""
        content = visible(content)
        if self._ascii:
            content = (
                content.replace("─", "-").replace("—", "-").replace("…", "...").replace("×", "x").replace("·", "|")
            )
        return Text(content, style=style)

    def line(self, *parts: tuple[str, str]) -> None:
        """Styled text on a line of its own."""
        self.block(*parts)

    def unbroken(self, *parts: tuple[str, str]) -> None:
        """Styled text on one line, whatever its width: code is not wrapped."""
        whole = Text()
        for content, style in parts:
            whole.append_text(self.text(content, style))
        self.console.print(whole, soft_wrap=True, highlight=False)

    def row(self, cells: Sequence[tuple[Sequence[str], str, bool]], widths: Sequence[int]) -> None:
        """One row of a table: for each cell its lines, its style, and whether it is aligned to the right."""
        for number in range(max(len(lines) for lines, _, _ in cells)):
            whole = Text()
            for (lines, style, right), width in zip(cells, widths, strict=True):
                content = visible_line(lines[number]) if number < len(lines) else ""
                space = " " * max(width - cell_len(content), 0)
                whole.append(" " * GAP if whole.plain or whole.spans else "")
                whole.append(space if right else "").append_text(self.text(content, style))
                whole.append("" if right else space)
            whole.rstrip()
            self.console.print(whole, soft_wrap=True, highlight=False)

    def block(self, *parts: tuple[str, str], indent: int = 0, hang: int = 0) -> None:
        """Styled text, wrapped at words and indented by `indent`; the rows after the first by `hang` more."""
        whole = Text()
        for content, style in parts:
            whole.append_text(self.text(content, style))
        lines = whole.wrap(self.console, max(self.width - indent - hang, 20), overflow="fold")
        for number, line in enumerate(lines or [Text()]):
            line.rstrip()
            padding = " " * (indent + (hang if number else 0)) if line.plain else ""
            self.console.print(Text(padding).append_text(line), soft_wrap=True, highlight=False)
