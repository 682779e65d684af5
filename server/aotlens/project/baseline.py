"""A file of findings that are known and accepted for now, so that only new ones count.

A finding is known again by its file, its code, and the text of its line: not by the line's number, so that code may
move. The definition that it is in tells equal lines apart. Several equal findings are counted.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aotlens.explain.unread_files import why_unread
from aotlens.session.files import read_text

from .findings import Located
from .problems import Misuse
from .shared_places import refuse_leading_out, refuse_planted, write_whole

VERSION = 1
_KEYS = ("path", "code", "within", "text")


@dataclass(frozen=True)
class _Entry:
    """A finding as it is written. `path` is relative to the folder of the baseline, with `/`."""

    path: str
    code: str
    within: str
    text: str


@dataclass(frozen=True)
class Compared:
    """Findings that the baseline does not have, those that it has, and the number of its own that are gone.

    Gone are those of files that were looked at as a whole, or that no longer exist. `unseen` are the other entries that
    were not found: nothing is known about them.
    """

    new: tuple[Located, ...]
    known: tuple[Located, ...]
    gone: int
    unseen: Counter[_Entry]


def read_baseline(file: Path) -> Counter[_Entry]:
    """The findings in a baseline, with their numbers. Raises Misuse if it cannot be read, is none, or is another's."""
    refuse_planted(file)
    try:
        content = json.loads(read_text(file))
        if content["version"] != VERSION:
            raise Misuse(f"{file}: it was written by another version of aotlens; write it anew with --write-baseline")
        found: Counter[_Entry] = Counter()
        for item in content["findings"]:
            found[_Entry(*(str(item[key]) for key in _KEYS))] += int(item.get("count", 1))
        return found
    except OSError as error:
        raise Misuse(f"{file} cannot be read: {why_unread(error)}; --write-baseline writes it") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise Misuse(f"{file} is no baseline of aotlens ({type(error).__name__}: {error})") from None


def write_baseline(
    file: Path, findings: Sequence[Located], kept: Counter[_Entry] | None = None, project: Path | None = None
) -> None:
    """Write these findings as the baseline, and with them the entries that are to be kept. Raises Misuse.

    `project` as in `refuse_leading_out`.
    """
    counted = Counter(_entry(file, each) for each in findings) + (kept or Counter())
    rows: list[dict[str, Any]] = []
    for entry, count in sorted(counted.items(), key=lambda item: [getattr(item[0], key) for key in _KEYS]):
        row: dict[str, Any] = {key: getattr(entry, key) for key in _KEYS}
        rows.append({**row, "count": count} if count > 1 else row)
    text = json.dumps({"version": VERSION, "findings": rows}, indent=2, ensure_ascii=False) + "\n"
    refuse_planted(file)
    refuse_leading_out(file, project)
    try:
        write_whole(file, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise Misuse(f"{file} cannot be written: {error.strerror or error}") from None


def compare(file: Path, baseline: Counter[_Entry], findings: Sequence[Located], paths: Sequence[str]) -> Compared:
    """Tell the findings that a baseline has from new ones. `paths` are the files that were looked at as a whole."""
    left = Counter(baseline)
    known = [each for each in findings if _take(left, _entry(file, each))]
    certain = {id(each) for each in known}
    rest = [each for each in findings if id(each) not in certain]
    # A class that was renamed, or code that moved to another definition. If only a part of the file was looked at, the
    # other definition may still have it.
    moved = [each for each in rest if each.path in paths and _take_moved(left, _entry(file, each))]
    taken = {id(each) for each in (*known, *moved)}
    unseen = _unseen(file, left, paths)
    return Compared(
        tuple(each for each in findings if id(each) not in taken),
        tuple(each for each in findings if id(each) in taken),
        sum((left - unseen).values()),
        unseen,
    )


def _unseen(file: Path, left: Counter[_Entry], paths: Sequence[str]) -> Counter[_Entry]:
    """The entries of existing files that were not looked at as a whole."""
    looked_at = {_relative(file, path) for path in paths}
    return Counter(
        {
            entry: count
            for entry, count in left.items()
            if count > 0 and entry.path not in looked_at and os.path.exists(file.parent / entry.path)
        }
    )


def _take(left: Counter[_Entry], entry: _Entry) -> bool:
    if left[entry] <= 0:
        return False
    left[entry] -= 1
    return True


def _take_moved(left: Counter[_Entry], entry: _Entry) -> bool:
    same = (entry.path, entry.code, entry.text)
    other = next((item for item in left if left[item] > 0 and (item.path, item.code, item.text) == same), None)
    return other is not None and _take(left, other)


def _entry(file: Path, finding: Located) -> _Entry:
    text = " ".join(finding.text.split())
    return _Entry(_relative(file, finding.path), finding.code, finding.within, text)


def _relative(file: Path, path: str) -> str:
    return Path(os.path.relpath(path, file.parent)).as_posix()
