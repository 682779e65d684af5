"""A graph as lines of text with the positions of its nodes, and the writer that collects them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from aotlens.model.nodes import Node
from aotlens_tracer.wire.places import Span

from .visible import visible_line

Kind = Literal["joint", "forward", "backward"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_STEP = "    "


@dataclass(frozen=True)
class Name:
    """A place that names a node; line and columns are 1-based, the end is exclusive."""

    node: Node
    line: int
    column: int
    end_column: int


@dataclass(frozen=True)
class Block:
    """Lines that belong together: a title, and the lines below it.

    `module` is the module whose operations they are; `role` says which part a body of a higher-order operation plays.
    """

    title: str
    first: int
    last: int
    module: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class GraphText:
    """The text with the names of nodes in it, the line that defines each node, the source of lines, and blocks."""

    text: str
    names: tuple[Name, ...]
    definitions: dict[Node, int]
    sources: dict[int, Span]
    blocks: tuple[Block, ...]

    @cached_property
    def by_line(self) -> dict[int, list[Name]]:
        """The names by their line."""
        found: dict[int, list[Name]] = {}
        for name in self.names:
            found.setdefault(name.line, []).append(name)
        return found

    @cached_property
    def line_nodes(self) -> dict[int, Node]:
        """The node that a line defines or lists, which is the first name on it."""
        return {line: names[0].node for line, names in self.by_line.items()}

    @cached_property
    def lines_of(self) -> dict[Node, list[int]]:
        """The lines that define or list a node."""
        found: dict[Node, list[int]] = {}
        for line, node in self.line_nodes.items():
            found.setdefault(node, []).append(line)
        return found

    def line_of(self, module: str) -> int | None:
        """The line of the title of a module's first block; of a container, that of the first module in it.

        None if the graph has no operations of the module.
        """
        inside = [one for one in self.blocks if one.module is not None and f"{one.module}.".startswith(f"{module}.")]
        return next((one.first for one in inside if one.module == module), inside[0].first if inside else None)


class Writer:
    """Collects lines, and the positions in them. Nodes are named as in the graph `number` of the map."""

    def __init__(self) -> None:
        self.number = 0
        self._lines: list[str] = []
        self._names: list[Name] = []
        self._definitions: dict[Node, int] = {}
        self._sources: dict[int, Span] = {}
        self._blocks: list[Block] = []
        self._open: list[tuple[str, int, str | None, str | None]] = []

    @property
    def depth(self) -> int:
        """The number of open blocks."""
        return len(self._open)

    def line(self, text: str, source: Span | None = None, outdent: int = 0) -> None:
        """Add a line; `outdent` is the number of blocks that it stands further left than the open one."""
        self._lines.append(_STEP * (self.depth - outdent) + visible_line(text) if text else "")
        if source is not None:
            self._sources[len(self._lines)] = source

    def begin(self, title: str, comment: str = "", module: str | None = None) -> None:
        """Open a block."""
        title = visible_line(title)
        self.line(f"{title}:{f'  # {comment}' if comment else ''}")
        self._open.append((title, len(self._lines), module, None))

    def begin_body(self, title: str, role: str) -> None:
        """Open a block below the line that was added last, which is the `def` of a body."""
        self._open.append((title, len(self._lines), None, role))

    def end(self) -> None:
        """Close the block that was opened last."""
        title, first, module, role = self._open.pop()
        self._blocks.append(Block(title, first, len(self._lines), module, role))

    def source_of(self, node: str) -> Span | None:
        """The source of the line that defines a node; None if no line does so yet, or it has no source."""
        return self._sources.get(self._definitions.get(Node(self.number, node), 0))

    def defined(self, node: str, parts: Iterable[tuple[str, str | None]], source: Span | None) -> None:
        """Add a line that defines a node, in pieces, each with the node that it names, or None."""
        self._definitions.setdefault(Node(self.number, node), len(self._lines) + 1)
        self.listed(parts, source)

    def listed(self, parts: Iterable[tuple[str, str | None]], source: Span | None = None) -> None:
        """Add a line in pieces, each with the node that it names, or None."""
        column = len(_STEP) * self.depth + 1
        texts = []
        number = len(self._lines) + 1
        for part, named in parts:
            text = visible_line(part)
            if named is not None:
                self._names.append(Name(Node(self.number, named), number, column, column + len(text)))
            texts.append(text)
            column += len(text)
        self.line("".join(texts), source)

    def done(self) -> GraphText:
        """The text and its positions."""
        blocks = tuple(sorted(self._blocks, key=lambda block: (block.first, -block.last)))
        text = "\n".join(self._lines) + "\n"
        return GraphText(text, tuple(self._names), self._definitions, self._sources, blocks)
