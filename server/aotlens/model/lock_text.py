"""The text of a lock: one line for each input, output, and thing that is saved.

The cells of a line are separated by two spaces. Names that differ in numbers alone share a line (`blocks.{0..5}.norm`).
A cell that would be ambiguous is a JSON string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .folding import expand, fold
from .lock import Lock, LockedBreak, LockedSaved, LockedSlot, LockedTarget

VERSION = 1
_HEAD = "# The calling conventions of this project's targets. Written by `aotlens lock`; commit it."
_GAP = "  "
_NOTHING = "-"
"""Stands for an empty cell."""
_ODD = re.compile(r"  |^[ \"#\[]|[ ]$|[{}]|^-$|^$")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_CONFLICT = re.compile(r"(<{7}|={7}|>{7}|\|{7})")
_MOST_DIGITS = 9
_MOST_OF_A_ROW, _MOST = 100_000, 1_000_000
"""The most names that one row of a lock may stand for, and all together."""


def lock_text(lock: Lock) -> str:
    """The text of a lock."""
    lines = [_HEAD, f"lock {VERSION}", f"torch {lock.torch}", f"convention {lock.convention}"]
    for target in sorted(lock.targets, key=lambda each: (each.path, each.qualname)):
        lines += ["", _first_row(target), *_rows(target)]
    return "\n".join(lines) + "\n"


def row_of(target: LockedTarget, text: str) -> tuple[int, str]:
    """The line of a lock's text, from 1, at which a target begins, and what is there; the first one without it."""
    lines, row = text.splitlines() or [""], _first_row(target)
    number = next((number for number, line in enumerate(lines) if line.rstrip() == row), 0)
    return number + 1, lines[number].rstrip()


def _first_row(target: LockedTarget) -> str:
    return f"[{_cell(target.name, braces=True)}]"


def _rows(target: LockedTarget) -> Iterator[str]:
    if target.failure is not None:
        yield _row("failed", target.failure)
        return
    if target.example:
        yield _row("example", _cell(target.example, braces=True))
    if target.mode:
        yield _row("mode", target.mode)
    for slots in fold(
        target.slots, lambda slot: (slot.side, slot.role, slot.type, slot.facts), lambda slot: _cell(slot.name)
    ):
        slot = slots.first
        facts = [_cell(fact) for fact in slot.facts]
        yield _row(slot.side, _cell(slot.role), slots.label, _cell(slot.type), *facts)
    if target.saved is not None:
        yield _row("saved", f"{target.saved} bytes", *([target.by] if target.by else []))
    for saved in fold(target.saved_by, lambda each: (each.label, each.bytes), lambda each: _cell(each.module)):
        label = [_cell(saved.first.label)] if saved.first.label else []
        yield _row("saved-by", saved.label, f"{saved.first.bytes} bytes", *label)
    for function, size in target.kernels:
        yield _row("cpu-kernels", function, f"{size} bytes")
    for each in sorted(target.breaks, key=lambda item: (item.function, item.reason)):
        yield _row("break", _cell(each.function), _cell(each.reason, braces=True))


def _row(*cells: str) -> str:
    return _GAP.join(cells)


def _cell(text: str, *, braces: bool = False) -> str:
    """The text as a cell: as it is, or as a JSON string. With `braces`, those in it have no meaning there."""
    odd = _ODD.search(text.replace("{", "").replace("}", "") if braces and text else text)
    if not text:
        return _NOTHING
    if odd or not text.isprintable():
        return json.dumps(text).replace(_GAP, " \\u0020")
    return text


class BadLock(ValueError):
    """A text is no lock, or it is not one that this version reads."""


def parse_lock(text: str, file: str = "lock") -> Lock:
    """The lock that a text is. Raises BadLock; `file` is named then."""
    return _Reader(file).read(text)


@dataclass
class _Target:
    """A target as its rows are read: `head` has what is not a list."""

    head: LockedTarget
    slots: list[LockedSlot] = field(default_factory=list)
    saved_by: list[LockedSaved] = field(default_factory=list)
    kernels: list[tuple[str, int]] = field(default_factory=list)
    breaks: list[LockedBreak] = field(default_factory=list)

    def whole(self) -> LockedTarget:
        """The target with all of its rows."""
        return replace(
            self.head,
            slots=tuple(self.slots),
            saved_by=tuple(self.saved_by),
            kernels=tuple(self.kernels),
            breaks=tuple(self.breaks),
        )


@dataclass
class _Reader:
    """Reads the lines of a lock, one after the other."""

    file: str
    number: int = 0
    line: str = ""
    numbers: int = 0
    head: dict[str, str] = field(default_factory=dict)
    targets: dict[str, _Target] = field(default_factory=dict)
    target: _Target | None = None

    def read(self, text: str) -> Lock:
        for self.number, self.line in enumerate(text.splitlines(), 1):
            if not self.line.strip() or self.line.startswith("#"):
                continue
            if _CONFLICT.match(self.line):
                raise self.wrong("a conflict of a merge is not resolved: run aotlens lock, which writes the file anew")
            if self.line.startswith("["):
                self.begin()
            elif self.target is not None:
                self.row(self.target, self.line.split(_GAP))
            else:
                key, _, value = self.line.partition(" ")
                self.head[key] = value
                self.check_version()
        missing = [key for key in ("lock", "torch", "convention") if not self.head.get(key)]
        if missing:
            raise BadLock(f"{self.file} is no lock of aotlens: it has no line {missing[0]}")
        return Lock(self.head["torch"], self.head["convention"], tuple(each.whole() for each in self.targets.values()))

    def check_version(self) -> None:
        written = self.head.get("lock")
        if written is None or written == str(VERSION):
            return
        if written.isdecimal() and len(written) < _MOST_DIGITS and int(written) > VERSION:
            raise self.wrong(f"it was written by a newer aotlens (lock {written}; this one reads {VERSION})")
        raise self.wrong(f"lock {written} is no version of a lock")

    def wrong(self, why: str) -> BadLock:
        return BadLock(f"{self.file}:{self.number}: {why}")

    def begin(self) -> None:
        try:
            name = self.text(self.line.strip()[1:-1]) if self.line.rstrip().endswith("]") else ""
        except ValueError:  # no JSON string
            name = ""
        path, separator, qualname = name.rpartition("::")
        if not (path and separator and qualname):
            raise self.wrong("this is not [FILE::Qualname]")
        if name in self.targets:
            raise self.wrong(f"{name} is here for the second time: run aotlens lock, which writes the file anew")
        self.target = self.targets[name] = _Target(LockedTarget(path, qualname))

    def row(self, target: _Target, cells: list[str]) -> None:
        read = _ROWS.get(cells[0])
        if read is None:
            raise self.wrong(f"there are no lines that begin with {cells[0]!r}")
        try:
            read(self, target, cells[1:])
        except (ValueError, IndexError):
            raise self.wrong(f"this is no line of {cells[0]}: {self.line}") from None

    def text(self, cell: str) -> str:
        if cell == _NOTHING:
            return ""
        if not cell.startswith('"'):
            return cell
        value = json.loads(cell)
        if not isinstance(value, str):
            raise ValueError(cell)
        return value

    def names(self, cell: str) -> Sequence[str]:
        """The names that a cell stands for."""
        if cell.startswith('"') or cell == _NOTHING:
            return [self.text(cell)]
        numbers = 1
        for braces in re.findall(r"\{([0-9.,]+)\}", cell):
            ranges = [(int(first), int(last)) for first, last in _RANGE.findall(braces)]
            if any(last < first for first, last in ranges):
                raise ValueError(cell)
            numbers *= sum(last - first + 1 for first, last in ranges) + braces.count(",") + 1
        self.numbers += numbers
        if numbers > _MOST_OF_A_ROW or self.numbers > _MOST:
            raise ValueError(cell)
        return expand(cell)


_Read = Callable[[_Reader, _Target, list[str]], None]


def _slots(side: str) -> _Read:
    def read(reader: _Reader, target: _Target, cells: list[str]) -> None:
        role, names, type, *facts = cells
        values = tuple(reader.text(fact) for fact in facts)
        role, type = reader.text(role), reader.text(type)
        target.slots += (LockedSlot(side, role, name, type, values) for name in reader.names(names))

    return read


def _failed(reader: _Reader, target: _Target, cells: list[str]) -> None:
    target.head = replace(target.head, failure=reader.text(cells[0]))


def _example(reader: _Reader, target: _Target, cells: list[str]) -> None:
    target.head = replace(target.head, example=reader.text(cells[0]))


def _mode(reader: _Reader, target: _Target, cells: list[str]) -> None:
    target.head = replace(target.head, mode=reader.text(cells[0]))


def _saved(reader: _Reader, target: _Target, cells: list[str]) -> None:
    target.head = replace(target.head, saved=_bytes(cells[0]), by=cells[1] if len(cells) > 1 else "")


def _saved_by(reader: _Reader, target: _Target, cells: list[str]) -> None:
    label = reader.text(cells[2]) if len(cells) > 2 else ""
    size = _bytes(cells[1])
    target.saved_by += (LockedSaved(module, label, size) for module in reader.names(cells[0]))


def _bytes(cell: str) -> int:
    number, unit = cell.split(" ")
    if unit != "bytes":
        raise ValueError(cell)
    return int(number)


def _kernels(reader: _Reader, target: _Target, cells: list[str]) -> None:
    function, size = cells
    target.kernels.append((function, _bytes(size)))


def _break(reader: _Reader, target: _Target, cells: list[str]) -> None:
    function, reason = cells
    target.breaks.append(LockedBreak(reader.text(function), reader.text(reason)))


_ROWS: dict[str, _Read] = {
    "failed": _failed,
    "example": _example,
    "mode": _mode,
    "input": _slots("input"),
    "output": _slots("output"),
    "saved": _saved,
    "saved-by": _saved_by,
    "cpu-kernels": _kernels,
    "break": _break,
}
