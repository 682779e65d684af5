"""Paths from a module or an argument to what the code takes from it: `.blocks[0].attn`, `["mask"]`."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Unknown(enum.Enum):
    """A step that the source leaves open."""

    ANY = "*"


ANY = Unknown.ANY


@dataclass(frozen=True)
class Key:
    """A step by a string key: `batch["mask"]`."""

    name: str


@dataclass(frozen=True)
class Items:
    """A step to any item of a slice: `self.blocks[1:]`.

    `in_order` is False if the items were reversed or sorted.
    """

    start: int | None
    stop: int | None
    step: int | None = None
    in_order: bool = True

    def at(self, index: int) -> int | None:
        """The index in the whole of the item at `index` of the slice; None if it depends on the length of the whole."""
        if self.step not in (None, 1) or not self.in_order:
            return None
        start = self.start or 0
        if index >= 0:
            return start + index if start >= 0 else None
        return index if self.stop is None else None


Step = str | int | Key | Unknown | Items
"""One step of a path: the name of an attribute, an integer index (negative from the end), a key, any item (`ANY`), or
any item of a slice."""

Path = tuple[Step, ...]


def as_attributes(path: Path) -> Path:
    """A path into a module, in which a key of a ModuleDict is a name like any other."""
    return tuple(step.name if isinstance(step, Key) else step for step in path)


def as_written(path: Path) -> str:
    """A path as it is written in code: `['mask'][0].x`; `[…]` for any item."""
    return "".join(map(_suffix, path))


def _suffix(step: Step) -> str:
    if isinstance(step, Key):
        return f"[{step.name!r}]"
    if isinstance(step, int):
        return f"[{step}]"
    return "[…]" if isinstance(step, (Unknown, Items)) else f".{step}"
