"""Differences of calling conventions, as text and as one JSON object, schema `aotlens.diff/1`."""

from __future__ import annotations

import dataclasses
from typing import Any

from rich.console import Console
from rich.text import Text

from aotlens import __version__
from aotlens.cli.output import path_label
from aotlens.explain.lock_changes import change_in_words, note_on_example, note_on_torch, summary_of
from aotlens.explain.paths import position
from aotlens.explain.visible import visible_line
from aotlens.model.lock_differences import Difference, Placed
from aotlens.project.differences import Compared

SCHEMA = "aotlens.diff/1"


def print_differences(compared: Compared, console: Console | None = None) -> None:
    """Print the targets that differ, each with a summary and its changes at their lines; on stdout by default."""
    console = console or Console(highlight=False, soft_wrap=True)
    for each in compared.differences:
        console.print(_heading(each))
        if len(each.changes) > 1 or summary_of(each.target) != change_in_words(each.changes[0].change):
            for placed in each.changes:
                console.print(_line(placed))
        if (note := note_on_example(each.target)) is not None:
            console.print(Text(f"    {visible_line(note)}", style="dim"))
    torch = note_on_torch(compared.old.torch, compared.new.torch)
    if torch is not None:
        console.print(Text(visible_line(torch)))
    if not compared.differences:
        console.print(Text(visible_line(f"No difference between {compared.before} and {compared.after}.")))


def diff_json(compared: Compared) -> dict[str, Any]:
    """The object. Paths of places are absolute."""
    return {
        "schema": SCHEMA,
        "aotlens": __version__,
        "before": {"name": compared.before, "torch": compared.old.torch},
        "after": {"name": compared.after, "torch": compared.new.torch},
        "convention": compared.new.convention,
        "targets": [_target(each) for each in compared.differences],
    }


def _heading(difference: Difference) -> Text:
    text = Text(visible_line(difference.target.target.name), style="bold")
    return text.append(f": {visible_line(summary_of(difference.target))}", style="not bold")


def _line(placed: Placed) -> Text:
    text = Text("    ")
    if placed.place is not None:
        place = placed.place
        where = position(place.path, place.line, place.column or 1, path_label)
        text.append(f"{visible_line(where)}: ", style="dim")
    return text.append(visible_line(change_in_words(placed.change)))


def _target(difference: Difference) -> dict[str, Any]:
    changed = difference.target
    return {
        "target": changed.target.name,
        "summary": summary_of(changed),
        "more": dataclasses.asdict(changed.more),
        "example": {
            side: one.example if one else None for side, one in (("before", changed.old), ("after", changed.new))
        },
        "changes": [_change(each) for each in difference.changes],
    }


def _change(placed: Placed) -> dict[str, Any]:
    place = placed.place
    return {
        **dataclasses.asdict(placed.change),
        "message": change_in_words(placed.change),
        "path": place.path if place is not None else None,
        "line": place.line if place is not None else None,
        "column": place.column if place is not None else None,
    }
