"""Maps as IPython shows them: HTML in a notebook, text in a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from aotlens.explain.paths import file_name
from aotlens.explain.render.html_report import render_html
from aotlens.explain.render.terminal_report import render_text
from aotlens.text.notebooks import ENDING, KERNEL
from aotlens_tracer.wire.descriptor_map import DescriptorMap


@dataclass(frozen=True)
class ShownMaps:
    """The value of a magic. Repeated layers are folded unless `full`."""

    maps: tuple[DescriptorMap, ...]
    full: bool = False

    def __repr__(self) -> str:
        """Give the maps as text."""
        return _text(self.maps, self.full)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the maps in a terminal. IPython calls this."""
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        """Give the maps as HTML. IPython calls this."""
        return render_html(self.maps, path_label=_label, full=self.full)


def _label(path: str) -> str:
    """The name of a file; the code of the kernel is `In`."""
    return file_name(path).removesuffix(ENDING) if file_name(path) == KERNEL else file_name(path)


def _text(maps: Sequence[DescriptorMap], full: bool) -> str:
    # In a kernel, a console would show each line of its own accord, besides the HTML.
    console = Console(file=io.StringIO(), highlight=False, color_system=None, force_jupyter=False)
    for index, map in enumerate(maps):
        if index:
            console.print()
        render_text(map, console, full=full, path_label=_label)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip("\n")
