"""The parts of instrumented code: its expressions, functions and blocks, and the functions that it calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..wire.values import ExpressionRole

VALUE = "__aotlens_value__"
"""The name of the function that gets the id of an expression and its value, and returns the value."""
TRUE = "__aotlens_true__"
"""The same, but returns True: it stands in the condition of a comprehension, whose target it reports."""
ENTER, LEAVE = "__aotlens_enter__", "__aotlens_leave__"
"""Called as a function begins, with its id and its first argument, and as it ends."""
RAN = "__aotlens_ran__"
"""Has an item for each block, which is set as the block begins."""


@dataclass(frozen=True)
class Place:
    """An expression: its file, and its position as `ast` counts it, columns in UTF-8 bytes from 0."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    role: ExpressionRole


@dataclass(frozen=True)
class Function:
    """A function that reports its runs."""

    path: str
    qualname: str
    line: int
    end_line: int


@dataclass(frozen=True)
class Block:
    """Statements that run together, or not at all: their lines, and the index of their function."""

    path: str
    line: int
    end_line: int
    function: int
    parent: int | None


@dataclass
class Table:
    """All that was instrumented; an id is an index into one of these lists.

    `targets` are targets of assignments with the id of the expression whose value they get.
    """

    places: list[Place] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    targets: list[tuple[Place, int]] = field(default_factory=list)
