"""The records of one file of a `TORCH_TRACE` folder: a line of JSON each, with a payload of indented lines below it.

The format is that of torch's `trace_structured` (`torch/_logging/_internal.py`), which `tlparse` reads too.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aotlens_tracer.wire.regular_files import open_regular_file

from .graphs import Cause, UnreadablePart

_PREFIX = re.compile(r"[VIWEC](\d{4} [\d:.]+) \d+ \S+?:\d+\] ")
"""The prefix of each record, as glog writes it: severity, date, time, thread, and the line of torch that wrote it."""

_CONTEXT = frozenset(
    (
        "rank",
        "compiled_autograd_id",
        "frame_id",
        "frame_compile_id",
        "attempt",
        "has_payload",
        "stack",
        "process",
        "pathname",
        "severity",
        "timestamp",
        "thread",
        "subgraph_name",
    )
)
"""The keys of a record that say where it belongs. The key that is left is its name."""


@dataclass(frozen=True)
class TraceRecord:
    """One record.

    `name` is its kind (`aot_joint_graph`; for an artifact, the artifact's own name), `data` its JSON. `line` is that of
    its JSON, from 1. `payload` are the lines below it without their indentation; the first is at `line + 1`.
    `compilation` is the compile id without the attempt (`0/1`), None for a record that belongs to no compile. `rank` is
    None outside of distributed runs. `payload_hash` is torch's MD5 of the payload, None without one.
    `is_whole` is False if the file ends before the payload does.
    """

    name: str
    data: Any
    line: int
    payload: Sequence[str]
    compilation: str | None
    attempt: int
    rank: int | None
    payload_hash: str | None = None
    is_whole: bool = True


class TraceFile:
    """One file of traces. It is read line by line and never held as a whole; payloads that nobody wants are skipped.

    `unreadable` fills while `records` runs: a file that is no trace is listed once, and of the lines that are neither
    a record nor a payload the first one is. With `text`, that of an open document, nothing is read from the disk.
    """

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path = path
        self._text = text
        self.unreadable: list[UnreadablePart] = []
        self.started = ""
        """The date and time of the first record, as glog writes it; empty before it is read."""

    def records(self, wanted: Callable[[str], bool]) -> Iterator[TraceRecord]:
        """The records with wanted names, in their order."""
        if self._text is not None:
            yield from self._records(io.StringIO(self._text, newline="\n"), wanted)
            return
        try:
            # Only "\n" ends a line: payloads may hold carriage returns.
            descriptor = open_regular_file(str(self.path))
            with open(descriptor, encoding="utf-8", errors="replace", newline="\n") as lines:
                yield from self._records(lines, wanted)
        except FileNotFoundError:
            self._report(None, "missing")
        except OSError:
            self._report(None, "permission")

    def _records(self, lines: Iterable[str], wanted: Callable[[str], bool]) -> Iterator[TraceRecord]:
        started: TraceRecord | None = None
        payload: list[str] = []
        seen, odd, number, text = 0, None, 0, "\n"
        for number, text in enumerate(lines, 1):
            if text.startswith("\t"):
                if started is not None:
                    payload.append(text[1:].rstrip("\r\n"))
                continue
            if started is not None:
                yield replace(started, payload=payload)
                started, payload = None, []
            prefix = _PREFIX.match(text)
            record = None if prefix is None else _record(text[prefix.end() :], number)
            if prefix is None or record is None:
                if text.strip() and text.endswith("\n"):
                    odd = odd or number
                continue
            seen += 1
            self.started = self.started or prefix[1]
            if wanted(record.name):
                started = record
        is_cut = not text.endswith("\n")
        if started is not None:
            is_cut = is_cut or not _is_whole(started, payload)
            yield replace(started, payload=payload, is_whole=not is_cut)
        if odd is not None:
            self._report(odd if seen else None, "not-json" if seen else "not-a-trace")
        elif not seen and number:
            self._report(None, "not-a-trace")
        if is_cut and seen:
            self._report(number, "truncated")

    def _report(self, line: int | None, cause: Cause) -> None:
        self.unreadable.append(UnreadablePart(str(self.path), line, cause))


def is_trace_text(text: str) -> bool:
    """Whether a text begins as a file of traces does."""
    first = text.partition("\n")[0]
    prefix = _PREFIX.match(first)
    return prefix is not None and _record(first[prefix.end() :], 1) is not None


def _record(text: str, line: int) -> TraceRecord | None:
    """The record of a line of JSON, without its payload; None if it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    name = next((key for key in data if key not in _CONTEXT), None)
    if name is None:
        return None
    body = data[name]
    if name == "artifact" and isinstance(body, dict):
        name = str(body.get("name"))
    attempt, rank, hash_ = data.get("attempt"), data.get("rank"), data.get("has_payload")
    return TraceRecord(
        name,
        body,
        line,
        (),
        _compilation(data),
        attempt if isinstance(attempt, int) else 0,
        rank if isinstance(rank, int) else None,
        hash_ if isinstance(hash_, str) else None,
    )


def _compilation(data: Mapping[str, Any]) -> str | None:
    """The compile id, as `torch._guards.CompileId` writes it; None if the record has none."""
    frame, count, autograd = (data.get(key) for key in ("frame_id", "frame_compile_id", "compiled_autograd_id"))
    text = None if frame is None or count is None else f"{frame}/{count}"
    if autograd is None:
        return text
    return f"!{autograd}" if text is None else f"!{autograd}/{text}"


def _is_whole(record: TraceRecord, payload: Sequence[str]) -> bool:
    """Whether a payload is complete: torch writes its MD5."""
    if record.payload_hash is None:
        return True
    text = "\n".join(payload)
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest() == record.payload_hash
