"""Hostile modules through a server: each is opened and traced, then a file that is fine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cli.support import BLOCK, HEADER, processes_in, wait_for, write
from lsp.editor import Editor, editing

from .kinds.kind import ANY, Kind

SECONDS = 8
"""The time limit of each trace, for all kinds: it is a setting."""
_WORKS = ("tracing", "waiting", "stale")


def through_server(kinds: Mapping[str, Kind], root: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the name of each kind, how its trace ended, and what is wrong with that."""
    fine = write(root, "fine.py", HEADER + BLOCK)
    with editing(fine, timeout=SECONDS, memory=2) as editor:
        editor.until_traced()
        for position, (name, kind) in enumerate(kinds.items()):
            path = write(root, f"kind{position}/model.py", kind.source)
            yield name, *_one(editor, path, kind)


def _one(editor: Editor, path: Path, kind: Kind) -> tuple[str, list[str]]:
    start = time.monotonic()
    other = editor.another(path)
    faults = []

    def errors() -> list[dict[str, Any]]:
        return [one for one in other.diagnostics() if one["severity"] == 1]

    def has_ended() -> bool:
        titles = other.lenses()
        is_traced = any("saves " in title for title in titles)
        return bool(errors()) or (is_traced and not any(word in title for title in titles for word in _WORKS))

    if not wait_for(has_ended, SECONDS + kind.seconds + 30):
        faults.append(f"no end: {other.lenses()}")
    seconds = time.monotonic() - start
    found = errors()
    if kind.stage is None and found:
        faults.append(f"ended with {found}")
    if kind.stage not in (None, ANY) and len(found) != 1:
        faults.append(f"{len(found)} errors: {found}")
    if any(word in str(found) for word in ("Traceback", "aotlens_tracer", "aotlens itself", "without an answer")):
        faults.append(f"something of ours is shown: {found}")
    ended = found[0]["message"].partition("\n")[0][:90] if found else "traced"
    other.close()
    if not wait_for(lambda: not processes_in(path.parent), 3):
        faults.append(f"left {processes_in(path.parent)}")
    start = time.monotonic()
    fine = write(path.parent, "next.py", HEADER + BLOCK)
    after = editor.another(fine)
    after.until_traced()
    if time.monotonic() - start > 15:
        faults.append(f"the next trace took {time.monotonic() - start:.1f} s")
    after.close()
    return f"{seconds:5.1f} s  {ended}", faults
