"""Hostile modules through a server: each is opened and traced, then a file that is fine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cli.support import BLOCK, HEADER, processes_in, wait_for, write
from lsp.editor import Editor, editing

from .kinds.kind import End, Kind
from .pace import Pace

NEXT_SECONDS = 5.0
"""How long the trace after a hostile one may take, on an idle machine."""
_MEMORY = 4
"""GiB for a trace whose kind says nothing else: the setting's default depends on the machine."""
_WORKS = ("tracing", "waiting", "stale")


def through_server(kinds: Mapping[str, Kind], root: Path, pace: Pace) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the name of each kind, how its trace ended, and what is wrong with that."""
    fine = write(root, "fine.py", HEADER + BLOCK)
    before = (60.0, float(_MEMORY))
    with editing(fine, trace=_trace(*before)) as editor:
        editor.until_traced()
        for position, (name, kind) in enumerate(kinds.items()):
            path = write(root, f"kind{position}/model.py", kind.source)
            limits = (kind.timeout, kind.memory or _MEMORY)
            try:
                if limits != before:
                    editor.configure(trace=_trace(*limits))
                    before = limits
                    editor.until_traced()
                ended, faults = _one(editor, path, kind, pace)
                editor.client.forget()  # each request had exactly one answer
            except AssertionError as error:
                ended, faults = "", [f"the client waits: {error}"[:1000]]
            yield name, ended, faults
            if editor.client.closed:
                yield "(the server)", "", ["it has ended"]
                return


def _trace(timeout: float, memory: float) -> dict[str, float]:
    return {"timeout": timeout, "memory": memory}


def _one(editor: Editor, path: Path, kind: Kind, pace: Pace) -> tuple[str, list[str]]:
    start, mark = time.monotonic(), pace.mark()
    other = editor.another(path)

    def has_ended() -> bool:
        time.sleep(0.1)
        titles = other.lenses()
        is_traced = any("saves " in title for title in titles)
        is_at_work = any(word in title for title in titles for word in _WORKS)
        return bool(titles) and not is_at_work and (is_traced or bool(_end(other).errors))

    faults = []
    if not wait_for(has_ended, kind.timeout + 30 * max(2.0, pace.slowness(mark))):
        faults.append(f"no end: {other.lenses()}")
    seconds = time.monotonic() - start
    end = _end(other)
    faults += kind.faults(end, seconds, pace.slowness(mark))
    other.close()
    if not wait_for(lambda: not processes_in(path.parent), 10 * pace.slowness(mark)):
        faults.append(f"left {processes_in(path.parent)}")
    start, mark = time.monotonic(), pace.mark()
    after = editor.another(write(path.parent, "next.py", HEADER + BLOCK))
    after.until_traced()
    seconds_after = time.monotonic() - start
    if seconds_after > NEXT_SECONDS * pace.slowness(mark):
        faults.append(f"the next trace took {seconds_after:.1f} s")
    after.close()
    return f"{seconds:5.1f} s  {end}", faults


def _end(editor: Editor) -> End:
    """How the trace of a document ended."""
    errors = [one for one in editor.diagnostics() if one["severity"] == 1]
    if not errors:
        return End("", None, "", None, 0)
    first = errors[0]
    return End(str(errors), first["code"], first["message"], first["range"]["start"]["line"] + 1, len(errors))
