"""`aotlens trace --shapes`: the code of the functions that ran, with the values of each line beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rich.console import Console

from aotlens.explain.paths import PathLabel, at_line, number_of_line
from aotlens.explain.render.listing import print_code, print_function, print_nothing, print_rest
from aotlens.explain.render.paper import Paper
from aotlens.explain.render.terminal_report import render_blocks
from aotlens.features.value_listing import Listing, listings
from aotlens.session.files import read_python
from aotlens.syntax.source import UnreadableSource
from aotlens_tracer.wire.descriptor_map import DescriptorMap

_INSTALLED = re.compile(r"[/\\](?:site-packages|dist-packages)[/\\]")


def shown_files(map: DescriptorMap, full: bool) -> list[str]:
    """The user's own files with functions that ran, the target's first; with `full`, all files."""
    own_path = map.target.path
    paths = [file.path for file in map.values.files] if map.values is not None else []
    shown = [path for path in paths if full or path == own_path or not _INSTALLED.search(path)]
    return sorted(shown, key=lambda path: path != own_path)


def shown_functions(map: DescriptorMap, full: bool, read: Callable[[str], str] = read_python) -> list[Listing]:
    """The functions that ran, of the files that are shown. `read` returns the text of a file."""
    texts: dict[str, str] = {}
    for path in shown_files(map, full):
        try:
            texts[path] = read(path)
        except (OSError, UnreadableSource):
            continue
    return sorted(listings(map, texts), key=lambda listing: list(texts).index(listing.path))


def print_shapes(
    map: DescriptorMap, found: Sequence[Listing], console: Console, path_label: PathLabel, full: bool
) -> None:
    """Print functions, and how many of installed packages are not shown without `full`."""
    render_blocks(map, (), console, path_label)
    paper = Paper(console)
    if not found:
        print_nothing(paper)
    for listing in found:
        where = at_line(listing.path, listing.lines[0].number, path_label)
        print_function(paper, where, listing.qualname, listing.modules, listing.sizes)
        print_code(
            paper,
            [(number_of_line(listing.path, line.number), line.code, line.label, line.more) for line in listing.lines],
        )
    files, shown = map.values.files if map.values is not None else (), shown_files(map, full)
    print_rest(paper, sum(len(file.functions) for file in files if file.path not in shown))
